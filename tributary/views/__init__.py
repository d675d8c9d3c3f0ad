"""Live figures on the terminal, as a web page, as JSON and for Prometheus.

The views know nothing about the figures of a project: an `Arrangement` says what to read and how to show it.
"""

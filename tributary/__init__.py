"""Tributary: Avro contracts under governance, and exactly-once figures, on Apache Kafka."""

__version__ = "0.1.0"

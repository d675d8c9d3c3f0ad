"""Carry all that a registry has to another: `python -m registry export` and `import`."""

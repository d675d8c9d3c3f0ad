"""The commands that read the records of topics."""

"""The commands that read or write a registry."""

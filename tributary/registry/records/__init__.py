"""Read real data with a contract: `python -m registry prove`."""

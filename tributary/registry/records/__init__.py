"""Read real data with a contract: `tributary prove`."""

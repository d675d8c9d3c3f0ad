"""Write the next version of a contract: `python -m registry evolve`."""

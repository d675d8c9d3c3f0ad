"""Write the next version of a contract: `tributary evolve`."""

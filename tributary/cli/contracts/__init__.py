"""The commands on the contracts of the working copy."""

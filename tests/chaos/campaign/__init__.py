"""The campaign: faults of every kind, by a seed, on real parts under load; and then an account of every event."""

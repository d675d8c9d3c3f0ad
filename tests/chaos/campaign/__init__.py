"""The campaign: seeded faults of every kind on real parts under load, then a comparison of every event."""

"""Move a whole registry to another: `python -m registry export` and `import`."""

"""Move a whole registry to another: `tributary export` and `import`."""

"""The resources of the registry: one module each, with its routes and handlers."""

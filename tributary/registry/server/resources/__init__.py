"""What the registry serves: a module for each resource, with its routes and what each of them does."""

"""The command `tributary`: `main` has the table of commands, and each command is a module of its own."""

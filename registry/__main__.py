"""Govern the shop's schemas: a door to the engine's commands."""

from __future__ import annotations

import sys

from tributary.cli.main import COMMANDS, main

if __name__ == "__main__":
    sys.exit(main(prog="python -m registry", only=COMMANDS.keys() - {"generate", "stack"}))

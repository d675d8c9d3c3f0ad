"""Turn the shop's contracts into Python: a door to the engine's command."""

from __future__ import annotations

import sys

from tributary.cli.main import main

if __name__ == "__main__":
    sys.exit(main(prog="python -m schemas", only=["generate"]))

"""`python -m tributary`: the command `tributary`."""

from __future__ import annotations

import sys

from tributary.cli.main import main

if __name__ == "__main__":
    sys.exit(main())

"""Publish the purchases of simulated shoppers: `python -m producers.purchases --help`."""

import sys

from producers.simulator import command

if __name__ == "__main__":
    sys.exit(command.main("purchases", "the purchases"))

"""Publish the cart changes of simulated shoppers: `python -m producers.user_events --help`."""

import sys

from producers.simulator import command

if __name__ == "__main__":
    sys.exit(command.main("user-events", "the cart changes"))

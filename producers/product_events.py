"""Publish the views of simulated shoppers: `python -m producers.product_events --help`."""

import sys

from producers.simulator import command

if __name__ == "__main__":
    sys.exit(command.main("product-events", "the views"))

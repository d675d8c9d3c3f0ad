"""Options that several commands have, and the types of their values."""

from __future__ import annotations

import argparse


def add_against(command: argparse.ArgumentParser) -> None:
    """The option `--against`: where the registered versions are taken from."""
    command.add_argument(
        "--against",
        default="lock",
        metavar="WHAT",
        help="the baseline: lock (needs no registry), registry or git:REF, such as git:main (default: %(default)s)",
    )


def add_allow_unknown(command: argparse.ArgumentParser, also: str = "") -> None:
    """The option `--allow-unknown`; `also` ends its help."""
    command.add_argument(
        "--allow-unknown",
        action="store_true",
        help=f"continue if the registry has versions, levels or modes that the lock does not have{also}",
    )


def add_lock_down(command: argparse.ArgumentParser) -> None:
    """The option `--lock-down`."""
    command.add_argument(
        "--lock-down",
        action="store_true",
        help="make every subject READONLY afterwards; apply opens a subject for its own writes",
    )


def add_subject(command: argparse.ArgumentParser) -> None:
    """The argument SUBJECT."""
    command.add_argument("subject", metavar="SUBJECT", help="a subject, or its topic's name in the catalogue")


def positive(text: str) -> int:
    """An integer of 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)


def port(text: str) -> int:
    """A TCP port; 0 for a free one."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: expected 0 to 65535")
    return int(text)

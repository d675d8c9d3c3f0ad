"""The output of commands: results in one of the formats, and the progress of long reads."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from tributary.printable import paragraphs

FORMATS = ("text", "json", "markdown")
"""Every command that prints a result has these."""
ALL_FORMATS = (*FORMATS, "sarif", "junit")
"""Those of the commands with findings."""

_PROGRESS_S = 2.0


def add_format(command: argparse.ArgumentParser, formats: Sequence[str] = FORMATS, default: str = FORMATS[0]) -> None:
    """The option `--format`."""
    command.add_argument(
        "--format", choices=formats, default=default, help=f"the output format (default: {formats[0]})"
    )


def show(form: str, *model: Any, **renderings: Callable[..., str | dict[str, Any]]) -> None:
    """Print a model in the format chosen, by the rendering with its name."""
    content = renderings[form](*model)
    print(paragraphs(content if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False)))


def progress(name: str, read: int, total: int) -> None:
    """Say on standard error how many of a topic's offsets are read."""
    print(f"{name}: read {read:,} of {total:,} offsets", file=sys.stderr, flush=True)


def every_two_seconds(what: str) -> Callable[[int, int], None]:
    """A function that says on standard error how many of a total are read, no more often than that."""
    last = time.monotonic()

    def say(read: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > _PROGRESS_S:
            last = time.monotonic()
            print(f"read {read:,} of {total:,} {what}", file=sys.stderr, flush=True)

    return say

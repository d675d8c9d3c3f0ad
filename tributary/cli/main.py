"""Govern the schemas of a Kafka project, and run the stack that it needs."""

from __future__ import annotations

import argparse
import importlib
import signal
from collections.abc import Collection, Sequence
from typing import Any

from tributary import __version__, imports
from tributary.cli import exits
from tributary.errors import TributaryError
from tributary.printable import log_to_stderr
from tributary.project import choose
from tributary.signals import forget_output

COMMANDS = {
    "lint": ("contracts.lint", "check the contracts against the lint rules"),
    "check": (
        "contracts.check",
        "check the contracts against the registered versions: who breaks, in which order to deploy, and a fix",
    ),
    "evolve": ("contracts.evolve", "write the next compatible version of a contract"),
    "generate": ("contracts.generate", "write the Python classes of the contracts"),
    "history": ("contracts.history", "show the versions of a subject and what each changed"),
    "diff": ("contracts.diff", "show the difference between two versions, in words and as a unified diff"),
    "docs": ("contracts.docs", "print the event catalogue, or write it as Markdown and HTML"),
    "plan": ("registry.plan", "show what apply would change in Kafka and the registry"),
    "apply": (
        "registry.apply",
        "check everything; if all checks pass, create and update topics, compatibility, schemas and the lock",
    ),
    "pull": (
        "registry.pull",
        "add versions that others registered to the lock; contracts are not changed",
    ),
    "drift": ("registry.drift", "compare the registry, the lock and the working copy; exit 3 if they differ"),
    "export": ("registry.export", "write the contents of the registry at SCHEMA_REGISTRY_URL to one JSON document"),
    "import": (
        "registry.import_",
        "write an exported document to the registry at SCHEMA_REGISTRY_URL, with the same ids",
    ),
    "serve": ("registry.serve", "run the local schema registry"),
    "census": (
        "records.census",
        "count a topic's records by schema version, and show which versions can be deleted",
    ),
    "prove": (
        "records.prove",
        "decode real records of every version with the contracts in the working copy",
    ),
    "stack": ("stack", "start, stop and inspect the Kafka and schema registry of the project"),
}
"""Command → its module below `tributary.cli`, and its help. The module has `add_arguments` and `run`."""


class _Command(argparse.ArgumentParser):
    """The parser of one command, filled when the command is chosen: `--help` of the whole imports no command."""

    module = ""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self.fill()
        return super().parse_known_args(args, namespace)

    def fill(self) -> None:
        """Add the module's arguments."""
        if self.module:
            module = importlib.import_module(f"tributary.cli.{self.module}")
            module.add_arguments(self)
            self.set_defaults(run=module.run)
            self.module = ""


def parser(prog: str = "tributary", only: Collection[str] = COMMANDS) -> argparse.ArgumentParser:
    """The command line, with the commands in `only`."""
    whole = argparse.ArgumentParser(prog=prog, description=__doc__, epilog=exits.EPILOG)
    whole.add_argument(
        "--project",
        metavar="DIR",
        help="the folder with tributary.toml (default: the nearest, from the working directory upwards)",
    )
    whole.add_argument("--version", action="version", version=f"tributary {__version__}", help="print the version")
    commands = whole.add_subparsers(metavar="COMMAND", required=True, parser_class=_Command)
    for name, (module, text) in COMMANDS.items():
        if name in only:
            description = f"{text[0].upper()}{text[1:]}."
            command = commands.add_parser(name, help=text, description=description, epilog=exits.EPILOG)
            command.module = module
    return whole


def main(arguments: Sequence[str] | None = None, prog: str = "tributary", only: Collection[str] = COMMANDS) -> int:
    """Run one command and return its exit code; argparse exits with 2 by itself."""
    log_to_stderr()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    args = parser(prog, only).parse_args(arguments)
    try:
        if args.project is not None:
            choose(args.project)
        with imports.extras_named():
            code = int(args.run(args))
        print(end="", flush=True)  # sys.stdout is None where it was closed
        return code
    except BrokenPipeError:
        forget_output()
        return exits.FAILED
    except KeyboardInterrupt:
        return exits.report("interrupted; nothing was written")
    except TributaryError as error:
        return exits.report(error)

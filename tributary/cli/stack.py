"""`tributary stack`: the Kafka and the registry that everything else uses."""

from __future__ import annotations

import argparse
import sys
from typing import Protocol

from tributary import settings
from tributary.cli import exits
from tributary.destination import announce, broker, file, registry
from tributary.settings import Settings

_COMMANDS = {
    "up": "start Kafka and the registry, if they do not run yet",
    "down": "stop Kafka and the registry; keep their data",
    "status": "show what runs, where, and what it holds; exit code 1 if a server does not answer",
    "clean": "stop Kafka and the registry, delete their data and the analytics store in the stack's directory",
}


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its commands."""
    command.description = (
        "Start, stop and inspect the Kafka and the schema registry that producers and consumers use. "
        "STACK in .env selects them: local (real Kafka as a process on this machine, the default), docker "
        "(docker-compose.yml) or external (the addresses in .env)."
    )
    commands = command.add_subparsers(dest="action", required=True, metavar="COMMAND")
    for name, text in _COMMANDS.items():
        commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=command.epilog)


def run(args: argparse.Namespace) -> int:
    """Run one command; 1 if it could not be done, 130 if it was interrupted."""
    loaded = settings.load()
    try:
        return _run(args.action, loaded)
    except BrokenPipeError:  # who reads the output has ended: the same for every command
        raise
    except OSError as error:  # a folder that is not writable, a full disk
        return exits.report(f"{error.filename or 'the disk'}: {error.strerror}")
    except KeyboardInterrupt:
        again = f"`tributary stack {args.action}` can be run again"
        print(f"\nInterrupted. `tributary stack status` shows what runs; {again}.", file=sys.stderr)
        return exits.INTERRUPTED


def _run(action: str, loaded: Settings) -> int:
    if action == "status":
        from tributary.stack.status import report

        return report(loaded)
    places = [file("data", loaded.stack_dir)] if loaded.stack == "local" else []
    announce(broker(loaded), registry(loaded), *places)
    getattr(_stack(loaded), action)()
    return exits.FINE


class _Stack(Protocol):
    """The methods of each kind of stack. Each raises StackError if it fails."""

    def up(self) -> None: ...
    def down(self) -> None: ...
    def clean(self) -> None: ...


def _stack(loaded: Settings) -> _Stack:
    match loaded.stack:
        case "local":
            from tributary.stack.local import LocalStack

            return LocalStack(loaded)
        case "docker":
            from tributary.stack.docker import DockerStack

            return DockerStack(loaded)
        case _:
            from tributary.stack.external import ExternalStack

            return ExternalStack(loaded)

"""`python -m tributary.stack up|down|status|demo|clean`: the local Kafka and registry."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import Protocol

from tributary import extras
from tributary import settings as settings_module
from tributary.destination import announce, broker, file, registry
from tributary.printable import paragraphs
from tributary.settings import Settings, SettingsError
from tributary.stack.errors import StackError

COMMANDS = {
    "up": "start Kafka and the registry, if they do not run yet",
    "down": "stop Kafka and the registry; keep their data",
    "status": "show what runs, where, and what it holds; exit code 1 if a server does not answer",
    "demo": "start, register, produce and merge for DEMO_SECONDS, then compare produced with counted",
    "clean": "stop Kafka and the registry, delete their data and the analytics store in the stack's directory",
}


class Stack(Protocol):
    """The methods of each kind of stack. Each raises StackError if it fails."""

    def up(self) -> None: ...
    def down(self) -> None: ...
    def clean(self) -> None: ...


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0 success, 1 failure, 2 wrong usage or settings."""
    command = _parser().parse_args(arguments).command
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        settings = settings_module.load()
    except SettingsError as error:
        print(paragraphs(str(error)), file=sys.stderr)
        return 2
    try:
        with extras.named():
            return _run(command, settings)
    except (SettingsError, extras.MissingExtra) as error:  # a properties file is read when a client is created
        print(paragraphs(str(error)), file=sys.stderr)
        return 2
    except StackError as error:
        print(paragraphs(f"make {command}: {error}"), file=sys.stderr)
        return 1
    except OSError as error:  # a folder that is not writable, a full disk
        print(f"make {command}: {error.filename or 'the disk'}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nInterrupted. `make status` shows what runs; `make {command}` can be run again.", file=sys.stderr)
        return 130


def _run(command: str, settings: Settings) -> int:
    if command == "status":
        from tributary.stack.status import report

        return report(settings)
    if command == "demo":
        from tributary.stack import demo

        return demo.run(settings)
    places = [file("data", settings.stack_dir)] if settings.stack == "local" else []
    announce(broker(settings), registry(settings), *places)
    getattr(_stack(settings), command)()
    return 0


def _stack(settings: Settings) -> Stack:
    if settings.stack == "local":
        from tributary.stack.local import LocalStack

        return LocalStack(settings)
    if settings.stack == "docker":
        from tributary.stack.docker import DockerStack

        return DockerStack(settings)
    from tributary.stack.external import ExternalStack

    return ExternalStack(settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tributary.stack",
        description="Start, stop and inspect the Kafka and the schema registry that producers and consumers use. "
        "STACK in .env selects them: local (real Kafka as a process on this machine, the default), docker "
        "(docker-compose.yml) or external (the addresses in .env).",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    return parser


if __name__ == "__main__":
    sys.exit(main())

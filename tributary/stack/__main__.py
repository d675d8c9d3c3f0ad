"""`python -m stack up|down|status|clean`: the Kafka and registry that everything else talks to."""

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
    "up": "start Kafka and the registry, or say that they run",
    "down": "stop them; data stays",
    "status": "say what runs, where, and what it holds; exit code 1 if something does not answer",
    "demo": "start, register, produce and merge for DEMO_SECONDS, and show that produced and counted are equal",
    "clean": "stop them and delete their data, and the analytics store in the stack's directory",
}


class Stack(Protocol):
    """What each kind of stack can do. Every method raises StackError when it cannot."""

    def up(self) -> None: ...
    def down(self) -> None: ...
    def clean(self) -> None: ...


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0 fine, 1 it could not be done, 2 usage or settings."""
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
    except (SettingsError, extras.MissingExtra) as error:  # a file of properties is read when a client is made
        print(paragraphs(str(error)), file=sys.stderr)
        return 2
    except StackError as error:
        print(paragraphs(f"make {command}: {error}"), file=sys.stderr)
        return 1
    except OSError as error:  # of a folder that cannot be written, a disk that is full
        print(f"make {command}: {error.filename or 'the disk'}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nInterrupted. `make status` says what runs; `make {command}` may be run again.", file=sys.stderr)
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
        prog="python -m stack",
        description="The Kafka and the schema registry that producers and consumers use. STACK in .env chooses: "
        "local (real Kafka as a process of this machine, the default), docker (docker-compose.yml) or external "
        "(the addresses in .env).",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    return parser


if __name__ == "__main__":
    sys.exit(main())

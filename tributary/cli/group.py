"""The command line of a consumer group: run a member of it, or report the figures in its store."""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tributary.cli import exits
from tributary.destination import announce, broker, file, project, registry
from tributary.errors import TributaryError
from tributary.printable import log_to_stderr
from tributary.settings import Settings, load
from tributary.signals import forget_output

if TYPE_CHECKING:  # `--help` needs none of it
    from tributary.figures.declaration import Declaration
    from tributary.views.arrangement import Arrangement

Group = Callable[[], "tuple[Declaration, Arrangement[Any]]"]
"""Imports the figures of a group and how they are shown."""


def main(program: str, description: str, group: Group, argv: Sequence[str] | None = None) -> int:
    """Run a command. Returns the exit code: 0 success, 1 failure, 2 wrong usage or settings."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if not argv or argv[0] not in ("run", "report", "-h", "--help"):
        argv.insert(0, "run")
    options = _arguments(program, description).parse_args(argv)
    log_to_stderr()
    try:
        settings = load()
        code = _report(settings, group, options.json) if options.command == "report" else _run(settings, group, options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        forget_output()
        return 1
    except KeyboardInterrupt:
        return exits.report("interrupted")
    except TributaryError as error:
        return exits.report(error)


def _arguments(program: str, description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description=description,
        epilog="Without a command, run is used. Settings come from the environment and .env: see .env.example.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser(
        "run",
        help="run one member of the group (the default)",
        description="Run one member of the consumer group; several may run at once on one store. "
        "Ctrl-C and SIGTERM write what is in flight, leave the group and print a summary; a second one stops it.",
        epilog="exit code: 0 stopped or caught up, 1 it failed or refused a topic, 2 wrong usage",
    )
    run.add_argument("--until-caught-up", action="store_true", help="stop when nothing is left to read (lag 0)")
    run.add_argument(
        "--accept-dead-letters",
        action="store_true",
        help="allow any number of dead letters, whatever DEAD_LETTERS_IN_A_ROW and DEAD_LETTERS_PERCENT are",
    )
    run.add_argument(
        "--accept-recreated",
        action="store_true",
        help="read topics that were deleted and created again from their beginning, in addition to what was counted",
    )
    run.add_argument(
        "--claim-group",
        action="store_true",
        help="count the group into this store (STORE_PATH) from now on, instead of the one that it counted into",
    )
    run.add_argument(
        "--no-dashboard", action="store_true", help="print lines instead of the dashboard, also on a terminal"
    )
    report = commands.add_parser(
        "report",
        help="print the store's figures, without consuming",
        description="Print the figures in the store, without consuming anything.",
        epilog="exit code: 0 success, 1 the store does not exist or cannot be read, 2 wrong usage",
    )
    report.add_argument(
        "--json", action="store_true", help="print JSON for scripts; amounts in minor units of their currency"
    )
    return parser


def _run(settings: Settings, group: Group, options: argparse.Namespace) -> int:
    from confluent_kafka import KafkaException

    from tributary import catalog
    from tributary.figures.member import Member, RunOptions
    from tributary.registry.client import RegistryClient
    from tributary.signals import Stopped, stop_signal
    from tributary.views import terminal

    declaration, arrangement = group()
    _collect_seldom()
    announce(broker(settings), registry(settings), project(settings), file("store", settings.store_path))
    choices = RunOptions(
        options.until_caught_up, options.accept_dead_letters, options.accept_recreated, options.claim_group
    )
    with stop_signal() as stop:
        try:
            client = RegistryClient.from_settings(settings)
            member = Member(declaration, settings, catalog.load(settings), client, choices, stop)
            try:
                with terminal.watch(arrangement, settings, stop, dashboard=not options.no_dashboard) as observe:
                    member.run(observe)
            finally:
                member.close()
                print(terminal.summary(member.status(), arrangement.duplicates))
        except Stopped:
            return exits.report("stopped before the store could be opened")
        except KafkaException as error:
            return exits.report(error)
    return 1 if member.status().refused else 0


def _collect_seldom() -> None:
    """Run the garbage collector rarely: it costs a fifth of the CPU time.

    Messages and rows arrive by the ten thousand, live briefly and form no cycles, and each collection visits them all.
    """
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def _report(settings: Settings, group: Group, as_json: bool) -> int:
    _, arrangement = group()
    try:
        if as_json:
            print(json.dumps(arrangement.report(settings), indent=2))
        else:
            from tributary.views import terminal

            terminal.report(arrangement, settings)
    except FileNotFoundError as error:
        return exits.report(error)
    return 0

"""The start of commands: the CPU of each one's `--help`, and a member's time to its first message."""

from __future__ import annotations

import re
from statistics import median

import attrs

from benchmarks import measure
from benchmarks.bed import Bed
from benchmarks.member import catch_up
from benchmarks.report import Goal, Section, Table, Wanted

COMMANDS = (
    "benchmarks",
    "consumers.analytics",
    "consumers.web",
    "producers",
    "producers.product_events",
    "producers.purchases",
    "producers.replay",
    "producers.user_events",
    "registry",
    "schemas",
    "tributary",
    "tributary stack",
)
"""Every command of the project that may have subcommands."""
_SUBCOMMANDS = re.compile(r"^    ([a-z][a-z-]*)(?=\s)", re.MULTILINE)
"""Subcommands in a command's help."""
_SHOWN = 8
_EVENTS = 1_000


@attrs.frozen
class Help:
    """One command's `--help`."""

    command: str
    cpu_s: float


def section(bed: Bed, wanted: Wanted) -> Section:
    """Measure both."""
    helps = sorted(
        (Help(command, _help(bed, command, wanted.rounds)) for command in _commands(bed)), key=lambda each: -each.cpu_s
    )
    slow = Table(f"Start: --help of {len(helps)} commands, the slowest", ("", "CPU s"))
    for each in helps[:_SHOWN]:
        slow.add(f"{each.command} --help", f"{each.cpu_s:.2f}")
    load = bed.load(_EVENTS)
    runs = [catch_up(bed, load.settings) for _ in range(wanted.rounds)]
    firsts = [run.first - run.launched for run in runs]
    first = Table("Start: a member on a warm stack", ("", "s"))
    first.add("from its start to its first message", f"{median(firsts):.2f}")
    goals = [
        Goal("--help, the slowest", "under", 0.3, helps[0].cpu_s, "s of CPU"),
        Goal("the first message", "under", 2, median(firsts), "s"),
    ]
    return Section(
        "start", [slow, first], goals, {"help": [attrs.asdict(each) for each in helps], "first_message_s": firsts}
    )


def _commands(bed: Bed) -> list[str]:
    commands: dict[str, None] = {}
    for command in COMMANDS:
        log = bed.path("help").with_suffix(".log")
        measure.run(*command.split(), "--help", log=log)
        under = _SUBCOMMANDS.findall(log.read_text(encoding="utf-8"))
        commands |= dict.fromkeys([command, *(f"{command} {name}" for name in under)])
    return list(commands)


def _help(bed: Bed, command: str, rounds: int) -> float:
    log = bed.path("help").with_suffix(".log")
    return median(measure.run(*command.split(), "--help", log=log).cpu_s for _ in range(rounds))

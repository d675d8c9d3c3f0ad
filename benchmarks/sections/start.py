"""The start of commands: the CPU of each one's `--help`, and a member's time to its first message."""

from __future__ import annotations

import re
from statistics import median

import attrs

from benchmarks import measure
from benchmarks.bed import Bed
from benchmarks.member import catch_up
from benchmarks.report import Goal, Section, Table, Wanted

MODULES = (
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
)
"""Every command of the project."""
_COMMANDS = re.compile(r"^    ([a-z][a-z-]*)(?=\s)", re.MULTILINE)
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
    commands = []
    for module in MODULES:
        log = bed.path("help").with_suffix(".log")
        measure.run(module, "--help", log=log)
        under = _COMMANDS.findall(log.read_text(encoding="utf-8"))
        commands += [module, *(f"{module} {command}" for command in under)]
    return commands


def _help(bed: Bed, command: str, rounds: int) -> float:
    log = bed.path("help").with_suffix(".log")
    return median(measure.run(*command.split(), "--help", log=log).cpu_s for _ in range(rounds))

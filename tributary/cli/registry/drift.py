"""`tributary drift`: compare registry, lock and working copy."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from tributary import catalog, settings
from tributary.cli import exits
from tributary.cli.output import ALL_FORMATS, add_format, show
from tributary.destination import announce, file, project
from tributary.destination import registry as registry_place
from tributary.registry import lock
from tributary.registry.apply.drift import KINDS, drift
from tributary.registry.apply.snapshot import snapshot
from tributary.registry.client import RegistryClient
from tributary.registry.finding import Finding
from tributary.registry.render import findings
from tributary.registry.render.words import number


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its options."""
    add_format(command, ALL_FORMATS)
    command.add_argument(
        "--shared",
        action="store_true",
        help="do not report subjects of other teams: those neither in the lock nor in the catalogue",
    )


def run(args: argparse.Namespace) -> int:
    """Print the differences; 3 if there are any."""
    loaded = settings.load()
    path = lock.path_for(loaded)
    announce(registry_place(loaded), project(loaded), file("lock", path))
    registry = RegistryClient.from_settings(loaded)
    name = lock.registry_name(loaded.registry_url)
    known = lock.load(path) or lock.Lock(name)
    topics = catalog.load(loaded).topics
    ours = {*known.subjects, *(topic.subject for topic in topics)}
    there = [subject for subject in registry.subjects() if not args.shared or subject in ours]
    present = {subject: snapshot(registry, subject) for subject in there}
    found = drift(topics, known, present, name, path)
    subjects = sorted({*ours, *there})
    show(args.format, subjects, found, text=_text, json=document, markdown=markdown, sarif=_sarif, junit=_junit)
    return exits.DRIFT if found else exits.FINE


def _text(_: Sequence[str], found: Sequence[Finding]) -> str:
    return f"{findings.text(found)}\n{_summary(found)}" if found else _summary(found)


def document(_: Sequence[str], found: Sequence[Finding]) -> dict[str, Any]:
    """`drift`: subject, kind and text of each difference, and what a finding has."""
    return {"drift": [{**findings.document(one), "kind": one.rule, "text": one.message} for one in found]}


def markdown(_: Sequence[str], found: Sequence[Finding]) -> str:
    """A table of the differences."""
    return "\n".join([f"**{_summary(found)}**", *findings.markdown(found)]) if found else _summary(found)


def _sarif(_: Sequence[str], found: Sequence[Finding]) -> str:
    return findings.sarif(found, KINDS.__getitem__)


def _junit(subjects: Sequence[str], found: Sequence[Finding]) -> str:
    return findings.junit("drift", findings.cases(subjects, found))


def _summary(found: Sequence[Finding]) -> str:
    return number(len(found), "difference") if found else "no drift"

"""Write docs/edits.md: edits to contracts, and the report of `check` for each (`make edits-table`)."""

from __future__ import annotations

import argparse
import functools
import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs

from tests.support.contracts import CONTRACTS
from tests.support.paths import ROOT
from tools.edit_cases import EDITS, Case, Edit, Schema
from tributary.catalog import Catalog, load
from tributary.project import Project
from tributary.registry.check.verdict import SubjectCheck, check_all
from tributary.registry.lock import Version
from tributary.registry.render import checks
from tributary.registry.render.markup import table
from tributary.settings import Settings

DOCUMENT = ROOT / "docs" / "edits.md"
LEVELS = ("BACKWARD", "FORWARD")
"""In addition to the catalogue's own."""


# ---- what check reports ------------------------------------------------------------------------


def registered(case: Case) -> list[Schema]:
    """The versions registered before the edit, the oldest first."""
    schemas = [original(case.topic)]
    for edit in (case.before, case.then):
        if edit:
            schemas.append(edited(schemas[-1], edit))
    return schemas


def candidate(case: Case) -> Schema:
    """The contract after the edit."""
    return edited(registered(case)[-1], case.edit)


def original(topic: str) -> Schema:
    return load(Settings(project=CONTRACTS)).topic(topic).schema


def edited(schema: Schema, edit: Edit) -> Schema:
    copy: Schema = json.loads(json.dumps(schema))
    edit(copy)
    return copy


@functools.cache
def checked(case: Case) -> dict[str, SubjectCheck]:
    """The findings of `check` in a copy of the contracts after the edit, by level, the catalogue's own first."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "schemas"
        shutil.copytree(CONTRACTS.folder, folder)
        settings = Settings(project=Project.load(folder))
        catalog = load(settings)
        versions = {topic.subject: [Version(1, 1, topic.text)] for topic in catalog.topics}
        topic = catalog.topic(case.topic)
        versions[topic.subject] = [Version(n, n, json.dumps(one)) for n, one in enumerate(registered(case), 1)]
        topic.path.write_text(json.dumps(candidate(case), indent=2))
        catalog = load(settings)
        return {level: _checked(catalog, case, versions, level) for level in (topic.compatibility, *LEVELS)}


def _checked(catalog: Catalog, case: Case, versions: dict[str, list[Version]], level: str) -> SubjectCheck:
    topics = [attrs.evolve(topic, compatibility=level) for topic in catalog.topics]
    return next(one for one in check_all(topics, versions, CONTRACTS) if one.topic.contract == case.topic)


# ---- the document ------------------------------------------------------------------------------

HEAD = """\
# Edits and what check reports

{count} edits to the contracts in `tests/contracts/`, and the report of `python -m registry check` for each.
`make edits-table` writes this page from the command's output. `tests/unit/registry/check/test_edits.py` fails when the
page is out of date, and compares each verdict with data that `fastavro` writes with one version and reads with the
other.

- There is a verdict for the catalogue's level ({level}) and for two others. ✅ passes. ⚠️ is compatible, so
  a registry accepts it; `check` and `apply` do not, because of a danger in the last column. ❌ is incompatible at that
  level.
- Who breaks, the order to deploy and the fix are for the catalogue's level. The order follows from who can read whom;
  where the verdict is ❌, it is the order for a level that allows the edit.
- v1 is the contract in the folder. If an edit needs a field that the contract does not have, v2 adds it.
- The last column has what the compatibility rules do not detect: a **danger** changes the meaning of data, a note asks
  the author to think. Long texts to paste are cut here (…), not by the command.
"""
SHOWN = 220


def document() -> str:
    """The page."""
    level = load(Settings(project=CONTRACTS)).topics[0].compatibility
    heads = (
        "edit",
        f"`{level}`",
        *(f"`{other}`" for other in LEVELS),
        "who breaks",
        "deploy",
        "fix",
        "dangers and notes",
    )
    parts = [HEAD.format(count=sum(map(len, EDITS.values())), level=f"`{level}`")]
    for title, cases in EDITS.items():
        rows = [_row(case, [checks.subject(one) for one in checked(case).values()]) for case in cases]
        parts.append("\n".join([f"## {title}", *table(heads, rows)]) + "\n")
    return "\n".join(parts)


def _row(case: Case, levels: list[dict[str, Any]]) -> tuple[str, ...]:
    own = levels[0]
    breaks, hazards = own["breaks"], own["hazards"]
    return (
        f"{case.name}<br>`{case.topic}`",
        *(mark(one) for one in levels),
        _lines(f"{_code(one['field'] or 'the record')} `{one['rule']}`: {one['who']}" for one in breaks),
        own["deploy"],
        _lines(_pasted(one["fix"]) for one in breaks),
        _lines(map(_hazard, hazards)),
    )


def mark(answer: dict[str, Any]) -> str:
    """The sign of a verdict."""
    return "✅" if answer["passed"] else "⚠️" if answer["compatible"] else "❌"


def _hazard(hazard: dict[str, Any]) -> str:
    kind = "**danger**" if hazard["danger"] else "note"
    place = _code(hazard["field"] or "the record")
    return f"{kind} {place} `{hazard['rule']}`: {hazard['text']}. Instead: {_pasted(hazard['fix'])}"


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(dict.fromkeys(texts)) or "–"


def _pasted(text: str) -> str:
    """A fix, with what is to be pasted as code."""
    return "\n".join(_pasted_line(line.strip()) for line in text.split("\n"))


def _pasted_line(line: str) -> str:
    starts = [
        at for at in (line.find(sign) for sign in ('{"', '["', '"aliases"', '"symbols"', '"namespace"')) if at >= 0
    ]
    if not starts:
        return line
    words, paste = line[: min(starts)], line[min(starts) :]
    return words + _code(paste if len(paste) <= SHOWN else f"{paste[:SHOWN]}…")


def _code(text: str) -> str:
    return f"`{text}`"


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m tools.edits", description=__doc__).parse_args()
    DOCUMENT.write_text(document(), encoding="utf-8")
    print(f"wrote {DOCUMENT.relative_to(ROOT)}")

"""Write the next version of a contract for its author: one edit, only where levels and lint allow it.

What several contracts have in common (the envelope, an enum that more than one defines) is edited in each of them, all
or none.
"""

from __future__ import annotations

import difflib
import io
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import attrs

from tributary.avro.parser import parse
from tributary.avro.schema import SchemaError
from tributary.catalog import Catalog, Topic
from tributary.destination import shown
from tributary.project import Project
from tributary.registry.check.baseline import Versions
from tributary.registry.check.verdict import SubjectCheck, check_all
from tributary.registry.contract import json_edit as json_text
from tributary.registry.contract.walk import Field, Node
from tributary.registry.evolve.edits import Edit, Spec
from tributary.registry.evolve.targets import EvolveError, counterpart
from tributary.registry.finding import Finding, errors
from tributary.registry.lint.engine import lint

__all__ = ["Evolution", "EvolveError", "Rewritten", "evolve", "write"]


@attrs.frozen
class Rewritten:
    """One contract's file, before and after the edit."""

    path: Path
    before: str
    after: str

    @property
    def diff(self) -> str:
        """A unified diff that `git apply` and `patch -p1` take."""
        name = shown(self.path)
        before, after = (list(io.StringIO(text, newline="\n")) for text in (self.before, self.after))
        lines = difflib.unified_diff(before, after, f"a/{name}", f"b/{name}")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


@attrs.frozen
class Evolution:
    """An edit as it would be, and the verdict on it."""

    files: tuple[Rewritten, ...]
    """The contract's, and those of the contracts that have the same thing."""
    findings: tuple[Finding, ...]
    """What lint finds with the edit and did not find without it."""
    checks: tuple[SubjectCheck, ...]
    """Of the contracts that are edited; empty where lint finds errors already."""
    scope: str
    """Why the edit is of several contracts, as a sentence; empty where it is of one."""
    notes: tuple[str, ...]
    """Notes on an allowed edit."""
    ways_around: tuple[str, ...]
    """What to do instead; empty where it is allowed."""

    @property
    def allowed(self) -> bool:
        """Whether it may be written."""
        return not errors(self.findings) and all(check.passed for check in self.checks)

    @property
    def diff(self) -> str:
        """The unified diff of all files."""
        return "".join(file.diff for file in self.files)


@attrs.frozen(slots=False)
class _Draft(Topic):
    """A contract with a text that its file does not have yet."""

    text: str

    @classmethod
    def of(cls, topic: Topic, text: str) -> _Draft:
        return cls(**{**attrs.asdict(topic, recurse=False), "text": text})


def evolve(catalog: Catalog, versions: Versions, topic: Topic, edit: Edit, project: Project) -> Evolution:
    """What an edit of a topic's contract makes of it and of those that share what it changes; nothing is written.

    `versions` has what is registered, by subject. Raises EvolveError if the edit cannot be made, `SchemaError` for
    a contract that is no schema before the edit, and ExemptionError.
    """
    current = attrs.evolve(catalog, topics=tuple(_as_written(one) for one in catalog.topics))
    joined = {*(one.key for one in catalog.topics), *project.envelope}
    with _naming(topic):
        node = edit.find(topic.schema)
    files: dict[str, Rewritten] = {}
    for one in current.topics:
        with _naming(one):
            same = node if one.contract == topic.contract else counterpart(node, one.schema, joined)
            if same is not None:
                files[one.contract] = _rewritten(one, edit.change(same), same.pointer)
    edited = attrs.evolve(
        current,
        topics=tuple(
            _Draft.of(one, files[one.contract].after) if one.contract in files else one for one in current.topics
        ),
    )
    findings = _new(lint(current, project), lint(edited, project))
    checked = [] if errors(findings) else check_all(edited.topics, versions, project)
    checks = [check for check in checked if check.topic.contract in files]
    refused = [check for check in checks if not check.passed]
    before = {c.topic.contract: c for c in check_all(current.topics, versions, project)} if refused else {}
    return Evolution(
        tuple(files.values()),
        tuple(findings),
        tuple(checks),
        _scope(node, list(files), joined),
        tuple(edit.notes(node, topic.compatibility)),
        tuple(dict.fromkeys(_way_around(edit, node, check, before[check.topic.contract]) for check in refused)),
    )


def _as_written(topic: Topic) -> _Draft:
    # As bytes: reading as text would turn the line ends of another system into those of this one.
    try:
        text = topic.path.read_bytes().decode("utf-8")
        parse(text)
    except OSError as error:
        raise SchemaError(f"{shown(topic.path)} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SchemaError(f"{shown(topic.path)}: not UTF-8: {error}") from error
    except SchemaError as error:
        raise SchemaError(f"{shown(topic.path)}: {error}") from error
    return _Draft.of(topic, text)


@contextmanager
def _naming(topic: Topic) -> Iterator[None]:
    """Let errors say which contract they are about."""
    try:
        yield
    except (EvolveError, SchemaError) as error:
        raise EvolveError(f"{shown(topic.path)}: {error}") from error


def _rewritten(topic: Topic, spec: Spec, pointer: str) -> Rewritten:
    after = json_text.rewrite(topic.text, pointer, spec)
    parse(after)
    return Rewritten(topic.path, topic.text, after)


def _new(before: Sequence[Finding], after: Sequence[Finding]) -> list[Finding]:
    """What is found now and was not; a finding that only moved, for example to a field's new name, is not new."""
    grown = Counter((f.rule, f.topic) for f in after) - Counter((f.rule, f.topic) for f in before)
    known = {(f.rule, f.topic, f.path, f.message) for f in before}
    return [f for f in after if grown[f.rule, f.topic] and (f.rule, f.topic, f.path, f.message) not in known]


def _scope(node: Node, contracts: Sequence[str], joined: set[str]) -> str:
    if len(contracts) < 2:
        return ""
    if isinstance(node, Field) and not node.record.pointer and node.name in joined:
        what = f"{node.name} is the same on every event"
    else:
        record = node.record if isinstance(node, Field) else node
        what = f"{record.spec['name']} is defined in several contracts and means the same in each"
    return f"{what}: the edit is made in all of {', '.join(contracts)} or in none"


def _way_around(edit: Edit, node: Node, check: SubjectCheck, before: SubjectCheck) -> str:
    if not before.passed and set(check.breaks) <= set(before.breaks) and set(check.hazards) <= set(before.hazards):
        return f"{check.topic.contract} did not pass before the edit either; correct that first: tributary check"
    if check.breaks:
        return edit.way_around(node, check)
    return "the level allows it, but it damages data; if that is intended, accept it in exemptions.toml"


def write(evolution: Evolution) -> None:
    """Write the files, each at once, and all of them or none. Raises OSError."""
    with ExitStack() as undo:
        drafts = []
        for file in evolution.files:
            path = file.path.resolve()  # where it is a link, it stays one
            undo.callback(_draft_of(path).unlink, missing_ok=True)
            _write_draft(path, file.after)
            drafts.append((path, file))
        for path, file in drafts:
            undo.callback(_put, path, file.before)
            _draft_of(path).replace(path)
        undo.pop_all()


def _put(path: Path, text: str) -> None:
    _write_draft(path, text)
    _draft_of(path).replace(path)


def _write_draft(path: Path, text: str) -> None:
    draft = _draft_of(path)
    draft.write_bytes(text.encode("utf-8"))
    shutil.copymode(path, draft)


def _draft_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")

"""The project: the repository whose contracts the commands govern.

`tributary.toml` in the project's folder names its parts. Every key is optional; paths start at the folder:

    contracts = "schemas/catalog.toml"            # the topics and their contracts
    events = "schemas/events.py"                  # the Python module that `generate` writes; no default
    lock = "registry/registry.lock.json"          # what the registry holds
    exemptions = "registry/exemptions.toml"       # where a rule is switched off for one field
    envelope = ["event_id", "occurred_at"]        # the fields that every event has; default: none
    co-partitioned = [["orders", "payments"]]     # groups of topics with equal keys and partitions; default: none

    [rules]                                       # of lint
    names = "warning"                             # true or "error", "warning", false; each rule has a default
    personal-data-marked.names = ["email"]        # an option of a rule; the rule is on

The file is searched from the working directory upwards. The variable TRIBUTARY_PROJECT names its folder instead, for
this process and those that it starts.

>>> from tributary.project import Project
>>> Project.find().contracts.name
'catalog.toml'
"""

from __future__ import annotations

import difflib
import functools
import os
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import attrs

from tributary.errors import SettingsError

FILE = "tributary.toml"
VARIABLE = "TRIBUTARY_PROJECT"

_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""What Avro takes as a name."""


class ProjectError(SettingsError):
    """The project file cannot be used; the message names the file, the key, the value and what was expected."""


class NoProject(ProjectError):
    """There is no project file where one was expected."""


RuleSeverity = Literal["error", "warning"]


@attrs.frozen
class RuleChoice:
    """What a project says about a rule of lint."""

    severity: RuleSeverity | None
    """Of its findings; None where the rule is off."""
    options: Mapping[str, Sequence[str]] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Project:
    """What a project file says. Paths are absolute; only `folder` is known to exist."""

    folder: Path
    """The folder of the project file. Relative paths in settings start here, and `.env` is here."""
    contracts: Path
    """The catalogue: `catalog.toml`."""
    events: Path | None
    lock: Path
    exemptions: Path
    envelope: tuple[str, ...]
    """The fields that every event has, in the order in which they are reported."""
    co_partitioned: tuple[tuple[str, ...], ...]
    """Groups of topics, by their names in the catalogue, that have the same key and number of partitions."""
    rules: Mapping[str, RuleChoice]
    """By rule of lint; the others have their defaults."""

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """The project in this folder. Raises ProjectError."""
        folder = Path(folder).resolve()
        file = folder / FILE
        if not os.path.lexists(file):
            raise NoProject(f"{folder} has no {FILE}; name a folder that has one")
        if not file.is_file():
            raise ProjectError(f"{file} is not a file: a folder, or a link to nothing; write the project file there")
        content = _content(file)
        _require_known(file, content)
        project = cls(
            folder=folder,
            contracts=folder / _path(file, content, "contracts", "schemas/catalog.toml"),
            events=folder / _module(file, content, "events") if "events" in content else None,
            lock=folder / _path(file, content, "lock", "registry/registry.lock.json"),
            exemptions=folder / _path(file, content, "exemptions", "registry/exemptions.toml"),
            envelope=_envelope(file, content.get("envelope", [])),
            co_partitioned=_co_partitioned(file, content.get("co-partitioned", [])),
            rules=_rules(file, content.get("rules", {})),
        )
        project._refuse_earlier_places()
        return project

    @classmethod
    def find(cls, start: Path | str = ".") -> Self:
        """The project that a folder belongs to: its own, or that of the nearest folder above. Raises ProjectError.

        A project file that cannot be read is an error: the next one above is another project's.
        """
        start = Path(start).resolve()
        for folder in (start, *start.parents):
            if os.path.lexists(folder / FILE):
                return cls.load(folder)
        raise NoProject(
            f"no {FILE} in {start} or in a folder above it; run the command in a project, or name the project's folder "
            f"with --project DIR or {VARIABLE}. To begin a project, write a {FILE} with contracts = "
            '"PATH/catalog.toml"'
        )

    def error(self, text: str) -> ProjectError:
        """A complaint about the project file."""
        return ProjectError(f"{self.folder / FILE}: {text}")

    def earlier_place(self, path: Path) -> Path:
        """Where the lock or the exemptions were before projects named them: beside the contracts."""
        return self.contracts.parent / path.name

    def _refuse_earlier_places(self) -> None:
        """One that is overlooked there must not count as none."""
        for path in (self.lock, self.exemptions):
            earlier = self.earlier_place(path)
            if earlier != path and earlier.exists():
                raise ProjectError(
                    f"{earlier}: belongs at {path}, where {FILE} has it; move it: "
                    f"mkdir -p {path.parent} && git mv {earlier} {path}"
                )


def current(environment: Mapping[str, str] = os.environ) -> Project:
    """The project of this process: the one that TRIBUTARY_PROJECT names, or else that of the working directory.

    It is read once. Raises ProjectError.
    """
    return _read(environment.get(VARIABLE, ""), Path.cwd())


def current_or_none(environment: Mapping[str, str] = os.environ) -> Project | None:
    """The project of this process, or None for a process outside any. Raises ProjectError for one that is broken."""
    if environment.get(VARIABLE):
        return current(environment)
    try:
        return current(environment)
    except NoProject:
        return None


@functools.lru_cache(maxsize=8)
def _read(named: str, here: Path) -> Project:
    if not named:
        return Project.find(here)
    try:
        return Project.load(here / named)
    except NoProject as error:
        raise NoProject(f"{VARIABLE}={named}: {error}") from error


def choose(folder: Path | str) -> None:
    """Make it the project of this process and of those that it starts. Raises ProjectError."""
    if folder == "":  # from an unset variable of a script; as a path it would be the working directory
        raise NoProject(f"the project's folder is empty; name a folder that has a {FILE}")
    os.environ[VARIABLE] = str(Project.load(folder).folder)


def _content(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ProjectError(f"{file} cannot be read: {reason}") from error
    except tomllib.TOMLDecodeError as error:
        raise ProjectError(f"{file}: {error}") from error


def _require_known(file: Path, content: Mapping[str, Any]) -> None:
    known = [field.name.replace("_", "-") for field in attrs.fields(Project) if field.name != "folder"]
    for key in content:
        if key not in known:
            raise ProjectError(f"{file}: {key} is no key of a project; {meant(key, known)}")


def meant(word: str, known: Collection[str]) -> str:
    """What was meant by an unknown word, as the end of an error message."""
    near = difflib.get_close_matches(word, known, 1)
    return f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known)}"


def _path(file: Path, content: Mapping[str, Any], key: str, default: str) -> str:
    value = content.get(key, default)
    if not isinstance(value, str) or not value or "\0" in value:
        raise ProjectError(f"{file}: {key} is {value!r}, expected a path")
    return value


def _module(file: Path, content: Mapping[str, Any], key: str) -> str:
    """A path that a command overwrites: any other file there, such as a contract, would be lost."""
    value = _path(file, content, key, "")
    if not value.endswith(".py"):
        raise ProjectError(f"{file}: {key} is {value!r}, expected the path of a Python module, *.py")
    return value


def _envelope(file: Path, names: Any) -> tuple[str, ...]:
    if not isinstance(names, list):
        raise ProjectError(f"{file}: envelope is {names!r}, expected a list of field names")
    for name in names:
        if not isinstance(name, str) or not _FIELD.fullmatch(name):
            raise ProjectError(f"{file}: envelope has {name!r}, expected the name of a field")
        if names.count(name) > 1:
            raise ProjectError(f"{file}: envelope has {name!r} twice")
    return tuple(names)


def _co_partitioned(file: Path, groups: Any) -> tuple[tuple[str, ...], ...]:
    if not isinstance(groups, list):
        raise ProjectError(f"{file}: co-partitioned is {groups!r}, expected a list of groups of topics")
    for group in groups:
        if not isinstance(group, list) or not all(isinstance(name, str) for name in group) or len(set(group)) < 2:
            raise ProjectError(f"{file}: co-partitioned has {group!r}, expected a list of two topics or more")
    return tuple(map(tuple, groups))


def _rules(file: Path, rules: Any) -> Mapping[str, RuleChoice]:
    if not isinstance(rules, dict):
        raise ProjectError(f"{file}: rules is {rules!r}, expected a table")
    return {rule: _choice(file, f"rules.{rule}", value) for rule, value in rules.items()}


def _choice(file: Path, key: str, value: Any) -> RuleChoice:
    if not isinstance(value, dict):
        return RuleChoice(_severity(file, key, value, 'true, false, "warning", "error" or a table of its options'))
    options = {option: words for option, words in value.items() if option != "severity"}
    for option, words in options.items():
        if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
            raise ProjectError(f"{file}: {key}.{option} is {words!r}, expected a list of words")
    return RuleChoice(
        _severity(file, f"{key}.severity", value.get("severity", True), 'true, false, "warning" or "error"'), options
    )


_SEVERITIES: Mapping[bool | str, RuleSeverity | None] = {
    True: "error",
    "error": "error",
    "warning": "warning",
    False: None,
}


def _severity(file: Path, key: str, value: Any, expected: str) -> RuleSeverity | None:
    if not isinstance(value, bool | str) or value not in _SEVERITIES:
        raise ProjectError(f"{file}: {key} is {value!r}, expected {expected}")
    return _SEVERITIES[value]

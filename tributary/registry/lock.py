"""The lock, `registry.lock.json`: the contents of the registry, in version control with the contracts.

For each subject it has the compatibility level and every registered version: number, id, fingerprint and full text. So
`check` needs no registry, `drift` has a baseline, and a consumer can start while the registry is down.

**An id belongs to one registry**, so the lock names the registry whose ids it has. A registry on a loopback address is
`local`: everyone has one, and because `apply` gives an empty registry the lock's versions in the order of their ids,
everyone's has the same ids and the checked-in lock stays as it is. The first `apply` to a shared registry makes the
checked-in lock that registry's; from then on a local registry's lock is kept under `.stack/`.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import attrs

from tributary.addresses import without_login
from tributary.errors import TributaryError
from tributary.settings import Settings

if TYPE_CHECKING:
    from tributary.catalog import Topic

LOCAL = "local"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class LockError(TributaryError, ValueError):
    """The lock file cannot be used; the message names it and says what to do."""


@attrs.frozen
class Version:
    """One registered version of a subject."""

    version: int
    id: int
    schema: str
    """The full text, as the registry returns it."""

    @property
    def fingerprint(self) -> str:
        """See `fingerprint()`."""
        return fingerprint(self.schema)


@attrs.frozen
class Subject:
    """The registry's contents for one subject."""

    level: str
    versions: tuple[Version, ...]
    """In the order of their numbers; numbers have gaps where versions were deleted."""
    mode: str = "READWRITE"


@attrs.frozen
class Lock:
    """The content of a lock file."""

    registry: str
    """Whose ids these are: `local`, or the URL of a shared registry."""
    subjects: dict[str, Subject] = attrs.field(factory=dict)

    def schema_text(self, schema_id: int) -> str | None:
        """The text of the schema with that id, or None."""
        for subject in self.subjects.values():
            for version in subject.versions:
                if version.id == schema_id:
                    return version.schema
        return None


def fingerprint(schema: str) -> str:
    """`sha256:` and the hex digest of the schema as the registry normalises it, so layout does not count.

    Unlike Avro's own fingerprint it covers docs, defaults and attributes: a registry makes a version of those, too.
    Raises `SchemaError` if it is no schema.
    """
    from tributary.avro.parser import stored  # producers and consumers import the lock, and never need this

    return "sha256:" + hashlib.sha256(stored(schema).canonical.encode()).hexdigest()


def fingerprint_of(topic: Topic) -> str:
    """The fingerprint of a contract as it stands. Raises CatalogError, and `SchemaError`; both name the file."""
    from tributary.avro.schema import SchemaError

    try:
        return fingerprint(topic.text)
    except SchemaError as error:
        raise SchemaError(f"{topic.path}: {error}") from error


def registry_name(url: str) -> str:
    """The name under which a lock knows the registry at that address: `local` for a loopback address, else the URL.

    Of several addresses with commas between, the first.
    """
    first = without_login(url)[0].partition(",")[0]
    return LOCAL if urlsplit(first).hostname in _LOOPBACK else first


def path_for(settings: Settings) -> Path:
    """The lock file of the registry in `settings`: the checked-in one, unless that belongs to a shared registry and
    this one is local.

    Raises LockError if both are shared and differ.
    """
    name = registry_name(settings.registry_url)
    checked_in = load(settings.lock_path)
    if checked_in is None or checked_in.registry in (name, LOCAL):
        return settings.lock_path
    if name == LOCAL:
        return settings.stack_dir / "registry.lock.json"
    raise LockError(
        f"{settings.lock_path}: has the ids of {checked_in.registry}, but SCHEMA_REGISTRY_URL is {name}; "
        "give each shared registry its own lock with REGISTRY_LOCK_PATH"
    )


def load(path: Path) -> Lock | None:
    """Read a lock; None if there is no such file. Raises LockError for a file that cannot be used."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise LockError(f"{path} cannot be read: {reason}; {_REMEDY}") from error
    return parse(text, str(path))


_REMEDY = "restore it from git, or delete it and run: tributary pull"


def parse(text: str, where: str) -> Lock:
    """Read a lock's text; `where` names it in errors. Raises LockError."""
    try:
        content = json.loads(text)
        return Lock(content["registry"], {name: _subject(entry) for name, entry in content["subjects"].items()})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LockError(f"{where}: not a lock ({error!r}); {_REMEDY}") from error


def _subject(entry: dict[str, Any]) -> Subject:
    versions = tuple(Version(v["version"], v["id"], v["schema"]) for v in entry["versions"])
    return Subject(entry["level"], versions, entry.get("mode", "READWRITE"))


def dump(lock: Lock) -> str:
    """The file's text: sorted, so that equal locks are equal files."""
    subjects = {
        name: {
            "level": subject.level,
            "mode": subject.mode,
            "versions": [
                {"version": v.version, "id": v.id, "fingerprint": v.fingerprint, "schema": v.schema}
                for v in subject.versions
            ],
        }
        for name, subject in sorted(lock.subjects.items())
    }
    return json.dumps({"registry": lock.registry, "subjects": subjects}, indent=2, ensure_ascii=False) + "\n"


def save(lock: Lock, path: Path) -> bool:
    """Write the lock atomically. Returns False if the file already had this content. Raises LockError."""
    try:
        return rewrite(path, dump(lock))
    except OSError as error:
        raise LockError(f"{path}: the lock cannot be written: {error.strerror}; when it can, apply again") from error


def rewrite(path: Path, text: str) -> bool:
    """Write a file atomically. Returns False if it already had this content. Raises OSError."""
    content = text.encode()
    if path.exists() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.write_bytes(content)
    draft.replace(path)
    return True

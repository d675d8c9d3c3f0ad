"""Versions that the registry has and the lock does not: another checkout registered them, and this one would undo them.

Compatibility does not protect them: a contract without an optional field that others added is compatible.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

import attrs

from tributary import addresses
from tributary.catalog import Topic
from tributary.registry import lock
from tributary.registry.apply.snapshot import READONLY, snapshot
from tributary.registry.check.history import described
from tributary.registry.client import RegistryClient, RegistryError, RegistryUnavailable
from tributary.registry.contract.diff import in_words
from tributary.registry.finding import Finding
from tributary.settings import Settings

UNKNOWN = "unknown-in-registry"
"""The rule of these findings."""
REASON = "A version, level or mode that another checkout wrote to the registry: apply would undo it."
TAKE_IN = (
    "Add it to the lock: git pull, if the repository has it; otherwise tributary pull. Then add to the contract what "
    "it lacks. To continue without it, use --allow-unknown."
)

_CONNECT_S = 1.0
_ANSWER_S = 10.0


@attrs.frozen
class Unknown:
    """What one subject has in the registry and the lock does not."""

    subject: str
    found: tuple[str, ...]
    """Each version, level or mode in words: `v2 (id 4): coupon added: null or string, default null`."""
    undone: tuple[str, ...]
    """What registering the contract would change in the newest version, in words; empty if it is an older version."""

    def finding(self, topic: Topic) -> Finding:
        """As a finding about the topic's subject."""
        message = "; ".join(["the registry has, but not the lock", *self.found])
        return Finding(UNKNOWN, topic.contract, topic.path, 1, "", message, TAKE_IN, self.subject)


@attrs.frozen
class Asked:
    """The answer of the registry to `ask`."""

    registry: str
    """Its address."""
    refusal: str
    """Why it was not asked; empty if it was."""
    unknown: tuple[Unknown, ...] = ()


def ask(settings: Settings, topics: Sequence[Topic]) -> Asked:
    """Ask the registry for what the lock does not have, unless it does not answer within seconds."""
    where = settings.registry_url
    if not _listens(settings):
        return Asked(where, f"no server answers there within {_CONNECT_S:g} s")
    answers: list[Asked] = []

    def run() -> None:
        try:
            registry = RegistryClient.from_settings(settings)
            present = {topic.subject: snapshot(registry, topic.subject) for topic in topics}
            answers.append(Asked(where, "", tuple(find(settings, topics, present))))
        except (RegistryError, RegistryUnavailable, lock.LockError) as error:
            answers.append(Asked(where, str(error)))

    asking = threading.Thread(target=run, daemon=True)  # a daemon, because a request cannot be cancelled
    asking.start()
    asking.join(_ANSWER_S)
    return answers[0] if answers else Asked(where, f"it did not answer within {_ANSWER_S:g} s")


def _listens(settings: Settings) -> bool:
    """Whether a server listens at one of the registry's addresses: the client itself would try for longer."""
    for address in addresses.registries(settings.registry_url):
        with suppress(OSError):
            socket.create_connection(address, _CONNECT_S).close()
            return True
    return False


def find(settings: Settings, topics: Sequence[Topic], present: Mapping[str, lock.Subject]) -> list[Unknown]:
    """What the registry has (`present`) and the lock does not, by subject.

    A version is identified by its content, in this registry's lock or the checked-in one. The contract itself counts as
    known, so that an apply that failed midway can be resumed. Level and mode count only in a shared registry: a local
    one follows the lock.
    """
    name = lock.registry_name(settings.registry_url)
    own = lock.load(lock.path_for(settings)) or lock.Lock(name)
    checked_in = lock.load(settings.lock_path) or own
    leads = own.registry == name != lock.LOCAL
    found = []
    for topic in topics:
        actual, locked = present[topic.subject], own.subjects.get(topic.subject)
        subjects = (locked, checked_in.subjects.get(topic.subject))
        known = {version.fingerprint for subject in subjects if subject for version in subject.versions}
        known.add(lock.fingerprint_of(topic))
        new = [version for version in actual.versions if version.fingerprint not in known]
        words = list(described(actual.versions, new))
        if leads and locked and actual.versions:
            words += _settings(topic, actual, locked)
        if words:
            found.append(Unknown(topic.subject, tuple(words), tuple(undone(topic, actual.versions))))
    return found


def _settings(topic: Topic, actual: lock.Subject, locked: lock.Subject) -> Iterator[str]:
    if actual.level not in (locked.level, topic.compatibility):
        yield f"level {actual.level}, {locked.level} in the lock"
    if actual.mode == READONLY != locked.mode:
        yield f"mode {actual.mode}, {locked.mode} in the lock"


def undone(topic: Topic, versions: Sequence[lock.Version]) -> list[str]:
    """What the contract would change in the newest of `versions`, in words; empty if it is one of them."""
    if not versions or lock.fingerprint_of(topic) in {version.fingerprint for version in versions}:
        return []
    return in_words(json.loads(versions[-1].schema), topic.schema)

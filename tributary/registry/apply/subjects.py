"""The steps of subjects: history, compatibility, schema and mode, as catalogue and contracts require."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import attrs

from tributary.catalog import Topic
from tributary.registry import lock
from tributary.registry.apply.snapshot import IMPORT, READONLY, READWRITE
from tributary.registry.check.history import described
from tributary.registry.check.verdict import SubjectCheck
from tributary.registry.client import RegistryClient, RegistryError
from tributary.registry.steps import Step


@attrs.frozen
class State:
    """The state of one contract's subject in the registry, and the versions to restore."""

    topic: Topic
    versions: tuple[lock.Version, ...]
    restored: tuple[lock.Version, ...]
    """Versions of the lock that the registry does not have, see `missing`."""
    own_level: str | None
    """None if the registry's level applies."""
    level: str
    """The level in force."""
    own_mode: str | None
    """None if the registry's mode applies."""
    mode: str
    """The mode in force."""

    @property
    def present(self) -> lock.Subject:
        """What the registry has, as the lock keeps it."""
        return lock.Subject(self.level, self.versions, self.mode)

    @property
    def history(self) -> tuple[lock.Version, ...]:
        """Every version that a candidate has to be compatible with."""
        return self.versions + self.restored


def state(topic: Topic, registry: RegistryClient, history: lock.Lock) -> State:
    """Ask the registry about a contract's subject. `history` is the checked-in lock."""
    versions = registry.versions(topic.subject)
    locked = history.subjects.get(topic.subject)
    own_level, own_mode = registry.level(topic.subject), registry.mode(topic.subject)
    return State(
        topic,
        tuple(versions),
        tuple(missing(locked.versions if locked else (), versions, local=registry.is_local)),
        own_level,
        own_level or registry.default_level(),
        own_mode,
        own_mode or registry.default_mode(),
    )


class Overtaken(Exception):
    """Another checkout registered a version while apply ran; the message says which, and what happened to ours."""


class SubjectSteps:
    """The steps from a subject's state to what its contract wants."""

    def __init__(self, registry: RegistryClient, found: State, check: SubjectCheck) -> None:
        self._registry, self._state, self._check = registry, found, check
        self._subject = found.topic.subject
        self._target = f"subject {self._subject}"

    def restorations(self) -> Iterator[tuple[int, Step]]:
        """For each version to restore, its id in the lock and the step."""
        for version in self._state.restored:
            yield version.id, self._restoration(version)

    def steps(self) -> Iterator[Step]:
        """The steps to the catalogue's level and the contract's schema, once what is missing is restored."""
        if self._state.restored or self._state.own_level != self._state.topic.compatibility:
            yield self._level_change()
        if self._check.registered not in self._state.restored:
            yield self._registration()

    def refusals(self) -> Iterator[str]:
        """The registry's own objection to the change; asked only if its answer would be about this change."""
        if self._state.mode == IMPORT:
            yield f"{self._target} is in mode IMPORT and takes no schema without an id: finish the import first"
        same_rules = self._state.own_level == self._state.topic.compatibility and not self._state.restored
        if self._check.registered or self._check.breaks or not self._state.versions or not same_rules:
            return
        try:
            verdict = self._registry.compatibility(self._subject, self._state.topic.text)
        except RegistryError as error:
            yield f"{self._target}: {error}"
        else:
            if not verdict.compatible:
                yield f"{self._target}: the registry finds it incompatible: {' '.join(verdict.messages)}"

    def lock_down(self) -> Iterator[Step]:
        """The step that makes the subject READONLY, unless it is."""
        if self._state.mode == READONLY:
            return

        def run() -> str:
            self._registry.set_mode(self._subject, READONLY)
            return f"mode {self._state.mode} → {READONLY}"

        yield Step("change", self._target, f"mode {self._state.mode} → {READONLY}", run)

    def _restoration(self, version: lock.Version) -> Step:
        def run() -> str:
            with self._writable():
                # It was compatible when it was registered, perhaps at another level; the level is set in a later step.
                self._registry.set_level(self._subject, "NONE")
                schema_id = self._registry.register(self._subject, version.schema)
            moved = "" if schema_id == version.id else f" (there it is id {version.id})"
            return f"registered v{version.version} (id {schema_id}), from the lock{moved}"

        return Step("create", self._target, f"register v{version.version} from the lock", run)

    def _level_change(self) -> Step:
        wanted = self._state.topic.compatibility
        before = "NONE" if self._state.restored else self._state.own_level or "the registry's default"
        what = f"level {before} → {wanted}"

        def run() -> str:
            with self._writable():
                self._registry.set_level(self._subject, wanted)
            return what

        return Step("change", self._target, what, run)

    def _registration(self) -> Step:
        check = self._check
        found = check.registered
        if found and found is check.versions[-1]:
            return Step("leave", self._target, f"unchanged: v{found.version} (id {found.id})")
        if found:
            return Step(
                "explain",
                self._target,
                f"the contract is v{found.version} (id {found.id}), but v{check.versions[-1].version} is the latest: "
                "nothing to register, producers of this working copy write the older one",
            )

        removed = ", ".join(change.path for change in check.changes if change.kind == "removed")
        remarks = (", docs only" if check.docs_only else "") + (f", removes {removed}" if removed else "")

        def run() -> str:
            before = self._registry.versions(self._subject)
            if new := self._unseen(before):
                raise Overtaken(f"{new}, since the plan was made; nothing was registered here")
            with self._writable():
                schema_id = self._registry.register(self._subject, self._state.topic.text)
            version = self._registry.lookup(self._subject, self._state.topic.text).version
            # A gap in the numbers is not enough: deleted versions leave one.
            if version > max((one.version for one in before), default=0) + 1 and (
                new := self._unseen([v for v in self._registry.versions(self._subject) if v.version < version])
            ):
                raise Overtaken(f"{new}, at the same moment; the contract was registered after it as v{version}")
            return f"registered v{version} (id {schema_id}){remarks}"

        return Step("create", self._target, f"register v{check.next_version}{remarks}", run)

    def _unseen(self, versions: Sequence[lock.Version]) -> str:
        """The versions that neither the plan nor the contract has, in words; empty if there are none."""
        seen = {lock.fingerprint_of(self._state.topic), *(version.fingerprint for version in self._state.history)}
        new = [version for version in versions if version.fingerprint not in seen]
        words = "; ".join(described(versions, new))
        return f"another checkout registered {words}" if words else ""

    @contextlib.contextmanager
    def _writable(self) -> Iterator[None]:
        """Lift READONLY for one write, and restore it whatever happens."""
        if self._state.mode != READONLY:
            yield
            return
        self._registry.set_mode(self._subject, READWRITE)
        try:
            yield
        finally:
            if self._state.own_mode is None:
                self._registry.clear_mode(self._subject)
            else:
                self._registry.set_mode(self._subject, self._state.own_mode)


def missing(locked: Sequence[lock.Version], present: Sequence[lock.Version], *, local: bool) -> list[lock.Version]:
    """The lock's versions to restore in the registry, in order.

    A subject that the registry lacks gets its whole history: after `tributary stack clean`, in a fresh clone, in the
    first shared registry. A local registry that is behind the lock gets what others registered since. A shared registry
    that has the subject is authoritative and gets nothing.
    """
    if not present:
        return list(locked)
    if not local:
        return []
    known = {version.fingerprint for version in present}
    newest = max(version.version for version in present)
    return [version for version in locked if version.version > newest and version.fingerprint not in known]

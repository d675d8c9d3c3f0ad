"""Plan and apply: bring the topics and the registry to what the catalogue and the contracts say.

Every check runs before the first write. A plan is a list of steps; to apply it is to run those that have something to
do, in order, and a plan made after a failure has the rest: so `apply` again is how to resume.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs

from registry import lock
from registry.check import SubjectCheck, check_subject
from registry.client import RegistryClient, RegistryError, RegistryUnavailable
from registry.lint import Finding, lint
from registry.steps import Done, Step
from schemas import catalog as catalogue
from schemas.catalog import Catalog, Topic
from settings import Settings

READWRITE, READONLY, IMPORT = "READWRITE", "READONLY", "IMPORT"


@attrs.frozen
class Plan:
    """What would be done, or why nothing may be."""

    steps: tuple[Step, ...]
    findings: tuple[Finding, ...]
    """What lint found; the registry and Kafka were not asked if there is any."""
    checks: tuple[SubjectCheck, ...]
    refusals: tuple[str, ...]
    """Why the registry would not take a change that the rules allow."""

    @property
    def ok(self) -> bool:
        """Whether every check passed."""
        return not self.findings and not self.refusals and not any(check.breaks for check in self.checks)

    @property
    def pending(self) -> list[Step]:
        """The steps that have something to do."""
        return [step for step in self.steps if step.run is not None]


@attrs.frozen
class Applied:
    """What apply did."""

    plan: Plan
    done: tuple[Done, ...]
    lock_path: Path
    lock_changed: bool


class ChecksFailed(Exception):
    """A check failed, so nothing was written; `plan` has the findings."""

    def __init__(self, plan: Plan) -> None:
        super().__init__("a check failed; nothing was written")
        self.plan = plan


class ApplyFailed(Exception):
    """A step failed after others were done; apply again carries on from there."""

    def __init__(self, done: Sequence[Done], failed: Step, left: Sequence[Step], reason: str) -> None:
        super().__init__(f"{failed.target}: {failed.text}: {reason}")
        self.done, self.failed, self.left, self.reason = tuple(done), failed, tuple(left), reason


def make(settings: Settings, catalog: Catalog | None = None, *, lock_down: bool = False) -> Plan:
    """Look at the contracts, Kafka and the registry, and plan.

    Raises RegistryUnavailable, RegistryError, KafkaUnavailable, LockError, LintError and CatalogError.
    """
    from registry.topics import Topics, wanted  # the admin client takes 50 ms to import

    catalog = catalog or catalogue.load(settings)
    findings = lint(catalog, basics_only=True)
    if findings:
        return Plan((), tuple(findings), (), ())
    registry = RegistryClient.from_settings(settings)
    history = lock.load(settings.lock_path) or lock.Lock(lock.LOCAL)
    subjects = [_Subject(topic, registry, history) for topic in catalog.topics]
    steps = Topics(settings).plan(wanted(catalog))
    for subject in subjects:
        steps += subject.steps()
    if lock_down:
        steps += [step for subject in subjects for step in subject.lock_down()]
    refusals = [refusal for subject in subjects for refusal in subject.refusals()]
    return Plan(tuple(steps), (), tuple(subject.check for subject in subjects), tuple(refusals))


def apply(
    settings: Settings,
    catalog: Catalog | None = None,
    *,
    lock_down: bool = False,
    on_plan: Callable[[Plan], None] = lambda _: None,
    on_done: Callable[[Done], None] = lambda _: None,
) -> Applied:
    """Plan, and if every check passes do it, then write the lock; a second run does nothing.

    Raises ChecksFailed before anything is written, ApplyFailed when a step fails, and what `make` raises.
    """
    catalog = catalog or catalogue.load(settings)
    plan = make(settings, catalog, lock_down=lock_down)
    if not plan.ok:
        raise ChecksFailed(plan)
    on_plan(plan)
    done = _run(plan.pending, on_done)
    path = lock.path_for(settings)
    return Applied(plan, tuple(done), path, lock.save(_current(settings, catalog, path), path))


def _run(pending: list[Step], on_done: Callable[[Done], None]) -> list[Done]:
    from registry.topics import KafkaUnavailable

    done: list[Done] = []
    for position, step in enumerate(pending):
        assert step.run is not None
        try:
            done.append(Done(step, step.run()))
        except (RegistryError, RegistryUnavailable, KafkaUnavailable) as error:
            raise ApplyFailed(done, step, pending[position + 1 :], str(error)) from error
        except KeyboardInterrupt as error:
            raise ApplyFailed(done, step, pending[position + 1 :], "interrupted; it may or may not be done") from error
        on_done(done[-1])
    return done


def _current(settings: Settings, catalog: Catalog, path: Path) -> lock.Lock:
    """The lock after apply: the catalogue's subjects as the registry has them, others as they were locked."""
    registry = RegistryClient.from_settings(settings)
    known = lock.load(path)
    subjects = dict(known.subjects) if known else {}
    for topic in catalog.topics:
        level = registry.level(topic.subject) or registry.default_level()
        subjects[topic.subject] = lock.Subject(level, tuple(registry.versions(topic.subject)))
    return lock.Lock(lock.registry_name(settings.registry_url), subjects)


class _Subject:
    """One subject: what the registry has, what the contract and the lock want, and the steps between."""

    def __init__(self, topic: Topic, registry: RegistryClient, history: lock.Lock) -> None:
        self._topic, self._registry = topic, registry
        self._target = f"subject {topic.subject}"
        self._versions = registry.versions(topic.subject)
        self._level = registry.level(topic.subject)
        self._own_mode = registry.mode(topic.subject)
        self._mode = self._own_mode or registry.default_mode()
        locked = history.subjects.get(topic.subject)
        self._restored = missing(locked.versions if locked else (), self._versions, local=registry.is_local)
        self.check = check_subject(topic, topic.compatibility, [*self._versions, *self._restored])

    def steps(self) -> Iterator[Step]:
        if self._restored:
            yield self._restoration(self._restored)
        if self._restored or self._level != self._topic.compatibility:
            yield self._level_change()
        yield self._registration()

    def refusals(self) -> Iterator[str]:
        """What the registry itself has against the change; asked only where its answer would be about this change."""
        subject, text = self._topic.subject, self._topic.text
        if self._mode == IMPORT:
            yield f"{self._target} is in mode IMPORT and takes no schema without an id: finish the import first"
        same_rules = self._level == self._topic.compatibility and not self._restored
        if self.check.registered or self.check.breaks or not self._versions or not same_rules:
            return
        try:
            verdict = self._registry.compatibility(subject, text)
        except RegistryError as error:
            yield f"{self._target}: {error}"
        else:
            if not verdict.compatible:
                yield f"{self._target}: the registry finds it incompatible: {' '.join(verdict.messages)}"

    def lock_down(self) -> Iterator[Step]:
        if self._mode == READONLY:
            return

        def run() -> str:
            self._registry.set_mode(self._topic.subject, READONLY)
            return f"mode {self._mode} → {READONLY}"

        yield Step("change", self._target, f"mode {self._mode} → {READONLY}", run)

    def _restoration(self, versions: Sequence[lock.Version]) -> Step:
        numbers = ", ".join(f"v{version.version}" for version in versions)

        def run() -> str:
            with self._writable():
                # Each was compatible when it was registered, maybe at another level.
                self._registry.set_level(self._topic.subject, "NONE")
                ids = [self._registry.register(self._topic.subject, version.schema) for version in versions]
            moved = [(v.id, new) for v, new in zip(versions, ids, strict=True) if v.id != new]
            text = f"restored {numbers} (id {', '.join(map(str, ids))}) from the lock"
            return text + "".join(f"; the lock's id {old} is {new} here" for old, new in moved)

        return Step("create", self._target, f"restore {numbers} from the lock", run)

    def _level_change(self) -> Step:
        wanted = self._topic.compatibility
        before = "NONE" if self._restored else self._level or "the registry's default"
        what = f"level {before} → {wanted}"

        def run() -> str:
            with self._writable():
                self._registry.set_level(self._topic.subject, wanted)
            return what

        return Step("change", self._target, what, run)

    def _registration(self) -> Step:
        check = self.check
        found = check.registered
        if found and found is check.versions[-1]:
            where = f"v{found.version}" + ("" if self._restored else f" (id {found.id})")
            return Step("leave", self._target, f"unchanged: {where}")
        if found:
            return Step(
                "explain",
                self._target,
                f"the contract is v{found.version} (id {found.id}), but v{check.versions[-1].version} is the latest: "
                "nothing to register, producers of this working copy write the older one",
            )

        def run() -> str:
            with self._writable():
                schema_id = self._registry.register(self._topic.subject, self._topic.text)
            version = self._registry.lookup(self._topic.subject, self._topic.text).version
            return f"registered v{version} (id {schema_id})" + (", docs only" if check.docs_only else "")

        what = f"register v{check.next_version}" + (", docs only" if check.docs_only else "")
        return Step("create", self._target, what, run)

    @contextlib.contextmanager
    def _writable(self) -> Iterator[None]:
        """Lift READONLY for one write, and put it back whatever happens."""
        if self._mode != READONLY:
            yield
            return
        subject = self._topic.subject
        self._registry.set_mode(subject, READWRITE)
        try:
            yield
        finally:
            if self._own_mode is None:
                self._registry.clear_mode(subject)
            else:
                self._registry.set_mode(subject, self._own_mode)


def missing(locked: Sequence[lock.Version], present: Sequence[lock.Version], *, local: bool) -> list[lock.Version]:
    """The lock's versions that the registry should get back, in order.

    A subject that the registry does not have gets its whole history: after `make clean`, in a fresh clone, in the
    first shared registry. A local registry that is behind the lock gets what others registered since. A shared
    registry that has the subject is the truth, and gets nothing.
    """
    if not present:
        return list(locked)
    if not local:
        return []
    known = {version.fingerprint for version in present}
    newest = max(version.version for version in present)
    return [version for version in locked if version.version > newest and version.fingerprint not in known]

"""Plan and apply: make topics and registry match the catalogue and the contracts.

Every check runs before the first write. A plan is a list of steps; applying it runs the steps that change something, in
order. A plan made after a failure has the remaining steps, so running `apply` again resumes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs

from tributary import catalog as catalogue
from tributary.catalog import Catalog
from tributary.registry import lock, steps
from tributary.registry.apply.snapshot import snapshot
from tributary.registry.apply.subjects import Overtaken, SubjectSteps, state
from tributary.registry.apply.unknown import Unknown, find
from tributary.registry.check.verdict import SubjectCheck, check_all
from tributary.registry.client import RegistryClient, RegistryError, RegistryUnavailable
from tributary.registry.finding import Finding, errors
from tributary.registry.lint.engine import lint
from tributary.registry.steps import Done, Step
from tributary.settings import Settings


@attrs.frozen
class Plan:
    """The steps, or why nothing may be written."""

    steps: tuple[Step, ...]
    findings: tuple[Finding, ...]
    """What lint found; the registry and Kafka were not asked if there is an error among them."""
    checks: tuple[SubjectCheck, ...]
    refusals: tuple[str, ...]
    """Why the registry would refuse a change that the rules allow."""
    unknown: tuple[Unknown, ...] = ()
    """What the registry has and the lock does not; empty with `allow_unknown`."""

    @property
    def ok(self) -> bool:
        """Whether every check passed."""
        failed = errors(self.findings) or self.refusals or self.unknown
        return not failed and all(check.passed for check in self.checks)


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


def make(
    settings: Settings, catalog: Catalog | None = None, *, lock_down: bool = False, allow_unknown: bool = False
) -> Plan:
    """Compare the contracts with Kafka and the registry, and plan.

    `allow_unknown` continues if the registry has versions, levels or modes that the lock does not have.
    Raises RegistryUnavailable, RegistryError, KafkaUnavailable, LockError, ExemptionError and CatalogError.
    """
    from tributary.registry.apply.topics import Topics, wanted  # the admin client takes 50 ms to import

    catalog = catalog or catalogue.load(settings)
    findings = tuple(lint(catalog, settings.project, basics_only=True))
    if errors(findings):
        return Plan((), findings, (), ())
    registry = RegistryClient.from_settings(settings)
    history = lock.load(settings.lock_path) or lock.Lock(lock.LOCAL)
    states = [state(topic, registry, history) for topic in catalog.topics]
    present = {one.topic.subject: one.present for one in states}
    unknown = () if allow_unknown else find(settings, catalog.topics, present)
    checks = check_all(catalog.topics, {one.topic.subject: one.history for one in states}, settings.project)
    subjects = [SubjectSteps(registry, one, check) for one, check in zip(states, checks, strict=True)]
    steps = Topics(settings).plan(wanted(catalog))
    # In the order of their ids: an empty registry then assigns the same ids, and the lock does not change.
    restorations = [restoration for subject in subjects for restoration in subject.restorations()]
    steps += [step for _, step in sorted(restorations, key=lambda restoration: restoration[0])]
    for subject in subjects:
        steps += subject.steps()
    if lock_down:
        steps += [step for subject in subjects for step in subject.lock_down()]
    refusals = [refusal for subject in subjects for refusal in subject.refusals()]
    return Plan(tuple(steps), findings, tuple(checks), tuple(refusals), tuple(unknown))


def apply(
    settings: Settings,
    catalog: Catalog | None = None,
    *,
    lock_down: bool = False,
    allow_unknown: bool = False,
    on_done: Callable[[Done], None] = lambda _: None,
) -> Applied:
    """Plan, and if every check passes do it, then write the lock; a second run does nothing.

    Raises ChecksFailed before anything is written, Incomplete when a step fails, and what `make` raises.
    """
    catalog = catalog or catalogue.load(settings)
    plan = make(settings, catalog, lock_down=lock_down, allow_unknown=allow_unknown)
    if not plan.ok:
        raise ChecksFailed(plan)
    from tributary.registry.apply.topics import KafkaUnavailable

    done = steps.run(plan.steps, (RegistryError, RegistryUnavailable, KafkaUnavailable, Overtaken), on_done)
    path = lock.path_for(settings)
    return Applied(plan, tuple(done), path, lock.save(_current(settings, plan, path), path))


def _current(settings: Settings, plan: Plan, path: Path) -> lock.Lock:
    """The lock after apply: the catalogue's subjects as the registry has them, others as they were locked.

    A version that another client registered after the plan was made is left out: in the lock it would count as known,
    although it was never compared with the contract.
    """
    registry = RegistryClient.from_settings(settings)
    known = lock.load(path)
    subjects = dict(known.subjects) if known else {}
    for check in plan.checks:
        subject = snapshot(registry, check.topic.subject)
        seen = {lock.fingerprint_of(check.topic), *(version.fingerprint for version in check.versions)}
        versions = tuple(version for version in subject.versions if version.fingerprint in seen)
        subjects[check.topic.subject] = attrs.evolve(subject, versions=versions)
    return lock.Lock(lock.registry_name(settings.registry_url), subjects)

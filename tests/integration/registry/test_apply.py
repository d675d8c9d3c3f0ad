"""Apply against a real broker and registry: all or nothing, and a second run does nothing."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType

from tests.support.contracts import Contracts, Edit
from tests.support.registry.commands import Commands
from tests.support.registry.guest import Guest
from tributary.catalog import Topic
from tributary.project import RuleChoice
from tributary.registry import lock
from tributary.registry.apply import plan
from tributary.registry.client import RegistryClient, RegistryError
from tributary.registry.steps import Done, Incomplete
from tributary.settings import Settings


@pytest.fixture
def mine(contracts: Contracts, fresh: Settings) -> Contracts:
    """Contracts that a test may edit, with unique topics and a lock of its own."""
    return contracts.with_settings(fresh)


@pytest.fixture
def registry(fresh: Settings) -> RegistryClient:
    return RegistryClient.from_settings(fresh)


def apply(contracts: Contracts, *, lock_down: bool = False) -> plan.Applied:
    return plan.apply(contracts.settings, contracts.load(), lock_down=lock_down)


def said(applied: plan.Applied, target: str) -> list[str]:
    return [done.text for done in applied.done if done.step.target.endswith(target)]


def views(contracts: Contracts) -> Topic:
    return contracts.load().topic("product-events")


def add(kind: object, **attributes: object) -> Edit:
    return lambda schema: schema["fields"].append({"name": "extra", "type": kind, "doc": "More.", **attributes})


OPTIONAL = add(["null", "string"], default=None)


def topic_state(settings: Settings, name: str) -> tuple[int, str]:
    admin = AdminClient(settings.kafka_client())
    resource = ConfigResource(ResourceType.TOPIC, name)
    retention = admin.describe_configs([resource])[resource].result()["retention.ms"].value
    return len(admin.list_topics(name, timeout=10).topics[name].partitions), retention


def test_from_nothing_then_nothing(mine: Contracts, registry: RegistryClient) -> None:
    first = apply(mine)
    catalog = mine.load()
    for topic in catalog.topics:
        assert topic_state(mine.settings, topic.name) == (topic.partitions, str(topic.retention_ms))
        found = registry.lookup(topic.subject, topic.text)
        assert said(first, topic.subject) == [
            f"level the registry's default → {topic.compatibility}",
            f"registered v1 (id {found.id})",
        ]
        assert registry.level(topic.subject) == topic.compatibility
        known = lock.load(mine.settings.lock_path)
        assert known is not None
        assert known.schema_text(found.id) == registry.schema_text(found.id)
    assert topic_state(mine.settings, catalog.dead_letters.name)[0] == catalog.dead_letters.partitions

    before = mine.settings.lock_path.read_bytes()
    second = apply(mine)
    assert (second.done, second.lock_changed) == ((), False)
    assert {step.kind for step in second.plan.steps} == {"leave"}
    assert mine.settings.lock_path.read_bytes() == before


def test_a_compatible_edit_is_version_2(mine: Contracts, registry: RegistryClient) -> None:
    apply(mine)
    mine.edit("product-events", OPTIONAL)
    applied = apply(mine)
    topic = views(mine)
    found = registry.lookup(topic.subject, topic.text)
    assert [done.text for done in applied.done] == [f"registered v2 (id {found.id})"]
    known = lock.load(mine.settings.lock_path)
    assert known is not None
    assert [version.version for version in known.subjects[topic.subject].versions] == [1, 2]


def test_a_doc_only_edit_is_registered_and_shown_as_such(mine: Contracts) -> None:
    apply(mine)
    mine.edit("purchases", lambda schema: schema.update(doc="Paid."))
    (text,) = said(apply(mine), "-value")
    assert text.startswith("registered v2 (id ") and text.endswith("), docs only")


def test_one_bad_contract_and_nothing_is_written(mine: Contracts, registry: RegistryClient) -> None:
    apply(mine)
    before = mine.settings.lock_path.read_bytes()
    mine.edit("product-events", OPTIONAL)
    mine.edit("purchases", add("string"))
    with pytest.raises(plan.ChecksFailed) as failed:
        apply(mine)
    (check,) = [check for check in failed.value.plan.checks if check.breaks]
    assert (check.topic.contract, [found.path for found in check.breaks]) == ("purchases", ["extra"])
    assert [len(registry.versions(topic.subject)) for topic in mine.load().topics] == [1, 1, 1]
    assert mine.settings.lock_path.read_bytes() == before


def test_lint_runs_before_everything_else(mine: Contracts, registry: RegistryClient) -> None:
    mine.edit("purchases", lambda schema: schema.pop("doc"))
    with pytest.raises(plan.ChecksFailed) as failed:
        apply(mine)
    assert [finding.rule for finding in failed.value.plan.findings] == ["docs-present"]
    assert registry.versions(views(mine).subject) == []


def test_a_warning_is_reported_and_does_not_stop_apply(mine: Contracts, registry: RegistryClient) -> None:
    mine.edit("purchases", lambda schema: schema.pop("doc"))
    warn = {**mine.project.rules, "docs-present": RuleChoice("warning")}
    warned = attrs.evolve(mine.settings, project=attrs.evolve(mine.project, rules=warn))
    applied = plan.apply(warned, mine.load())
    assert [(finding.rule, finding.severity) for finding in applied.plan.findings] == [("docs-present", "warning")]
    assert len(registry.versions(views(mine).subject)) == 1


def test_topics_that_differ_are_altered_or_explained(mine: Contracts) -> None:
    view, cart, _ = mine.load().topics
    admin = AdminClient(mine.settings.kafka_client())
    news = [NewTopic(view.name, 2, 1, config={"retention.ms": "1000"}), NewTopic(cart.name, cart.partitions + 1, 1)]
    for future in admin.create_topics(news).values():
        future.result()
    applied = apply(mine)
    assert said(applied, f"topic {view.name}") == [
        f"changed: partitions 2 → {view.partitions}",
        "changed: retention 1000 ms → 7 days",
    ]
    assert topic_state(mine.settings, view.name) == (view.partitions, str(view.retention_ms))
    (explained,) = [step for step in applied.plan.steps if step.kind == "explain"]
    assert explained.target == f"topic {cart.name}"
    assert topic_state(mine.settings, cart.name)[0] == cart.partitions + 1


def test_a_failure_midway_reports_what_was_done_and_apply_resumes(
    mine: Contracts, registry: RegistryClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    third = mine.load().topics[2].subject
    register = RegistryClient.register

    def full(self: RegistryClient, subject: str, schema_text: str) -> int:
        if subject == third:
            raise RegistryError(500, 50001, "the disk is full")
        return register(self, subject, schema_text)

    monkeypatch.setattr(RegistryClient, "register", full)
    seen: list[Done] = []
    with pytest.raises(Incomplete, match="the disk is full") as failed:
        plan.apply(mine.settings, mine.load(), on_done=seen.append)
    assert failed.value.failed.target == f"subject {third}"
    assert list(failed.value.done) == seen
    assert [len(registry.versions(topic.subject)) for topic in mine.load().topics] == [1, 1, 0]

    monkeypatch.undo()
    assert [done.step.target for done in apply(mine).done] == [f"subject {third}"]
    assert len(registry.versions(third)) == 1


def test_an_emptied_registry_gets_the_history_back(
    mine: Contracts, registry: RegistryClient, fresh: Settings, guest: Guest
) -> None:
    apply(mine)
    mine.edit("product-events", OPTIONAL)
    apply(mine)
    history = lock.load(fresh.lock_path)
    assert history is not None

    # A second set of subjects is equivalent to an empty registry: the lock has them, the registry does not.
    renamed = {f"{name}-value": guest.remember(f"{name}-again-value") for name in fresh.topic_names.values()}
    again = attrs.evolve(fresh, topic_names={k: f"{name}-again" for k, name in fresh.topic_names.items()})
    lock.save(
        lock.Lock(history.registry, {renamed[name]: subject for name, subject in history.subjects.items()}),
        again.lock_path,
    )
    there = mine.with_settings(again)
    there.edit("product-events", lambda schema: schema.update(doc="Seen."))
    plan.apply(again, there.load())
    subject = views(there).subject
    assert [version.version for version in registry.versions(subject)] == [1, 2, 3]
    before = [version.schema for version in history.subjects[views(mine).subject].versions]
    assert [version.schema for version in registry.versions(subject)][:2] == before
    assert registry.level(subject) == "FULL_TRANSITIVE"
    assert plan.apply(again, there.load()).done == ()


def test_a_locked_subject_is_opened_for_the_change_and_locked_again(mine: Contracts, registry: RegistryClient) -> None:
    apply(mine, lock_down=True)
    subject = views(mine).subject
    assert registry.mode(subject) == "READONLY"
    with pytest.raises(RegistryError):
        registry.register(subject, '"string"')
    mine.edit("product-events", OPTIONAL)
    apply(mine)
    assert len(registry.versions(subject)) == 2
    assert registry.mode(subject) == "READONLY"
    assert apply(mine, lock_down=True).done == ()


# ---- the commands ------------------------------------------------------------------------------


@pytest.fixture
def run(mine: Contracts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(mine, monkeypatch, capsys)


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address on which no server listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{unused.getsockname()[1]}"


def test_apply_registers_then_refuses_then_registers(mine: Contracts, run: Commands, registry: RegistryClient) -> None:
    code, printed = run("apply")
    assert (code, printed.count("registered v1 (id ")) == (0, 3)
    code, printed = run("drift", "--shared")
    assert (code, printed.partition("\n")[0]) == (0, "no drift")

    mine.edit("product-events", add("string"))
    code, printed = run("apply")
    assert code == 1
    for expected in (
        "extra: READER_FIELD_MISSING_DEFAULT_VALUE",
        "consumers on v2 cannot read what producers on v1 wrote",
        "deploy  producers first",
        '"type": ["null", "string"], "default": null',
        "Nothing was written",
    ):
        assert expected in printed
    assert run("check")[0] == run("check", "--against", "registry")[0] == run("plan")[0] == 1

    mine.edit("product-events", lambda schema: schema["fields"][-1].update(type=["null", "string"], default=None))
    assert run("drift", "--shared")[0] == 3
    code, printed = run("apply")
    assert code == 0
    assert f"registered v2 (id {registry.versions(views(mine).subject)[1].id})" in printed
    assert "extra: added: null or string, default null" in run("history", "product-events")[1]


def test_drift_reports_what_others_registered(mine: Contracts, run: Commands, registry: RegistryClient) -> None:
    run("apply")
    topic = views(mine)
    registry.set_level(topic.subject, "NONE")
    registry.register(topic.subject, '"string"')
    code, printed = run("drift", "--shared")
    assert code == 3
    assert f"{topic.subject}: v2 " in printed and "[new-version]" in printed
    assert "level NONE in the registry, FULL_TRANSITIVE in the lock [level]" in printed


def test_each_format_of_plan_apply_and_drift(mine: Contracts, run: Commands) -> None:
    def both(command: str, *options: str) -> tuple[dict[str, Any], str]:
        document, page = (run.apart(command, *options, "--format", form)[1] for form in ("json", "markdown"))
        return json.loads(document), page

    subject = views(mine).subject
    document, page = both("plan")
    assert {"kind": "create", "target": f"topic {views(mine).name}"}.items() <= document["steps"][0].items()
    assert f"| create | `topic {views(mine).name}` |" in page
    document, page = both("drift", "--shared")
    assert [one["kind"] for one in document["drift"] if one["subject"] == subject] == ["not-registered"]
    assert f"| `{subject}` | not-registered |" in page
    document, page = both("apply")  # the second time, nothing is left to do
    assert len([one for one in document["done"] if "registered v1" in one["text"]]) == 3
    assert page.startswith("**nothing to do; ")
    mine.edit("product-events", add("string"))
    document, page = both("apply")
    assert (document["ok"], document["subjects"][0]["passed"]) == (False, False)
    assert page.endswith("**Nothing was written: every check has to pass first.**\n")


@pytest.mark.parametrize("command", ["plan", "apply", "drift"])
def test_a_registry_that_is_down_says_make_up(run: Commands, command: str, nobody: str) -> None:
    code, _, printed = run.apart(command, registry_url=f"http://{nobody}")
    assert code == 1
    assert (
        printed.splitlines()[-1].startswith(f"error: the schema registry at http://{nobody}")
        and "tributary stack up" in printed
    )


def test_a_broker_that_is_down_says_make_up(run: Commands, nobody: str) -> None:
    code, _, printed = run.apart("plan", bootstrap_servers=nobody)
    assert code == 1
    assert printed.splitlines()[-1].startswith(f"error: Kafka at {nobody}") and "tributary stack up" in printed

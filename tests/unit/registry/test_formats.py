"""Every command that needs no broker says the same in each format."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest
from markdown_it import MarkdownIt

from tests.support.contracts import Contracts, field
from tests.support.variables import use
from tributary.cli.main import main
from tributary.cli.output import FORMATS
from tributary.registry import lock
from tributary.registry.apply import plan
from tributary.registry.render import plans
from tributary.registry.steps import Done, Incomplete, Step

HOSTILE = "A *star* <b>and</b> a `tick` | a_pipe, [x](y)"


@pytest.fixture
def world(contracts: Contracts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Contracts:
    """user-events breaks its level and a lint rule; what changed in purchases' doc would be markup in Markdown."""
    subjects = {
        topic.subject: lock.Subject(topic.compatibility, (lock.Version(1, number, topic.text),))
        for number, topic in enumerate(contracts.load().topics, 1)
    }
    lock.save(lock.Lock("local", subjects), tmp_path / "lock.json")
    contracts.edit("user-events", lambda schema: schema["fields"].append({"name": "Extra", "type": "string"}))
    contracts.edit("purchases", lambda schema: field(schema, "order_id").update(doc=HOSTILE))
    mine = contracts.with_settings(attrs.evolve(contracts.settings, lock_path=tmp_path / "lock.json"))
    use(monkeypatch, mine.settings)
    return mine


def shown(words: str) -> str:
    """Markdown as it is read, without its markup."""
    tokens = MarkdownIt("commonmark").enable("table").parse(words)
    inline = [child for token in tokens for child in token.children or []]
    blocks = [token.content for token in tokens if token.type in ("fence", "html_block")]
    assert not [child for child in inline if child.type == "html_inline" and child.content != "<br>"]
    return " ".join([*(child.content for child in inline), *blocks])


@pytest.mark.parametrize("format", [*FORMATS, "sarif", "junit"])
@pytest.mark.parametrize("bad", ["{", "[" * 100_000, '{"type": "record", "name": 5}', '"string"', "\ufeff{}"])
def test_a_bad_contract_is_named_and_the_others_are_checked(
    world: Contracts, capsys: pytest.CaptureFixture[str], bad: str, format: str
) -> None:
    world.load().topic("product-events").path.write_text(bad)
    assert main(["check", "--allow-unknown", "--format", format]) == 1
    said = capsys.readouterr().out
    assert "product_viewed.avsc" in said
    assert ("cart_updated.avsc" if format == "sarif" else "user-events-value") in said
    assert "consumers on v2 cannot read what producers on v1 wrote" in said
    assert ("purchases-value" in said) == (format != "sarif")  # which has findings alone
    assert "joined-field-changed" not in said


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("command", "code", "expected"),
    [
        ("lint", 1, ["field Extra is not snake_case", "docs-present", '"name": "extra"']),
        ("lint --explain docs-present", 0, ["docs-present", "The schema is the only documentation"]),
        ("lint --explain all", 0, ["envelope-present", "range-tightened", "parses"]),
        ("check", 1, ["user-events-value", "consumers on v2 cannot read what producers on v1 wrote", "checkout"]),
        ("history purchases", 0, ["purchases-value", "the first"]),
        ("diff purchases v1 working", 0, ["order_id", f"→ {json.dumps(HOSTILE)}"]),
        ("docs", 0, ["ProductViewed", HOSTILE, "v2, not registered yet", "storefront"]),
    ],
)
def test_the_formats_say_the_same(
    command: str, code: int, expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    printed = {}
    for form in FORMATS:
        assert main([*command.split(), "--format", form]) == code
        printed[form] = capsys.readouterr().out
    document = json.loads(printed["json"])
    for words in expected:
        assert words in printed["text"]
        assert words in shown(printed["markdown"])
        if words == "v2, not registered yet":
            assert {"version": 2, "id": 0}.items() <= document["events"][2]["versions"][-1].items()
        else:
            assert json.dumps(words, ensure_ascii=False)[1:-1] in printed["json"]


def done(step: Step) -> Done:
    return Done(step, f"{step.text}, done")


STEPS = [
    Step("create", "topic a", "6 partitions", lambda: ""),
    Step("change", "subject b", "level *NONE*", lambda: ""),
    Step("leave", "subject c", "is up to date"),
]


def test_a_plan_in_each_format() -> None:
    made = plan.Plan(tuple(STEPS), (), (), ())
    said = (plans.text(made), shown(plans.markdown(made)), json.dumps(plans.document(made)))
    for words in ("topic a", "level *NONE*", "is up to date"):
        assert all(words in form for form in said)
    assert all("1 to create, 1 to change, 1 as they are" in form for form in said[:2])
    refused = plan.Plan((), (), (), ("b refuses *it*",))
    for form in (plans.text(refused), shown(plans.markdown(refused))):
        assert "b refuses *it*" in form
        assert "Nothing was written" in form
    assert plans.document(refused)["refusals"] == ["b refuses *it*"]


def test_what_apply_did_in_each_format() -> None:
    result = plan.Applied(plan.Plan(tuple(STEPS), (), (), ()), tuple(map(done, STEPS[:2])), Path("lock.json"), True)
    for form in (plans.applied_text(result), shown(plans.applied_markdown(result))):
        assert "2 steps done; lock.json updated" in form
        assert "is up to date" in form
    assert "level *NONE*, done" in shown(plans.applied_markdown(result))
    assert [one["text"] for one in plans.applied_document(result)["done"]] == [
        "6 partitions, done",
        "level *NONE*, done",
    ]


def test_a_failure_midway_in_each_format() -> None:
    failure = Incomplete([done(STEPS[0])], STEPS[1], [STEPS[2]], "the registry *fell* over")
    forms = (
        plans.failed_text(failure),
        shown(plans.failed_markdown(failure)),
        json.dumps(plans.failed_document(failure)),
    )
    for words in ("6 partitions, done", "level *NONE*", "the registry *fell* over", "is up to date"):
        assert all(words in form for form in forms)

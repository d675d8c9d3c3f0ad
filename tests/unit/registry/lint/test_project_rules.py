"""A project says which rules are on and how severe, names its envelope and groups, and gives rules its own words."""

from __future__ import annotations

import re
from typing import Any

import attrs
import pytest

from tests.support.contracts import Contracts, Edit, field
from tests.support.paths import ROOT
from tributary.project import FILE, Project, ProjectError
from tributary.registry.finding import Finding
from tributary.registry.lint.engine import lint, rules
from tributary.registry.lint.rules import RULES


def lint_with(contracts: Contracts, **rules: str) -> list[Finding]:
    """The findings, with these values of rules in the project file; `_` in a name is `-`."""
    file = contracts.folder / FILE
    values = {name.replace("_", "-"): value for name, value in rules.items()}
    kept = [line for line in file.read_text().splitlines() if line.partition(" ")[0] not in values]
    file.write_text("\n".join([*kept, *(f"{name} = {value}" for name, value in values.items())]) + "\n")
    return lint(contracts.load(), Project.load(contracts.folder))


def linted(contracts: Contracts, **rules: str) -> list[tuple[str, str]]:
    """Rule and field of each finding."""
    return [(finding.rule, finding.path) for finding in lint_with(contracts, **rules)]


def replace(contracts: Contracts, before: str, after: str) -> None:
    """Replace text in the project file."""
    file = contracts.folder / FILE
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def add(name: str) -> Edit:
    def change(schema: dict[str, Any]) -> None:
        schema["fields"].append({"name": name, "type": "string", "doc": "More."})

    return change


def test_a_rule_can_be_switched_off(contracts: Contracts) -> None:
    contracts.edit("purchases", lambda schema: field(schema, "order_id").pop("doc"))
    assert linted(contracts) == [("docs-present", "order_id")]
    assert linted(contracts, docs_present="false") == []


def test_the_envelope_is_the_projects(contracts: Contracts) -> None:
    replace(contracts, 'envelope = ["event_id",', 'envelope = ["trace_id",')
    assert linted(contracts) == [("envelope-present", "")] * 3
    replace(contracts, 'envelope = ["trace_id",', 'envelope = ["session_id"] # ')
    assert linted(contracts) == []


def test_a_rule_takes_a_projects_own_words(contracts: Contracts) -> None:
    contracts.edit("purchases", add("email"))
    contracts.edit("user-events", add("payer_tax_number"))
    assert linted(contracts) == [("personal-data-marked", "email")]
    ours = linted(contracts, personal_data_marked='{names = ["tax_number"]}')
    assert ours == [("personal-data-marked", "payer_tax_number")]


def test_without_an_envelope_and_groups_their_rules_find_nothing(contracts: Contracts) -> None:
    contracts.edit("purchases", lambda schema: schema["fields"].remove(field(schema, "region")))
    catalog = contracts.folder / "catalog.toml"
    catalog.write_text(catalog.read_text().replace("partitions = 6", "partitions = 7", 1))
    assert linted(contracts) == [("partitions-equal", ""), ("envelope-present", "")]
    replace(contracts, "envelope = ", "# ")
    replace(contracts, "co-partitioned = ", "# ")
    assert linted(contracts) == []


def test_only_topics_of_one_group_must_have_equal_partitions(contracts: Contracts) -> None:
    catalog = contracts.folder / "catalog.toml"
    catalog.write_text(catalog.read_text().replace("partitions = 6", "partitions = 7", 1))  # of product-events
    replace(contracts, '"product-events", ', "")
    assert linted(contracts) == []
    replace(contracts, '["user-events",', '["product-events", "user-events"], ["user-events",')
    assert [(f.rule, f.topic) for f in lint_with(contracts)] == [("partitions-equal", "user-events")]


def test_a_group_with_a_topic_that_does_not_exist_is_refused(contracts: Contracts) -> None:
    replace(contracts, '"purchases"]]', '"purchase"]]')
    expected = "co-partitioned has 'purchase', not a topic of the catalogue; did you mean purchases?"
    with pytest.raises(ProjectError, match=expected):
        lint_with(contracts)


@pytest.mark.parametrize("value", ['"warning"', '{severity = "warning"}'])
def test_a_rule_can_warn(contracts: Contracts, value: str) -> None:
    contracts.edit("purchases", lambda schema: field(schema, "order_id").pop("doc"))
    contracts.edit("user-events", add("Extra"))
    found = [(finding.rule, finding.severity) for finding in lint_with(contracts, docs_present=value, names="true")]
    assert found == [("names", "error"), ("docs-present", "warning")]


def test_a_severity_and_words_go_together(contracts: Contracts) -> None:
    contracts.edit("user-events", add("payer_tax_number"))
    (finding,) = lint_with(contracts, personal_data_marked='{severity = "warning", names = ["tax_number"]}')
    assert (finding.rule, finding.severity) == ("personal-data-marked", "warning")


def test_conventions_are_off_by_default_and_damage_is_not(contracts: Contracts) -> None:
    project = attrs.evolve(Project.load(contracts.folder), rules={})
    assert {rule.id for rule in rules(project) if rule.severity == "error"} == {
        *("envelope-present", "envelope-identical", "partitions-equal"),
        *("key-present", "defaults-valid", "defined-once", "logical-types", "ranges"),
    }
    assert {rule.id for rule in rules(project) if rule.severity == "warning"} == {"stock-readable"}
    contracts.edit("user-events", add("Email"))
    contracts.edit("purchases", lambda schema: field(schema, "order_id").update(doc="", logicalType="uuid"))
    assert [finding.rule for finding in lint(contracts.load(), project)] == ["logical-types"]


def test_the_page_has_the_default_of_each_rule() -> None:
    page = (ROOT / "docs" / "project.md").read_text()
    rows = re.findall(r"^\| (`[a-z`, -]+`) \| (error|warning|off) \|", page, re.MULTILINE)
    written = {name: severity for names, severity in rows for name in re.findall("`([^`]+)`", names)}
    assert written == {rule.id: rule.severity or "off" for rule in RULES.values()}


def test_an_exemption_covers_a_warning_too(contracts: Contracts) -> None:
    contracts.edit("purchases", lambda schema: field(schema, "order_id").pop("doc"))
    contracts.project.exemptions.write_text(
        '[[off]]\nrule = "docs-present"\ntopic = "purchases"\nfield = "order_id"\nreason = "an id"\n'
    )
    assert lint_with(contracts, docs_present='"warning"') == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("docs-presnt = false", "rules.docs-presnt is not a rule of lint; did you mean docs-present?"),
        ('names.words = ["x"]', "rules.names.words is not an option of the rule; it has none"),
        (
            'personal-data-marked.name = ["x"]',
            "rules.personal-data-marked.name is not an option of the rule; did",
        ),
    ],
)
def test_a_rule_or_an_option_that_does_not_exist_is_named(contracts: Contracts, line: str, expected: str) -> None:
    replace(contracts, "personal-data-marked = true", "")
    replace(contracts, "\nnames = true", "")
    with (contracts.folder / FILE).open("a") as file:
        file.write(line)
    with pytest.raises(ProjectError) as caught:
        linted(contracts)
    assert str(caught.value).startswith(f"{contracts.folder / FILE}: {expected}")

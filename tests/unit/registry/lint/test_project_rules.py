"""A project switches rules off, names its envelope, and gives rules its own words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.contracts import Contracts, Edit, field
from tributary.project import FILE, Project, ProjectError
from tributary.registry.lint.engine import lint


def linted(contracts: Contracts, *lines: str) -> list[tuple[str, str]]:
    """Rule and field of each finding, with these lines added to the project file."""
    with (contracts.folder / FILE).open("a") as file:
        file.write("\n".join(lines) + "\n")
    found = lint(contracts.load(), Project.load(contracts.folder))
    return [(finding.rule, finding.path) for finding in found]


def add(name: str) -> Edit:
    def change(schema: dict[str, Any]) -> None:
        schema["fields"].append({"name": name, "type": "string", "doc": "More."})

    return change


def test_a_rule_can_be_switched_off(contracts: Contracts) -> None:
    contracts.edit("purchases", lambda schema: field(schema, "order_id").pop("doc"))
    assert linted(contracts) == [("docs-present", "order_id")]
    assert linted(contracts, "[rules]", "docs-present = false") == []


def test_the_envelope_is_the_projects(contracts: Contracts) -> None:
    toml = contracts.folder / FILE
    toml.write_text(toml.read_text().replace('envelope = ["event_id",', 'envelope = ["trace_id",'))
    assert linted(contracts) == [("envelope-present", "")] * 3
    toml.write_text(toml.read_text().replace('envelope = ["trace_id",', 'envelope = ["session_id"] # '))
    assert linted(contracts) == []


def test_a_rule_takes_a_projects_own_words(contracts: Contracts) -> None:
    contracts.edit("purchases", add("email"))
    contracts.edit("user-events", add("payer_tax_number"))
    assert linted(contracts) == [("personal-data-marked", "email")]
    ours = linted(contracts, "[rules.personal-data-marked]", 'names = ["tax_number"]')
    assert ours == [("personal-data-marked", "payer_tax_number")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("rules.docs-presnt = false", "rules.docs-presnt is not a rule of lint; did you mean docs-present?"),
        ('rules.docs-present.words = ["x"]', "rules.docs-present.words is not an option of the rule; it has none"),
        (
            'rules.personal-data-marked.name = ["x"]',
            "rules.personal-data-marked.name is not an option of the rule; did",
        ),
    ],
)
def test_a_rule_or_an_option_that_does_not_exist_is_named(contracts: Contracts, line: str, expected: str) -> None:
    with pytest.raises(ProjectError) as caught:
        linted(contracts, line)
    assert str(caught.value).startswith(f"{contracts.folder / FILE}: {expected}")

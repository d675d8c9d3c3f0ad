"""The formats: each has the same findings, in its own standard's shape."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.support.contracts import Contracts, field
from tributary.cli.contracts import lint as lint_command
from tributary.registry.check.findings import findings as findings_of
from tributary.registry.check.findings import reason
from tributary.registry.check.verdict import SubjectCheck, check_all
from tributary.registry.lint.engine import explain, lint
from tributary.registry.lock import Version
from tributary.registry.render import checks, findings


@pytest.fixture
def checked(contracts: Contracts) -> list[SubjectCheck]:
    """One subject that breaks, one that data does not survive, one that is fine."""
    versions = {topic.subject: [Version(1, 1, topic.text)] for topic in contracts.load().topics}

    def required(schema: dict[str, Any]) -> None:
        schema["fields"].append({"name": "extra", "type": "string", "doc": "More | or less."})

    contracts.edit("product-events", required)
    contracts.edit("user-events", lambda schema: field(schema, "quantity").update(minimum=2))
    return check_all(contracts.load().topics, versions, contracts.project)


def test_text_says_who_breaks_in_which_order_to_deploy_and_what_to_write(checked: list[SubjectCheck]) -> None:
    printed = checks.text(checked)
    for expected in (
        "product-events-value: v2 breaks FULL_TRANSITIVE",
        "extra: READER_FIELD_MISSING_DEFAULT_VALUE",
        "consumers on v2 cannot read what producers on v1 wrote",
        "deploy  producers first",
        "owner   storefront",
        '{"name": "extra", "type": ["null", "string"], "default": null, "doc": "More | or less."}',
        "user-events-value: v2 is compatible at FULL_TRANSITIVE, but would damage data",
        "quantity: attribute minimum: 1 → 2",
        "[range-tightened]",
        "purchases-value: unchanged, v1",
    ):
        assert expected in printed


def test_the_document_is_json_with_the_same_findings(checked: list[SubjectCheck]) -> None:
    document = json.loads(json.dumps(checks.document(checked)))
    assert document["passed"] is False
    assert [(one["subject"], one["passed"], one["compatible"]) for one in document["subjects"]] == [
        ("product-events-value", False, False),
        ("user-events-value", False, True),
        ("purchases-value", True, True),
    ]
    assert document["subjects"][0]["breaks"][0]["versions"] == [1]
    assert document["subjects"][1]["hazards"][0]["rule"] == "range-tightened"


def test_sarif_points_at_the_line(checked: list[SubjectCheck]) -> None:
    (run,) = json.loads(findings.sarif([finding for one in checked for finding in findings_of(one)], reason))["runs"]
    results = {result["ruleId"]: result for result in run["results"]}
    assert set(results) == {"READER_FIELD_MISSING_DEFAULT_VALUE", "range-tightened"}
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == set(results)
    for check, name in zip(checked[:2], ("extra", "quantity"), strict=True):
        result = next(r for r in run["results"] if name in r["message"]["text"])
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == str(check.topic.path)
        around = check.topic.text.splitlines()[place["region"]["startLine"] - 1 :][:2]
        assert any(f'"name": "{name}"' in line for line in around)
        assert result["level"] == "error"


def test_junit_fails_what_did_not_pass(checked: list[SubjectCheck]) -> None:
    cases = [
        findings.Case(one.topic.subject, list(findings_of(one)), checks.verdict(one), checks.text([one]))
        for one in checked
    ]
    suite = ElementTree.fromstring(findings.junit("check", cases))
    assert (suite.get("tests"), suite.get("failures")) == ("3", "2")
    failed = {case.get("name"): case.find("failure") for case in suite}
    assert failed["purchases-value"] is None
    failure = failed["product-events-value"]
    assert failure is not None and failure.text is not None
    assert failure.get("type") == "READER_FIELD_MISSING_DEFAULT_VALUE"
    assert "consumers on v2 cannot read" in failure.text


def test_markdown_keeps_its_tables_whole(checked: list[SubjectCheck], contracts: Contracts) -> None:
    printed = checks.markdown(checked)
    assert "### ❌ `product-events-value`" in printed and "### ✅ `purchases-value`" in printed
    rows = [line for line in printed.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {3}
    contracts.edit("purchases", lambda schema: field(schema, "order_id").update(doc=""))
    found = lint(contracts.load(), contracts.project, basics_only=True)
    assert "| `order_id` | docs-present |" in lint_command.markdown(["purchases"], found)


def test_lint_reads_like_a_compiler(contracts: Contracts) -> None:
    contracts.edit("purchases", lambda schema: field(schema, "order_id").update(doc=""))
    (finding,) = lint(contracts.load(), contracts.project)
    printed = lint_command.text(["a", "b", "purchases"], [finding])
    assert printed.startswith(f"{finding.file}:{finding.line}: order_id: field order_id has no doc [docs-present]")
    assert printed.endswith("3 contracts, 1 finding")
    assert json.loads(findings.sarif([finding], explain))["runs"][0]["results"][0]["ruleId"] == "docs-present"

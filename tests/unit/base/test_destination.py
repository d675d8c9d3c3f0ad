"""Commands that write say first where to, on standard error and without a password."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import producers.purchases
import producers.replay.__main__
from consumers.analytics.__main__ import main as analytics
from tests.support.contracts import Contracts
from tributary import destination
from tributary.cli.main import main as tributary

BROKER, REGISTRY, PROJECT = "broker 127.0.0.1:1", "registry http://127.0.0.1:1", "project schemas"


@pytest.fixture(autouse=True)
def nowhere(contracts: Contracts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A broker and a registry that do not answer, and contracts and files of the test's own."""
    environment = {
        "TRIBUTARY_PROJECT": contracts.folder,
        "STACK": "external",
        "STACK_DIR": tmp_path / "stack",
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "SCHEMA_REGISTRY_URL": "http://name:secret@127.0.0.1:1",
        "REGISTRY_LOCK_PATH": tmp_path / "lock.json",
        "STORE_PATH": tmp_path / "store.sqlite",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "store.sqlite").mkdir()  # so that a member ends at once
    (tmp_path / "clicks.csv").write_text(
        "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"
    )
    (tmp_path / "registry.json").write_text('{"format": 1, "contexts": {}}')


@pytest.mark.parametrize(
    ("main", "arguments", "expected"),
    [
        (tributary, "apply --format json", f"using {BROKER}, {REGISTRY}, {PROJECT}, lock lock.json"),
        (tributary, "plan", f"using {BROKER}, {REGISTRY}, {PROJECT}, lock lock.json"),
        (tributary, "drift", f"using {REGISTRY}, {PROJECT}, lock lock.json"),
        (tributary, "pull", f"using {REGISTRY}, {PROJECT}, lock lock.json"),
        (tributary, "export --output all.json", f"using {REGISTRY}, document all.json"),
        (tributary, "docs --output docs", f"using {PROJECT}, catalogue docs, lock lock.json"),
        (tributary, "evolve purchases deprecate region --doc X", f"using {PROJECT}, contracts schemas"),
        (tributary, "generate", f"using {PROJECT}, contracts schemas"),
        (producers.purchases.main, "--json", f"using {BROKER}, {REGISTRY}, {PROJECT}, topic "),
        (
            producers.replay.__main__.main,
            "clicks.csv",
            f"using {BROKER}, {REGISTRY}, {PROJECT}, topics ",
        ),
        (analytics, "run --until-caught-up", f"using {BROKER}, {REGISTRY}, {PROJECT}, store store.sqlite"),
        (tributary, "stack clean", f"using {BROKER}, {REGISTRY}"),
    ],
)
def test_a_command_that_writes_says_first_where_to(
    main: Callable[[list[str]], int], arguments: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(arguments.split())
    printed = capsys.readouterr()
    assert printed.err.startswith(expected)
    assert "using" not in printed.out
    assert "secret" not in printed.out + printed.err


def test_the_working_directory_is_not_a_dot(tmp_path: Path) -> None:
    assert destination.shown(tmp_path) == str(tmp_path)
    assert destination.shown(tmp_path / "a") == "a"
    assert destination.shown(tmp_path.parent / "b") == str(tmp_path.parent / "b")

"""The exit codes: each expected error has one, and a defect keeps its traceback."""

from __future__ import annotations

import argparse

import pytest

from tributary.avro.codegen import GenerateError
from tributary.avro.schema import SchemaError
from tributary.catalog import CatalogError
from tributary.cli.contracts import lint
from tributary.cli.main import main
from tributary.project import NoProject
from tributary.registry.apply.topics import KafkaUnavailable
from tributary.registry.check.baseline import BaselineError
from tributary.registry.check.history import NoSuchVersion
from tributary.registry.client.errors import (
    NotRegistered,
    RegistryError,
    RegistryUnavailable,
    SchemaConflict,
    SchemaUnusable,
)
from tributary.registry.evolve.targets import EvolveError
from tributary.registry.lint.engine import UnknownRule
from tributary.registry.lint.exemptions import ExemptionError
from tributary.registry.lock import LockError
from tributary.registry.records.fixtures import FixtureError
from tributary.registry.transfer.archive import ArchiveError
from tributary.settings import SettingsError
from tributary.stack.errors import StackError

WRONG_USAGE = (
    *(ArchiveError, BaselineError, EvolveError, FixtureError),
    *(NoProject, NoSuchVersion, SettingsError, UnknownRule),
)
FAILURES = (
    *(CatalogError, ExemptionError, GenerateError, KafkaUnavailable, LockError),
    *(RegistryUnavailable, SchemaConflict, SchemaError, SchemaUnusable, StackError),
)


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let `lint` raise an error."""

    def run(_: argparse.Namespace) -> int:
        raise error

    monkeypatch.setattr(lint, "run", run)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        *((kind("it is \x1b[31mred"), 2) for kind in WRONG_USAGE),
        *((kind("it is \x1b[31mred"), 1) for kind in FAILURES),
        (NotRegistered("a", "it is \x1b[31mred"), 1),
        (RegistryError(500, 50001, "it is \x1b[31mred"), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_expected_error_is_a_line_and_an_exit_code(
    error: Exception, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(monkeypatch, error)
    assert main(["lint"]) == code
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("error: it is \\u001b[31mred")


def test_an_interruption_is_a_failure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    raising(monkeypatch, KeyboardInterrupt())
    assert main(["lint"]) == 1
    assert capsys.readouterr().err == "error: interrupted; nothing was written\n"


def test_a_defect_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, ZeroDivisionError("a defect"))
    with pytest.raises(ZeroDivisionError):
        main(["lint"])

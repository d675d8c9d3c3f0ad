"""The local broker, as far as it can be tested without one."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tributary.cli.main import main
from tributary.stack import ports
from tributary.stack.errors import StackError
from tributary.stack.kafka import Broker, new_cluster_id


def test_a_cluster_id_never_looks_like_an_option() -> None:
    """A random one begins with `-` once in 64 times, and Kafka's StorageTool takes that for an option."""
    ids = [new_cluster_id() for _ in range(5000)]

    assert not [each for each in ids if each.startswith("-")]
    assert {len(base64.urlsafe_b64decode(each + "==")) for each in ids} == {16}
    assert len(set(ids)) == len(ids)
    assert {each[0] for each in ids} >= set("_9azAZ"), "the others are drawn as before"


def test_a_folder_that_java_cannot_read_is_named(tmp_path: Path) -> None:
    jars_dir = tmp_path / "a:b"

    with pytest.raises(StackError, match="Set JARS_DIR"):
        Broker(tmp_path, ports.free(), jars_dir).start()

    assert not jars_dir.exists()


def test_a_folder_that_cannot_be_made_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("STACK", "local")
    monkeypatch.setenv("STACK_DIR", str(tmp_path / "file" / "stack"))

    assert main(["stack", "up"]) == 1
    assert f"error: {tmp_path / 'file' / 'stack'}: Not a directory\n" in capsys.readouterr().err

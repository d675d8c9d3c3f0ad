"""What a restart must not change, and writers that must not meet."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT
from tools.conformance import Client, replay
from tributary.registry.server.state.model import Content, Version
from tributary.registry.server.state.state import SetConfig, SetMode
from tributary.registry.server.store import Store, StoreInUse
from tributary.registry.testing import serve

QUESTIONS = (
    *(
        "/subjects?deleted=true",
        "/schemas?deleted=true",
        "/contexts",
        "/config",
        "/mode",
        "/config/m",
        "/mode/m1-value",
    ),
    *("/schemas/ids/1", "/schemas/ids/1/versions?deleted=true", "/schemas/ids/1?fetchMaxId=true"),
)


def schema(number: int) -> str:
    return json.dumps({"type": "fixed", "name": f"F{number}", "size": 1})


def answers(url: str) -> list[Any]:
    return [Client(url)("GET", question) for question in QUESTIONS]


def test_a_restart_changes_no_answer(tmp_path: Path) -> None:
    with serve(tmp_path) as registry:
        assert len(list(replay(registry.url))) == 664
        before = answers(registry.url)
    with serve(tmp_path) as registry:
        assert answers(registry.url) == before
        _, new = Client(registry.url)("POST", "/subjects/new/versions", {"schema": schema(0)})
        assert new["id"] == 5002


def test_an_id_is_not_given_again_after_a_restart(tmp_path: Path) -> None:
    with serve(tmp_path) as registry:
        client = Client(registry.url)
        client("POST", "/subjects/s/versions", {"schema": schema(1)})
        client("DELETE", "/subjects/s")
        client("DELETE", "/subjects/s?permanent=true")
    with serve(tmp_path) as registry:
        assert Client(registry.url)("POST", "/subjects/s/versions", {"schema": schema(1)})[1]["id"] == 2


def test_writers_at_once_get_each_schema_its_own_id_and_lose_none(tmp_path: Path) -> None:
    with serve(tmp_path) as registry:
        Client(registry.url)("PUT", "/config", {"compatibility": "NONE"})

        def write(writer: int) -> dict[int, tuple[int, int]]:
            client, got = Client(registry.url), {}
            for number in range(12):  # half of the schemas are every writer's, half its own
                wanted = number if number % 2 else 1000 * writer + number + 100
                _, answer = client("POST", "/subjects/shared/versions", {"schema": schema(wanted)})
                got[wanted] = (answer["id"], answer["version"])
            return got

        with ThreadPoolExecutor(6) as pool:
            everyone = list(pool.map(write, range(6)))
        merged: dict[int, tuple[int, int]] = {}
        for got in everyone:
            for wanted, place in got.items():
                assert merged.setdefault(wanted, place) == place
        assert len({place[0] for place in merged.values()}) == len(merged)
        versions = Client(registry.url)("GET", "/subjects/shared/versions")[1]
        assert versions == sorted(place[1] for place in merged.values()) == list(range(1, len(merged) + 1))


def test_a_change_that_cannot_be_kept_leaves_no_trace(tmp_path: Path) -> None:
    store = Store(tmp_path / "r.sqlite")
    unkept = SetConfig("s", {"level": object()})
    with pytest.raises(TypeError):
        store.commit([Version("s", 1, 1, Content('"int"'), 5), unkept])
    state = store.state
    assert (state.versions, state.configs, state.last_id(".")) == ({}, {}, 0)
    store.commit([SetMode("s", "READONLY")])
    store.close()
    assert Store(tmp_path / "r.sqlite").state.modes == {"s": "READONLY"}


def test_a_folder_has_one_registry(tmp_path: Path) -> None:
    store = Store(tmp_path / "r.sqlite")
    again = "import pathlib, sys; from tributary.registry.server.store import Store; Store(pathlib.Path(sys.argv[1]))"
    command = [sys.executable, "-c", again, str(tmp_path / "r.sqlite")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert StoreInUse.__name__ in done.stderr
    store.close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.sqlite").write_text("no database" * 100)
    with pytest.raises(OSError, match=r"cannot read .*r\.sqlite"):
        Store(tmp_path / "r.sqlite")

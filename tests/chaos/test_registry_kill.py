"""The registry is killed with -9 while several clients write; everything it acknowledged must survive."""

from __future__ import annotations

import http.client
import json
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from tests.support.paths import ROOT
from tools.conformance import Client

ROUNDS, WRITERS = 12, 4
READY = re.compile(r"ready at (http://\S+?),")


@contextmanager
def registry(data: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A registry process that is ready, and its URL. It is killed at the end."""
    command = [sys.executable, "-m", "registry", "serve", "--port", "0", "--data", str(data), "--user", ""]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        ready = READY.search(line)
        assert ready, line + process.stdout.read()
        try:
            yield process, ready[1]
        finally:
            process.kill()


@attrs.define
class Writer:
    """Registers one new schema after another, some under a subject that all writers share; records each answer."""

    number: int
    acknowledged: dict[str, list[tuple[str, int, int]]] = attrs.field(factory=dict)
    done: int = 0

    def run(self, url: str) -> None:
        client = Client(url)
        try:
            while True:
                self._write(client)
        except (OSError, http.client.HTTPException):
            return  # the registry is dead

    def _write(self, client: Client) -> None:
        self.done += 1
        shared = self.done % 3 == 0
        name = f"Shared{self.done}" if shared else f"W{self.number}N{self.done}"
        subject = "shared" if shared else f"own-{self.number}"
        schema = json.dumps({"type": "record", "name": name, "fields": []}, separators=(",", ":"))
        status, answer = client("POST", f"/subjects/{subject}/versions", {"schema": schema})
        assert status == 200, answer
        self.acknowledged.setdefault(schema, []).append((subject, answer["id"], answer["version"]))


def stored(url: str) -> dict[tuple[str, int], Any]:
    """Every version by subject and number, read one subject at a time."""
    client, found = Client(url), {}
    for subject in client("GET", "/subjects")[1]:
        for version in client("GET", f"/subjects/{subject}/versions")[1]:
            found[subject, version] = client("GET", f"/subjects/{subject}/versions/{version}")[1]
    return found


def test_what_was_acknowledged_survives_every_kill(tmp_path: Path) -> None:
    chance = random.Random(20)
    writers = [Writer(number) for number in range(WRITERS)]
    with registry(tmp_path) as (_, url):
        Client(url)("PUT", "/config", {"compatibility": "NONE"})
    for _ in range(ROUNDS):
        with registry(tmp_path) as (process, url):
            threads = [threading.Thread(target=writer.run, args=(url,)) for writer in writers]
            for thread in threads:
                thread.start()
            time.sleep(chance.uniform(0.05, 0.4))
            process.send_signal(signal.SIGKILL)
            for thread in threads:
                thread.join()

    with registry(tmp_path) as (_, url):
        found = stored(url)
    ids: dict[str, int] = {}
    acknowledged = 0
    for writer in writers:
        for schema, places in writer.acknowledged.items():
            for subject, schema_id, version in places:
                acknowledged += 1
                kept = found[subject, version]
                assert (kept["schema"], kept["id"]) == (schema, schema_id)
                assert ids.setdefault(schema, schema_id) == schema_id
    assert acknowledged > ROUNDS * WRITERS
    assert len(set(ids.values())) == len(ids)
    by_id = {version["id"]: version["schema"] for version in found.values()}
    assert all(by_id[version["id"]] == version["schema"] for version in found.values())
    for subject in {subject for subject, _ in found}:
        numbers = sorted(version for name, version in found if name == subject)
        assert numbers == list(range(1, len(numbers) + 1))


def test_a_termination_drains_and_says_so(tmp_path: Path) -> None:
    with registry(tmp_path) as (process, url):
        assert Client(url)("POST", "/subjects/s/versions", {"schema": '"int"'})[0] == 200
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        assert "Registry stopped" in process.stdout.read()
        assert process.wait() == 0


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with registry(tmp_path / "one") as (_, url):
        port = url.rpartition(":")[2]
        command = [sys.executable, "-m", "registry", "serve", "--port", port, "--data", str(tmp_path / "two")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr


def test_a_small_process_without_numpy(tmp_path: Path) -> None:
    with registry(tmp_path) as (process, url):
        Client(url)("POST", "/subjects/s/versions", {"schema": '"int"'})
        maps = Path(f"/proc/{process.pid}/maps")
        if maps.exists():
            assert "numpy" not in maps.read_text()
            resident = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
            assert resident is not None
            assert int(resident[1]) < 80_000

"""Kafka's jars: locked, checked, fetched; from a small Maven repository on this machine instead of Maven Central."""

from __future__ import annotations

import hashlib
import re
import threading
import tomllib
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import attrs
import pytest

from tributary.stack import jars
from tributary.stack.errors import StackError
from tributary.stack.jars import Jar


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Keep the tests' output quiet."""


@attrs.frozen
class Repository:
    """A Maven repository and what was asked of it."""

    root: Path
    requests: list[str]

    def publish(self, artifact: str, content: bytes) -> Jar:
        jar = Jar("org.example", artifact, "1.0", hashlib.sha256(content).hexdigest())
        folder = self.root / "org" / "example" / artifact / "1.0"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / jar.filename).write_bytes(content)
        return jar

    def fetched(self) -> list[str]:
        return sorted(Path(path).name for path in self.requests if path.endswith(".jar"))


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    from jgo.maven import _core

    requests: list[str] = []

    class Recording(_Handler):
        def do_GET(self) -> None:
            requests.append(self.path)
            super().do_GET()

    root = tmp_path / "repository"
    root.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Recording, directory=str(root))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setitem(_core.DEFAULT_REMOTE_REPOS, "central", f"http://127.0.0.1:{server.server_address[1]}")
        yield Repository(root, requests)
        server.shutdown()
        thread.join()


def test_fetches_what_is_missing_and_returns_the_paths_in_order(repository: Repository, tmp_path: Path) -> None:
    wanted = [repository.publish(name, name.encode() * 5000) for name in ("b", "a", "c")]
    folder = tmp_path / "jars"

    paths = jars.ensure(folder, wanted)

    assert [path.read_bytes() for path in paths] == [name.encode() * 5000 for name in ("b", "a", "c")]
    assert sorted(path.name for path in folder.iterdir()) == ["a-1.0.jar", "b-1.0.jar", "c-1.0.jar"]


def test_asks_the_network_for_nothing_when_all_is_there(repository: Repository, tmp_path: Path) -> None:
    wanted = [repository.publish("a", b"a")]
    jars.ensure(tmp_path, wanted)
    repository.requests.clear()

    jars.ensure(tmp_path, wanted)

    assert repository.requests == []


@pytest.mark.parametrize("damage", [b"", b"half", b"exactly as long, but not the same"])
def test_fetches_a_damaged_jar_again_and_only_that(repository: Repository, tmp_path: Path, damage: bytes) -> None:
    wanted = [repository.publish("good", b"good"), repository.publish("bad", b"exactly as long, and the very one")]
    folder = tmp_path / "jars"
    _, bad = jars.ensure(folder, wanted)
    bad.write_bytes(damage)
    repository.requests.clear()

    jars.ensure(folder, wanted)

    assert bad.read_bytes() == b"exactly as long, and the very one"
    assert repository.fetched() == ["bad-1.0.jar"]


def test_refuses_what_is_not_what_the_lock_says(repository: Repository, tmp_path: Path) -> None:
    jar = repository.publish("changed", b"as locked")
    repository.publish("changed", b"not as locked")
    folder = tmp_path / "jars"

    with pytest.raises(StackError, match=r"changed-1\.0\.jar.*SHA-256") as caught:
        jars.ensure(folder, [jar])

    assert jar.sha256 in str(caught.value)
    assert list(folder.iterdir()) == [], "neither the jar nor a half of it stays"


def test_keeps_what_arrived_when_another_is_missing(repository: Repository, tmp_path: Path) -> None:
    there = repository.publish("there", b"there")
    folder = tmp_path / "jars"

    with pytest.raises(StackError, match=r"missing-1\.0\.jar could not be downloaded"):
        jars.ensure(folder, [there, Jar("org.example", "missing", "1.0", "0" * 64)])

    assert [path.name for path in folder.iterdir()] == ["there-1.0.jar"]


def test_a_lock_file_that_is_damaged_says_so(tmp_path: Path) -> None:
    path = tmp_path / "jgo.lock.toml"
    path.write_text('[[dependencies]]\ngroupId = "org.example"\n')

    with pytest.raises(StackError, match=r"jgo\.lock\.toml.*restore it from git"):
        jars.locked(path)


def test_the_lock_is_that_of_the_spec() -> None:
    spec = tomllib.loads(jars.SPEC.read_text(encoding="utf-8"))
    lock = tomllib.loads(jars.LOCK.read_text(encoding="utf-8"))
    locked = jars.locked()

    # jgo's own mark of the spec that a lock was made from.
    assert lock["metadata"]["spec_hash"] == hashlib.sha256(jars.SPEC.read_bytes()).hexdigest()[:16]
    assert set(spec["dependencies"]["coordinates"]) <= {jar.coordinate for jar in locked}
    assert all(re.fullmatch("[0-9a-f]{64}", jar.sha256) for jar in locked)
    assert len({jar.filename for jar in locked}) == len(locked), "the jars share one folder"
    assert "org.apache.kafka:kafka_2.13:4.3.1" in {jar.coordinate for jar in locked}


def test_the_log_binding_is_of_the_api_that_kafka_uses() -> None:
    """Another version's binding is ignored, and the broker's log with it."""
    versions = {jar.artifact: jar.version for jar in jars.locked() if jar.group == "org.slf4j"}

    assert versions["slf4j-simple"] == versions["slf4j-api"]

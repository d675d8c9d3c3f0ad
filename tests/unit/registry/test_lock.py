"""The lock: whose ids it has, where it lies, and what a registry gets back from it."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from tributary.registry import lock
from tributary.registry.apply.subjects import missing
from tributary.registry.lock import Lock, LockError, Subject, Version
from tributary.settings import Settings

A, B, C = (f'{{"type": "fixed", "name": "F", "size": {size}}}' for size in (1, 2, 3))
SHARED = "https://registry.example"


def history(*texts: str) -> list[Version]:
    return [Version(number, number, text) for number, text in enumerate(texts, 1)]


def test_a_lock_comes_back_as_it_was_saved_and_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock.json"
    saved = Lock("local", {"s": Subject("FULL", tuple(history(A, B)), "READONLY"), "é": Subject("NONE", ())})
    assert lock.save(saved, path)
    assert lock.load(path) == saved
    assert not lock.save(saved, path)
    assert [child.name for child in path.parent.iterdir()] == ["lock.json"]


def test_a_lock_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LockError, match=r"file/lock\.json: the lock cannot be written: .*; when it can, apply again"):
        lock.save(Lock(lock.LOCAL), tmp_path / "file" / "lock.json")


def test_a_lock_that_cannot_be_read_is_named_once(tmp_path: Path) -> None:
    with pytest.raises(LockError) as caught:
        lock.load(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path} cannot be read: Is a directory; restore it from git")
    (tmp_path / "lock.json").write_bytes(b"\xff")
    with pytest.raises(LockError, match=r"lock\.json cannot be read: it is not UTF-8; restore it from git"):
        lock.load(tmp_path / "lock.json")


def test_no_file_is_no_lock(tmp_path: Path) -> None:
    assert lock.load(tmp_path / "lock.json") is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"registry": "local", "subjects": {"s": {"level": "FULL"}}}'])
def test_a_damaged_lock_says_what_to_do(tmp_path: Path, text: str) -> None:
    path = tmp_path / "lock.json"
    path.write_text(text)
    with pytest.raises(LockError, match=r"lock\.json.*restore it from git"):
        lock.load(path)


def test_the_fingerprint_sees_docs_and_not_layout() -> None:
    assert lock.fingerprint(A) == lock.fingerprint(A.replace(" ", "\n"))
    turned = '{"size": 1, "name": "F", "type": "fixed"}'
    assert lock.fingerprint(A) == lock.fingerprint(turned)
    assert lock.fingerprint(A) != lock.fingerprint(A.replace('"size"', '"doc": "d", "size"'))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://127.0.0.1:8081", "local"),
        ("http://localhost:18081/", "local"),
        ("http://[::1]:8081", "local"),
        ("https://user:secret@registry.example/", SHARED),
        ("https://registry.example/team/", f"{SHARED}/team"),
        ("http://registry.example:8081", "http://registry.example:8081"),
    ],
)
def test_the_name_of_a_registry(url: str, name: str) -> None:
    assert lock.registry_name(url) == name


def path_for(tmp_path: Path, checked_in: str | None, url: str) -> Path:
    settings = attrs.evolve(Settings(), stack_dir=tmp_path / ".stack", lock_path=tmp_path / "checked-in.json")
    if checked_in:
        lock.save(Lock(checked_in), settings.lock_path)
    return lock.path_for(attrs.evolve(settings, registry_url=url)).relative_to(tmp_path)


@pytest.mark.parametrize(
    ("checked_in", "url", "path"),
    [
        (None, "http://127.0.0.1:8081", "checked-in.json"),
        ("local", "http://127.0.0.1:8081", "checked-in.json"),
        ("local", SHARED, "checked-in.json"),
        (SHARED, SHARED, "checked-in.json"),
        (SHARED, "http://127.0.0.1:8081", ".stack/registry.lock.json"),
    ],
)
def test_the_checked_in_lock_is_everyones_until_a_shared_registry_takes_it(
    tmp_path: Path, checked_in: str | None, url: str, path: str
) -> None:
    assert path_for(tmp_path, checked_in, url) == Path(path)


def test_two_shared_registries_do_not_share_a_lock(tmp_path: Path) -> None:
    with pytest.raises(LockError, match="REGISTRY_LOCK_PATH"):
        path_for(tmp_path, SHARED, "https://another.example")


@pytest.mark.parametrize("local", [True, False])
def test_a_subject_that_is_not_there_gets_its_whole_history(local: bool) -> None:
    assert missing(history(A, B), [], local=local) == history(A, B)
    assert missing([], [], local=local) == []


def test_a_local_registry_that_is_behind_gets_what_is_newer() -> None:
    assert missing(history(A, B, C), history(A), local=True) == history(A, B, C)[1:]
    assert missing(history(A, B), history(A, B, C), local=True) == []


def test_what_a_local_registry_has_under_another_number_stays_there() -> None:
    assert missing(history(A, B, C), [Version(1, 1, C)], local=True) == history(A, B, C)[1:2]


def test_a_shared_registry_is_the_truth() -> None:
    assert missing(history(A, B), history(A), local=False) == []

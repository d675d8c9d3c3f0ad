"""The rooms' checks find what they look for, and nothing where there is nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import rooms


def test_modules_that_import_each_other_are_a_circle() -> None:
    assert rooms.circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    found = rooms.circle({"a": {"b"}, "b": {"c"}, "c": {"b"}})
    assert found[0] == found[-1]
    assert set(found) == {"b", "c"}


def test_a_chain_is_read_from_the_top_and_stays_in_its_package() -> None:
    imported = {"p": {"p.a"}, "p.a": {"p.b", "q"}, "p.b": set(), "q": {"r"}, "r": {"p.b"}, "pp": {"p"}}
    assert rooms.longest_chain(imported, "p") == ["p", "p.a", "p.b"]


def test_a_base_module_that_imports_a_room_is_named() -> None:
    imported = {
        "p": set(),
        "p.base": {"p.room.a", "p.other"},
        "p.other": set(),
        "p.room": {"p.base"},
        "p.room.a": set(),
    }
    assert rooms.upward(imported, "p") == ["p.base -> p.room.a"]


def test_an_import_in_a_function_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "schemas_of_a_test"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "above.py").write_text("from schemas_of_a_test import below\n")
    (package / "below.py").write_text("def late() -> None:\n    from schemas_of_a_test import above\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(rooms, "PACKAGES", ("schemas_of_a_test",))

    assert set(rooms.circle(rooms.imports())) == {"schemas_of_a_test.above", "schemas_of_a_test.below"}


def test_crowded_folders_and_long_modules_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("__init__", "one", "two", "three"):
        (folder / f"{name}.py").write_text("x = 1\n" * len(name))

    assert rooms.crowded(tmp_path, most=2) == {folder: 3}
    assert rooms.crowded(tmp_path, most=3) == {}
    assert rooms.long_modules(tmp_path, most=4) == {folder / "__init__.py": 8, folder / "three.py": 5}

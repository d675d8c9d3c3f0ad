"""The data of the stack and of analytics on this machine: its paths, its size, and how to delete it."""

from __future__ import annotations

import shutil
from pathlib import Path

from tributary.settings import Settings


def services(settings: Settings) -> list[Path]:
    """The files of the local Kafka and registry."""
    return [settings.stack_dir / name for name in ("kafka", "registry")]


def derived(settings: Settings) -> list[Path]:
    """The files computed from the topics and ids of this stack; they would be wrong for another stack.

    The analytics store is included only if it is in the stack's directory. Anywhere else, the user chose its place.
    """
    paths = [settings.stack_dir / "registry.lock.json"]
    store = settings.store_path
    if store.is_relative_to(settings.stack_dir):
        # SQLite's write-ahead log and its index belong to the database: left alone, they would damage the next one.
        paths += [store, *(store.with_name(store.name + suffix) for suffix in ("-wal", "-shm", "-journal"))]
    return paths


def delete(paths: list[Path]) -> list[str]:
    """Delete those of the files and folders that exist. Returns a line with the size for each."""
    lines = []
    for path in paths:
        if path.exists():
            lines.append(f"deleted {path} ({human(size(path))})")
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    return lines


def size(path: Path) -> int:
    """The bytes that a file, or a folder with its contents, occupies on disk; 0 if it does not exist.

    Counts blocks, because Kafka's index files are mostly holes.
    """
    total = 0
    for file in (path, *path.rglob("*")):
        try:
            if file.is_file():
                total += file.stat().st_blocks * 512
        except FileNotFoundError:
            continue
    return total


def human(size: int) -> str:
    """A number of bytes with a unit: `12.3 MB`."""
    amount, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"

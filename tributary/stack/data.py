"""What the stack and the analytics keep on this machine: where, how much, and deleting it."""

from __future__ import annotations

import shutil
from pathlib import Path

from tributary.settings import Settings


def services(settings: Settings) -> list[Path]:
    """What the local Kafka and registry keep."""
    return [settings.stack_dir / name for name in ("kafka", "registry")]


def derived(settings: Settings) -> list[Path]:
    """What was computed from the topics and ids of this stack, and would be wrong about another one's.

    The analytics store is deleted with the stack only where it lies in the stack's directory; anywhere else it is
    somebody's own.
    """
    paths = [settings.stack_dir / "registry.lock.json"]
    store = settings.store_path
    if store.is_relative_to(settings.stack_dir):
        # SQLite's write-ahead log and its index belong to the database: alone they would damage the next one.
        paths += [store, *(store.with_name(store.name + suffix) for suffix in ("-wal", "-shm", "-journal"))]
    return paths


def delete(paths: list[Path]) -> list[str]:
    """Delete what exists of these files and folders; returns a line for each, with its size."""
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
    """The bytes that a file, or everything in a folder, takes on the disk; 0 if it is not there.

    Counted in blocks, because Kafka's index files are mostly holes.
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
    """A number of bytes for people: `12.3 MB`."""
    amount, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"

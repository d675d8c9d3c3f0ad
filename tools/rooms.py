"""Check the rooms of the repository: what the import rules in pyproject.toml cannot say.

No module imports itself through others, the engine's base modules import none of its rooms but the settings, no folder
has more modules than a reader can survey, and the registry's imports have at most `LEVELS` levels.

Imports inside functions, which only save time, and those under `TYPE_CHECKING` count like all others: a circle is one,
whenever it closes.
"""

from __future__ import annotations

import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

ROOT = Path(__file__).parent.parent
PACKAGES = ("tributary", "schemas", "registry", "producers", "consumers", "benchmarks", "tests", "tools")
LOWEST = "tributary.settings"
"""The room that lies below the base modules."""
MODULES = 15
"""The maximum number of modules in one folder, without `__init__.py`."""
LEVELS = 11
"""The longest chain of imports within `tributary.registry`, in modules."""
LINES = 300
"""The number of lines above which a module is listed, because it should probably be split."""

Imports = dict[str, set[str]]


def imports() -> Imports:
    """Each of our modules, with those of our modules that it imports."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def circle(imported: Imports) -> list[str]:
    """An import cycle: modules of which each imports the next, and the last is the first. Empty if there is none."""
    try:
        TopologicalSorter(imported).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found[::-1]
    return []


def longest_chain(imported: Imports, package: str) -> list[str]:
    """The longest chain of imports within a package, from the top. The imports must have no cycle."""
    inside = {module: {other for other in others if _is_in(other, package)} for module, others in imported.items()}
    chains: dict[str, list[str]] = {}
    for module in TopologicalSorter(inside).static_order():
        below = max((chains[other] for other in sorted(inside[module])), key=len, default=[])
        chains[module] = [module, *below]
    return max((chain for module, chain in chains.items() if _is_in(module, package)), key=len, default=[])


def _is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def upward(imported: Imports, package: str) -> list[str]:
    """The imports of a package's rooms by the modules directly in it, as `module -> room`; its entry point may."""
    rooms = {module for module in imported if any(other.startswith(f"{module}.") for other in imported)}
    return [
        f"{module} -> {other}"
        for module, others in sorted(imported.items())
        if module.rpartition(".")[0] == package and module not in rooms and not module.endswith(".__main__")
        for other in sorted(others)
        if any(_is_in(other, room) for room in rooms - {LOWEST} if room.startswith(f"{package}."))
    ]


def crowded(root: Path, most: int = MODULES) -> dict[Path, int]:
    """The folders with more modules than the maximum, and the number in each."""
    counts: dict[Path, int] = {}
    for path in _sources(root):
        if path.name != "__init__.py":
            counts[path.parent] = counts.get(path.parent, 0) + 1
    return {folder: count for folder, count in counts.items() if count > most}


def long_modules(root: Path, most: int = LINES) -> dict[Path, int]:
    """The modules with more lines than the limit, and the number in each; tests may be longer."""
    lengths = {
        path: len(path.read_text(encoding="utf-8").splitlines())
        for path in _sources(root)
        if not path.is_relative_to(root / "tests")
    }
    return {path: lines for path, lines in lengths.items() if lines > most}


def _sources(root: Path) -> list[Path]:
    return sorted(path for package in PACKAGES for path in (root / package).rglob("*.py"))


def main() -> int:
    """Print violations. Returns 1 if there are any; long modules are only listed."""
    imported = imports()
    wrong = [f"{folder.relative_to(ROOT)}: {n} modules, at most {MODULES}" for folder, n in crowded(ROOT).items()]
    wrong += [f"a base module imports a room: {found}" for found in upward(imported, "tributary")]
    if found := circle(imported):
        wrong.append("an import cycle: " + " -> ".join(found))
    elif len(chain := longest_chain(imported, "tributary.registry")) > LEVELS:
        wrong.append(f"tributary.registry: {len(chain)} levels of imports, at most {LEVELS}: " + " -> ".join(chain))
    for path, lines in sorted(long_modules(ROOT).items(), key=lambda item: -item[1]):
        print(f"long: {path.relative_to(ROOT)}, {lines} lines")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

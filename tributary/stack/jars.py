"""Kafka's jars: downloaded once from Maven Central, checked against `jgo.lock.toml` at every start.

The lock file is jgo's (https://github.com/apposed/jgo): one `[[dependencies]]` table per jar with its coordinates and
SHA-256. Starting needs no resolver, because the lock names every jar; jgo resolves only when the lock is rewritten.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from tributary.stack.errors import StackError

if TYPE_CHECKING:
    from jgo.maven import MavenContext

HERE = Path(__file__).resolve().parent
SPEC = HERE / "jgo.toml"
LOCK = HERE / "jgo.lock.toml"

_DOWNLOADS_AT_ONCE = 4


@attrs.frozen
class Jar:
    """One jar as the lock file names it."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def filename(self) -> str:
        """Its name in the folder of jars, the same as on Maven Central."""
        return f"{self.artifact}-{self.version}.jar"

    @property
    def coordinate(self) -> str:
        """`group:artifact:version`, as jgo and Maven write it."""
        return f"{self.group}:{self.artifact}:{self.version}"

    def intact_at(self, path: Path) -> bool:
        """Whether the file is there and has the locked SHA-256."""
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256
        except FileNotFoundError:
            return False


def locked(path: Path = LOCK) -> tuple[Jar, ...]:
    """Every jar of the lock file, in its order. Raises StackError if the file cannot be used."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return tuple(
            Jar(entry["groupId"], entry["artifactId"], entry["version"], entry["sha256"])
            for entry in content["dependencies"]
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
        raise StackError(f"{path}: cannot be read as jgo's lock file: {error!r}; restore it from git") from error


def ensure(directory: Path, jars: Iterable[Jar] | None = None) -> list[Path]:
    """Make sure that `directory` holds every locked jar, intact. Returns their paths.

    Downloads what is missing or damaged and shows the progress; needs no network otherwise.
    Raises StackError if a jar cannot be downloaded or does not match the lock file.
    """
    wanted = locked() if jars is None else tuple(jars)
    with ThreadPoolExecutor() as pool:
        intact = pool.map(lambda jar: jar.intact_at(directory / jar.filename), wanted)
        missing = [jar for jar, good in zip(wanted, intact, strict=True) if not good]
    if missing:
        _download(missing, directory)
    return [directory / jar.filename for jar in wanted]


def _download(missing: list[Jar], directory: Path) -> None:
    """Download into a folder next to the target, and move each jar into place once it is verified.

    An interrupted download then leaves nothing that looks like a jar, and two at once cannot mix.
    """
    from jgo.maven import MavenContext, PythonResolver

    directory.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="download-", dir=directory) as folder,
        _progress(len(missing)) as progress,
        ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool,
    ):
        context = MavenContext(resolver=PythonResolver(progress_callback=progress), repo_cache=Path(folder), timeout=30)
        try:
            for _ in pool.map(lambda jar: _fetch(jar, context, directory), missing):
                pass
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _fetch(jar: Jar, context: MavenContext, directory: Path) -> None:
    import requests

    try:
        path = context.create_dependency(jar.coordinate).artifact.resolve()
    except (requests.RequestException, RuntimeError, OSError) as error:
        raise StackError(
            f"{jar.filename} could not be downloaded from Maven Central: {error}\n"
            "The first start needs the network (45 MB); check the connection or proxy and run it again: "
            "what has been downloaded is kept."
        ) from error
    if not jar.intact_at(path):
        raise StackError(
            f"{jar.filename}: the downloaded file does not have the SHA-256 that tributary/stack/jgo.lock.toml expects "
            f"({jar.sha256}). It was deleted. Try again; if it persists, a proxy may be modifying downloads."
        )
    path.replace(directory / jar.filename)


@contextmanager
def _progress(jars: int) -> Iterator[Any]:
    """jgo's progress callback, as one Rich bar over all the jars."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        console.print(f"Downloading Apache Kafka from Maven Central ({jars} jars) …")
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"Downloading Apache Kafka ({jars} jars)", total=0)
        total = 0

        @contextmanager
        def one_jar(_filename: str, size: int) -> Iterator[Any]:
            nonlocal total
            total += size
            bar.update(task, total=total)
            yield lambda count: bar.advance(task, count)

        yield one_jar
    if not console.is_terminal:
        console.print(f"Downloaded {total / 1e6:.1f} MB.")


def relock() -> int:
    """Resolve `jgo.toml` and rewrite `jgo.lock.toml`. Returns the number of jars that it names."""
    from jgo.env import EnvironmentSpec, LockFile
    from jgo.env._lockfile import compute_spec_hash
    from jgo.maven import MavenContext, PythonResolver

    spec = EnvironmentSpec.load(SPEC)
    with tempfile.TemporaryDirectory() as folder:
        context = MavenContext(resolver=PythonResolver(), repo_cache=Path(folder))
        wanted = [context.create_dependency(coordinate) for coordinate in spec.coordinates]
        inputs, transitive = context.resolver.resolve(wanted)
        LockFile.from_resolved_dependencies(
            [*inputs, *transitive], environment_name=spec.name, spec_hash=compute_spec_hash(SPEC)
        ).save(LOCK)
    return len(inputs) + len(transitive)


def main() -> int:
    """`python -m tributary.stack.jars`."""
    argparse.ArgumentParser(
        prog="python -m tributary.stack.jars",
        description="Resolve tributary/stack/jgo.toml on Maven Central and rewrite jgo.lock.toml, every jar with its "
        "SHA-256. Needed only to change Kafka's version.",
    ).parse_args()
    print(f"{LOCK.name}: {relock()} jars locked")
    return 0


if __name__ == "__main__":
    sys.exit(main())

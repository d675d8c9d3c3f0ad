"""Where a command reads and writes. Said first, on standard error: standard output may be data for scripts."""

from __future__ import annotations

import sys
from pathlib import Path

from tributary.printable import printable
from tributary.settings import Settings


def announce(*places: str) -> None:
    """Print the places, each as one of the functions below names it: `using broker 127.0.0.1:9092, registry …`."""
    print(printable(f"using {', '.join(places)}"), file=sys.stderr, flush=True)


def broker(settings: Settings) -> str:
    """The Kafka brokers."""
    return f"broker {settings.bootstrap_servers}"


def registry(settings: Settings) -> str:
    """The schema registry."""
    return f"registry {settings.registry_url}"


def project(settings: Settings) -> str:
    """The project, by its folder. Raises NoProject outside any."""
    return file("project", settings.project.folder)


def file(what: str, path: Path) -> str:
    """A file or folder: what it is, and its path."""
    return f"{what} {shown(path)}"


def shown(path: Path) -> str:
    """A path, relative to the working directory if it is below; the directory itself is shown in full, not as a dot."""
    here = Path.cwd()
    return str(path.relative_to(here)) if here in path.parents else str(path)

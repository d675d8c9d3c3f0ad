"""What a peer is told, and what it tells."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import attrs


@attrs.frozen
class Job:
    """Read so many events of three topics, and come to the figures."""

    bootstrap_servers: str
    registry_url: str
    topics: dict[str, str]
    """By the name of the event that they carry."""
    group: str
    events: int
    store: str
    """Where to keep what has to last: a path that does not exist yet."""
    result: str

    @classmethod
    def read(cls, path: str) -> Job:
        """The job in a file."""
        return cls(**json.loads(Path(path).read_text(encoding="utf-8")))

    def write(self, path: Path) -> None:
        """Put it into a file, for `read`."""
        path.write_text(json.dumps(attrs.asdict(self)), encoding="utf-8")

    def done(self, first: float, last: float, figures: dict[str, Any] | None = None) -> None:
        """Say when the first message came and when all results lasted, and the results if they are not in the store."""
        Path(self.result).write_text(json.dumps({"first": first, "last": last, "figures": figures}), encoding="utf-8")

    def consumer(self, **more: Any) -> dict[str, Any]:
        """A consumer's configuration that reads all there is."""
        return {
            "bootstrap.servers": self.bootstrap_servers,
            "group.id": self.group,
            "auto.offset.reset": "earliest",
            **more,
        }


clock = time.monotonic
"""One clock for all processes of a machine."""

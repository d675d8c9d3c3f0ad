"""The input and output of a peer."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import attrs


@attrs.frozen
class Job:
    """The task to read a number of events from three topics and compute the figures."""

    bootstrap_servers: str
    registry_url: str
    topics: dict[str, str]
    """By the name of their event."""
    group: str
    events: int
    store: str
    """The path for durable results; it does not exist yet."""
    result: str

    @classmethod
    def read(cls, path: str) -> Job:
        """The job in a file."""
        return cls(**json.loads(Path(path).read_text(encoding="utf-8")))

    def write(self, path: Path) -> None:
        """Write it to a file, for `read`."""
        path.write_text(json.dumps(attrs.asdict(self)), encoding="utf-8")

    def done(self, first: float, last: float, figures: dict[str, Any] | None = None) -> None:
        """Report when the first message arrived and when all results were durable; the results if not in the store."""
        Path(self.result).write_text(json.dumps({"first": first, "last": last, "figures": figures}), encoding="utf-8")

    def consumer(self, **more: Any) -> dict[str, Any]:
        """The configuration of a consumer that reads from the beginning."""
        return {
            "bootstrap.servers": self.bootstrap_servers,
            "group.id": self.group,
            "auto.offset.reset": "earliest",
            **more,
        }


clock = time.monotonic
"""One clock for all processes of a machine."""

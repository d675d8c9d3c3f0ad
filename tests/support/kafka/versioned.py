"""A topic whose subject has more versions than the contract's."""

from __future__ import annotations

import attrs

from tests.support.kafka import running
from tributary.catalog import Topic
from tributary.settings import Settings

UNKNOWN_ID = 4_000_000_000
"""An id that no registry gives out."""


@attrs.frozen
class Versioned:
    """A subject with several versions, and its topic."""

    settings: Settings
    topic: Topic
    ids: tuple[int, ...]
    """The versions' ids; v1 is the contract."""

    def write(self, partition: int, *values: tuple[bytes | None, int]) -> None:
        """Write values with their timestamps, in order."""
        running.write(self.settings, self.topic.name, partition, *values)

"""Run a member exactly as `python -m consumers.analytics run` does, and record when its first messages arrived.

The command does not report that time. So its Kafka client is replaced by one that writes it to a file, at the cost of
one Python call for each batch of thousands.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import confluent_kafka


def main(note: Path, options: list[str]) -> int:
    """Run it with the command's options. Returns the command's exit code."""

    class NotingConsumer(confluent_kafka.Consumer):
        _noted = False

        def consume(self, *arguments: Any, **named: Any) -> list[confluent_kafka.Message]:
            messages = super().consume(*arguments, **named)
            if messages and not self._noted:
                self._noted = True
                note.write_text(str(time.monotonic()), encoding="ascii")
            return messages

    confluent_kafka.Consumer = NotingConsumer  # type: ignore[misc]
    from consumers.analytics.__main__ import main as analytics

    return analytics(["run", *options])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))

"""Publish a clickstream file: its rows, when they are due, as events of the three topics."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping

import attrs

from producers.replay.clickstream import Clickstream
from producers.replay.events import Routed, Router
from producers.replay.pacing import Pace
from producers.replay.rejects import Rejects
from producers.replay.reporter import Reporter
from producers.replay.rows import Rows
from schemas.events import Event
from tributary.kafka.publisher import Publisher

_TICK_S = 1.0


@attrs.define
class Replay:
    """One file on its way into the topics."""

    source: Clickstream
    router: Router
    publishers: Mapping[type[Event], Publisher]
    rejects: Rejects
    pace: Pace
    reporter: Reporter
    stop: threading.Event
    rows: int = 0
    """rows sent or rejected so far, without those of a batch whose events do not fit a contract"""

    def run(self) -> None:
        """Publish the file, to its end or until `stop` is set.

        Raises EncodeError for an event that does not fit its contract, and OSError if rejects cannot be written.
        """
        for batch in self.source:
            for reject in batch.rejects:
                self.rejects.add(reject)
            self.rows += len(batch.rejects)
            for rows in self._due(batch.rows):
                if self.stop.is_set():
                    return
                self._send(self.router.route(rows))
                self.rows += len(rows.kind)
            self._report()
            if self.stop.is_set():
                return
        self._send(self.router.close())

    def _due(self, rows: Rows) -> Iterator[Rows]:
        """The rows when they are due: all at once, or those of each time together."""
        if not self.pace.speed:
            yield rows
            return
        for part in rows.by_time():
            while (wait := self.pace.delay(part.occurred_at[0])) > 0 and not self.stop.is_set():
                self._report()
                for publisher in self.publishers.values():
                    publisher.check_progress()
                self.stop.wait(min(wait, _TICK_S))
            yield part

    def _send(self, routed: Routed) -> None:
        for contract, columns in routed.items():
            self.publishers[contract].send_columns(columns)

    def _report(self) -> None:
        self.reporter.update(self.source.position, f"{self.rows:,} rows, {self.rejects.count:,} rejected")

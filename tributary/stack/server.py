"""What Kafka and the registry have in common as servers of the local stack."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import attrs

from tributary.stack import ports
from tributary.stack.errors import StackError
from tributary.stack.processes import Daemon, holder_of


@attrs.frozen
class Server(ABC):
    """A server on this machine that keeps running in the background; its data and its log are in `directory`."""

    title: ClassVar[str]
    """Its name in messages."""
    setting: ClassVar[str]
    """The setting that has its address."""
    stalled_after_s: ClassVar[float]
    """A start is given up when its log has not grown for this long."""
    stopped_within_s: ClassVar[float]

    directory: Path
    port: int
    say: Callable[[str], None] = attrs.field(default=print, kw_only=True)

    @property
    @abstractmethod
    def address(self) -> str:
        """What clients connect to."""

    @abstractmethod
    def _launch(self) -> None:
        """Start the process."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """Whether it answers."""

    @property
    def daemon(self) -> Daemon:
        """The server's process."""
        return Daemon(f"{self.title} ({self.address})", self.directory)

    @property
    def pid(self) -> int | None:
        """The server's pid if it runs, else None."""
        return self.daemon.pid

    @property
    def data(self) -> Path:
        """The folder of its data."""
        return self.directory / "data"

    def start(self) -> bool:
        """Start the server and wait until it answers. Returns False if it was running already.

        Raises StackError if the port is taken or the server does not become ready; the message has its last log lines.
        """
        stopped = self.pid is None
        if stopped:
            self.require_port()
            self._launch()
        # A running one may not be ready either: the command that started it may have been interrupted.
        self.daemon.wait_until(self._is_ready, self.stalled_after_s, self.say)
        return stopped

    def require_port(self) -> None:
        """Raise StackError, naming the process, if another process has the port."""
        if not ports.is_free(self.port):
            raise StackError(
                f"{self.title} cannot listen on port {self.port}: it is taken by {holder_of(self.port)}.\n"
                f"End that process, or choose another port with {self.setting} in .env."
            )

    def stop(self) -> bool:
        """Stop the server gracefully; keep its data. Returns whether it was running."""
        return self.daemon.stop(self.stopped_within_s)

    def kill(self) -> bool:
        """Kill the server (SIGKILL), as a power cut would. Returns whether it was running."""
        return self.daemon.kill()

"""The local registry as a background process."""

from __future__ import annotations

import http.client
import os
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import attrs

from tributary.stack import ports
from tributary.stack.errors import StackError
from tributary.stack.processes import Daemon, holder_of

STALLED_AFTER_S = 60.0
"""Seconds; a start is given up when its log has not grown for this long."""
STOPPED_WITHIN_S = 15.0


@attrs.frozen
class RegistryServer:
    """`python -m registry serve`, with its data and log in `directory`."""

    directory: Path
    port: int
    say: Callable[[str], None] = print

    @property
    def url(self) -> str:
        """The URL for clients."""
        return f"http://{ports.LOOPBACK}:{self.port}"

    @property
    def daemon(self) -> Daemon:
        """The server's process."""
        return Daemon(f"The registry ({self.url})", self.directory)

    @property
    def pid(self) -> int | None:
        """The server's pid if it runs, else None."""
        return self.daemon.pid

    def start(self) -> bool:
        """Start the server and wait until it answers. Returns False if it was running already.

        Raises StackError if the port is taken or the server does not become ready; the message has its last log lines.
        """
        if self.pid is not None:
            # Not ready yet if the command that started it was interrupted.
            self.daemon.wait_until(self._is_ready, STALLED_AFTER_S, self.say)
            return False
        self.require_port()
        data = self.directory / "data"
        self.daemon.start(
            [sys.executable, "-m", "tributary", "serve", "--port", str(self.port), "--data", data],
            env=dict(os.environ, PYTHONUNBUFFERED="1"),
            cwd=Path.cwd(),  # it belongs to the same project
        )
        self.daemon.wait_until(self._is_ready, STALLED_AFTER_S, self.say)
        return True

    def require_port(self) -> None:
        """Raise StackError, naming the process, if another process has the port."""
        if not ports.is_free(self.port):
            raise StackError(
                f"The registry cannot listen on port {self.port}: it is taken by {holder_of(self.port)}.\n"
                "End that process, or choose another port with SCHEMA_REGISTRY_URL in .env."
            )

    def stop(self) -> bool:
        """Stop the server gracefully; keep its data. Returns whether it was running."""
        return self.daemon.stop(STOPPED_WITHIN_S)

    def kill(self) -> bool:
        """Kill the server (SIGKILL), as a power cut would. Returns whether it was running."""
        return self.daemon.kill()

    def _is_ready(self) -> bool:
        with closing(http.client.HTTPConnection(ports.LOOPBACK, self.port, timeout=5)) as connection:
            try:
                connection.request("GET", "/subjects")
                # With SCHEMA_REGISTRY_USER set, the answer is 401, which shows that it is ready as well.
                return connection.getresponse().status in (http.client.OK, http.client.UNAUTHORIZED)
            except (OSError, http.client.HTTPException):
                return False

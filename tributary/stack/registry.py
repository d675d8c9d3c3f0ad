"""The local registry as a background process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import attrs

from tributary.stack import ports
from tributary.stack.server import Server


@attrs.frozen
class RegistryServer(Server):
    """`tributary serve` as a background process."""

    title = "The registry"
    setting = "SCHEMA_REGISTRY_URL"
    stalled_after_s = 60.0
    stopped_within_s = 15.0

    @property
    def address(self) -> str:
        """The URL for clients."""
        return f"http://{ports.LOOPBACK}:{self.port}"

    def _launch(self) -> None:
        self.daemon.start(
            [sys.executable, "-m", "tributary", "serve", "--port", str(self.port), "--data", self.data],
            env=dict(os.environ, PYTHONUNBUFFERED="1"),
            cwd=Path.cwd(),  # it belongs to the same project
        )

    def _is_ready(self) -> bool:
        from tributary.registry.client import RegistryClient

        return RegistryClient(self.address).answers(within_s=5)

"""STACK=docker: the containers of `docker-compose.yml`, with the addresses of the same `.env`."""

from __future__ import annotations

import os
import shutil
import subprocess

import attrs

from tributary.settings import Settings
from tributary.stack import data
from tributary.stack.errors import StackError


@attrs.frozen
class DockerStack:
    """The stack as containers."""

    settings: Settings

    def up(self) -> None:
        """Start the containers and wait until they are healthy. Raises StackError if one does not become healthy."""
        self._require_docker()
        if self._compose("up", "--detach", "--wait"):
            self._compose("logs", "--tail", "15")
            raise StackError("the containers did not become healthy; their last log lines are above")
        print(f"Kafka at {self.settings.bootstrap_servers}, the registry at {self.settings.registry_url}")

    def down(self) -> None:
        """Stop the containers; keep their volumes."""
        self._run_or_raise("down")

    def clean(self) -> None:
        """Remove the containers, their volumes, and the files derived from their topics."""
        self._run_or_raise("down", "--volumes")
        for line in data.delete(data.derived(self.settings)):
            print(line)

    def _run_or_raise(self, *arguments: str) -> None:
        self._require_docker()
        if self._compose(*arguments):
            raise StackError(f"docker compose {' '.join(arguments)} failed; its output is above")

    def _compose(self, *arguments: str) -> int:
        # Compose cannot extract a port from an address, so it gets the ports in addition to the variables of `.env`.
        ports = {"KAFKA_PORT": str(self.settings.kafka_port), "REGISTRY_PORT": str(self.settings.registry_port)}
        folder = self.settings.folder
        command = ["docker", "compose", "--file", str(folder / "docker-compose.yml"), *arguments]
        return subprocess.run(command, env=os.environ | ports, cwd=folder).returncode

    def _require_docker(self) -> None:
        if shutil.which("docker") is None:
            raise StackError("STACK=docker needs Docker, and no `docker` is on the PATH; STACK=local needs none")
        probe = subprocess.run(["docker", "compose", "version"], capture_output=True, text=True)
        if probe.returncode:
            raise StackError(f"`docker compose` does not work (Compose 2 is needed): {probe.stderr.strip()}")
        probe = subprocess.run(["docker", "info", "--format", "{{.ServerVersion}}"], capture_output=True, text=True)
        if probe.returncode:
            raise StackError(f"the Docker engine does not answer; start it and try again: {probe.stderr.strip()}")

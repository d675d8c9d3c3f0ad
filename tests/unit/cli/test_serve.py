"""`tributary serve`: which schemas it serves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tributary.stack.registry import RegistryServer


def test_it_serves_the_schemas_of_the_local_stack(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tributary", "serve", "--port", "0"]
    environment = os.environ | {"STACK_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        said = process.stdout.readline()
        process.terminate()
    assert said.endswith(f"data in {RegistryServer(tmp_path / 'registry', 1).data}\n")

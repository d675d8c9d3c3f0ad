"""A command whose output nobody reads: its reader ended, or there never was one."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.contracts import Contracts

NOWHERE = {"STACK": "local", "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "SCHEMA_REGISTRY_URL": "http://127.0.0.1:1"}


@pytest.mark.parametrize("arguments", [["lint"], ["stack", "status"]])
def test_a_reader_that_ends_early_is_not_a_failure_of_the_disk(contracts: Contracts, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "tributary", "--project", str(contracts.folder), *arguments]
    environment = os.environ | NOWHERE | {"PYTHONUNBUFFERED": "1"}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 1


def test_a_closed_output_is_as_good_as_none(contracts: Contracts) -> None:
    command = [sys.executable, "-m", "tributary", "--project", str(contracts.folder), "lint"]
    done = subprocess.run(["sh", "-c", '"$@" >&-', "sh", *command], stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (0, "")

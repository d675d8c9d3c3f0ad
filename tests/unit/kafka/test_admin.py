"""What is asked of the cluster about a group."""

from __future__ import annotations

import subprocess
import sys

from tests.support.kafka import librdkafka
from tests.support.paths import ROOT

_ASK = """
import sys
from tributary.kafka.admin import BrokerUnavailable, TopicAdmin
from tributary.settings import Settings
topics = TopicAdmin(Settings(bootstrap_servers=sys.argv[1]), [])
while True:
    try:
        print(topics.committed("analytics", ("purchases", 0)))
        break
    except BrokerUnavailable:
        pass
"""


def test_a_broker_that_is_not_the_coordinator_any_more_does_not_end_the_process() -> None:
    with librdkafka.moving_coordinator("purchases") as servers:
        # In a process of its own: it may end by SIGSEGV.
        asked = subprocess.run(
            [sys.executable, "-c", _ASK, servers], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )
    assert (asked.returncode, asked.stdout) == (0, "(-1001, '')\n"), asked.stderr

"""`Consumer.consume` and nothing else, with librdkafka's default settings."""

from __future__ import annotations

import sys

from benchmarks.peers.consume import main
from benchmarks.peers.job import Job

if __name__ == "__main__":
    main(Job.read(sys.argv[1]), {})

"""TCP ports on this machine."""

from __future__ import annotations

import random
import socket

LOOPBACK = "127.0.0.1"

_CHANCE = random.SystemRandom()
"""Not the shared generator: tests seed that, and two processes would draw the same ports."""


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen on the port now without hiding another that already does.

    macOS lets a server listen on 127.0.0.1:9092 while another, such as a container's, listens on 9092 of all addresses.
    """
    if answers(port, host):
        return False
    with socket.socket() as probe:
        # As servers do: connections of a server that has just ended (TIME_WAIT) then do not make the port look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free(host: str = LOOPBACK) -> int:
    """A port that is free at this moment.

    It is below the range of ephemeral ports: an outgoing connection could otherwise get the port of a server that is
    being restarted.
    """
    while True:
        port = _CHANCE.randrange(20_000, 32_000)
        if is_free(port, host):
            return port


def answers(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server accepts connections at the address within a second."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False

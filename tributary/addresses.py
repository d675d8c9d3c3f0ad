"""Addresses of brokers and registries: their hosts, ports and logins."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import unquote, urlsplit, urlunsplit

_USUAL_PORTS = {"http": 80, "https": 443}


def without_login(urls: str) -> tuple[str, str, str]:
    """URLs with commas between, without logins, and the user and the password of the first; empty if it has none.

    Raises ValueError for what is no URL. Its message may have the password.
    """
    parts = [urlsplit(url.strip().rstrip("/")) for url in urls.split(",")]
    plain = [urlunsplit(part._replace(netloc=part.netloc.rpartition("@")[2])) for part in parts]
    user, password = "", ""
    with suppress(ValueError):
        user, password = unquote(parts[0].username or ""), unquote(parts[0].password or "")
    return ",".join(plain), user, password


def kafka_port(servers: str) -> int:
    """The port of the first bootstrap server. Raises ValueError, which says what was expected."""
    if "@" in servers:
        raise ValueError("expected host:port without a login; that goes into KAFKA_SASL_USERNAME and _PASSWORD")
    return _port_of(f"//{servers.split(',')[0]}")


def registries(urls: str) -> list[tuple[str, int]]:
    """Host and port of each URL, commas between. Raises ValueError, which says what was expected."""
    found = []
    for url in urls.split(","):
        parts = urlsplit(url.strip())
        if "@" in url:  # where no login was found in it, nobody is to print it
            raise ValueError("in a user or a password, write / ? # , and @ as %2F %3F %23 %2C and %40")
        if parts.scheme not in _USUAL_PORTS or not parts.hostname:
            raise ValueError("expected an address with a port, such as http://127.0.0.1:8081")
        found.append((parts.hostname, _port_of(url, _USUAL_PORTS[parts.scheme])))
    return found


def _port_of(url: str, usual: int | None = None) -> int:
    with suppress(ValueError):  # no number, or one that no port has
        if port := urlsplit(url).port or usual:
            return port
    raise ValueError("expected an address with a port")

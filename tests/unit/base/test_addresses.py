"""Logins, hosts and ports of addresses."""

from __future__ import annotations

import pytest

from tributary.addresses import registries, without_login


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://registry:8081", "http://registry:8081"),
        ("https://name:pass%40word@registry/path", "https://registry/path"),
        ("http://a:p@one:1,http://b:q@two:2/x@y", "http://one:1,http://two:2/x@y"),
        ("http://a:p@ss@one:1", "http://one:1"),
    ],
)
def test_a_login_is_not_shown(url: str, shown: str) -> None:
    assert without_login(url)[0] == shown


def test_the_login_is_that_of_the_first_address() -> None:
    assert without_login("https://name:pass%40word@one,http://other:p@two")[1:] == ("name", "pass@word")
    assert without_login("https://one,http://other:p@two")[1:] == ("", "")


def test_each_registry_has_a_port() -> None:
    assert registries("https://one, http://two:81/v1,http://[::1]") == [("one", 443), ("two", 81), ("::1", 80)]


@pytest.mark.parametrize("urls", ["one:80", "ftp://one", "http://one,two", "http://:80", "http://one:0x", "http://a@b"])
def test_what_is_no_address_of_a_registry_is_refused(urls: str) -> None:
    with pytest.raises(ValueError, match=r"expected an address with a port|in a user or a password"):
        registries(urls)

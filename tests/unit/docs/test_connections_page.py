"""docs/connections.md: its files can be used as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.kafka.certificates import KEY_PASSWORD, Authority
from tests.support.paths import ROOT
from tributary.settings import load

PAGE = (ROOT / "docs" / "connections.md").read_text(encoding="utf-8")
FILES = [block for block in re.findall(r"```\n(.*?)```", PAGE, re.DOTALL) if "security.protocol" in block]


@pytest.mark.parametrize("text", FILES)
def test_librdkafka_takes_the_files_of_the_page(text: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    signed = authority.sign("tributary")
    for shown, real in (
        ("/etc/pki/company-ca.pem", authority.certificate),
        ("/etc/pki/tributary.pem", signed.certificate),
        ("/etc/pki/tributary.key", signed.locked_key),
        ("…", KEY_PASSWORD),
    ):
        text = text.replace(shown, str(real))
    file = tmp_path / "client.properties"
    file.write_text(text)
    config = load({"KAFKA_CONFIG_FILE": str(file)}, Path("/dev/null")).kafka_client()
    assert config["security.protocol"] in ("SSL", "SASL_SSL")


def test_the_page_has_the_properties_that_are_taken() -> None:
    from tributary.settings.connections import _REGISTRY

    _, _, registry = PAGE.partition("## Schema registry")
    missing = [name for name in _REGISTRY if f"`{name}" not in registry]
    assert missing == ["bearer.auth.issuer.endpoint.query"]  # of Azure's metadata service alone


def test_there_are_files() -> None:
    assert len(FILES) == 2

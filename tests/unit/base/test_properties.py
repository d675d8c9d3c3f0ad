"""Files of properties: read as Java reads them, or refused with the line."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tributary.errors import SettingsError
from tributary.settings.properties import read


def loaded(text: str) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "client.properties"
        path.write_bytes(text.encode())
        return dict(read(path).values)


def stored(text: str) -> str:
    """Text as `java.util.Properties.store` writes it, with every blank escaped."""
    named = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\f": "\\f"}
    escaped = "".join(named.get(c, "\\" + c if c in "\\ =:#!" else c) for c in text)
    return "".join(c if " " <= c <= "~" or ord(c) > 0xFFFF else f"\\u{ord(c):04X}" for c in escaped)


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)


@given(
    st.dictionaries(TEXTS, TEXTS, max_size=4),
    st.sampled_from(["=", ":", " ", " = ", "\t:  "]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["", "# note", "! note \\", "   "]),
)
def test_reads_what_java_stores(values: dict[str, str], separator: str, end: str, between: str) -> None:
    lines = [f"  {stored(name)}{separator}{stored(value)}{end}{between}" for name, value in values.items()]
    assert loaded(end.join(lines)) == values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=b=c:d # no comment", {"a": "b=c:d # no comment"}),
        ("bootstrap.servers:one:9092,\\\n    two:9092\n", {"bootstrap.servers": "one:9092,two:9092"}),
        ("a = b  \n", {"a": "b"}),
        ("a=b\\ \n", {"a": "b "}),
        ("a=b\\\\\nc=d", {"a": "b\\", "c": "d"}),
        ("a b c", {"a": "b c"}),
        ("a=\nb=c", {"b": "c"}),
        ("\ufeffa=b", {"a": "b"}),
        ('a="b"', {"a": '"b"'}),
        ("a=\\u00e9\u00e9", {"a": "\u00e9\u00e9"}),
        ("#a=b\\\nc=d", {"c": "d"}),
        ("a=b\\", {"a": "b"}),
        ("", {}),
    ],
)
def test_reads(text: str, expected: dict[str, str]) -> None:
    assert loaded(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1\n\n[default]\n", "line 3: expected name=value"),
        ("a=1\n=2", "line 2: expected name=value"),
        ("a=1\\\n2\nsasl.password=p\\q", "line 3: \\q means different things to Java and to others"),
        ("a=\\u12", "line 1: \\u means different"),
        ("a=1\nb=2\na=3", "line 3: a is set in line 1 already"),
        (b"a=\xff", "cannot be read: it is not UTF-8"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_refuses(tmp_path: Path, text: str | bytes | None, expected: str) -> None:
    path = tmp_path / "client.properties"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SettingsError) as refused:
        read(path)
    assert str(path) in str(refused.value)
    assert expected in str(refused.value)

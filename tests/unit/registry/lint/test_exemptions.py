"""The file of exemptions, strictly read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tributary.registry.lint.exemptions import ExemptionError, load


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"off = 3", ": off is 3, expected a table [[off]] for each exemption"),
        (b"[off]\nrule = 'names'", ": off is {'rule': 'names'}, expected a table [[off]] for each exemption"),
        (b"[[of]]\nrule = 'names'", ": of is no key of the exemptions; expected [[off]]"),
        (b"off = ['names']", ": off is ['names'], expected a table [[off]] for each exemption"),
        (b"off = \xff", " cannot be read: it is not UTF-8"),
        (None, " cannot be read: Is a directory"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, content: bytes | None, expected: str) -> None:
    file = tmp_path / "exemptions.toml"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    with pytest.raises(ExemptionError) as caught:
        load({"names"}, file)
    assert str(caught.value) == f"{file}{expected}"

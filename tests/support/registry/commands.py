"""Commands of `python -m registry` on a test's own contracts and settings."""

from __future__ import annotations

import attrs
import pytest

from tests.support.contracts import Contracts
from tests.support.variables import use
from tributary.cli.main import main


@attrs.frozen
class Commands:
    """Runs commands on these contracts and their settings; keywords are settings to change."""

    contracts: Contracts
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str, **changed: str) -> tuple[int, str]:
        """The exit code, and all that the command printed: standard output, then standard error."""
        code, out, err = self.apart(*arguments, **changed)
        return code, out + err

    def apart(self, *arguments: str, **changed: str) -> tuple[int, str, str]:
        """The exit code, standard output and standard error."""
        use(self.monkeypatch, attrs.evolve(self.contracts.settings, **changed))
        code = main(arguments)
        printed = self.capsys.readouterr()
        return code, printed.out, printed.err

"""Coverage-guided fuzzing of what reads bytes from outside: `python -m tests.fuzz --help`, or `make fuzz`.

Each target is a module with `seeds()`, the initial inputs; `check(data)`, which raises for a defect; `case(data)`, the
input as text that stays valid when the code changes; and `replay(text)`, which checks such a case.
Cases in `findings/` are replayed by `make test`.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import attrs

from tributary import child_process

TARGETS = {
    "rows": "the row decoder",
    "columns": "the column reader",
    "schemas": "the schema parsers, and decoders generated from what they accept",
    "requests": "the registry's API, as sequences of requests",
    "sockets": "the registry's HTTP server, as bytes on a socket",
}
FINDINGS = Path(__file__).parent / "findings"
HANG_S = 20
"""Seconds after which one input counts as a hang; a normal one takes a thousandth."""
LONGEST = 6000
"""The maximum bytes of an input: a row that is read alone has 2,048."""
_GRACE_S = 120
"""Seconds that a target may take, in addition to its time, to import and to read its corpus."""


@attrs.frozen
class Result:
    """The result of fuzzing a target."""

    target: str
    seconds: float
    executions: int
    coverage: int
    """The edges of the instrumented code that were reached."""
    corpus: int
    finding: str
    """The path of the finding, or why the target failed; empty if nothing was found."""


def module(target: str) -> ModuleType:
    """The module of a target."""
    return importlib.import_module(f"tests.fuzz.{target}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz, and print a summary. Returns 0, or 1 if something was found."""
    options = _parser().parse_args(arguments)
    names = options.target or list(TARGETS)
    results = [_fuzz(name, options.seconds / len(names), options.corpus) for name in names]
    print(f"\n{'target':10} {'seconds':>8} {'executions':>11} {'coverage':>9} {'corpus':>7}  finding")
    for one in results:
        numbers = f"{one.seconds:8.0f} {one.executions:11,} {one.coverage:9,} {one.corpus:7,}"
        print(f"{one.target:10} {numbers}  {one.finding or 'none'}")
    return int(any(one.finding for one in results))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz",
        description="Fuzz code that reads foreign bytes, guided by coverage, and compare it with independent readers.",
        epilog="targets: "
        + "; ".join(f"{name}: {what}" for name, what in TARGETS.items())
        + ". exit code: 0 nothing found, 1 a finding or a target that did not run, 2 wrong usage",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=300,
        metavar="S",
        help="duration for all targets together (default: %(default)s)",
    )
    parser.add_argument("--target", action="append", choices=TARGETS, help="only this target; repeatable")
    parser.add_argument(
        "--corpus",
        type=Path,
        default=Path(".fuzz"),
        metavar="FOLDER",
        help="the folder that keeps inputs that reach new code, for the next run (default: %(default)s)",
    )
    return parser


def _fuzz(name: str, seconds: float, folder: Path) -> Result:
    target, corpus = module(name), folder / name
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds():
        (corpus / hashlib.sha1(seed, usedforsecurity=False).hexdigest()).write_bytes(seed)
    print(f"{name}: {TARGETS[name]}, for {seconds:.0f} s", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        crash, case, words = Path(scratch, "crash"), Path(scratch, "case"), Path(scratch, "words")
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.WORDS))
        command = [
            *child_process.command("tests.fuzz.run", name, str(case), str(corpus)),
            *(f"-max_total_time={seconds:.0f}", f"-timeout={HANG_S}", f"-max_len={LONGEST}", f"-dict={words}"),
            *("-rss_limit_mb=4096", "-print_final_stats=1", f"-exact_artifact_path={crash}"),
        ]
        started = time.monotonic()
        process = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds + _GRACE_S, check=False
        )
        output = process.stdout.decode(errors="replace")
        finding = ""
        if process.returncode:
            finding = _finding(target, crash, case, output)
        return Result(
            name,
            time.monotonic() - started,
            _last(r"#(\d+)\s", output),
            _last(r" cov: (\d+)", output),
            _last(r" corp: (\d+)", output),
            finding,
        )


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def _last(pattern: str, output: str) -> int:
    return int([0, *re.findall(pattern, output)][-1])


def _finding(target: ModuleType, crash: Path, case: Path, output: str) -> str:
    """Save a finding as a case and print how to reproduce it. Returns its path.

    An input on which the target hung has no case yet.
    """
    lines = output.splitlines()
    print("\n".join(lines[-60:]))
    if not crash.exists():
        return "the target did not run"
    name = hashlib.sha1(crash.read_bytes(), usedforsecurity=False).hexdigest()[:12]
    folder = FINDINGS / target.__name__.rpartition(".")[2]
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{name}.json"
    text = case.read_text(encoding="utf-8") if case.exists() else target.case(crash.read_bytes())
    kept.write_text(text + "\n", encoding="utf-8")
    print(f"\nreproduce it: python -m tests.fuzz.replay {kept}")
    return str(kept)


if __name__ == "__main__":
    sys.exit(main())

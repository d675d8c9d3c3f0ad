"""`--help` of every command: quick, because nothing heavy is imported, and whatever the settings say."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.paths import ROOT
from tributary import __version__
from tributary.cli.main import COMMANDS, main, parser
from tributary.cli.output import FORMATS

HEAVY = ("confluent_kafka", "fastavro", "numpy", "polars", "starlette", "uvicorn")
OTHERS: dict[str, list[str]] = {
    "schemas": ["", "generate"],
    "registry": ["", "lint", "evolve"],
    "producers": [""],
    "producers.product_events": [""],
    "producers.user_events": [""],
    "producers.purchases": [""],
    "producers.replay": [""],
    "consumers.analytics": ["", "run", "report"],
    "consumers.demo": [""],
    "consumers.web": [""],
}
HELP = f"""
import json, runpy, sys
module, *commands = json.loads(sys.argv[1])
for command in commands:
    sys.argv = [module, *command.split(), "--help"]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        assert end.code == 0, (command, end.code)
    heavy = {{name.partition(".")[0] for name in sys.modules}} & set({HEAVY!r})
    assert not heavy, (command, heavy)
"""


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_serve_refuses_what_is_no_port(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", f"--port={port}"])
    assert ended.value.code == 2
    assert "is not a port: expected 0 to 65535" in capsys.readouterr().err


def test_serve_names_the_reason_why_it_cannot_listen(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port=0", "--host=192.0.2.1"]) == 1
    complaint = capsys.readouterr().err
    assert complaint.startswith("error: cannot listen on 192.0.2.1:0: ")
    assert "Another process" not in complaint


def _below(command: argparse.ArgumentParser, name: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """A parser and those of its commands, by name."""
    yield name, command
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, choice in action.choices.items():
                choice.fill()
                yield from _below(choice, f"{name} {word}".strip())


TRIBUTARY = dict(_below(parser()))


@pytest.mark.parametrize(("module", "commands"), [*OTHERS.items(), ("tributary", list(TRIBUTARY))])
def test_help_is_cheap_and_needs_no_settings(module: str, commands: list[str]) -> None:
    broken = {"SCHEMA_REGISTRY_URL": "no-address", "BATCH_SIZE": "none", "WEB_PORT": "none"}
    ended = subprocess.run(
        [sys.executable, "-c", HELP, json.dumps([module, *commands])],
        env=os.environ | broken,
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("usage: ") == len(commands)


@pytest.mark.parametrize("name", [name for name in TRIBUTARY if name])
def test_every_option_says_what_it_is_for(name: str) -> None:
    command = TRIBUTARY[name]
    assert command.description
    assert command.description.endswith(".")
    for action in command._actions:
        assert action.help or isinstance(action, argparse._SubParsersAction), action


SILENT = ("generate", "serve", "stack")
"""Commands without a result to print."""


@pytest.mark.parametrize("name", [name for name in TRIBUTARY if name and name.split()[0] not in SILENT])
def test_every_command_can_print_for_people_and_for_scripts(name: str) -> None:
    by_flag = {flag: action for action in TRIBUTARY[name]._actions for flag in action.option_strings}
    assert "--format" in by_flag
    # A command below another has the format that was given above it.
    assert by_flag["--format"].default == (argparse.SUPPRESS if " " in name else "text")
    assert set(FORMATS) <= set(by_flag["--format"].choices or ())


def test_replay_says_what_counts_again() -> None:
    from producers.replay import __main__ as replay
    from producers.simulator import command

    for description in (replay.arguments().description, command.arguments("views", "p").description):
        assert "again counts again, except for its orders" in str(description)


def test_help_takes_little_time() -> None:
    def cpu_s() -> float:
        before = os.times()
        subprocess.run([sys.executable, "-m", "tributary", "--help"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert min(cpu_s() for _ in range(3)) < 0.3


def test_the_help_of_the_whole_imports_no_command() -> None:
    script = "import sys; from tributary.cli.main import parser; parser().format_help(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, text=True, capture_output=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {f"tributary.cli.{module}" for module, _ in COMMANDS.values()}
    assert not {name for name in loaded if name.startswith("tributary.registry")}


def test_a_door_shows_its_own_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["lint", "--help"], prog="python -m registry", only=["lint"])
    assert capsys.readouterr().out.startswith("usage: python -m registry lint ")
    with pytest.raises(SystemExit) as ended:
        main(["stack", "up"], prog="python -m registry", only=["lint"])
    assert ended.value.code == 2


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"tributary {__version__}\n"

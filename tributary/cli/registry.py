"""Govern the schemas: lint, check, plan, apply, drift; and serve a registry for this machine."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tributary import extras
from tributary.cli import evolve
from tributary.printable import log_to_stderr, paragraphs
from tributary.registry.server.http import command as serve
from tributary.settings import SettingsError
from tributary.signals import forget_output

FINDINGS, USAGE = 1, 2
EXIT_CODES = "exit codes: 0 fine, 1 findings or a failure, 2 wrong usage, 3 drift"
FORMATS = ("text", "json", "markdown")

Run = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    log_to_stderr()
    args = parser().parse_args(arguments)  # outside: a failing `except` clause below imports all there is
    try:
        with extras.named():
            code = int(args.run(args))
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        forget_output()
        return FINDINGS
    except (SettingsError, extras.MissingExtra) as error:
        return _fail(error, USAGE)
    except KeyboardInterrupt:
        return _fail("interrupted; nothing was written", FINDINGS)
    except _usage_errors() as error:
        return _fail(error, USAGE)
    except _failures() as error:
        return _fail(error, FINDINGS)


def _usage_errors() -> tuple[type[Exception], ...]:
    """What a wrong argument raises; imported only once something was raised."""
    from tributary.registry.check.baseline import BaselineError
    from tributary.registry.check.history import NoSuchVersion
    from tributary.registry.lint.engine import UnknownRule
    from tributary.registry.records.fixtures import FixtureError
    from tributary.registry.transfer.archive import ArchiveError

    return (ArchiveError, BaselineError, FixtureError, NoSuchVersion, UnknownRule)


def _failures() -> tuple[type[Exception], ...]:
    """What a command may raise; imported only once something was raised."""
    from tributary.avro.codegen import GenerateError
    from tributary.avro.parse import SchemaError
    from tributary.catalog import CatalogError
    from tributary.registry.apply.topics import KafkaUnavailable
    from tributary.registry.client import (
        NotRegistered,
        RegistryError,
        RegistryUnavailable,
        SchemaConflict,
        SchemaUnusable,
    )
    from tributary.registry.lint.exemptions import ExemptionError
    from tributary.registry.lock import LockError

    asking = (KafkaUnavailable, NotRegistered, RegistryError, RegistryUnavailable, SchemaConflict, SchemaUnusable)
    return (*asking, CatalogError, ExemptionError, GenerateError, LockError, SchemaError)


def _fail(error: object, code: int) -> int:
    print(paragraphs(f"error: {error}"), file=sys.stderr)
    return code


def _command(name: str, module: str = "tributary.cli.commands") -> Run:
    """A command of a module that is imported when it runs: `--help` needs none of it."""
    return lambda args: int(getattr(importlib.import_module(module), name)(args))


def parser() -> argparse.ArgumentParser:
    """The command line; nothing heavy is imported, and no setting is read."""
    whole = argparse.ArgumentParser(prog="python -m registry", description=__doc__, epilog=EXIT_CODES)
    commands = whole.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, text: str, run: Run | None = None, formats: Sequence[str] = FORMATS) -> argparse.ArgumentParser:
        description = text[0].upper() + text[1:] + "."
        command = commands.add_parser(name, help=text, description=description, epilog=EXIT_CODES)
        command.set_defaults(run=run or _command(name))
        if run is None:
            command.add_argument(
                "--format", choices=formats, default=formats[0], help="how to print it (default: %(default)s)"
            )
        return command

    serve.add_arguments(add("serve", "serve a schema registry for this machine", serve.run))
    evolve.add_arguments(add("evolve", "write the next compatible version of a contract", evolve.run), FORMATS)
    lint = add("lint", "check the contracts by themselves")
    lint.add_argument("--explain", metavar="RULE", help="say why a rule exists; all for every rule")
    check = add(
        "check",
        "check the contracts against what is registered: who would break, in which order to deploy, and a fix",
        formats=(*FORMATS, "sarif", "junit"),
    )
    _add_against(check)
    plan = add("plan", "show what apply would do to the topics and the registry")
    apply = add("apply", "check everything; if all passes, create and update topics, levels and schemas, and the lock")
    for command in (plan, apply):
        command.add_argument(
            "--lock-down", action="store_true", help="make every subject READONLY afterwards; apply opens it by itself"
        )
    for command in (check, plan, apply):
        command.add_argument(
            "--allow-unknown",
            action="store_true",
            help="go on when the registry has versions, levels or modes that the lock does not know"
            + ("; check then does not ask it" if command is check else ""),
        )
    add("pull", "take what the registry has and the lock does not know into the lock; contracts stay as they are")
    drift = add("drift", "compare the registry, the lock and the working copy; exit 3 if they differ")
    drift.add_argument(
        "--shared", action="store_true", help="the registry has other teams' subjects too: do not report those"
    )
    history = add("history", "show a subject's versions and what each changed")
    diff = add("diff", "show what changed between two versions, in words and as a unified diff")
    census = add("census", "count a topic's records by schema version, and say which versions can be deleted")
    census.description = (
        "Read a topic from its beginning to where it ends now, and count its records by the version that wrote them, "
        "with the oldest and the newest of each. A version can be deleted from the registry when no record and no dead "
        "letter has its id, and it is neither the latest nor the contract. Only the prefix of each value is read; no "
        "offset is committed. Exits with 1 if there are records without a version of the subject: other subjects', "
        "deleted versions', or none in Confluent's wire format."
    )
    for command in (history, diff, census):
        command.add_argument("subject", metavar="SUBJECT", help="a subject, or its topic's name in the catalogue")
    for command in (history, diff):
        _add_against(command)
    prove = add("prove", "decode real records of every version with the contracts as they are in the working copy")
    prove.add_argument(
        "topics", metavar="TOPIC", nargs="*", help="a subject, or its topic's name in the catalogue (default: all)"
    )
    prove.add_argument(
        "--last",
        type=_positive,
        default=1000,
        metavar="N",
        help="take the newest N records of each version; the topic is read once as a whole (default: %(default)s)",
    )
    prove.add_argument(
        "--fixtures",
        metavar="DIR",
        help="take files of one message's value each, in DIR/TOPIC/…, instead of Kafka; needs only the lock",
    )
    docs = add("docs", "print the event catalogue, or write it as Markdown and as a page")
    docs.description = (
        "The event catalogue: each event with its fields, owner, topic, key, personal data, versions and the changes "
        "between them, from the contracts and the lock. Needs neither Kafka nor a registry."
    )
    docs.add_argument(
        "--output", type=Path, metavar="DIR", help="write events.md and events.html there, and print which changed"
    )
    export = add("export", "write all that the registry at SCHEMA_REGISTRY_URL has into one JSON document")
    export.add_argument("--output", type=Path, metavar="FILE", help="the document's file (default: stdout)")
    export.set_defaults(run=_command("export", "tributary.cli.transfer"))
    import_ = add("import", "bring an exported document into the registry at SCHEMA_REGISTRY_URL, ids and all")
    import_.description = (
        "Bring an exported document into the registry at SCHEMA_REGISTRY_URL: versions under their numbers and ids, "
        "soft-deleted ones too, configurations and modes. What the registry has already is left; if it has something "
        "else in a place that the document fills, nothing is written. Import again to carry on after a failure."
    )
    import_.add_argument("file", type=Path, metavar="FILE", help="a document that export wrote")
    import_.add_argument("--dry-run", action="store_true", help="say what would be done, and write nothing")
    import_.set_defaults(run=_command("import_archive", "tributary.cli.transfer"))
    for name, metavar in (("before", "V1"), ("after", "V2")):
        diff.add_argument(name, metavar=metavar, help="a version: 2, v2, latest, or working (the contract as it is)")
    return whole


def _add_against(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--against",
        default="lock",
        metavar="WHAT",
        help="lock (needs no registry), registry, or git:REF, for example git:origin/main (default: %(default)s)",
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())

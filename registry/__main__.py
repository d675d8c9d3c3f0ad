"""`python -m registry`: govern the schemas, and serve a local registry."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence

from registry.embedded import command as serve

EXIT_FINDINGS, EXIT_USAGE = 1, 2

EXIT_CODES = "exit codes: 0 fine, 1 findings or a failure, 2 wrong usage, 3 drift"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    from settings import SettingsError

    try:
        args = _parser().parse_args(arguments)
        return int(args.run(args))
    except SettingsError as error:
        return _fail(error, EXIT_USAGE)
    except KeyboardInterrupt:
        return _fail("interrupted; nothing was written", EXIT_FINDINGS)
    except _expected_errors() as error:
        return _fail(error, EXIT_FINDINGS)


def _expected_errors() -> tuple[type[Exception], ...]:
    """What a command may raise; imported only once something was raised."""
    from registry.client import NotRegistered, RegistryError, RegistryUnavailable
    from registry.exemptions import ExemptionError
    from registry.lint import UnknownRule
    from registry.lock import LockError
    from registry.topics import KafkaUnavailable
    from schemas.catalog import CatalogError

    return (
        CatalogError,
        ExemptionError,
        KafkaUnavailable,
        UnknownRule,
        LockError,
        NotRegistered,
        RegistryError,
        RegistryUnavailable,
    )


def _fail(error: object, code: int) -> int:
    print(f"error: {error}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m registry", description=__doc__, epilog=EXIT_CODES)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", epilog=EXIT_CODES)
        command.set_defaults(run=run)
        return command

    serve.add_arguments(add("serve", serve.run, "serve a local schema registry"))
    lint = add("lint", _lint, "check the contracts by themselves")
    lint.add_argument("--explain", metavar="RULE", help="say why a rule exists, and stop; 'all' for every rule")
    check = add("check", _check, "check the contracts against what is registered: who would break, and how to fix it")
    check.add_argument(
        "--against",
        default="lock",
        metavar="WHAT",
        help="what to compare with: lock (offline) or registry (default: %(default)s)",
    )
    add("plan", _plan, "show what apply would do to the topics and the registry")
    add("apply", _apply, "check everything, then create and update topics, levels and schemas, and write the lock")
    return parser


def _lint(args: argparse.Namespace) -> int:
    import settings
    from registry import report
    from registry.lint import explain, lint, registered
    from schemas import catalog

    if args.explain:
        names = ["parses", *registered()] if args.explain == "all" else [args.explain]
        print("\n\n".join(f"{name}\n\n{explain(name)}" for name in names))
        return 0
    contracts = catalog.load(settings.load())
    found = lint(contracts)
    if found:
        print(report.findings(found))
    print(f"{len(contracts.topics)} contracts, {len(found)} finding{'' if len(found) == 1 else 's'}")
    return EXIT_FINDINGS if found else 0


def _check(args: argparse.Namespace) -> int:
    import settings
    from registry import report
    from registry.baseline import BaselineError, baseline
    from registry.check import check_all
    from schemas import catalog

    loaded = settings.load()
    topics = catalog.load(loaded).topics
    try:
        versions = baseline(args.against, loaded, topics)
    except BaselineError as error:
        return _fail(error, EXIT_USAGE)
    checked = check_all(topics, versions)
    print(report.checks(checked))
    return 0 if all(check.passed for check in checked) else EXIT_FINDINGS


def _plan(_: argparse.Namespace) -> int:
    import settings
    from registry import plan, report

    made = plan.make(settings.load())
    print(report.plan(made))
    return 0 if made.ok else EXIT_FINDINGS


def _apply(_: argparse.Namespace) -> int:
    import settings
    from registry import plan, report

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        result = plan.apply(settings.load(), on_done=lambda done: print(report.done(done), flush=True))
    except plan.ChecksFailed as failure:
        print(report.plan(failure.plan))
        return EXIT_FINDINGS
    except plan.ApplyFailed as failure:
        print(report.failed(failure), file=sys.stderr)
        return EXIT_FINDINGS
    print(report.applied(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What the commands do: load, ask, print in the format asked for, and return the exit code."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tributary import catalog, settings
from tributary.destination import announce, broker, file, registry
from tributary.printable import paragraphs, printable
from tributary.registry.render import documents, markdown, text

FINDINGS, USAGE, DRIFT = 1, 2, 3


def show(args: argparse.Namespace, **renderings: Callable[[], str | dict[str, Any]]) -> None:
    content = renderings[args.format]()
    print(paragraphs(content if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False)))


def lint(args: argparse.Namespace) -> int:
    """Run the rules, or explain one."""
    from tributary.registry.lint.engine import explain, known_rules, lint

    if args.explain:
        names = known_rules() if args.explain == "all" else [args.explain]
        reasons = {name: explain(name) for name in names}
        show(
            args,
            text=lambda: "\n\n".join(f"{name}\n\n{reason}" for name, reason in reasons.items()),
            json=lambda: {"rules": reasons},
            markdown=lambda: markdown.rules(reasons),
        )
        return 0
    contracts = catalog.load(settings.load())
    found, count = lint(contracts), len(contracts.topics)
    show(
        args,
        text=lambda: text.lint(count, found),
        json=lambda: documents.lint(count, found),
        markdown=lambda: markdown.lint(count, found),
    )
    return FINDINGS if found else 0


def check(args: argparse.Namespace) -> int:
    """Check the working copy against a baseline."""
    from tributary.registry.apply.unknown import ask
    from tributary.registry.check.baseline import baseline
    from tributary.registry.check.verdict import check_all
    from tributary.registry.render import ci, unknowns
    from tributary.registry.render.problems import of_check, of_unknown

    loaded = settings.load()
    topics = catalog.load(loaded).topics
    checked = check_all(topics, baseline(args.against, loaded, topics))
    valid = [one.topic for one in checked if not one.invalid]
    asked = None if args.allow_unknown or args.against.startswith("git:") else ask(loaded, valid)
    unknown = asked.unknown if asked else ()
    show(
        args,
        text=lambda: "\n".join([text.checks(checked), *([unknowns.text(unknown)] if unknown else [])]),
        json=lambda: documents.checks(checked, asked),
        markdown=lambda: "\n\n".join([markdown.checks(checked), *([unknowns.markdown(unknown)] if unknown else [])]),
        sarif=lambda: ci.sarif(
            [*(problem for one in checked for problem in of_check(one)), *of_unknown(topics, unknown)]
        ),
        junit=lambda: ci.junit(checked, of_unknown(topics, unknown)),
    )
    print(printable(unknowns.asked(asked)) if asked else "the registry was not asked", file=sys.stderr)
    return 0 if all(one.passed for one in checked) and not unknown else FINDINGS


def plan(args: argparse.Namespace) -> int:
    """Show what apply would do."""
    from tributary.registry import lock
    from tributary.registry.apply import plan

    loaded = settings.load()
    announce(broker(loaded), registry(loaded), file("lock", lock.path_for(loaded)))
    made = plan.make(loaded, lock_down=args.lock_down, allow_unknown=args.allow_unknown)
    show(args, text=lambda: text.plan(made), json=lambda: documents.plan(made), markdown=lambda: markdown.plan(made))
    return 0 if made.ok else FINDINGS


def apply(args: argparse.Namespace) -> int:
    """Check everything, then write."""
    from tributary.registry import lock
    from tributary.registry.apply import plan

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    loaded = settings.load()
    announce(broker(loaded), registry(loaded), file("lock", lock.path_for(loaded)))
    as_text = args.format == "text"
    try:
        result = plan.apply(
            loaded,
            lock_down=args.lock_down,
            allow_unknown=args.allow_unknown,
            on_done=lambda done: print(text.done(done), flush=True) if as_text else None,
        )
    except plan.ChecksFailed as failure:
        made = failure.plan
        show(
            args,
            text=lambda: text.plan(made),
            json=lambda: documents.plan(made),
            markdown=lambda: markdown.plan(made),
        )
        return FINDINGS
    except plan.ApplyFailed as failure:
        stopped = failure
        if as_text:
            print(text.failed(stopped), file=sys.stderr)
        else:
            show(args, json=lambda: documents.failed(stopped), markdown=lambda: markdown.failed(stopped))
        return FINDINGS
    show(
        args,
        text=lambda: text.applied(result),
        json=lambda: documents.applied(result),
        markdown=lambda: markdown.applied(result),
    )
    return 0


def pull(args: argparse.Namespace) -> int:
    """Take what the registry has into the lock."""
    from tributary.registry import lock
    from tributary.registry.apply.pull import pull
    from tributary.registry.render import pulls

    loaded = settings.load()
    announce(registry(loaded), file("lock", lock.path_for(loaded)))
    result = pull(loaded, catalog.load(loaded))
    show(
        args,
        text=lambda: pulls.text(result),
        json=lambda: pulls.document(result),
        markdown=lambda: pulls.markdown(result),
    )
    return 0


def drift(args: argparse.Namespace) -> int:
    """Compare registry, lock and working copy."""
    from tributary.registry import lock
    from tributary.registry.apply import drift
    from tributary.registry.apply.subjects import snapshot
    from tributary.registry.client import RegistryClient

    loaded = settings.load()
    registry = RegistryClient.from_settings(loaded)
    known = lock.load(lock.path_for(loaded)) or lock.Lock(lock.registry_name(loaded.registry_url))
    topics = catalog.load(loaded).topics
    names = registry.subjects()
    if args.shared:
        names = [name for name in names if name in known.subjects or name in {topic.subject for topic in topics}]
    found = drift.drift(
        topics,
        known,
        {name: snapshot(registry, name) for name in names},
        registry=lock.registry_name(loaded.registry_url),
    )
    show(
        args,
        text=lambda: text.drift(found),
        json=lambda: documents.drift(found),
        markdown=lambda: markdown.drift(found),
    )
    return DRIFT if found else 0


def history(args: argparse.Namespace) -> int:
    """Print a subject's versions and their changes."""
    from tributary.registry.check import history
    from tributary.registry.check.baseline import baseline

    loaded = settings.load()
    topic = history.find_topic(args.subject, catalog.load(loaded).topics)
    entries = history.history(baseline(args.against, loaded, [topic])[topic.subject])
    show(
        args,
        text=lambda: text.history(topic.subject, entries),
        json=lambda: documents.history(topic.subject, entries),
        markdown=lambda: markdown.history(topic.subject, entries),
    )
    return 0


def diff(args: argparse.Namespace) -> int:
    """Print what differs between two versions."""
    from tributary.registry.check import history
    from tributary.registry.check.baseline import baseline

    loaded = settings.load()
    topic = history.find_topic(args.subject, catalog.load(loaded).topics)
    versions = baseline(args.against, loaded, [topic])[topic.subject]
    found = history.diff(*(history.find_version(name, topic, versions) for name in (args.before, args.after)))
    show(args, text=lambda: text.diff(found), json=lambda: documents.diff(found), markdown=lambda: markdown.diff(found))
    return 0


def census(args: argparse.Namespace) -> int:
    """Count a topic's records by version."""
    from tributary.registry.check import history
    from tributary.registry.client import RegistryClient
    from tributary.registry.records import census
    from tributary.registry.records import scan as counting

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    loaded = settings.load()
    topics = catalog.load(loaded)
    topic = history.find_topic(args.subject, topics.topics)

    def count(name: str) -> census.Counted:
        def tell(read: int, total: int) -> None:
            print(f"{name}: read {read:,} of {total:,} offsets", file=sys.stderr, flush=True)

        return counting.count(loaded, name, tell)

    counted, letters = count(topic.name), count(topics.dead_letters.name)
    # After the records: a version registered while they were read is then known.
    found = census.census(topic, RegistryClient.from_settings(loaded).versions(topic.subject), counted, letters)
    show(
        args,
        text=lambda: text.census(found),
        json=lambda: documents.census(found),
        markdown=lambda: markdown.census(found),
    )
    return 0 if found.ok else FINDINGS


def docs(args: argparse.Namespace) -> int:
    """Print the event catalogue, or write it."""
    from tributary.registry import lock
    from tributary.registry.catalogue import model as handbook
    from tributary.registry.catalogue import page as catalogue
    from tributary.registry.catalogue import text as reports

    loaded = settings.load()
    known = lock.load(loaded.lock_path) or lock.Lock(lock.registry_name(loaded.registry_url))
    if args.output:
        announce(file("catalogue", args.output), file("lock", loaded.lock_path))
    book = handbook.build(catalog.load(loaded), known)
    if args.output is None:
        show(
            args,
            text=lambda: reports.text(book),
            json=lambda: reports.document(book),
            markdown=lambda: reports.markdown(book).rstrip(),
        )
        return 0
    try:
        files = {
            path: lock.rewrite(path, content)
            for path, content in (
                (args.output / "events.md", reports.markdown(book)),
                (args.output / "events.html", catalogue.page(book)),
            )
        }
    except OSError as error:
        print(printable(f"error: the catalogue cannot be written: {error}"), file=sys.stderr)
        return FINDINGS
    show(
        args,
        text=lambda: reports.written(files),
        json=lambda: {"files": [{"path": text.shown(path), "written": new} for path, new in files.items()]},
        markdown=lambda: "\n".join(f"- {line}" for line in reports.written(files).splitlines()),
    )
    return 0


def prove(args: argparse.Namespace) -> int:
    """Decode real records with the contracts of the working copy."""
    from tributary.registry.check import history
    from tributary.registry.records import sources as proving
    from tributary.registry.render import verification as proofs
    from tributary.signals import stop_signal

    def tell(topic: str, read: int, total: int) -> None:
        print(f"{topic}: read {read:,} of {total:,} offsets", file=sys.stderr, flush=True)

    loaded = settings.load()
    contracts = catalog.load(loaded)
    topics = [history.find_topic(name, contracts.topics) for name in args.topics] or list(contracts.topics)
    with stop_signal() as stop:
        found = (
            proving.from_files(Path(args.fixtures), loaded, contracts, topics)
            if args.fixtures
            else proving.from_kafka(loaded, contracts, topics, args.last, tell, stop)
        )
        proven = list(found)
        left = topics[len(proven) :] if stop.is_set() and not args.fixtures else []
    show(
        args,
        text=lambda: proofs.text(proven, left),
        json=lambda: proofs.document(proven, left),
        markdown=lambda: proofs.markdown(proven, left),
    )
    return 0 if not left and all(proof.ok for proof in proven) else FINDINGS

"""Report which servers run, where, and what they hold, for every kind of stack."""

from __future__ import annotations

from collections.abc import Sequence

from tributary.printable import printable
from tributary.settings import Settings
from tributary.stack import data, probe


def report(settings: Settings) -> int:
    """Print the report. Returns 0 if both servers answer, else 1."""
    topics = probe.topics(settings)
    subjects = probe.subjects(settings)
    kafka, registry = _processes(settings)
    print(f"STACK={settings.stack}")
    print(f"Kafka     {settings.bootstrap_servers:28}  {printable(_state(topics, 'topic', kafka))}")
    print(f"registry  {settings.registry_url:28}  {printable(_state(subjects, 'subject', registry))}")
    for path in (*data.services(settings), settings.store_path, settings.jars_dir):
        if path.exists():
            print(f"on disk   {data.human(data.size(path)):>9}  {printable(path)}")
    if isinstance(topics, list) and topics:
        width = max(len(topic.name) for topic in topics)
        print(f"\n{'topic':{width}}  partitions    messages")
        for topic in topics:
            print(f"{topic.name:{width}}  {topic.partitions:10}  {topic.messages:10,}")
    return 1 if isinstance(topics, str) or isinstance(subjects, str) else 0


def _state(answer: Sequence[object], what: str, process: str) -> str:
    if isinstance(answer, str):
        return f"{process}does not answer: {answer}"
    return f"{process}answers, {len(answer)} {what}{'' if len(answer) == 1 else 's'}"


def _processes(settings: Settings) -> tuple[str, str]:
    """Descriptions of Kafka's and the registry's process; empty unless STACK=local, where this machine runs them."""
    if settings.stack != "local":
        return "", ""
    from tributary.stack.local import LocalStack

    local = LocalStack(settings)
    pids = (local.broker.pid, local.registry.pid)
    kafka, registry = (f"pid {pid}, " if pid else "not started by tributary stack up, " for pid in pids)
    return kafka, registry

"""What runs, where, and what it holds, whichever kind of stack."""

from __future__ import annotations

from collections.abc import Sequence

from settings import Settings
from stack import data, probe


def report(settings: Settings) -> int:
    """Print it. Returns 0 if both servers answer, else 1."""
    topics = probe.topics(settings)
    subjects = probe.subjects(settings)
    kafka_pid, registry_pid = _pids(settings)
    print(f"STACK={settings.stack}")
    print(f"Kafka     {settings.bootstrap_servers:28}  {_state(topics, 'topic', kafka_pid)}")
    print(f"registry  {settings.registry_url:28}  {_state(subjects, 'subject', registry_pid)}")
    for path in (*data.services(settings), settings.store_path, settings.jars_dir):
        if path.exists():
            print(f"on disk   {data.human(data.size(path)):>9}  {path}")
    if isinstance(topics, list) and topics:
        width = max(len(topic.name) for topic in topics)
        print(f"\n{'topic':{width}}  partitions    messages")
        for topic in topics:
            print(f"{topic.name:{width}}  {topic.partitions:10}  {topic.messages:10,}")
    return 1 if isinstance(topics, str) or isinstance(subjects, str) else 0


def _state(answer: Sequence[object], what: str, pid: int | None) -> str:
    process = f" (pid {pid})" if pid else ""
    if isinstance(answer, str):
        return f"does not answer{process}: {answer}"
    return f"runs{process}, {len(answer)} {what}{'' if len(answer) == 1 else 's'}"


def _pids(settings: Settings) -> tuple[int | None, int | None]:
    if settings.stack != "local":
        return None, None
    from stack.local import LocalStack

    local = LocalStack(settings)
    return local.broker.pid, local.registry.pid

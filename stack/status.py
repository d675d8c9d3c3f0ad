"""What runs, where, and what it holds, whichever kind of stack."""

from __future__ import annotations

from collections.abc import Sequence

from settings import Settings
from stack import data, probe


def report(settings: Settings) -> int:
    """Print it. Returns 0 if both servers answer, else 1."""
    topics = probe.topics(settings)
    subjects = probe.subjects(settings)
    pids = _pids(settings)
    print(f"STACK={settings.stack}")
    print(_line("Kafka", settings.bootstrap_servers, topics, pids.get("kafka"), "topic"))
    print(_line("registry", settings.registry_url, subjects, pids.get("registry"), "subject"))
    for path in (*data.services(settings), settings.store_path, settings.jars_dir):
        if path.exists():
            print(f"{'on disk':10} {data.size(path) / 1e6:7.1f} MB  {path}")
    if isinstance(topics, list) and topics:
        width = max(len(topic.name) for topic in topics)
        print(f"\n{'topic':{width}}  partitions    messages")
        for topic in topics:
            print(f"{topic.name:{width}}  {topic.partitions:10}  {topic.messages:10,}")
    return 1 if isinstance(topics, str) or isinstance(subjects, str) else 0


def _line(name: str, address: str, answer: Sequence[object], pid: int | None, what: str) -> str:
    where = f", pid {pid}" if pid else ""
    if isinstance(answer, str):
        return f"{name:10} {address}  does not answer{where}: {answer}"
    return f"{name:10} {address}  runs{where}, {len(answer)} {what}{'' if len(answer) == 1 else 's'}"


def _pids(settings: Settings) -> dict[str, int | None]:
    if settings.stack != "local":
        return {}
    from stack.local import LocalStack

    local = LocalStack(settings)
    return {"kafka": local.broker.pid, "registry": local.registry.pid}

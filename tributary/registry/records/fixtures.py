"""Records kept as files: each file is the value of one message, as it is in Kafka (prefix and Avro body)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tributary.avro import wire
from tributary.catalog import Topic
from tributary.destination import shown
from tributary.errors import UsageError
from tributary.registry.records.verify import RecordSet, SampleRecord, Unframed


class FixtureError(UsageError):
    """The directory cannot be used; the message says what was expected of it."""


def load(directory: Path, topics: Sequence[Topic]) -> list[RecordSet]:
    """The records of each topic: the files under the folder of its name in the catalogue, `DIR/product-events/…`.

    Files and folders whose name begins with a dot do not count. Raises FixtureError if no topic has a file.
    """
    if not directory.is_dir():
        raise FixtureError(f"--fixtures {directory}: no such directory")
    samples = [_sample(directory, _files(directory / topic.contract)) for topic in topics]
    if not any(sample.records or sample.unframed for sample in samples):
        names = ", ".join(topic.contract for topic in topics)
        raise FixtureError(
            f"--fixtures {directory}: no records; expected files in a folder named after their topic ({names})"
        )
    return samples


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            yield path


def _sample(directory: Path, paths: Iterable[Path]) -> RecordSet:
    records: dict[int, list[SampleRecord]] = {}
    unframed: Counter[str] = Counter()
    places: dict[str, str] = {}
    for path in paths:
        try:
            schema_id, body = wire.split(_read(path))
        except wire.WireError as error:
            unframed[str(error)] += 1
            places[str(error)] = shown(path)
        else:
            records.setdefault(schema_id, []).append(SampleRecord(shown(path), body))
    return RecordSet(
        f"the records in {shown(directory)}",
        records,
        tuple(Unframed(seen, number, places[seen]) for seen, number in sorted(unframed.items())),
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FixtureError(f"{path}: {error}") from error

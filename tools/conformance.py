"""Compare the local registry and the compatibility engine with Confluent Schema Registry 8.3.1: `make conformance`.

`tests/data/registry_transcript.jsonl` has the answers of Confluent's server to a script of 664 requests on an empty
server, and `tests/data/registry_pairs.jsonl` its verdicts on 800 pairs of schemas at three levels. Ids are compared by
the order of their first appearance, messages by their presence, and messages of the compatibility check by their error
types.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import attrs

from tests.support.paths import ROOT
from tributary.avro.parser import parse
from tributary.avro.schema import SchemaError
from tributary.registry import compatibility
from tributary.registry.testing import serve

DATA = ROOT / "tests" / "data"
MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
LEVELS = ("BACKWARD", "FORWARD", "FULL")

DIFFERENCES = {
    "GET /schemas/types": "only AVRO is listed: JSON Schema and Protobuf are not served here",
    "PUT /mode/m1-value": "a body without a mode is refused with 42204, not answered with a server error",
}
"""The requests that are answered differently on purpose, with the reason."""


Requests = Callable[[str, str, object], tuple[int, Any]]
"""From method, path and body of a request to its status and decoded answer."""


class Client:
    """One connection to a registry."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname or "", parts.port, timeout=60)
        self._prefix = parts.path.rstrip("/")

    def __call__(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """The status and the decoded answer of a request."""
        sent = None if body is None else json.dumps(body)
        self._connection.request(method, self._prefix + path, sent, {"Content-Type": MEDIA_TYPE})
        response = self._connection.getresponse()
        return response.status, json.loads(response.read() or b"null")


@attrs.frozen
class Step:
    """One request of the script: Confluent's answer and this server's."""

    group: str
    request: str
    wanted: tuple[int, Any]
    got: tuple[int, Any]

    @property
    def same(self) -> bool:
        """Whether status and answer are equal."""
        return self.wanted == self.got

    @property
    def same_code(self) -> bool:
        """Whether the status and, for an error, the error code are equal."""
        return (self.wanted[0], _code(self.wanted[1])) == (self.got[0], _code(self.got[1]))


def replay(url: str) -> Iterator[Step]:
    """Send the script to a registry, which must be empty."""
    client = Client(url)
    ids: dict[int, str] = {}
    for line in (DATA / "registry_transcript.jsonl").read_text().splitlines():
        step = json.loads(line)
        method, _, path = step["request"].partition(" ")
        status, answer = client(method, path, step["body"])
        yield Step(step["group"], step["request"], (step["status"], step["answer"]), (status, comparable(answer, ids)))


def comparable(answer: Any, ids: dict[int, str]) -> Any:
    """An answer without what always differs; `ids` records the order in which ids appear."""
    if isinstance(answer, list):
        return [comparable(item, ids) for item in answer]
    if not isinstance(answer, dict):
        return answer
    shown: dict[str, Any] = {}
    for key, value in answer.items():
        if key in ("guid", "ts", "schemaId"):
            continue
        if key == "message":
            shown[key] = bool(value)
        elif key == "messages":
            shown[key] = error_types(value)
        elif key == "id" and isinstance(value, int):
            shown[key] = ids.setdefault(value, f"#{len(ids) + 1}")
        elif key == "schema" and isinstance(value, str):
            shown[key] = json.loads(value)
        else:
            shown[key] = comparable(value, ids)
    return shown


def error_types(messages: Sequence[str]) -> list[str]:
    """The distinct error types in compatibility messages."""
    return sorted({message.split("errorType:'")[1].split("'")[0] for message in messages if "errorType:'" in message})


def pairs() -> list[dict[str, Any]]:
    """The recorded pairs: `old`, `new`, and `verdicts` per level."""
    return [json.loads(line) for line in (DATA / "registry_pairs.jsonl").read_text().splitlines()]


def engine_verdict(pair: dict[str, Any], level: str) -> dict[str, Any]:
    """The engine's verdict on a pair, in the recording's form."""
    try:
        old, new = (parse(json.dumps(pair[side])) for side in ("old", "new"))
    except SchemaError:
        return {"compatible": False}
    found = compatibility.check(level, new, [old])
    return _verdict(not found, sorted({reason.rule for _, _, reasons in found for reason in reasons}))


def server_verdicts(client: Requests, subject: str, pair: dict[str, Any]) -> dict[str, Any]:
    """A registry's verdicts on a pair at each level, in the recording's form; the subject must be new."""
    status, answer = client("POST", f"/subjects/{subject}/versions", {"schema": json.dumps(pair["old"])})
    assert status == 200, answer
    verdicts = {}
    for level in LEVELS:
        client("PUT", f"/config/{subject}", {"compatibility": level})
        path = f"/compatibility/subjects/{subject}/versions/latest?verbose=true"
        _, answer = client("POST", path, {"schema": json.dumps(pair["new"])})
        verdicts[level] = _verdict(answer["is_compatible"], error_types(answer["messages"]))
    return verdicts


def _verdict(compatible: bool, errors: list[str]) -> dict[str, Any]:
    return {"compatible": compatible} | ({"errors": errors} if errors else {})


def _code(answer: Any) -> Any:
    return answer.get("error_code") if isinstance(answer, dict) else None


def _report_script(url: str) -> bool:
    steps = list(replay(url))
    groups: dict[str, list[Step]] = {}
    for step in steps:
        groups.setdefault(step.group, []).append(step)
    for name, group in [*groups.items(), ("all requests", steps)]:
        whole, codes = sum(step.same for step in group), sum(step.same_code for step in group)
        print(f"  {name:<14} whole answer {whole:>3} of {len(group):>3}, status and error code {codes:>3}")
    for step in steps:
        if not step.same:
            print(f"  differs: {step.request}: {DIFFERENCES.get(step.request, 'NOT DELIBERATE')}")
    return all(step.same or step.request in DIFFERENCES for step in steps)


def _report_pairs(url: str) -> bool:
    recorded = pairs()
    wanted = [(number, level) for number in range(len(recorded)) for level in LEVELS]
    client = Client(url)
    served = [server_verdicts(client, f"pair-{number}", pair) for number, pair in enumerate(recorded)]
    by_engine = sum(engine_verdict(recorded[n], level) == recorded[n]["verdicts"][level] for n, level in wanted)
    by_server = sum(served[n][level] == recorded[n]["verdicts"][level] for n, level in wanted)
    print(f"  the engine     verdict and error types {by_engine} of {len(wanted)}")
    print(f"  over HTTP      verdict and error types {by_server} of {len(wanted)}")
    return bool(by_engine == len(wanted) == by_server)


def _require_empty(url: str) -> None:
    try:
        status, subjects = Client(url)("GET", "/subjects?deleted=true")
    except (OSError, ValueError, http.client.HTTPException) as error:
        sys.exit(f"error: {url} does not answer as a registry: {error}")
    if (status, subjects) != (200, []):
        sys.exit(f"error: {url} is not an empty registry: /subjects answers {str(subjects)[:80]} (status {status})")


def main() -> int:
    """Print the figures. Returns 0 if there are only deliberate differences."""
    parser = argparse.ArgumentParser(prog="python -m tools.conformance", description=__doc__)
    parser.add_argument("--url", help="an empty registry to compare instead of the local one")
    given = parser.parse_args().url
    if given:
        _require_empty(given)
    fine = True
    for title, report in (("The recorded script", _report_script), ("The recorded pairs", _report_pairs)):
        print(f"{title}, against Confluent Schema Registry 8.3.1:")
        if given:
            fine &= report(given)
        else:
            with serve() as registry:
                fine &= report(registry.url)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())

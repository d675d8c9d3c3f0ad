"""What a registry's answers hold. What takes it raises LookupError, TypeError or ValueError where it is not there."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import attrs

from tributary.registry import lock
from tributary.registry.client.errors import RegistryError

T = TypeVar("T")


@attrs.frozen
class Registered:
    """Where the registry keeps a schema."""

    id: int
    version: int


@attrs.frozen
class Verdict:
    """The registry's own opinion on a candidate."""

    compatible: bool
    messages: tuple[str, ...]


def field(name: str, kind: type[T]) -> Callable[[Any], T]:
    """Takes a field of that type."""

    def take(answer: Any) -> T:
        value = answer[name]
        if not isinstance(value, kind):
            raise TypeError(name)
        return value

    return take


def list_of(kind: type[T]) -> Callable[[Any], list[T]]:
    """Takes a list of that type."""

    def take(answer: Any) -> list[T]:
        if not (isinstance(answer, list) and all(isinstance(one, kind) for one in answer)):
            raise TypeError
        return answer

    return take


def document(answer: Any) -> dict[str, Any]:
    """Takes an object as it is."""
    if not isinstance(answer, dict):
        raise TypeError
    return answer


def unresolved(answer: Any) -> bool:
    """Whether the answer has an Avro schema that refers to others. Other types have no format `resolved`."""
    return (
        isinstance(answer, dict) and bool(answer.get("references")) and (answer.get("schemaType") or "AVRO") == "AVRO"
    )


def ignored(_: Any) -> None:
    """Takes nothing."""


_ID, _NUMBER, _TEXT = field("id", int), field("version", int), field("schema", str)


def registered(answer: Any) -> Registered:
    """Takes where a schema is."""
    return Registered(_ID(answer), _NUMBER(answer))


def version(answer: Any) -> lock.Version:
    """Takes a version."""
    return lock.Version(_NUMBER(answer), _ID(answer), _TEXT(answer))


def verdict(answer: Any) -> Verdict:
    """Takes a verdict."""
    return Verdict(field("is_compatible", bool)(answer), tuple(answer.get("messages") or ()))


def taken(take: Callable[[Any], T], answer: Any) -> T:
    """What a function of this module takes from an answer. Raises RegistryError if it is not there."""
    try:
        return take(answer)
    except (LookupError, TypeError, ValueError) as error:
        start = json.dumps(answer)[:80]
        raise RegistryError(
            200, 200, f"the answer {start} is not a registry's; is SCHEMA_REGISTRY_URL a schema registry?"
        ) from error

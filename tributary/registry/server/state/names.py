"""Subjects and contexts: `:.context:subject`, parsed as Confluent's `QualifiedSubject` does."""

from __future__ import annotations

from collections.abc import Iterable

DEFAULT_CONTEXT = "."
GLOBAL_CONTEXT = ":.__GLOBAL:"
WILDCARD = ":*:"


def split(subject: str) -> tuple[str, str]:
    """The context (with its leading dot, "*" for all of them) and the subject within it."""
    if subject.startswith(":."):
        context, _, rest = subject[1:].partition(":")
        return context, rest
    if subject.startswith(WILDCARD):
        return "*", subject[len(WILDCARD) :]
    return DEFAULT_CONTEXT, subject


def join(context: str, subject: str) -> str:
    """The subject, qualified with its context unless that is the default."""
    return subject if context == DEFAULT_CONTEXT else f":{context}:{subject}"


def normal(subject: str) -> str:
    """The normal form of a subject: `:.:orders` becomes `orders`."""
    return join(*split(subject))


def context_of(subject: str) -> str:
    """The context a subject is in."""
    return split(subject)[0]


def within(parent: str, subject: str) -> str:
    """A subject named in another's schema or configuration; without a context, it has the parent's."""
    context, rest = split(subject)
    return join(context_of(parent) if context == DEFAULT_CONTEXT else context, rest)


def is_valid(subject: str, *, for_settings: bool = False) -> bool:
    """Whether schemas (or, with `for_settings`, a configuration or a mode) can be stored under this name."""
    if any(ord(char) < 32 or 127 <= ord(char) < 160 for char in subject):
        return False
    context, rest = split(subject)
    if rest in ("__GLOBAL", "__EMPTY"):
        return False
    return for_settings or context != ".__GLOBAL"


def context_prefix(context: str) -> str:
    """The prefix of subjects for a context in a path (`/contexts/staging/subjects`). Raises ValueError if invalid."""
    name = context.removeprefix(":").removesuffix(":")
    if ":" in name:
        raise ValueError("Context name cannot contain a colon")
    name = name if name.startswith(".") else f".{name}"
    return "" if name == DEFAULT_CONTEXT else f":{name}:"


def in_java_order(subjects: Iterable[str]) -> list[str]:
    """Subjects in the iteration order of Java's ConcurrentHashMap, where Confluent keeps them."""
    names = list(subjects)
    size = 16
    while len(names) >= size * 3 // 4:
        size *= 2
    return sorted(names, key=lambda name: _spread_hash(name) & (size - 1))


def _spread_hash(text: str) -> int:
    value = 0
    units = text.encode("utf-16-be", "surrogatepass")
    for index in range(0, len(units), 2):
        value = (31 * value + (units[index] << 8 | units[index + 1])) & 0xFFFFFFFF
    return value ^ (value >> 16)

"""A cache of parsed schemas, bounded by the length of their texts."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Key = tuple[str, tuple[str, ...], bool]
Value = TypeVar("Value")

CHARACTERS = 500_000
"""Characters of schema text. A parsed schema takes about 16 bytes for each."""


class Cache(Generic[Value]):
    """Caches a function's results for texts of at most `CHARACTERS` in total; an entry limit would not bound memory."""

    def __init__(self, make: Callable[[str, tuple[str, ...], bool], Value]) -> None:
        self._make, self._free = make, CHARACTERS
        self._kept: OrderedDict[Key, Value] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, text: str, references: tuple[str, ...], new: bool) -> Value:
        """The function's result for the arguments. Exceptions are not cached."""
        key = (text, references, new)
        with self._lock:
            if (known := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return known
        made = self._make(*key)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._free -= _size(key)
            while self._free < 0:
                self._free += _size(self._kept.popitem(last=False)[0])
        return made


def _size(key: Key) -> int:
    return len(key[0]) + sum(map(len, key[1]))

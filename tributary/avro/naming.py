"""The Python names of a schema's fields, symbols and types.

A name is kept unless Python, attrs, `enum` or the generated module uses it; then it gets the suffix `_` or the prefix
`x_`. Names that look like the result are changed too, so that two names never become one.
"""

from __future__ import annotations

import builtins
import enum
import keyword
import re

_MODULE = {"attrs", "decimal", "enum", "annotations", "Event", *dir(builtins)}
"""Names that the generated module uses itself."""
_CLASS = {"self", "attrs", "SCHEMA", "_setattr", "_cached_setattr_get"}
"""Names that the class of a record and the `__init__` of attrs use themselves."""
_ENUM = {"mro", *(name for cls in enum.StrEnum.__mro__ for name in vars(cls))}
"""The attributes of an enum, and `mro`, which it refuses."""


def attribute(field: str) -> str:
    """The attribute for a field."""
    # Within a class Python changes names that begin with two underscores.
    return _apart(field, "(x_)*__", _CLASS)


def class_(name: str) -> str:
    """The class for a record or an enum; `name` has no namespace."""
    # attrs does not treat an annotation that starts with ClassVar as a field.
    return _apart(name, "(x_)*(__|ClassVar)", _MODULE)


def member(symbol: str) -> str:
    """The member of a StrEnum for a symbol."""
    return _apart(symbol, "(x_)*_", _ENUM)


def _apart(name: str, private: str, taken: set[str]) -> str:
    if re.match(private, name):
        name = f"x_{name}"
    bare = name.rstrip("_")
    return f"{name}_" if keyword.iskeyword(bare) or bare in taken else name

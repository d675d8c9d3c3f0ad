"""HTML built from elements: text is always escaped, so nothing that a schema says can become markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence

from tributary.printable import paragraphs

Content = str | Sequence["Content"]
"""Text, an element, or a sequence of them."""


class Element(str):
    """Markup; the one kind of text that is not escaped."""

    __slots__ = ()


def tag(name: str, *content: Content, **attributes: str) -> Element:
    """An element. An attribute's name loses a final `_`, and its other `_` are `-`: class_, aria_label."""
    pairs = "".join(f' {key.rstrip("_").replace("_", "-")}="{text(value)}"' for key, value in attributes.items())
    return Element(f"<{name}{pairs}>{''.join(_flat(content))}</{name}>")


def text(value: str) -> str:
    """Text as it has to be written, in content and in attributes."""
    return html.escape(paragraphs(value))


def anchor(*names: str) -> str:
    """An id for the part of the page that the names lead to, for example a field of an event."""
    return re.sub(r"[^\w.-]+", "-", ".".join(names), flags=re.ASCII).strip("-")


def _flat(content: Content) -> Iterator[str]:
    if isinstance(content, Element):
        yield content
    elif isinstance(content, str):
        yield text(content)
    else:
        for part in content:
            yield from _flat(part)

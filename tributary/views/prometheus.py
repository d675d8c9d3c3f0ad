"""Metrics in the text format of Prometheus, version 0.0.4.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import attrs

from tributary.printable import printable

MEDIA_TYPE = "text/plain; version=0.0.4"

Labels = tuple[tuple[str, str], ...]
"""Names and values of labels."""

_LIKE_ESCAPE = re.compile(r"\\(?=[rtu])")


@attrs.frozen
class Metric:
    """A metric family. In the output its name begins with `tributary_`."""

    name: str
    kind: str
    """`counter` or `gauge`"""
    help: str
    samples: Mapping[Labels, object]


def by_label(label: str, values: Mapping[str, object]) -> dict[Labels, object]:
    """Samples that differ in one label."""
    return {((label, text),): value for text, value in values.items()}


def text(metrics: Iterable[Metric]) -> str:
    """The metrics as Prometheus reads them."""
    return "".join(f"{line}\n" for metric in metrics for line in _lines(metric))


def _lines(metric: Metric) -> Iterator[str]:
    name = f"tributary_{metric.name}"
    yield f"# HELP {name} {metric.help}"
    yield f"# TYPE {name} {metric.kind}"
    for labels, value in metric.samples.items():
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
        number = int(value) if isinstance(value, bool) else value
        yield f"{name}{{{inside}}} {number}" if inside else f"{name} {number}"


def _escaped(text: str) -> str:
    # A backslash before what would look like an escape becomes one itself: two texts never have the same label.
    distinct = _LIKE_ESCAPE.sub(r"\\u005c", text)
    shown = "\n".join(map(printable, distinct.split("\n")))
    return shown.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

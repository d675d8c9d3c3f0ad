"""The steps of a plan or an import: what is, what should be, and how to get there; and their execution."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from threading import Event
from typing import Literal

import attrs

StepKind = Literal["create", "change", "leave", "explain"]
"""leave: it is as it should be; explain: it is not, and a person has to decide."""


@attrs.frozen
class Step:
    """One line of a plan."""

    kind: StepKind
    target: str
    """What it is about: `topic purchases`, `subject purchases-value`."""
    text: str
    """What will be done, or why nothing is."""
    run: Callable[[], str] | None = None
    """Do it, and say what was done. None where there is nothing to do."""


@attrs.frozen
class Done:
    """A step that was carried out."""

    step: Step
    text: str


class Incomplete(Exception):
    """The steps ended early; a new plan has what is left."""

    def __init__(self, done: Sequence[Done], failed: Step | None, left: Sequence[Step], reason: str) -> None:
        super().__init__(reason)
        self.done, self.failed, self.left, self.reason = tuple(done), failed, tuple(left), reason


def run(
    steps: Iterable[Step],
    failures: tuple[type[Exception], ...],
    on_done: Callable[[Done], None],
    stop: Event | None = None,
) -> list[Done]:
    """Run the steps that have something to do, in order, until `stop` is set.

    Raises Incomplete when it is set, when a step raises one of `failures`, and for KeyboardInterrupt.
    """
    pending = [step for step in steps if step.run is not None]
    done: list[Done] = []

    def incomplete(reason: str) -> Incomplete:
        rest = pending[len(done) :]
        return Incomplete(done, rest[0] if rest else None, rest[1:], reason)

    try:
        for step in pending:
            if stop is not None and stop.is_set():
                raise Incomplete(done, None, pending[len(done) :], "interrupted")
            assert step.run is not None
            done.append(Done(step, step.run()))
            on_done(done[-1])
    except failures as error:
        raise incomplete(str(error)) from error
    except KeyboardInterrupt as error:
        raise incomplete("interrupted; it may have been done") from error
    return done

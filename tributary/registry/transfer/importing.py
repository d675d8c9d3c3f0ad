"""Write an archive to a registry with its numbers and ids. All checks run first; running it again continues."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event

from tributary.registry import steps
from tributary.registry.client import RegistryError, RegistryUnavailable
from tributary.registry.steps import Done, Incomplete, Step
from tributary.registry.transfer.archive import Archive, Scope
from tributary.registry.transfer.client import IMPORT, TransferClient
from tributary.registry.transfer.differing import Difference, Task, target

_WRITABLE = ("READWRITE", IMPORT)
_FAILURES = (RegistryError, RegistryUnavailable)


class Import:
    """The writes that import an archive into a registry."""

    def __init__(self, archive: Archive, difference: Difference, registry: TransferClient) -> None:
        self._archive, self._registry = archive, registry
        self._lifted: str | None = None
        """The scope that is in mode IMPORT for the writes."""
        self._mode_before: str | None = None
        self.steps = tuple(self._step(task) for task in difference.tasks)

    def run(self, stop: Event, on_done: Callable[[Done], None] = lambda _: None) -> list[Done]:
        """Run the steps that write, in order, until `stop` is set.

        Raises Incomplete if a step fails or the import is stopped. In every case the mode of a subject that was put in
        IMPORT is restored, unless the registry no longer answers.
        """
        try:
            done = steps.run(self.steps, _FAILURES, on_done, stop)
        except Incomplete as early:
            raise Incomplete(early.done, early.failed, early.left, self._ended(early.reason)) from early.__cause__
        try:
            self._restore()
        except _FAILURES as error:
            raise Incomplete(done, None, (), self._ended(str(error))) from error
        return done

    def _ended(self, reason: str) -> str:
        """The reason for an early end, after restoring the mode; if that fails, with the mode that is left."""
        scope = self._lifted
        try:
            self._restore()
        except _FAILURES:
            assert scope is not None
            return f"{reason}; {target(scope)} is left in mode {IMPORT}; importing again restores it"
        return reason

    def _step(self, task: Task) -> Step:
        name = target(task.scope)
        match task.kind:
            case "register":
                return Step("create", name, task.text, lambda: self._register(task))
            case "delete":
                return Step("change", name, task.text, lambda: self._delete(task))
            case "configure":
                return Step("change", name, task.text, lambda: self._configure(task))
            case "mode":
                return Step("change", name, task.text, lambda: self._set_mode(task))
            case None:
                return Step("explain", name, task.text)

    def _register(self, task: Task) -> str:
        assert task.version is not None
        self._lift(task.scope, unless=(IMPORT,))
        self._registry.register_as(task.scope, task.version)
        return f"registered v{task.version.version} (id {task.version.id})"

    def _delete(self, task: Task) -> str:
        assert task.version is not None
        self._lift(task.scope, unless=_WRITABLE)
        self._registry.soft_delete(task.scope, task.version.version)
        return f"soft-deleted v{task.version.version}"

    def _configure(self, task: Task) -> str:
        self._lift(task.scope, unless=_WRITABLE)
        self._registry.set_config(task.scope, self._wanted(task.scope).config)
        return task.text

    def _set_mode(self, task: Task) -> str:
        self._restore()
        mode = self._wanted(task.scope).mode
        if mode is None:
            self._registry.clear_mode(task.scope)
        else:
            self._registry.set_mode(task.scope, mode)
        return task.text

    def _wanted(self, scope: str) -> Scope:
        return self._archive.subjects.get(scope) or self._archive.scopes[scope]

    def _lift(self, scope: str, unless: Sequence[str]) -> None:
        """Put a scope in mode IMPORT, unless its mode allows the write; it stays in IMPORT until the next scope."""
        if self._lifted == scope:
            return
        self._restore()
        if self._registry.mode_in_force(scope) in unless:
            return
        self._mode_before = self._registry.mode(scope)
        self._lifted = scope  # before the request, which may take effect even if its answer does not arrive
        self._registry.set_mode(scope, IMPORT)

    def _restore(self) -> None:
        if self._lifted is None:
            return
        if self._mode_before is None:
            self._registry.clear_mode(self._lifted)
        else:
            self._registry.set_mode(self._lifted, self._mode_before)
        self._lifted = None

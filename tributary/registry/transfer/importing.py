"""Write an archive into a registry: under its own numbers and ids, all checks first, and once more to carry on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event

from tributary.registry.apply.steps import Done, Step
from tributary.registry.client import RegistryError, RegistryUnavailable
from tributary.registry.transfer.archive import Archive, Scope
from tributary.registry.transfer.client import IMPORT, TransferClient
from tributary.registry.transfer.differing import Difference, Task, target

_WRITABLE = ("READWRITE", IMPORT)


class ImportStopped(Exception):
    """An import ended before all was done; to import again carries on from there."""

    def __init__(self, done: Sequence[Done], failed: Step | None, left: Sequence[Step], reason: str) -> None:
        super().__init__(reason)
        self.done, self.failed, self.left, self.reason = tuple(done), failed, tuple(left), reason


class Import:
    """The writes that bring an archive into a registry."""

    def __init__(self, archive: Archive, difference: Difference, registry: TransferClient) -> None:
        self._archive, self._registry = archive, registry
        self._lifted: str | None = None
        """The scope that is in mode IMPORT for our writes."""
        self._mode_before: str | None = None
        self.steps = tuple(self._step(task) for task in difference.tasks)

    def run(self, stop: Event, on_done: Callable[[Done], None] = lambda _: None) -> list[Done]:
        """Run the steps that have something to do, in order, until `stop` is set.

        Raises ImportStopped when one fails or when it was stopped. Whatever happens, a subject that was put in mode
        IMPORT gets back the mode that it had, unless the registry is gone.
        """
        pending = [step for step in self.steps if step.run is not None]
        done: list[Done] = []

        def stopped(reason: str) -> ImportStopped:
            rest = pending[len(done) :]
            return ImportStopped(done, rest[0] if rest else None, rest[1:], self._ended(reason))

        try:
            for step in pending:
                if stop.is_set():
                    raise ImportStopped(done, None, pending[len(done) :], self._ended("interrupted"))
                assert step.run is not None
                done.append(Done(step, step.run()))
                on_done(done[-1])
            self._restore()
        except (RegistryError, RegistryUnavailable) as error:
            raise stopped(str(error)) from error
        except KeyboardInterrupt as error:
            raise stopped("interrupted; it may or may not be done") from error
        return done

    def _ended(self, reason: str) -> str:
        """The reason for an early end, after the mode was restored, or with what is left if it could not be."""
        scope = self._lifted
        try:
            self._restore()
        except (RegistryError, RegistryUnavailable):
            assert scope is not None
            return f"{reason}; {target(scope)} is left in mode {IMPORT}, to import again ends that"
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
        """Put a scope in mode IMPORT, unless the mode in force will do; it stays so until the next scope's turn."""
        if self._lifted == scope:
            return
        self._restore()
        if self._registry.mode_in_force(scope) in unless:
            return
        self._mode_before = self._registry.mode(scope)
        self._lifted = scope  # before the request: it may have been obeyed even if its answer does not come
        self._registry.set_mode(scope, IMPORT)

    def _restore(self) -> None:
        if self._lifted is None:
            return
        if self._mode_before is None:
            self._registry.clear_mode(self._lifted)
        else:
            self._registry.set_mode(self._lifted, self._mode_before)
        self._lifted = None

"""Background processes that outlive the command that started them: start, recognise, stop, explain."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import attrs
import psutil

from tributary.stack.errors import StackError

LOG_LINES_SHOWN = 15
_TAIL = 1 << 16
"""Bytes of a log that hold its last lines; after a crash, the whole has a line for each partition."""
_SAY_EVERY_S = 4.0
"""With the seconds that a question to the server takes, no silence is longer than ten."""

_ADVICE = (
    "Start again when that is mended. If the data is damaged, `make clean` deletes it and the next start is fresh."
)


@attrs.frozen
class Daemon:
    """One background process with its pid file and its log in a folder of its own."""

    name: str
    """What to call it in messages."""
    directory: Path

    @property
    def pid_file(self) -> Path:
        return self.directory / "process.json"

    @property
    def log(self) -> Path:
        """Standard output and error of the running process; the run before is kept beside it as `.1`."""
        return self.directory / "process.log"

    @property
    def process(self) -> psutil.Process | None:
        """The process if it runs.

        A pid alone proves nothing: after a crash or a restart of the machine the system may have given it to another
        program. So the command line must be the one that was started. Its first word is left out, because macOS's
        framework Python replaces it.
        """
        try:
            noted = json.loads(self.pid_file.read_text(encoding="utf-8"))
            process = psutil.Process(noted["pid"])
            if process.cmdline()[1:] == noted["command"][1:]:
                return process
        except (FileNotFoundError, ValueError, KeyError, TypeError, psutil.NoSuchProcess, psutil.AccessDenied):
            pass
        return None

    @property
    def pid(self) -> int | None:
        """The pid of the running process, or None."""
        return process.pid if (process := self.process) else None

    def start(self, command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, cwd: Path) -> None:
        """Start the command in the background, in a session of its own: Ctrl-C in the terminal does not reach it."""
        self.directory.mkdir(parents=True, exist_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        words = [str(word) for word in command]
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, cwd=cwd, start_new_session=True
            )
        self.pid_file.write_text(json.dumps({"pid": process.pid, "command": words}), encoding="utf-8")
        # For a moment after a program has taken over, Linux shows it with an empty command line.
        with suppress(psutil.NoSuchProcess):
            while process.poll() is None and not psutil.Process(process.pid).cmdline():
                time.sleep(0.001)
        # Left running on purpose: the command ends, the daemon stays.
        process.returncode = 0

    def wait_until(self, ready: Callable[[], bool], seconds: float, say: Callable[[str], None]) -> None:
        """Wait until it is ready, for as long as its log grows: after a crash, Kafka recovers every partition first.

        Says every few seconds what it waits for. Raises StackError, with the last log lines, if it ends, or if it is
        not ready and has written nothing for so many seconds; then it is stopped.
        """
        began = moved_at = said_at = time.monotonic()
        size = 0
        while not ready():
            if self.process is None:
                raise StackError(f"{self.name} ended while it started. {self.last_words()}\n{_ADVICE}")
            now = time.monotonic()
            if (grown := self._log_size()) != size:
                size, moved_at = grown, now
            if now - moved_at > seconds:
                self.stop(5)
                raise StackError(
                    f"{self.name} was not ready after {now - began:.0f} s, had written nothing to its log for "
                    f"{seconds:.0f} s, and was stopped. {self.last_words()}"
                )
            if now - said_at > _SAY_EVERY_S:
                said_at = now
                line = (self._last_lines(1) or ["nothing"])[-1]
                say(f"{self.name}: still starting after {now - began:.0f} s; the last line of its log: {line[:160]}")
            time.sleep(0.05)

    def stop(self, seconds: float) -> bool:
        """Ask it to end, wait, and kill it if it does not end in that time. Returns whether it ran.

        Raises StackError if it cannot be ended.
        """
        process = self.process
        if process is None:
            self.pid_file.unlink(missing_ok=True)
            return False
        self._end(process, signal.SIGTERM, seconds)
        return True

    def kill(self) -> bool:
        """End it at once, as `kill -9` does. Returns whether it ran."""
        process = self.process
        if process is not None:
            self._end(process, signal.SIGKILL, 10)
        self.pid_file.unlink(missing_ok=True)
        return process is not None

    def _end(self, process: psutil.Process, by: signal.Signals, seconds: float) -> None:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(by)
            if not _ends_within(process, seconds):
                process.kill()
                if not _ends_within(process, 10):
                    raise StackError(f"{self.name} (pid {process.pid}) did not end even when killed")
        self.pid_file.unlink(missing_ok=True)

    def last_words(self) -> str:
        """The last lines of its log, introduced, for an error message."""
        lines = self._last_lines(LOG_LINES_SHOWN)
        if not lines:
            return f"It wrote nothing to {self.log}."
        return "\n".join([f"The last lines of {self.log}:", *(f"  | {line}" for line in lines)])

    def _last_lines(self, count: int) -> list[str]:
        with suppress(FileNotFoundError), self.log.open("rb") as log:
            log.seek(max(self._log_size() - _TAIL, 0))
            return log.read().decode("utf-8", errors="replace").splitlines()[-count:]
        return []

    def _log_size(self) -> int:
        try:
            return self.log.stat().st_size
        except FileNotFoundError:
            return 0


def _is_zombie(process: psutil.Process) -> bool:
    """Whether all of it has ended: its first thread may be a zombie while others still hold its ports."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1)
    except psutil.ZombieProcess:  # macOS counts no threads of one
        return True


def _ends_within(process: psutil.Process, seconds: float) -> bool:
    """Wait for the process to end; False if it still runs after that time.

    A zombie has ended: it only waits for its parent, which may be a program that started it long ago and lives on.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            process.wait(0.05)
            return True
        except psutil.TimeoutExpired:
            if _is_zombie(process):
                return True
            if time.monotonic() > deadline:
                return False


def holder_of(port: int) -> str:
    """Who listens on a TCP port of this machine, for an error message: `pid 123 (java -Xmx… )`.

    The system may not tell (another user's process, macOS without rights); then it says how to find out.
    """
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            for connection in process.net_connections("tcp"):
                if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                    command = " ".join(process.cmdline())
                    return f"pid {process.pid} ({command if len(command) <= 100 else command[:99] + '…'})"
    return f"a process that the system does not show; try: lsof -nP -iTCP:{port} -sTCP:LISTEN"

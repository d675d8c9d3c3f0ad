"""Background processes that outlive the command that started them: start, identify, stop, report."""

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
"""Bytes to read from the end of a log. After a crash, the whole log has a line for each partition."""
_SAY_EVERY_S = 4.0
"""Seconds between reports. With the seconds that a request to the server takes, no silence is longer than ten."""

_ADVICE = (
    "Correct the cause and start again. If the data is damaged, `tributary stack clean` deletes it, and the next start "
    "is empty."
)


@attrs.frozen
class Daemon:
    """One background process with its pid file and its log in a folder of its own."""

    name: str
    """The name used in messages."""
    directory: Path

    @property
    def pid_file(self) -> Path:
        return self.directory / "process.json"

    @property
    def log(self) -> Path:
        """Standard output and error of the running process; the log of the previous run has the suffix `.1`."""
        return self.directory / "process.log"

    @property
    def process(self) -> psutil.Process | None:
        """The process, or None if it is not running.

        A pid alone is not enough: after a crash or a reboot the system may have given it to another program. The
        command line must therefore be the one that was started. Its first word is ignored, because macOS's framework
        Python replaces it.
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
        """Start the command in the background, in a session of its own, so that Ctrl-C does not reach it."""
        self.directory.mkdir(parents=True, exist_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        words = [str(word) for word in command]
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, cwd=cwd, start_new_session=True
            )
        self.pid_file.write_text(json.dumps({"pid": process.pid, "command": words}), encoding="utf-8")
        # For a moment after exec, Linux shows an empty command line.
        with suppress(psutil.NoSuchProcess):
            while process.poll() is None and not psutil.Process(process.pid).cmdline():
                time.sleep(0.001)
        # Not waited for on purpose: the command ends, the daemon keeps running.
        process.returncode = 0

    def wait_until(self, ready: Callable[[], bool], seconds: float, say: Callable[[str], None]) -> None:
        """Wait until the process is ready, for as long as its log grows: after a crash, Kafka recovers every partition.

        Prints what it waits for every few seconds. Raises StackError, with the last log lines, if the process ends, or
        if it is not ready and its log has not grown for `seconds`; the process is then stopped.
        """
        began = moved_at = said_at = time.monotonic()
        size = 0
        while not ready():
            if self.process is None:
                raise StackError(f"{self.name} ended during its start. {self.last_words()}\n{_ADVICE}")
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
        """Send SIGTERM, wait, and kill the process if it has not ended in that time. Returns whether it was running.

        Raises StackError if it cannot be ended.
        """
        process = self.process
        if process is None:
            self.pid_file.unlink(missing_ok=True)
            return False
        self._end(process, signal.SIGTERM, seconds)
        return True

    def kill(self) -> bool:
        """Kill the process at once, as `kill -9` does. Returns whether it was running."""
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
                    raise StackError(f"{self.name} (pid {process.pid}) did not end, not even after SIGKILL")
        self.pid_file.unlink(missing_ok=True)

    def last_words(self) -> str:
        """The last lines of the log with an introduction, for an error message."""
        lines = self._last_lines(LOG_LINES_SHOWN)
        if not lines:
            return f"It has written nothing to {self.log}."
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
    """Whether all threads have ended: the first may be a zombie while others still hold ports."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1)
    except psutil.ZombieProcess:  # macOS counts no threads of one
        return True


def _ends_within(process: psutil.Process, seconds: float) -> bool:
    """Wait for the process to end. Returns False if it still runs after that time.

    A zombie counts as ended: it only waits for its parent to collect it, and the parent may run on.
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
    """The process that listens on a TCP port of this machine, for an error message: `pid 123 (java -Xmx… )`.

    If the system hides it (another user's process, missing rights on macOS), the text says how to find it.
    """
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            for connection in process.net_connections("tcp"):
                if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                    command = " ".join(process.cmdline())
                    return f"pid {process.pid} ({command if len(command) <= 100 else command[:99] + '…'})"
    return f"a process that the system hides; try: lsof -nP -iTCP:{port} -sTCP:LISTEN"

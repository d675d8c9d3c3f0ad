"""Python programs that end when the process that started them does, however it ends: `kill -9` included.

`python -m tributary.child_process PARENT MODULE …` runs the module as `python -m MODULE …` does. When its parent is no
longer the process PARENT, it sends itself SIGTERM. It looks at the parent's pid because that works on every Unix, in a
Makefile, and in any thread; Linux's PR_SET_PDEATHSIG does none of it.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time
from contextlib import suppress

_LOOK_EVERY_S = 0.5


def command(module: str, *arguments: str) -> list[str]:
    """The command line of a child of this process that does not outlive it."""
    return [sys.executable, "-m", "tributary.child_process", str(os.getpid()), module, *arguments]


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_S)
    with suppress(OSError):  # its standard error may have gone with the parent
        print("The process that started this one has ended; stopping.", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Run a module for as long as its parent lives."""
    parent, module, *arguments = sys.argv[1:]
    threading.Thread(target=_watch, args=(int(parent),), name="parent", daemon=True).start()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

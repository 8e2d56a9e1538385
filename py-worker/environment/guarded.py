"""Run a module as `python -m` would, and die with the process that started it.

The parent holds the other end of stdin. When that end closes, because the parent is done with us or was
killed, the whole process group goes, so that no orphan keeps writing into an environment that somebody else
now repairs.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading

READ_SIZE = 4096


def watch_parent() -> None:
    """Block until stdin ends, then end this process and its children."""
    try:
        # Not `sys.stdin`: its lock, held by a daemon thread, aborts the interpreter at exit.
        while os.read(0, READ_SIZE):
            pass
    except OSError:
        pass
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(137)


def main() -> None:
    """Run the module named by the first argument with the arguments that follow it."""
    module = sys.argv[1]
    sys.argv = [module, *sys.argv[2:]]
    threading.Thread(target=watch_parent, daemon=True).start()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

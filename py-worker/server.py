"""One worker of the pool: ``python server.py``, its launch order as a line of JSON on stdin.

The line is ``{"endpoints": {"control", "data", "echo"}, "token", "worker_id", "pool_epoch",
"parent_pid"}``. Stdin then stays open for as long as the parent lives. Exit statuses:
``instructblip_worker/exit_status.py``.
"""

from __future__ import annotations

# The guards come before every other import: a worker must not outlive its parent, not even while it imports.
from instructblip_worker import guards

guards.die_with_parent()

if __name__ == "__main__":
    line = guards.read_launch_line()
    guards.watch_stdin()

    from instructblip_worker.launch import Launch
    from instructblip_worker.worker import run

    launch = Launch.parse(line)
    guards.check_parent(launch.parent_pid)
    run(launch)

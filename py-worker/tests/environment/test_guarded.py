"""The guard that ends a module's process group when its parent goes away."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

GUARD = Path(__file__).parents[2] / "environment" / "guarded.py"


def start(*module: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-I", "-u", GUARD, *module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_module_ends_with_its_parents_end_of_the_pipe() -> None:
    with start("http.server", "--bind", "127.0.0.1", "0") as process:
        assert process.stdout is not None and process.stdin is not None
        assert "Serving HTTP" in process.stdout.readline()
        process.stdin.close()
        assert process.wait(timeout=20) != 0


def test_a_module_gets_its_own_arguments_and_its_exit_code_is_kept() -> None:
    with start("this_module_does_not_exist", "--flag") as process:
        assert process.wait(timeout=20) == 1
    with start("platform", "terse") as process:
        assert process.stdout is not None
        assert process.stdout.read().startswith(platform.system())
        assert process.wait(timeout=20) == 0

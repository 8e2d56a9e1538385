"""The check of a GPU, on the CPU at small shapes: it runs, and on its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).parents[3] / "scripts" / "gpu_check.py"
# A machine with a GPU need not have what the worker talks with.
ALONE = """
import runpy, sys
sys.modules.update(dict.fromkeys(["zmq", "msgspec", "bitsandbytes"]))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def check(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the script in a process of its own, with one thread."""
    return subprocess.run(
        [sys.executable, "-c", ALONE, str(SCRIPT), *arguments],
        cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_small_shapes_on_the_cpu(tmp_path: Path) -> None:
    run = check("--device", "cpu", "--small", "--questions", "2", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    for words in (
        "whose figures mean nothing",
        "| tiny-shapes-llama | bfloat16 | 2 / 2 |",
        "float16, int8: not run: torchao's int8 overflows",
        "bfloat16, nf4: not run: nf4 needs bitsandbytes",
        "| vicuna-7b | bfloat16, int8 by torchao | 2 |",
        "(goal 70%)",
    ):
        assert words in run.stdout
    written = json.loads((tmp_path / "gpu_check.json").read_text())
    assert [model["name"] for model in written["models"]] == ["vicuna-7b"] * 2 + ["flan-t5-xl"] * 2
    for model in written["models"]:
        assert model["weight_bytes"] == pytest.approx(model["estimated_bytes"], rel=0.001)
        assert [batch["batch"] for batch in model["batches"]] == [1, 2]
        for batch in model["batches"]:
            assert batch["floor"] > 0
            assert {len(times) for times in batch["steps"].values()} == {2}
    plain, quantised = (written["models"][index]["batches"][0]["floor"] for index in (0, 1))
    assert quantised < plain


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_without_a_gpu_it_says_so(tmp_path: Path) -> None:
    run = check(cwd=tmp_path)
    assert run.returncode == 1
    assert "torch sees no CUDA device" in run.stderr
    assert list(tmp_path.iterdir()) == []

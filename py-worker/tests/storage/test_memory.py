"""What memory there is, and that a model which does not fit is refused before it is read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from instructblip_worker.errors import LoadError
from instructblip_worker.loading import load_engine
from instructblip_worker.protocol import FolderSource, Load, Message, Progress
from instructblip_worker.reporter import Reporter
from instructblip_worker.storage import _memory, machine_memory
from instructblip_worker.storage._memory import host_memory, refuse_if_too_large
from instructblip_worker.storage._plan import make_plan
from tests.engine.bench import MODELS

GIGABYTE = 10**9


def machine(root: Path, files: dict[str, str]) -> Path:
    """A root folder of Linux with 16 GB, of which 10 are free, and some files more."""
    meminfo = f"MemTotal: {16 * 10**6} kB\nMemFree: 1 kB\nMemAvailable: {10 * 10**6} kB\n"
    for name, text in {"proc/meminfo": meminfo, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "total", "free"),
    [
        ({}, 16.384, 10.24),
        (
            # Version 2, of a group within another that has the limit.
            {
                "proc/self/cgroup": "0::/outer/inner\n",
                "sys/fs/cgroup/outer/memory.max": f"{8 * GIGABYTE}\n",
                "sys/fs/cgroup/outer/memory.current": f"{7 * GIGABYTE}\n",
                "sys/fs/cgroup/outer/memory.stat": f"anon 1\ninactive_file {2 * GIGABYTE}\n",
                "sys/fs/cgroup/outer/inner/memory.max": "max\n",
                "sys/fs/cgroup/outer/inner/memory.current": "0\n",
            },
            8,
            3,
        ),
        (
            # Version 1, which sees its own group as the root.
            {
                "proc/self/cgroup": "4:memory:/docker/1\n1:cpu,cpuacct:/\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{12 * GIGABYTE}\n",
                "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{4 * GIGABYTE}\n",
            },
            12,
            8,
        ),
    ],
    ids=["no groups", "version 2", "version 1"],
)
def test_memory_is_what_kernel_and_groups_allow(
    tmp_path: Path, files: dict[str, str], total: float, free: float
) -> None:
    found = host_memory(machine(tmp_path, files))
    assert found is not None
    assert [size / 1e9 for size in found] == pytest.approx([total, free])


def test_elsewhere_than_on_linux_nothing_is_known(tmp_path: Path) -> None:
    assert host_memory(tmp_path) is None


def test_this_machine() -> None:
    cpu = machine_memory()[0]
    assert cpu.device == "cpu"
    assert 0 < cpu.free <= cpu.total


def test_both_numbers_are_in_the_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_memory, "host_memory", lambda: (16 * GIGABYTE, 10 * GIGABYTE))
    plan, cpu = make_plan("bfloat16", "none", "cpu"), torch.device("cpu")
    refuse_if_too_large(9 * GIGABYTE, GIGABYTE, plan, cpu)
    with pytest.raises(LoadError) as caught:
        refuse_if_too_large(9 * GIGABYTE, GIGABYTE + 1, plan, cpu)
    assert caught.value.code == "RESOURCE_EXHAUSTED"
    for words in ("9.0 GB in bfloat16", "1.0 GB", "cpu has 10.0 GB free"):
        assert words in caught.value.message


def test_a_load_that_cannot_fit_is_refused_before_its_weights_are_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(MODELS / "tiny-shapes-t5", tmp_path / "checkpoint"))
    monkeypatch.setattr(_memory, "host_memory", lambda: (GIGABYTE, 10**7))
    sent: list[Message] = []
    load = Load(
        worker_epoch=1,
        model_id="m",
        source=FolderSource(path=str(folder)),
        dtype="float32",
        quantization="none",
        device="cpu",
        threads=1,
        slots=1,
        feature_cache_bytes=0,
    )
    with pytest.raises(LoadError, match="but cpu has 10 MB free") as caught:
        load_engine(load, Reporter(1, sent.append))
    assert caught.value.code == "RESOURCE_EXHAUSTED"
    assert [message.stage for message in sent if isinstance(message, Progress)] == ["import"]

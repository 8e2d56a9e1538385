"""The report behind `instructblip-workers inspect`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from instructblip_worker.inspection import answer
from instructblip_worker.storage import _memory, measured_bytes
from scripts.gpu.shapes import published
from tests.engine.bench import MODELS, Bench
from tests.loading.hub import WEIGHTS, running_hub

pytestmark = pytest.mark.filterwarnings("ignore")

SCRIPT = Path(__file__).parents[2] / "environment" / "inspect_model.py"


def ask(source: dict[str, Any], **more: Any) -> Any:
    """The answer for a source."""
    question = {"source": source, "dtype": "auto", "device": "cpu", "slots": 8, **more}
    return answer(json.dumps(question))


def report(source: dict[str, Any], **more: Any) -> Any:
    """The report for a source that has one."""
    found = ask(source, **more)
    assert found["ok"], found
    return found["report"]


def config_file(folder: Path, config: dict[str, Any], name: str = "config.json") -> dict[str, str]:
    """The source of a configuration alone."""
    (folder / name).write_text(json.dumps(config))
    return {"kind": "file", "path": str(folder / name)}


@pytest.mark.parametrize("kind", ["t5", "llama"])
def test_a_checkpoint_as_it_is_loaded(kind: str) -> None:
    found = report({"kind": "folder", "path": str(MODELS / f"tiny-shapes-{kind}")}, dtype="float16")
    bench = Bench(kind, dtype="float16")
    assert found["parameters"] == found["storedParameters"] == bench.facts.parameters
    assert found["weightBytes"] == measured_bytes(bench.model)
    assert found["problem"] is None
    kept = {part["name"]: part["forms"].get("float32", 0) for part in found["parts"]}
    assert kept["Q-Former"] > 0
    assert (kept["language model"] > 0) == (kind == "t5")
    assert [(p["dtype"], p["quantization"]) for p in found["precisions"]] == [
        ("float16", "none"),
        ("float16", "int8"),
        ("float16", "nf4"),
    ]
    assert all(precision["devices"][0]["fits"] for precision in found["precisions"])


def test_what_fits_depends_on_the_free_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_memory, "host_memory", lambda: (16 * 10**9, 12 * 10**9))
    found = report(config_file(tmp_path, published("vicuna-7b")))
    assert (found["dtype"], found["library"], found["storedParameters"]) == ("float32", None, None)
    fits = {
        f"{each['dtype']} {each['quantization']}": each["devices"][0]["fits"] for each in found["precisions"]
    }
    assert [name for name, does in fits.items() if does] == [
        "bfloat16 int8",
        "float16 int8",
        "float32 nf4",
        "bfloat16 nf4",
        "float16 nf4",
    ]
    assert found["neededBytes"] == sum(
        [found["weightBytes"], found["workingBytes"], found["cache"]["rowBytes"]]
    )


def test_what_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(MODELS / "tiny-shapes-t5", tmp_path / "checkpoint"))
    (folder / WEIGHTS).unlink()
    without = report({"kind": "folder", "path": str(folder)}, quantization="none")
    assert "no weights" in without["problem"]

    other = config_file(tmp_path, {"model_type": "blip"}, "blip.json")
    vision = {"hidden_size": "wide"}
    wide = config_file(tmp_path, {**published("vicuna-7b"), "vision_config": vision}, "wide.json")
    for source, code, words in (
        ({"kind": "folder", "path": str(tmp_path / "nowhere")}, "MODEL_LOAD_FAILED", "no config.json"),
        (other, "CONFIG_INVALID", "describes 'blip'"),
        (wide, "CONFIG_INVALID", "makes no model"),
    ):
        error = ask(source)["error"]
        assert error["code"] == code
        assert words in error["message"]
    assert ask(config_file(tmp_path, published("vicuna-7b")), device="cuda:7")["error"]["path"] == "device"


def test_of_a_repository_the_weights_are_not_fetched(tmp_path: Path) -> None:
    question = {
        "source": {"kind": "hub", "repo": "someone/tiny", "cache_dir": str(tmp_path)},
        "dtype": "auto",
        "device": "auto",
        "slots": 1,
    }
    with running_hub(MODELS / "tiny-shapes-llama") as hub:
        settings = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path), "HF_HUB_DISABLE_XET": "1"}
        run = subprocess.run(
            [sys.executable, "-I", str(SCRIPT), json.dumps(question)],
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            check=True,
        )
        assert WEIGHTS not in hub.names()
    found = json.loads(run.stdout)["report"]
    assert (found["languageModel"], found["parameters"]) == ("llama", Bench("llama").facts.parameters)

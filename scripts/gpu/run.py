"""The whole of the check, once there is a device."""

from __future__ import annotations

import argparse
import datetime
import gc
import json
import logging
import platform
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import torch
import transformers

from instructblip_worker.errors import LoadError
from instructblip_worker.storage import DType, Plan, Quantization, estimate, make_plan
from scripts.gpu import report, shapes
from scripts.gpu.clock import bandwidth
from scripts.gpu.measure import Effort, ModelFigures, measure
from scripts.gpu.models import make_model, outline_of
from scripts.precision.fidelity import Fidelity, Reference, compare
from scripts.precision.questions import held_out
from scripts.precision.subject import Subject

ROOT = Path(__file__).parents[2]
CHECKPOINTS = ("tiny-shapes-t5", "tiny-shapes-llama")
QUANTIZATIONS: tuple[Quantization, ...] = ("none", "int8", "nf4")
DTYPES: tuple[DType, ...] = ("float32", "bfloat16", "float16")
LIMIT_S = 540.0
"""Nothing new is begun later, so that all ends within ten minutes."""


def run(options: argparse.Namespace) -> None:
    """Measure, print, write."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    transformers.utils.logging.disable_progress_bar()
    device = torch.device(options.device)
    # float32 is the measure of all other types, so it must be float32.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False

    machine = _machine(device, options.small)
    print(f"{_sentence(machine)}\n", flush=True)
    effort = Effort(
        batches=(1, 2) if options.small else (1, 8, 32),
        steps=4 if options.small else 65,
        repeats=2 if options.small else 5,
        until=time.monotonic() + LIMIT_S,
    )
    plans, notes = _plans(device)
    found = _fidelity(device, plans, options.questions)
    print(f"{report.fidelity_table(found)}\n\n{notes}", flush=True)
    models = _speed(options.models, options.small, device, machine["bytes_per_second"], effort)
    print(f"{report.speed_table(models)}\n\n{report.memory_table(models)}", flush=True)
    options.out.write_text(json.dumps(report.as_json(machine, models, found), indent=2) + "\n")


def _speed(
    names: list[str], small: bool, device: torch.device, bytes_per_second: float, effort: Effort
) -> list[ModelFigures]:
    found = []
    for name in names:
        shape = shapes.small(name) if small else shapes.published(name)
        for quantization in QUANTIZATIONS[:2]:
            figures = _speed_of(name, shape, quantization, device, bytes_per_second, effort)
            print(f"{name}, {quantization}: done", file=sys.stderr, flush=True)
            found.append(figures)
            gc.collect()
            if device.type == "cuda":
                torch.cuda.empty_cache()
    return found


def _speed_of(
    name: str,
    shape: dict[str, Any],
    quantization: Quantization,
    device: torch.device,
    bytes_per_second: float,
    effort: Effort,
) -> ModelFigures:
    try:
        plan = make_plan("bfloat16", quantization, device.type)
    except LoadError as error:
        return ModelFigures(name, "bfloat16", quantization, None, 0, 0, notes=[f"not run: {error.message}"])
    config, outline = outline_of(shape)
    # It is made whole before it is quantised.
    needed = estimate(config, outline, make_plan("bfloat16", "none", device.type)).needed
    figures = ModelFigures(name, plan.dtype, plan.quantization, plan.library, 0, needed)
    if effort.is_over:
        figures.notes.append("not run: the time was up.")
        return figures
    if device.type == "cuda" and needed > torch.cuda.mem_get_info(device)[0]:
        figures.notes.append(f"not run: it needs {needed / 1e9:.1f} GB.")
        return figures
    return measure(name, make_model(shape, plan, device), bytes_per_second, effort)


def _fidelity(device: torch.device, plans: list[Plan], count: int) -> list[tuple[str, str, Fidelity]]:
    found = []
    for name in CHECKPOINTS:
        folder = ROOT / "models" / name
        reference = Reference.of(Subject.load(folder, plans[0], device), held_out(folder, count))
        for plan in plans[1:]:
            fidelity = compare(Subject.load(folder, plan, device), reference)
            precision = plan.dtype if plan.library is None else f"{plan.dtype}, {plan.quantization}"
            found.append((name, precision, fidelity))
    return found


def _plans(device: torch.device) -> tuple[list[Plan], str]:
    """Every precision that the libraries here can do on the device, float32 first; and what they cannot."""
    plans: list[Plan] = []
    notes = ""
    for quantization in QUANTIZATIONS:
        for dtype in DTYPES:
            try:
                plans.append(make_plan(dtype, quantization, device.type))
            except LoadError as error:
                notes += f"- {dtype}, {quantization}: not run: {error.message}\n"
    return plans, notes


def _machine(device: torch.device, small: bool) -> dict[str, Any]:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    memory = torch.cuda.get_device_properties(device).total_memory if device.type == "cuda" else None
    return {
        "device": name,
        "memory_bytes": memory,
        "bytes_per_second": bandwidth(device, 2**22 if small else 2**31),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "python": platform.python_version(),
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "small": small,
    }


def _sentence(machine: dict[str, Any]) -> str:
    shapes_used = "small shapes, whose figures mean nothing" if machine["small"] else "the published shapes"
    return (
        f"{machine['device']}, {machine['bytes_per_second'] / 1e9:.0f} GB/s by a copy in this run, torch "
        f"{machine['torch']}, transformers {machine['transformers']}, {machine['date']}; {shapes_used}."
    )

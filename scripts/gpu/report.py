"""What was measured, as tables and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from scripts.gpu.measure import BatchFigures, ModelFigures
from scripts.precision.fidelity import Fidelity
from scripts.precision.markdown import table

GAIN_GOAL = 3.0
"""Decode steps against transformers' at batch 1."""
FLOOR_GOALS = {("vicuna-7b", 1): 0.7, ("vicuna-7b", 32): 0.7, ("flan-t5-xl", 1): 0.5, ("flan-t5-xl", 32): 0.5}
"""Share of the floor in bfloat16, by model and batch."""


def speed_table(models: Sequence[ModelFigures]) -> str:
    """Times and memory of every batch."""
    heads = [
        *("model", "type", "batch", "vision ms", "Q-Former ms", "prefill ms"),
        *("step ms", "transformers' step ms", "gain", "floor ms", "of the floor", "peak GB"),
    ]
    rows = [_speed_row(model, figures) for model in models for figures in model.batches]
    notes = [f"- {model.name}, {_precision(model)}: {note}" for model in models for note in model.notes]
    return "\n".join([table(heads, rows, texts=2), *([""] if notes else []), *notes])


def _speed_row(model: ModelFigures, figures: BatchFigures) -> list[str]:
    gain, share = f"{figures.gain:.2f}", f"{figures.share_of_floor:.0%}"
    if model.quantization == "none":
        if figures.batch == 1:
            gain += f" (goal {GAIN_GOAL:.0f})"
        goal = FLOOR_GOALS.get((model.name, figures.batch))
        if goal is not None:
            share += f" (goal {goal:.0%})"
    return [
        model.name,
        _precision(model),
        str(figures.batch),
        f"{figures.vision:.2f}",
        f"{figures.qformer:.2f}",
        f"{figures.prefill:.2f}",
        f"{figures.step('project'):.3f}",
        f"{figures.step('transformers'):.3f}",
        gain,
        f"{figures.floor:.3f}",
        share,
        "" if figures.peak is None else f"{figures.peak / 1e9:.1f}",
    ]


def memory_table(models: Sequence[ModelFigures]) -> str:
    """Weights as estimated and as measured."""
    heads = ["model", "type", "estimated GB", "measured GB"]
    rows = [
        [
            model.name,
            _precision(model),
            f"{model.estimated_bytes / 1e9:.3f}",
            f"{model.weight_bytes / 1e9:.3f}",
        ]
        for model in models
    ]
    return table(heads, rows, texts=2)


def fidelity_table(found: Sequence[tuple[str, str, Fidelity]]) -> str:
    """Answers and scores against float32's."""
    heads = ["checkpoint", "type", "same answers", "same tokens", "mean error", "max error", "spread"]
    rows = [
        [
            name,
            precision,
            f"{fidelity.same_answers} / {fidelity.answers}",
            f"{fidelity.same_tokens} / {fidelity.tokens}",
            f"{fidelity.mean_error:.4f}",
            f"{fidelity.max_error:.3f}",
            f"{fidelity.spread:.2f}",
        ]
        for name, precision, fidelity in found
    ]
    return table(heads, rows, texts=2)


def as_json(
    machine: dict[str, Any], models: Sequence[ModelFigures], found: Sequence[tuple[str, str, Fidelity]]
) -> dict[str, Any]:
    """Everything, for programs."""
    return {
        "machine": machine,
        "models": [asdict(model) for model in models],
        "fidelity": [
            {"checkpoint": name, "precision": precision, **asdict(fidelity)}
            for name, precision, fidelity in found
        ],
    }


def _precision(model: ModelFigures) -> str:
    if model.library is None:
        return model.dtype
    return f"{model.dtype}, {model.quantization} by {model.library}"

"""Holds passes that a client made to plain transformers. ``CASES.json ANSWERS.json``.

Each case has a kind, a source, and tensors by name in files of raw bytes. The answer to a case is, for each
output, the largest number there should be and the largest difference.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from oracle import Tensors, generate, make, qformer, vision, whole

Comparison = tuple[str, torch.Tensor, torch.Tensor]


def read(entry: dict[str, Any]) -> torch.Tensor:
    """A tensor from its file."""
    data = np.frombuffer(Path(entry["file"]).read_bytes(), dtype=entry["dtype"])
    return torch.from_numpy(data.copy()).reshape(entry["shape"])


def of_row(
    name: str, got: torch.Tensor, row: int, stands: dict[str, torch.Tensor], *, decoder_only: bool
) -> torch.Tensor:
    """What a batch's tensor holds of one row, as a batch of one without padding."""
    part, _, own = name.rpartition(".")
    by_layer = own.endswith(("hidden_states", "attentions"))
    at = min(row, got.shape[1 if by_layer else 0] - 1)
    # [L, 1, …] or [1, …]
    mine = got[:, at : at + 1] if by_layer else got[at : at + 1]
    if part == "qformer_outputs":
        keep = stands["question"]
    elif part == "language_model_outputs" or (name == "logits" and decoder_only):
        keep = stands["text"]
    else:
        return mine
    if (
        own == "pooler_output"
        or own.startswith("decoder_")
        or (part == "qformer_outputs" and own == "cross_attentions")
    ):
        return mine
    if own == "cross_attentions":
        return mine[..., keep]
    if own.endswith("attentions"):
        return mine[..., keep, :][..., keep]
    return mine[..., keep, :]


def compare(case: dict[str, Any], model: Any) -> Iterator[Comparison]:
    """Every output that the client got, beside transformers'."""
    given = {name: read(entry) for name, entry in case["inputs"].items()}
    got = {name: read(entry) for name, entry in case["outputs"].items()}
    interpolate = bool(case.get("interpolate"))
    if case["kind"] == "vision":
        found = vision(model, given, interpolate=interpolate)
    elif case["kind"] == "qformer":
        found = qformer(model, given)
    elif case["kind"] == "generate":
        found = generate(model, given, got["sequences"].shape[1], interpolate=interpolate)
    else:
        yield from compare_rows(case, model, given, got)
        return
    for name, value in got.items():
        yield name, found[name], value


def compare_rows(case: dict[str, Any], model: Any, given: Tensors, got: Tensors) -> Iterator[Comparison]:
    """A pass of the whole model, or of all before the language model."""
    decoder_only = model.config.use_decoder_only_language_model
    losses = []
    for row, found, stands in whole(model, given, interpolate=bool(case.get("interpolate"))):
        for name, value in got.items():
            if name == "loss":
                counted = (given["labels"][row][1:] if decoder_only else given["labels"][row]) != -100
                losses.append((float(found["loss"]), int(counted.sum())))
            elif name == "logits" and decoder_only and "labels" in given:
                # Cut to the labels, which stand under the text.
                own = given["attention_mask"][row].bool()
                yield name, found[name][:, -int(own.sum()) :], value[row][own][None]
            else:
                yield name, found[name], of_row(name, value, row, stands, decoder_only=decoder_only)
    if losses:
        mean = sum(loss * count for loss, count in losses) / sum(count for _, count in losses)
        yield "loss", torch.tensor(mean), got["loss"]


@torch.inference_mode()
def judge(case: dict[str, Any], model: Any) -> dict[str, dict[str, Any]]:
    """For each output the largest number there should be, and the largest difference."""
    found: dict[str, dict[str, Any]] = {}
    for name, expected, got in compare(case, model):
        assert expected.shape == got.shape, (case["name"], name, list(expected.shape), list(got.shape))
        entry = found.setdefault(name, {"largest": 0.0, "difference": 0.0})
        entry["largest"] = max(entry["largest"], float(expected.abs().max()))
        entry["difference"] = max(entry["difference"], float((expected - got).abs().max()))
    return found


def main(source: Path, target: Path) -> None:
    """Judge every case; models are made once."""
    models: dict[str, Any] = {}
    answers = {}
    for case in json.loads(source.read_text()):
        key = json.dumps(case["source"])
        if key not in models:
            models[key] = make(case["source"])
        answers[case["name"]] = judge(case, models[key])
    target.write_text(json.dumps(answers))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(*map(Path, sys.argv[1:]))

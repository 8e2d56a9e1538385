"""Models of given shapes with random weights, made where they run."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import torch
from transformers.models.instructblip.configuration_instructblip import InstructBlipConfig
from transformers.models.instructblip.modeling_instructblip import InstructBlipForConditionalGeneration

from instructblip_worker.stages import Stages
from instructblip_worker.storage import (
    Estimate,
    Outline,
    Plan,
    check_forms,
    estimate,
    measured_bytes,
    read_outline,
)
from instructblip_worker.storage._quantization import import_bitsandbytes

_PAD = 0


@dataclass(frozen=True)
class RandomModel:
    """A model of random weights, its stages, and what it was estimated to take."""

    model: Any
    stages: Stages
    plan: Plan
    estimated: Estimate
    weight_bytes: int

    @property
    def step_bytes(self) -> int:
        """Bytes of the weights that every step of decoding has to read.

        Not the embeddings, of which it takes a row; and of T5 neither the encoder nor what makes the keys and
        values of cross-attention, as both are done once.
        """
        language_model = self.model.language_model
        head = measured_bytes(language_model.lm_head)
        if not language_model.config.is_encoder_decoder:
            return head + measured_bytes(language_model.model.layers)
        blocks = language_model.decoder.block
        once = [getattr(block.layer[1].EncDecAttention, name) for block in blocks for name in ("k", "v")]
        return head + measured_bytes(blocks) - sum(measured_bytes(layer) for layer in once)


def outline_of(shape: dict[str, Any]) -> tuple[Any, Outline]:
    """The configuration of a shape, and its weights without numbers. A T5 made anew has a tied head."""
    config: Any = InstructBlipConfig.from_dict(shape)
    return config, read_outline(config, has_own_head=False)


def make_model(shape: dict[str, Any], plan: Plan, device: torch.device) -> RandomModel:
    """A model in a plan's type, then quantised. Numbers are drawn on the device: a CPU would take minutes."""
    config, outline = outline_of(shape)
    before = torch.get_default_dtype()
    torch.manual_seed(0)
    try:
        torch.set_default_dtype(getattr(torch, plan.dtype))
        with torch.device(device):
            model: Any = InstructBlipForConditionalGeneration(config)
    finally:
        torch.set_default_dtype(before)
    model.eval().requires_grad_(False)
    if plan.library is not None:
        _quantise(model, plan, outline)
    check_forms(model, plan, outline)
    return RandomModel(
        model, Stages(model, _PAD), plan, estimate(config, outline, plan), measured_bytes(model)
    )


def _quantise(model: Any, plan: Plan, outline: Outline) -> None:
    """int8 for the matrices that the plan names, by the plan's library."""
    names = [
        weight.name.removesuffix(".weight")
        for weight in outline
        if plan.form(weight, outline) == plan.quantization
    ]
    if plan.library == "torchao":
        torchao: Any = importlib.import_module("torchao.quantization")
        chosen = frozenset(names)
        torchao.quantize_(
            model, torchao.Int8WeightOnlyConfig(), filter_fn=lambda module, name: name in chosen
        )
        return
    layers: Any = import_bitsandbytes().nn
    for name in names:
        model.set_submodule(name, _int8_layer(layers, model.get_submodule(name)))


def _int8_layer(layers: Any, linear: Any) -> Any:
    device, weight = linear.weight.device, linear.weight.data
    layer = layers.Linear8bitLt(
        linear.in_features,
        linear.out_features,
        bias=linear.bias is not None,
        has_fp16_weights=False,
        threshold=6.0,
    )
    # The library quantises what it moves from the CPU.
    layer.weight = layers.Int8Params(weight.cpu(), requires_grad=False, has_fp16_weights=False).to(device)
    layer.bias = linear.bias
    return layer.eval()

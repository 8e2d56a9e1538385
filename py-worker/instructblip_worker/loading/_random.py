"""Random weights, as a user of transformers gets them."""

from __future__ import annotations

import re
from typing import Any

import torch
from transformers.models.instructblip.configuration_instructblip import (
    InstructBlipConfig,
    InstructBlipQFormerConfig,
    InstructBlipVisionConfig,
)
from transformers.models.instructblip.modeling_instructblip import (
    InstructBlipForConditionalGeneration,
    InstructBlipQFormerModel,
    InstructBlipVisionModel,
)

from ..errors import config_invalid
from ..log import log_exception
from ..storage import DType, Outline
from ._blueprint import Blueprint

_CLASSES: dict[str, tuple[Any, Any]] = {
    "instructblip": (InstructBlipConfig, InstructBlipForConditionalGeneration),
    "vision": (InstructBlipVisionConfig, InstructBlipVisionModel),
    "qformer": (InstructBlipQFormerConfig, InstructBlipQFormerModel),
}


def outline_of(blueprint: Blueprint) -> Outline:
    """The model without its numbers. Raises LoadError for a wrong configuration."""
    with torch.device("meta"):
        return Outline.of(_construct(blueprint))


def make_model(blueprint: Blueprint) -> Any:
    """``torch.manual_seed(seed); Model(config)``, in evaluation mode, on the CPU.

    Nothing else may draw between the two: every weight depends on all draws before it.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(blueprint.seed)
        model = _construct(blueprint)
    return model.eval().requires_grad_(False)


def cast(model: Any, dtype: DType) -> None:
    """Turn the weights into ``dtype``, but for those that ``from_pretrained`` keeps in float32, too.

    Buffers stay as they are: rotary frequencies are float32 whatever the weights are.
    """
    wanted = getattr(torch, dtype)
    kept = model._get_dtype_plan(wanted)
    for name, weight in model.named_parameters():
        if weight.is_floating_point():
            keep = any(re.search(pattern, name) for pattern in kept)
            weight.data = weight.data.to(torch.float32 if keep else wanted)


def _construct(blueprint: Blueprint) -> Any:
    config_class, model_class = _CLASSES[blueprint.model]
    try:
        return model_class(config_class.from_dict(blueprint.config))
    except Exception as error:
        log_id = log_exception("config_refused", error)
        raise config_invalid(
            f"config cannot be used: {type(error).__name__}; the worker's log has it as {log_id}.",
            path="config",
        ) from error

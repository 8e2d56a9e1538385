"""Reading a checkpoint's weights into the forms that were planned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ._outline import Outline
from ._plan import Plan
from ._quantization import quantization_config


def read_model(
    folder: Path, config: Any, plan: Plan, outline: Outline, device: torch.device
) -> tuple[Any, dict[str, Any]]:
    """The model in evaluation mode, and transformers' report of the load.

    Its class is named here: the checkpoint has no say. Weights go to the device one by one, in their final
    form; casting the model later would undo what is kept in float32.
    """
    from transformers.models.instructblip.modeling_instructblip import InstructBlipForConditionalGeneration

    loaded: Any = InstructBlipForConditionalGeneration.from_pretrained(
        folder,
        config=config,
        dtype=getattr(torch, plan.dtype),
        # bitsandbytes would choose CUDA for itself where there is one.
        device_map={"": device},
        quantization_config=quantization_config(plan, outline),
        use_safetensors=True,
        local_files_only=True,
        output_loading_info=True,
    )
    model, report = loaded
    return model.eval().requires_grad_(False), report

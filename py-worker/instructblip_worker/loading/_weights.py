"""Reading the weights, and telling the pool about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers.models.instructblip.modeling_instructblip import InstructBlipForConditionalGeneration
from transformers.utils import logging as transformers_logging

from ..errors import LoadError, bad_data
from ..log import log_exception
from ..reporter import Reporter
from ..storage import Outline, Plan, quantization_config


def read_weights(
    folder: Path, config: Any, plan: Plan, outline: Outline, device: torch.device, reporter: Reporter
) -> tuple[Any, list[str]]:
    """The model with its weights, in evaluation mode. Its class is named here: the checkpoint has no say.

    Weights go to the device one by one, in their final form. Casting the model later would undo what is kept
    in float32.
    """
    with _bars_reported(reporter):
        try:
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
        except torch.OutOfMemoryError as error:
            raise LoadError("RESOURCE_EXHAUSTED", f"{device} ran out of memory while loading.") from error
        except Exception as error:
            log_id = log_exception("weights_refused", error)
            raise bad_data(
                f"The weights do not fit config.json: {type(error).__name__}; the worker's log has the "
                f"details as {log_id}."
            ) from error
    model, info = loaded
    missing = sorted(info["missing_keys"])
    if missing:
        raise bad_data(f"{len(missing)} weights are missing, {missing[0]} first.")
    unexpected = sorted(info["unexpected_keys"])
    warnings = [f"{len(unexpected)} weights were not used, {unexpected[0]} first."] if unexpected else []
    return model.eval().requires_grad_(False), warnings


@contextmanager
def _bars_reported(reporter: Reporter) -> Iterator[None]:
    """Let transformers' progress bars be PROGRESS."""

    def report(factory: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if args and isinstance(args[0], Sized):
            return _counted(args[0], reporter)
        return factory(*args, **kwargs)

    transformers_logging.disable_progress_bar()
    before = transformers_logging.set_tqdm_hook(report)
    try:
        yield
    finally:
        transformers_logging.set_tqdm_hook(before)


def _counted(items: Any, reporter: Reporter) -> Iterator[Any]:
    for done, item in enumerate(items):
        reporter.advance("read", fraction=done / len(items))
        yield item

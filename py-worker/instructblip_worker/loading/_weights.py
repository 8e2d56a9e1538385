"""Reading the weights, and telling the pool about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from typing import Any

import torch
from transformers.models.instructblip.modeling_instructblip import InstructBlipForConditionalGeneration
from transformers.utils import logging as transformers_logging

from ..errors import LoadError, bad_data
from ..log import log_exception
from ..protocol import Load
from ..reporter import Reporter
from ._checkpoint import Checkpoint
from ._precision import DType, quantization_config


def read_weights(
    checkpoint: Checkpoint,
    config: Any,
    dtype: DType,
    load: Load,
    device: torch.device,
    reporter: Reporter,
) -> tuple[Any, list[str]]:
    """The model with its weights, in evaluation mode. Its class is named here: the checkpoint has no say."""
    quantization = quantization_config(load.quantization, device, dtype)
    placed: dict[str, Any] = {} if quantization is None else {"quantization_config": quantization}
    if quantization is not None and device.type != "cpu":
        placed["device_map"] = {"": device}
    with _bars_reported(reporter):
        try:
            loaded: Any = InstructBlipForConditionalGeneration.from_pretrained(
                checkpoint.folder,
                config=config,
                dtype=getattr(torch, dtype),
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
                **placed,
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

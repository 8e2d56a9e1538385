"""Reading the weights, and telling the pool about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging as transformers_logging

from ..errors import LoadError, bad_data
from ..log import log_exception
from ..reporter import Reporter
from ..storage import Outline, Plan, read_model


def read_weights(
    folder: Path, config: Any, plan: Plan, outline: Outline, device: torch.device, reporter: Reporter
) -> tuple[Any, list[str]]:
    """The model with its weights, and what is worth a warning. Raises LoadError."""
    with _bars_reported(reporter):
        try:
            model, info = read_model(folder, config, plan, outline, device)
        except torch.OutOfMemoryError as error:
            raise LoadError("RESOURCE_EXHAUSTED", f"{device} ran out of memory while loading.") from error
        except Exception as error:
            log_id = log_exception("weights_refused", error)
            raise bad_data(
                f"The weights do not fit config.json: {type(error).__name__}; the worker's log has the "
                f"details as {log_id}."
            ) from error
    missing = sorted(info["missing_keys"])
    if missing:
        raise bad_data(f"{len(missing)} weights are missing, {missing[0]} first.")
    unexpected = sorted(info["unexpected_keys"])
    warnings = [f"{len(unexpected)} weights were not used, {unexpected[0]} first."] if unexpected else []
    return model, warnings


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

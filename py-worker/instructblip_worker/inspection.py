"""What a model would take, without its weights: the report behind `instructblip-workers inspect`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from .errors import LoadError, config_invalid
from .loading import Description, describe_file, describe_source
from .protocol import FolderSource, HubSource
from .reporter import Reporter


class FileSource(msgspec.Struct, frozen=True, tag_field="kind", tag="file"):
    """A ``config.json`` alone."""

    path: str


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked."""

    source: FolderSource | HubSource | FileSource
    dtype: Literal["auto", "float32", "bfloat16", "float16"]
    quantization: Literal["none", "int8", "nf4"] | None = None
    """None lists all of them."""
    device: str
    slots: int


def answer(line: str) -> dict[str, Any]:
    """The answer to a question in JSON: ``{"ok": true, "report"}``, or ``{"ok": false, "error"}``."""
    question = msgspec.json.decode(line, type=Question)
    try:
        return {"ok": True, "report": _report(question)}
    except LoadError as error:
        message, in_log, _ = error.message.partition("; the worker's log")
        if in_log:
            # There is no worker whose log could be read: whoever asks sees the reason at once.
            message = f"{message}: {type(error.__cause__).__name__}: {error.__cause__}"
        return {"ok": False, "error": {"code": error.code, "message": message, "path": error.path}}


def _report(question: Question) -> dict[str, Any]:
    source = question.source
    if isinstance(source, FileSource):
        described = describe_file(Path(source.path))
    else:
        described = describe_source(source, Reporter(1, lambda message: None))
    return _Inspection(question, described).report()


class _Inspection:
    """One model's figures in one precision after another. torch is imported here, and not before."""

    def __init__(self, question: Question, described: Description) -> None:
        from transformers.models.instructblip.configuration_instructblip import InstructBlipConfig

        from .storage import machine_memory, read_outline

        self._question = question
        self._described = described
        try:
            self._config: Any = InstructBlipConfig.from_dict(described.config)
            self._outline = read_outline(self._config, has_own_head=described.has_own_head)
        except Exception as error:
            reason = " ".join(str(error).split())
            raise config_invalid(f"config.json makes no model: {type(error).__name__}: {reason}") from error
        self._machine = [m for m in machine_memory() if question.device in ("auto", m.device, m.kind)]

    def report(self) -> dict[str, Any]:
        """All of it; names as in TypeScript, sizes in bytes."""
        from .storage import choose_device, choose_dtype, estimate, make_plan

        question = self._question
        device = choose_device(question.device)
        dtype = choose_dtype(question.dtype, device)
        plan = make_plan(dtype, question.quantization or "none", device.type)
        found = estimate(self._config, self._outline, plan)
        return {
            "languageModel": self._config.text_config.model_type,
            "device": str(device),
            "dtype": plan.dtype,
            "quantization": plan.quantization,
            "library": plan.library,
            "parameters": found.parameters,
            "storedParameters": self._described.stored_parameters,
            "problem": self._described.problem,
            "parts": [
                {
                    "name": part.name,
                    "layers": part.layers,
                    "parameters": part.parameters,
                    "bytes": part.bytes,
                    "forms": part.forms,
                }
                for part in found.parts
            ],
            "weightBytes": found.weights,
            "workingBytes": found.working,
            "cache": {
                "promptTokenBytes": found.cache.prompt,
                "newTokenBytes": found.cache.new,
                "promptTokens": found.row_tokens[0],
                "newTokens": found.row_tokens[1],
                "rowBytes": found.row,
            },
            "neededBytes": found.needed,
            "slots": question.slots,
            "machine": [
                {"device": m.device, "name": m.name, "memoryBytes": m.total, "freeMemoryBytes": m.free}
                for m in self._machine
            ],
            "precisions": [
                self._precision(dtype, quantization, device.type)
                for dtype, quantization in _precisions(question)
            ],
        }

    def _precision(self, dtype: Any, quantization: Any, device: str) -> dict[str, Any]:
        """Sizes, and on which of the devices it fits. Where none is known, the sizes are for ``device``."""
        from .storage import Memory, estimate, make_plan

        devices: list[dict[str, Any]] = []
        sizes: dict[str, int | None] = {"weightBytes": None, "neededBytes": None}
        for memory in self._machine or [Memory(device, "", 0, 0, 0)]:
            entry: dict[str, Any] = {"device": memory.device, "fits": False, "rows": 0, "reason": None}
            try:
                found = estimate(self._config, self._outline, make_plan(dtype, quantization, memory.kind))
            except LoadError as error:
                devices.append({**entry, "reason": error.message})
                continue
            sizes = {"weightBytes": found.weights, "neededBytes": found.needed}
            left = memory.free - memory.taken_first - found.weights - found.working
            rows = max(0, left // found.row)
            devices.append({**entry, "fits": rows > 0, "rows": rows})
        known = devices if self._machine else []
        return {"dtype": dtype, "quantization": quantization, **sizes, "devices": known}


def _precisions(question: Question) -> Iterator[tuple[str, str]]:
    dtypes: Sequence[str] = ("float32", "bfloat16", "float16")
    quantizations: Sequence[str] = ("none", "int8", "nf4")
    for quantization in quantizations:
        for dtype in dtypes:
            if question.dtype in ("auto", dtype) and question.quantization in (None, quantization):
                yield dtype, quantization

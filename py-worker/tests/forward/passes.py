"""Passes through an engine in this process, and transformers' own model beside it as the judge."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from transformers import InstructBlipForConditionalGeneration

from instructblip_worker.errors import RequestError
from instructblip_worker.model_engine import ModelEngine
from instructblip_worker.outbox import Outbox
from instructblip_worker.protocol import Error, ForwardOp, Part, Result, TensorFrame, decode
from instructblip_worker.registry import Registry
from instructblip_worker.request import ForwardRequest, TokenStream

Module = Literal["model", "vision", "qformer", "image_features"]
TORCH = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}


def frame_of(tensor: torch.Tensor) -> TensorFrame:
    """A tensor as a client sends it."""
    tensor = tensor.contiguous()
    if tensor.dtype == torch.bfloat16:
        return TensorFrame.of(tensor.view(torch.uint16).numpy(), "bf16")
    return TensorFrame.of(tensor.numpy())


def tensor_of(frame: TensorFrame) -> torch.Tensor:
    """An answer as a client reads it."""
    found = torch.from_numpy(frame.numpy().copy())
    return found.view(torch.bfloat16) if frame.dtype == "bf16" else found


def request_for(
    module: Module, inputs: Mapping[str, torch.Tensor], outputs: Iterable[str], **options: Any
) -> ForwardRequest:
    """As the intake would make it."""
    frames = {name: frame_of(tensor) for name, tensor in inputs.items()}
    op = ForwardOp(
        module=module,
        inputs={name: index for index, name in enumerate(frames)},
        outputs=list(outputs),
        **options,
    )
    return ForwardRequest(
        request_id=str(uuid.uuid4()),
        attempt=1,
        stream=TokenStream(wanted=False, credit=None),
        batch_key=b"",
        rows=1,
        deadline=None,
        op=op,
        inputs=frames,
    )


def answer(engine: ModelEngine, request: ForwardRequest) -> tuple[Result, dict[str, torch.Tensor]]:
    """The RESULT of a request, and its outputs, those that came in parts among them."""
    engine.check(request)
    registry = Registry()
    registry.add(request)
    outbox = Outbox(registry)
    outbox.worker_epoch = 1
    engine.run([request], outbox)
    sent = list(outbox.mail.take_all())
    while (part := outbox.next_part()) is not None:
        sent.append(part)
    outbox.mail.close()
    pieces: dict[str, bytearray] = {}
    large: dict[str, Part] = {}
    for frames in sent:
        received = decode(frames)
        assert received is not None
        message, tensors = received
        if isinstance(message, Part):
            pieces.setdefault(message.output, bytearray()).extend(tensors[message.tensor].data)
            large[message.output] = message
            continue
        assert not isinstance(message, Error), message
        assert isinstance(message, Result)
        found = {name: tensor_of(tensors[index]) for name, index in message.outputs.items()}
        for name, data in pieces.items():
            shape = tuple(large[name].shape)
            found[name] = tensor_of(TensorFrame(large[name].dtype, shape, memoryview(data)))
        return message, found
    raise AssertionError("no RESULT came")


def outputs_of(
    engine: ModelEngine,
    module: Module,
    inputs: Mapping[str, torch.Tensor],
    outputs: Iterable[str],
    **options: Any,
) -> dict[str, torch.Tensor]:
    """What a pass gives."""
    return answer(engine, request_for(module, inputs, outputs, **options))[1]


def refusal(
    engine: ModelEngine,
    module: Module,
    inputs: Mapping[str, torch.Tensor],
    outputs: Iterable[str] = ("last_hidden_state",),
    **options: Any,
) -> RequestError:
    """The error of a request that is refused before it runs."""
    try:
        engine.check(request_for(module, inputs, outputs, **options))
    except RequestError as error:
        return error
    raise AssertionError("nothing was refused")


def shake(model: Any) -> None:
    """Give every weight noise: fresh ones are so alike that wrong masks and orders would hardly show."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn(weight.shape, generator=generator) * 0.15)


def judge_of(engine: ModelEngine, folder: Path | None) -> Any:
    """transformers' model with the same weights and eager attention, which shows its maps."""
    model = engine.parts.model
    judge: Any
    if folder is not None:
        judge = InstructBlipForConditionalGeneration.from_pretrained(
            folder, attn_implementation="eager", dtype=torch.float32
        )
    else:
        # A copy: the judge's kind of attention is written into the configuration.
        config = copy.deepcopy(model.config)
        judge = type(model)._from_config(config, attn_implementation="eager")
        judge.load_state_dict(model.state_dict())
    if judge.config.image_token_index is None:
        # Any id that no text here has: what stands in its place is not read.
        judge.config.image_token_index = judge.config.text_config.vocab_size - 1
    return judge.eval()


class Differences:
    """The largest difference of every output, and the largest as a share of the output's largest number."""

    def __init__(self) -> None:
        self.largest: dict[str, tuple[float, float]] = {}

    def check(
        self, ours: Mapping[str, torch.Tensor], theirs: Mapping[str, torch.Tensor], atol: float = 2e-5
    ) -> None:
        """Every one of their outputs is among ours, in its shape, and as close as float32 allows."""
        assert ours.keys() >= theirs.keys()
        for name, expected in theirs.items():
            found = ours[name]
            assert found.shape == expected.shape, name
            difference = float((found - expected).abs().max())
            share = difference / float(expected.abs().max())
            before = self.largest.get(name, (0.0, 0.0))
            self.largest[name] = (max(before[0], difference), max(before[1], share))
            torch.testing.assert_close(found, expected, atol=atol, rtol=2e-5, msg=partial(_named, name))


def _named(name: str, text: str) -> str:
    return f"{name}: {text}"

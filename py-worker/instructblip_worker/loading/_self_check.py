"""What is believed of a checkpoint, as assertions."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import torch

from ..errors import LoadError, bad_data
from ..exit_status import INTERNAL
from ..log import log
from ..model_engine import ModelEngine
from ..outbox import Outbox
from ..protocol import Error, GenerateOptions, Quantization, Result, TensorFrame, decode
from ..registry import Registry
from ..request import Picture, Request, TokenStream
from ._precision import DType


def check_model(model: Any, dtype: DType, quantization: Quantization) -> list[str]:
    """Shapes, types and values of a loaded model. Raises LoadError; returns what is worth a warning."""
    config = model.config
    queries = tuple(model.query_tokens.shape)
    if queries != (1, config.num_query_tokens, config.qformer_config.hidden_size):
        raise bad_data(f"query_tokens are {list(queries)}, which does not fit config.json.")
    width = model.language_model.get_input_embeddings().weight.shape[1]
    if model.language_projection.out_features != width:
        raise bad_data(
            f"language_projection gives {model.language_projection.out_features} numbers, but the language "
            f"model takes {width}."
        )
    _check_values(model)
    return _check_types(model, dtype, quantization)


def _check_values(model: Any) -> None:
    """A few small tensors that everything passes through."""
    for name, tensor in (
        ("query_tokens", model.query_tokens),
        ("language_projection.bias", model.language_projection.bias),
        ("vision_model.post_layernorm.weight", model.vision_model.post_layernorm.weight),
    ):
        if tensor is not None and not bool(torch.isfinite(tensor).all()):
            raise bad_data(f"{name} has values that are not numbers.")


def _check_types(model: Any, dtype: DType, quantization: Quantization) -> list[str]:
    """float16 keeps some of T5 in float32 on purpose; any other mixture is a surprise."""
    census: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for name, tensor in model.named_parameters():
        census[name.partition(".")[0]][str(tensor.dtype).removeprefix("torch.")] += tensor.numel()
    log("types", census={part: dict(types) for part, types in census.items()})
    allowed = {dtype, "float32"} if quantization == "none" else {dtype, "float32", "int8", "uint8"}
    found = {name for types in census.values() for name in types}
    if not found <= allowed:
        return [f"Weights are in {', '.join(sorted(found))}, though {dtype} was asked for."]
    return []


def warm_up(engine: ModelEngine) -> None:
    """Answer a question, on the path that all take: READY must not be the first to find out."""
    facts = engine.served.model
    size = facts.image_size
    frame = TensorFrame("u8", (size, size, 3), memoryview(bytes(size * size * 3)))
    options = GenerateOptions(max_new_tokens=2, min_new_tokens=2)
    request = Request(
        request_id="00000000-0000-4000-8000-000000000000",
        attempt=1,
        input_ids=[facts.start_token_id],
        qformer_input_ids=[0],
        picture=Picture(frame.content_hash(), frame),
        options=options,
        stream=TokenStream(wanted=False, credit=None),
        batch_key=engine.batch_key(options),
        rows=1,
        deadline=None,
    )
    registry = Registry()
    registry.add(request)
    outbox = Outbox(registry)
    outbox.worker_epoch = 1
    engine.run([request], outbox)
    replies = [decode(frames) for frames in outbox.mail.take_all()]
    outbox.mail.close()
    engine.forget_pictures()
    for reply in replies:
        if reply is not None and isinstance(reply[0], Error):
            raise LoadError(reply[0].code, f"The first answer failed: {reply[0].message}", INTERNAL)
    if not any(reply is not None and isinstance(reply[0], Result) for reply in replies):
        raise bad_data("The model gave no answer to the first question.")

"""What is believed of a checkpoint, as assertions."""

from __future__ import annotations

from typing import Any

import torch

from ..errors import LoadError, bad_data
from ..exit_status import BAD_DATA, INTERNAL
from ..inbox import Inbox
from ..model_engine import ModelEngine
from ..outbox import Outbox
from ..parts import Parts
from ..protocol import Error, GenerateOptions, Result, TensorFrame, decode
from ..registry import Registry
from ..request import GenerateRequest, Picture, TokenStream


def check_model(parts: Parts) -> None:
    """Shapes and values of a loaded model. Raises LoadError."""
    if parts.whole is not None:
        _check_whole(parts.whole)


def _check_whole(model: Any) -> None:
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


def _check_values(model: Any) -> None:
    """A few small tensors that everything passes through."""
    for name, tensor in (
        ("query_tokens", model.query_tokens),
        ("language_projection.bias", model.language_projection.bias),
        ("vision_model.post_layernorm.weight", model.vision_model.post_layernorm.weight),
    ):
        if tensor is not None and not bool(torch.isfinite(tensor).all()):
            raise bad_data(f"{name} has values that are not numbers.")


def warm_up(engine: ModelEngine) -> None:
    """Run once, on the path that all requests take: READY must not be the first to find out."""
    if engine.parts.whole is not None:
        _answer_once(engine)
    elif not bool(torch.isfinite(_encode_once(engine.parts)).all()):
        raise LoadError("OUTPUT_INVALID", "The first output has values that are not numbers.", BAD_DATA)


@torch.inference_mode()
def _encode_once(parts: Parts) -> torch.Tensor:
    """The last hidden state [1, T, H] of an encoder that stands alone, for zeros."""
    config, device = parts.model.config, parts.device
    if parts.vision is not None:
        # [1, 3, S, S]
        pixels = torch.zeros(1, 3, config.image_size, config.image_size, device=device)
        features: torch.Tensor = parts.vision(pixel_values=pixels).last_hidden_state
        return features
    dtype = parts.model.embeddings.layernorm.weight.dtype
    # One patch of a picture, [1, 1, E], and one token, [1, 1].
    picture = torch.zeros(1, 1, config.encoder_hidden_size, dtype=dtype, device=device)
    ids = torch.zeros(1, 1, dtype=torch.int64, device=device)
    seen: torch.Tensor = parts.model(input_ids=ids, encoder_hidden_states=picture).last_hidden_state
    return seen


def _answer_once(engine: ModelEngine) -> None:
    facts = engine.served.model
    size = facts.image_size
    frame = TensorFrame("u8", (size, size, 3), memoryview(bytes(size * size * 3)))
    options = GenerateOptions(max_new_tokens=2, min_new_tokens=2)
    request = GenerateRequest(
        request_id="00000000-0000-4000-8000-000000000000",
        attempt=1,
        input_ids=[facts.start_token_id],
        qformer_input_ids=[0],
        picture=Picture(frame.content_hash(), frame),
        options=options,
        stream=TokenStream(wanted=False, credit=None),
        batch_key=b"",
        rows=1,
        deadline=None,
    )
    registry = Registry()
    registry.add(request)
    outbox = Outbox(registry)
    outbox.worker_epoch = 1
    inbox = Inbox()
    inbox.put([request])
    inbox.close()
    engine.serve(inbox, outbox)
    replies = [decode(frames) for frames in outbox.mail.take_all()]
    outbox.mail.close()
    engine.forget_pictures()
    for reply in replies:
        if reply is not None and isinstance(reply[0], Error):
            raise LoadError(reply[0].code, f"The first answer failed: {reply[0].message}", INTERNAL)
    if not any(reply is not None and isinstance(reply[0], Result) for reply in replies):
        raise bad_data("The model gave no answer to the first question.")

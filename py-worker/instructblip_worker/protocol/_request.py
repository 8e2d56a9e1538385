"""Headers of a request's life: from SUBMIT to RESULT or ERROR."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from . import _limits
from ._errors import ErrorCode
from ._generate_options import GenerateOptions
from ._types import (
    Attempt,
    AttemptRef,
    Count,
    Hash,
    Header,
    LongText,
    Milliseconds,
    ModelId,
    Name,
    RequestId,
    Shape,
    ShortText,
    TensorIndex,
    TokenId,
    WireDType,
    WorkerEpoch,
)

ForwardModule = Literal["model", "vision", "qformer", "image_features"]
_FORWARD_NAMES: dict[ForwardModule, str] = {
    "model": "forward",
    "vision": "vision_forward",
    "qformer": "qformer_forward",
    "image_features": "image_features",
}
FinishReason = Literal["eos", "length", "stop", "time"]


class ImageRef(Header, kw_only=True, frozen=True):
    """A picture by its content hash. Without ``tensor`` the receiver has it, or asks with NEED."""

    hash: Hash
    tensor: TensorIndex | None = None
    interpolate: bool | None = None


class GenerateOp(Header, kw_only=True, frozen=True, tag_field="kind", tag="generate"):
    """New tokens. ``input_ids`` and ``qformer_input_ids`` point at i32 [tokens]."""

    image: ImageRef
    input_ids: TensorIndex
    qformer_input_ids: TensorIndex
    options: GenerateOptions


class RankOp(Header, kw_only=True, frozen=True, tag_field="kind", tag="rank"):
    """How likely some answers are. ``candidates`` points at i32 [candidates, tokens], padded with -1."""

    image: ImageRef
    input_ids: TensorIndex
    qformer_input_ids: TensorIndex
    candidates: TensorIndex


class ForwardOp(Header, kw_only=True, frozen=True, tag_field="kind", tag="forward"):
    """One pass through the model or a part of it; ``inputs`` are whole batches."""

    module: ForwardModule
    inputs: dict[Name, TensorIndex]
    outputs: Annotated[list[Name], Meta(min_length=1, max_length=64)]
    output_dtype: Literal["f32", "f16", "bf16"] | None = None
    interpolate_pos_encoding: bool | None = None


def operation_name(op: GenerateOp | RankOp | ForwardOp) -> str:
    """How READY names the operation."""
    if isinstance(op, ForwardOp):
        return _FORWARD_NAMES[op.module]
    return "rank" if isinstance(op, RankOp) else "generate"


class CallPolicy(Header, kw_only=True, frozen=True):
    """How the pool is to treat a client's request."""

    queue_timeout_ms: Milliseconds | None = None
    run_timeout_ms: Milliseconds | None = None
    priority: Annotated[int, Meta(ge=-100, le=100)] | None = None
    max_retries: Annotated[int, Meta(ge=0, le=16)] | None = None


class Item(Header, kw_only=True, frozen=True):
    """One request in a SUBMIT."""

    request_id: RequestId
    attempt: Attempt
    op: GenerateOp | RankOp | ForwardOp
    ttl_ms: Milliseconds | None = None
    stream: bool
    credit: Annotated[int, Meta(ge=0, le=2**20)] | None = None
    call: CallPolicy | None = None


class Submit(Header, kw_only=True, frozen=True):
    """A batch of requests for one model. Carries tensors."""

    worker_epoch: WorkerEpoch | None = None
    model_id: ModelId
    items: Annotated[list[Item], Meta(min_length=1, max_length=_limits.BATCH)]


class Accept(Header, kw_only=True, frozen=True):
    """The receiver has the requests and will settle them."""

    worker_epoch: WorkerEpoch | None = None
    items: Annotated[list[AttemptRef], Meta(min_length=1, max_length=_limits.BATCH)]


class ChunkEntry(Header, kw_only=True, frozen=True):
    """New tokens of one request; ``seq`` counts its chunks from 0."""

    request_id: RequestId
    attempt: Attempt
    seq: Count
    tokens: Annotated[list[TokenId], Meta(min_length=1, max_length=1024)]
    log_probs: Annotated[list[float], Meta(max_length=1024)] | None = None


class Chunk(Header, kw_only=True, frozen=True):
    """New tokens of some requests."""

    worker_epoch: WorkerEpoch | None = None
    chunks: Annotated[list[ChunkEntry], Meta(min_length=1, max_length=256)]


class AttemptRecord(Header, kw_only=True, frozen=True):
    """How one try ended, as the pool saw it."""

    attempt: Attempt
    worker_id: ShortText
    code: ErrorCode
    message: LongText


Attempts = Annotated[list[AttemptRecord], Meta(max_length=32)]


class Part(Header, kw_only=True, frozen=True):
    """A piece of an output too large for the RESULT: the bytes from ``offset`` on. Carries tensors."""

    worker_epoch: WorkerEpoch | None = None
    request_id: RequestId
    attempt: Attempt
    seq: Count
    output: Name
    dtype: WireDType
    shape: Shape
    offset: Count
    tensor: TensorIndex


class Result(Header, kw_only=True, frozen=True):
    """The answer; final. ``outputs`` names tensors. Carries tensors."""

    worker_epoch: WorkerEpoch | None = None
    request_id: RequestId
    attempt: Attempt
    chunks: Count
    parts: Count | None = None
    outputs: dict[Name, TensorIndex]
    finish_reasons: Annotated[list[FinishReason], Meta(max_length=64)]
    timings: dict[Name, float]
    batch_size: Count
    image_cached: bool
    worker_id: ShortText | None = None
    tries: Attempt | None = None
    attempts: Attempts | None = None


class Error(Header, kw_only=True, frozen=True):
    """A failure; final when it names a request."""

    worker_epoch: WorkerEpoch | None = None
    request_id: RequestId | None = None
    attempt: Attempt | None = None
    code: ErrorCode
    message: LongText
    started: bool
    retry_after_ms: Milliseconds | None = None
    path: ShortText | None = None
    attempts: Attempts | None = None


class Cancel(Header, kw_only=True, frozen=True):
    """Give the request up."""

    request_id: RequestId
    attempt: Attempt
    reason: ShortText


class Credit(Header, kw_only=True, frozen=True):
    """So many more CHUNKs and PARTs of the request may be sent."""

    request_id: RequestId
    attempt: Attempt
    chunks: Annotated[int, Meta(ge=1, le=2**20)]


class Need(Header, kw_only=True, frozen=True):
    """Pictures whose bytes are wanted."""

    hashes: Annotated[list[Hash], Meta(min_length=1, max_length=_limits.BATCH)]


class Put(Header, kw_only=True, frozen=True):
    """Bytes of one picture: u8 [height, width, 3], or f32 [3, height, width]. Carries tensors."""

    hash: Hash
    tensor: TensorIndex

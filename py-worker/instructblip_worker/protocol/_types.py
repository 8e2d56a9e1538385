"""The building blocks of headers: bounded numbers and texts, and what several kinds share."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from . import _limits
from ._limits import MAX_INT

Count = Annotated[int, Meta(ge=0, le=MAX_INT)]
Milliseconds = Annotated[int, Meta(ge=0, le=2**40)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
ShortText = Annotated[str, Meta(max_length=256)]
LongText = Annotated[str, Meta(max_length=4096)]
Name = Annotated[str, Meta(max_length=48)]
RequestId = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")]
Attempt = Annotated[int, Meta(ge=1, le=65535)]
WorkerEpoch = Annotated[int, Meta(ge=1, le=2**31)]
PoolEpoch = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
ModelId = Annotated[str, Meta(min_length=1, max_length=128)]
Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
TokenId = Annotated[int, Meta(ge=0, le=2**31 - 1)]
TensorIndex = Annotated[int, Meta(ge=0, le=_limits.TENSORS - 1)]
Shape = Annotated[list[Annotated[int, Meta(ge=0, le=2**31 - 1)]], Meta(max_length=_limits.RANK)]
Slots = Annotated[int, Meta(ge=1, le=1024)]

WireDType = Literal["u8", "i8", "i32", "i64", "f16", "bf16", "f32", "bool"]
Precision = Literal["auto", "float32", "bfloat16", "float16"]
Quantization = Literal["none", "int8", "nf4"]


class Header(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Base of every map in a header: unknown fields are ignored, absent ones are ``None``."""


class TensorSpec(Header, kw_only=True, frozen=True):
    """One tensor frame: element type, shape, and its length in bytes."""

    dtype: WireDType
    shape: Shape
    bytes: Annotated[int, Meta(ge=0, le=_limits.TENSOR_BYTES)]


TensorSpecs = Annotated[list[TensorSpec], Meta(max_length=_limits.TENSORS)]


class TensorTable(Header, kw_only=True, frozen=True):
    """The part of a header that describes the tensor frames."""

    tensors: TensorSpecs


class AttemptRef(Header, kw_only=True, frozen=True):
    """One request of one attempt: names what a message is about."""

    request_id: RequestId
    attempt: Attempt

"""Messages to frames and back.

A message is two frames and its tensors: an 8-byte preamble, a msgpack map, then raw bytes. Nothing here
raises on a peer's bytes but :class:`ProtocolError`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, NoReturn

import msgspec

from ._errors import ProtocolError
from ._kinds import KINDS, TENSOR_KINDS, Message, kind_by_code, kind_of, tensor_references
from ._limits import (
    HEADER_BYTES,
    LARGE_HEADER_BYTES,
    LARGE_HEADER_KINDS,
    MAX_INT,
    RANK,
    TENSOR_BYTES,
    TENSORS,
)
from ._scan import scan
from ._tensor_frame import ELEMENT_BYTES, TensorFrame
from ._text import well_formed_tree
from ._types import TensorSpec, TensorTable
from ._version import PROTOCOL_MAJOR

Frame = bytes | bytearray | memoryview

_MAGIC = b"IBW"
_IGNORABLE = 0x01

_encoder = msgspec.msgpack.Encoder()
_decode_any = msgspec.msgpack.Decoder().decode
_decode_table = msgspec.msgpack.Decoder(TensorTable).decode
_decode_header = {name: msgspec.msgpack.Decoder(header).decode for name, (_, header) in KINDS.items()}

_AT = re.compile(r" - at `(?:key` in `)?\$(?P<path>.*)`$")
_MISSING = re.compile(r"missing required field `(?P<field>[^`]*)`")


def encode(message: Message, tensors: Sequence[TensorFrame] = ()) -> list[bytes | memoryview]:
    """The frames of a message. ``tensors`` go as they are; their specs are put into the header.

    Raises :class:`ProtocolError` when the message is over a limit, or carries tensors though its kind
    has none.
    """
    kind = kind_of(message)
    header: Any = message
    if kind in TENSOR_KINDS:
        specs = [TensorSpec(dtype=t.dtype, shape=list(t.shape), bytes=t.data.nbytes) for t in tensors]
        header = msgspec.to_builtins(message)
        header["tensors"] = msgspec.to_builtins(specs)
    elif tensors:
        raise ProtocolError(f"{kind} carries no tensors, but {len(tensors)} were given", "tensors")
    if len(tensors) > TENSORS:
        raise ProtocolError(
            f"a message has at most {TENSORS} tensors, but {len(tensors)} were given", "tensors"
        )
    for i, tensor in enumerate(tensors):
        if len(tensor.shape) > RANK:
            raise ProtocolError(f"a tensor has at most {RANK} dimensions", f"tensors[{i}]")
    body = _pack(header)
    _check_sizes(kind, len(body), sum(t.data.nbytes for t in tensors))
    scan(body)
    preamble = bytes((*_MAGIC, PROTOCOL_MAJOR, KINDS[kind][0], 0, len(tensors), 0))
    return [preamble, body, *(tensor.data for tensor in tensors)]


def decode(frames: Sequence[Frame]) -> tuple[Message, list[TensorFrame]] | None:
    """The message of some frames; the tensors are views of them, not copies.

    None for a message of an unknown kind that its sender marked as ignorable. Raises
    :class:`ProtocolError`, and nothing else, when the frames break the protocol.
    """
    kind, count = _read_preamble(frames)
    if kind is None:
        return None
    if len(frames) != 2 + count:
        raise ProtocolError(f"the preamble announces {2 + count} frames, but {len(frames)} came", "frames")
    if count and kind not in TENSOR_KINDS:
        raise ProtocolError(f"{kind} carries no tensors, but {count} came", "preamble.tensors")
    views = [memoryview(frame).cast("B") for frame in frames[2:]]
    header = bytes(frames[1])
    _check_sizes(kind, len(header), sum(view.nbytes for view in views))
    whole_floats = scan(header)
    if whole_floats:
        header = msgspec.msgpack.encode(_whole_numbers(_decode_any(header)))
    try:
        message = _decode_header[kind](header)
        specs = _decode_table(header).tensors if kind in TENSOR_KINDS else []
    except msgspec.DecodeError as error:
        _raise_schema_error(error)
    tensors = _read_tensors(specs, views)
    for path, index in tensor_references(message):
        if index >= len(tensors):
            raise ProtocolError(f"names tensor {index}, but {len(tensors)} came", f"header.{path}")
    return message, tensors


def _read_preamble(frames: Sequence[Frame]) -> tuple[str | None, int]:
    """Kind and number of tensors; no kind when the message is to be ignored."""
    if not frames:
        raise ProtocolError("a message has at least two frames, but none came", "frames")
    preamble = bytes(frames[0])
    if len(preamble) != 8 or preamble[:3] != _MAGIC:
        raise ProtocolError('the first frame must be 8 bytes that start with "IBW"', "preamble.magic")
    major, code, flags, count, reserved = preamble[3:]
    if major != PROTOCOL_MAJOR:
        raise ProtocolError(f"this side speaks version {PROTOCOL_MAJOR}, the peer {major}", "preamble.major")
    if flags & ~_IGNORABLE or reserved:
        raise ProtocolError("reserved bits must be 0", "preamble.reserved")
    kind = kind_by_code(code)
    if kind is None and not flags & _IGNORABLE:
        raise ProtocolError(f"there is no kind 0x{code:02x}", "preamble.kind")
    return kind, count


def _check_sizes(kind: str, header_bytes: int, tensor_bytes: int) -> None:
    limit = LARGE_HEADER_BYTES if kind in LARGE_HEADER_KINDS else HEADER_BYTES
    if header_bytes > limit:
        raise ProtocolError(f"a header of {kind} has at most {limit} bytes, not {header_bytes}", "header")
    if tensor_bytes > TENSOR_BYTES:
        raise ProtocolError(f"tensors have at most {TENSOR_BYTES} bytes, not {tensor_bytes}", "tensors")


def _read_tensors(specs: list[TensorSpec], views: list[memoryview]) -> list[TensorFrame]:
    if len(specs) != len(views):
        raise ProtocolError(f"the header describes {len(specs)} tensors, but {len(views)} came", "tensors")
    tensors = []
    for i, (spec, view) in enumerate(zip(specs, views, strict=True)):
        wanted = math.prod(spec.shape) * ELEMENT_BYTES[spec.dtype]
        if wanted != spec.bytes or wanted != view.nbytes:
            raise ProtocolError(
                f"{spec.dtype} {spec.shape} is {wanted} bytes; the header says {spec.bytes}, "
                f"{view.nbytes} came",
                f"tensors[{i}]",
            )
        tensors.append(TensorFrame(spec.dtype, tuple(spec.shape), view))
    return tensors


def _pack(header: Any) -> bytes:
    try:
        return _encoder.encode(header)
    except UnicodeEncodeError:
        # Rare: a lone surrogate somewhere in the text.
        return _encoder.encode(well_formed_tree(msgspec.to_builtins(header)))


def _whole_numbers(value: Any) -> Any:
    """JSON has one kind of number: 2.0 is 2, as JavaScript writes large whole numbers as floats."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= MAX_INT else value
    if isinstance(value, dict):
        return {key: _whole_numbers(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(entry) for entry in value]
    return value


def _raise_schema_error(error: msgspec.DecodeError) -> NoReturn:
    text = str(error)
    at = _AT.search(text)
    path = f"header{at.group('path')}" if at else "header."
    missing = _MISSING.search(text)
    if missing:
        path = f"{path.rstrip('.')}.{missing.group('field')}"
    raise ProtocolError(_AT.sub("", text), path) from error

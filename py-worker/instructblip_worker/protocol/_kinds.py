"""The message kinds: name, byte in the preamble, and the class of the header."""

from __future__ import annotations

from ._admin import Admin, AdminReply
from ._connection import Beat, Disconnect, Drain, Goodbye, Hello, Ping, Progress, Welcome
from ._deployment import Assets, AssetsReply, Load, Ready
from ._request import (
    Accept,
    Cancel,
    Chunk,
    Credit,
    Error,
    ForwardOp,
    GenerateOp,
    Need,
    Part,
    Put,
    RankOp,
    Result,
    Submit,
)

Message = (
    Hello
    | Welcome
    | Load
    | Progress
    | Ready
    | Beat
    | Ping
    | Submit
    | Accept
    | Chunk
    | Part
    | Result
    | Error
    | Cancel
    | Credit
    | Drain
    | Goodbye
    | Disconnect
    | Need
    | Put
    | Assets
    | AssetsReply
    | Admin
    | AdminReply
)
"""Any message's header."""

KINDS: dict[str, tuple[int, type[Message]]] = {
    "HELLO": (0x01, Hello),
    "WELCOME": (0x02, Welcome),
    "LOAD": (0x03, Load),
    "PROGRESS": (0x04, Progress),
    "READY": (0x05, Ready),
    "BEAT": (0x06, Beat),
    "PING": (0x07, Ping),
    "SUBMIT": (0x10, Submit),
    "ACCEPT": (0x11, Accept),
    "CHUNK": (0x12, Chunk),
    "RESULT": (0x13, Result),
    "ERROR": (0x14, Error),
    "PART": (0x15, Part),
    "CANCEL": (0x20, Cancel),
    "CREDIT": (0x21, Credit),
    "DRAIN": (0x22, Drain),
    "GOODBYE": (0x23, Goodbye),
    "DISCONNECT": (0x24, Disconnect),
    "NEED": (0x30, Need),
    "PUT": (0x31, Put),
    "ASSETS": (0x32, Assets),
    "ASSETS_REPLY": (0x33, AssetsReply),
    "ADMIN": (0x34, Admin),
    "ADMIN_REPLY": (0x35, AdminReply),
}

TENSOR_KINDS = frozenset({"SUBMIT", "PART", "RESULT", "PUT", "ASSETS_REPLY"})
"""Kinds that carry tensor frames, described by the header's ``tensors``."""

_BY_CODE = {code: name for name, (code, _) in KINDS.items()}
_BY_CLASS = {header: name for name, (_, header) in KINDS.items()}


def kind_by_code(code: int) -> str | None:
    """The name of the kind with that byte, or None."""
    return _BY_CODE.get(code)


def kind_of(message: Message) -> str:
    """The name of a message's kind."""
    return _BY_CLASS[type(message)]


def tensor_references(message: Message) -> list[tuple[str, int]]:
    """Every position in ``tensors`` that a header names, with the path of the field."""
    if isinstance(message, Submit):
        return [
            (f"items[{i}].op.{path}", index)
            for i, item in enumerate(message.items)
            for path, index in _op_references(item.op)
        ]
    if isinstance(message, Result):
        return [(f"outputs.{name}", index) for name, index in message.outputs.items()]
    if isinstance(message, Put | Part):
        return [("tensor", message.tensor)]
    if isinstance(message, AssetsReply):
        return [(f"files[{i}].tensor", file.tensor) for i, file in enumerate(message.files)]
    return []


def _op_references(op: GenerateOp | RankOp | ForwardOp) -> list[tuple[str, int]]:
    if isinstance(op, ForwardOp):
        return [(f"inputs.{name}", index) for name, index in op.inputs.items()]
    found = [] if op.image.tensor is None else [("image.tensor", op.image.tensor)]
    found += [("input_ids", op.input_ids), ("qformer_input_ids", op.qformer_input_ids)]
    return [*found, ("candidates", op.candidates)] if isinstance(op, RankOp) else found

"""The wire protocol IBW/1: messages, limits, and the codec. No sockets.

``protocol/README.md`` is the specification. ``encode`` and ``decode`` turn messages into frames and back;
every kind of message is a frozen struct, in CamelCase.
"""

from __future__ import annotations

from ._admin import Admin, AdminReply
from ._codec import Frame, decode, encode
from ._connection import Beat, Disconnect, Drain, Goodbye, Hello, Minors, Ping, Progress, Running, Welcome
from ._deployment import (
    AssetFile,
    Assets,
    AssetsReply,
    ConfigSource,
    FolderSource,
    HubSource,
    Load,
    ModelFacts,
    Ready,
    ScriptedSource,
)
from ._errors import ERROR_CODES, ErrorCode, ProtocolError
from ._generate_options import GenerateOptions, WatermarkingConfig
from ._kinds import KINDS, TENSOR_KINDS, Message, kind_of
from ._limits import OUTPUT_BYTES
from ._request import (
    Accept,
    AttemptRecord,
    CallPolicy,
    Cancel,
    Chunk,
    ChunkEntry,
    Credit,
    Error,
    FinishReason,
    ForwardModule,
    ForwardOp,
    GenerateOp,
    ImageRef,
    Item,
    Need,
    Part,
    Put,
    RankOp,
    Result,
    Submit,
    operation_name,
)
from ._schema_hash import SCHEMA_HASH
from ._tensor_frame import ELEMENT_BYTES, TensorFrame
from ._text import clip_message, well_formed
from ._types import AttemptRef, Precision, Quantization, TensorSpec, WireDType
from ._version import FEATURES, MINOR_MAX, MINOR_MIN, PROTOCOL_MAJOR

__all__ = [
    "ELEMENT_BYTES",
    "ERROR_CODES",
    "FEATURES",
    "KINDS",
    "MINOR_MAX",
    "MINOR_MIN",
    "OUTPUT_BYTES",
    "PROTOCOL_MAJOR",
    "SCHEMA_HASH",
    "TENSOR_KINDS",
    "Accept",
    "Admin",
    "AdminReply",
    "AssetFile",
    "Assets",
    "AssetsReply",
    "AttemptRecord",
    "AttemptRef",
    "Beat",
    "CallPolicy",
    "Cancel",
    "Chunk",
    "ChunkEntry",
    "ConfigSource",
    "Credit",
    "Disconnect",
    "Drain",
    "Error",
    "ErrorCode",
    "FinishReason",
    "FolderSource",
    "ForwardModule",
    "ForwardOp",
    "Frame",
    "GenerateOp",
    "GenerateOptions",
    "Goodbye",
    "Hello",
    "HubSource",
    "ImageRef",
    "Item",
    "Load",
    "Message",
    "Minors",
    "ModelFacts",
    "Need",
    "Part",
    "Ping",
    "Precision",
    "Progress",
    "ProtocolError",
    "Put",
    "Quantization",
    "RankOp",
    "Ready",
    "Result",
    "Running",
    "ScriptedSource",
    "Submit",
    "TensorFrame",
    "TensorSpec",
    "WatermarkingConfig",
    "Welcome",
    "WireDType",
    "clip_message",
    "decode",
    "encode",
    "kind_of",
    "operation_name",
    "well_formed",
]

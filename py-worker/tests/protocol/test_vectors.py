"""The committed vectors: both languages accept the same, refuse the same, and read the same values."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest

from instructblip_worker.protocol import TENSOR_KINDS, ProtocolError, decode, encode, kind_of

from .vectors import frame_of, read_vectors

ACCEPTED = read_vectors("accept")
REJECTED = read_vectors("reject")


@pytest.mark.parametrize("vector", [v for _, v in ACCEPTED], ids=[name for name, _ in ACCEPTED])
def test_accepts(vector: dict[str, Any]) -> None:
    frames = [frame_of(text) for text in vector["frames"]]
    decoded = decode(frames)
    if "kind" not in vector:
        assert decoded is None
        return
    assert decoded is not None
    message, tensors = decoded
    assert kind_of(message) == vector["kind"]
    assert json.loads(msgspec.json.encode(message)) == vector["header"]
    described = [{"dtype": tensor.dtype, "shape": list(tensor.shape)} for tensor in tensors]
    assert described == vector.get("tensors", [])
    assert (vector["kind"] in TENSOR_KINDS) == ("tensors" in vector)
    assert all(tensor.data == frame for tensor, frame in zip(tensors, frames[2:], strict=True))

    assert decode(encode(message, tensors)) == (message, tensors)


@pytest.mark.parametrize("vector", [v for _, v in REJECTED], ids=[name for name, _ in REJECTED])
def test_rejects(vector: dict[str, Any]) -> None:
    frames = [frame_of(text) for text in vector["frames"]]
    with pytest.raises(ProtocolError) as refusal:
        decode(frames)
    assert is_path(refusal.value.path, vector["path"])


def is_path(path: str, expected: str) -> bool:
    """Whether a path is the expected one; msgspec does not tell which key of a free map it was."""
    pattern = re.escape(path).replace(re.escape("[...]"), r"\.[^.\[]*")
    return re.fullmatch(pattern, expected) is not None

"""What the vectors do not say: how messages are encoded, and what encoding refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest

from instructblip_worker.protocol import (
    Beat,
    Cancel,
    Error,
    Progress,
    ProtocolError,
    Put,
    TensorFrame,
    decode,
    encode,
)

HASH = "5a" * 32
REQUEST = "01234567-89ab-7cde-8f01-23456789abcd"


def picture(*shape: int) -> TensorFrame:
    return TensorFrame.of(np.zeros(shape, np.uint8))


def test_writes_the_preamble() -> None:
    assert encode(Beat(seq=1))[0] == bytes.fromhex("4942570106000000")
    assert encode(Put(hash=HASH, tensor=0), [picture(1)])[0] == bytes.fromhex("4942570131000100")


def test_absent_fields_are_not_written() -> None:
    assert encode(Beat(seq=1))[1] == bytes.fromhex("81a373657101")


def test_tensor_frames_are_views_both_ways() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    frames = encode(Put(hash=HASH, tensor=0), [TensorFrame.of(array)])
    decoded = decode(frames)
    assert decoded is not None
    (tensor,) = decoded[1]
    array[1, 2] = 42
    assert tensor.numpy()[1, 2] == 42


def test_lone_surrogates_are_replaced_and_pairs_joined() -> None:
    text = "a\ud800b \ud83d\ude42"
    decoded = decode(encode(Cancel(request_id=REQUEST, attempt=1, reason=text)))
    assert decoded == (Cancel(request_id=REQUEST, attempt=1, reason="a\ufffdb \U0001f642"), [])


@pytest.mark.parametrize("size", [16 * 1024, 70 * 1024])
def test_refuses_a_header_over_its_limit(size: int) -> None:
    with pytest.raises(ProtocolError, match="at most") as refusal:
        encode(Cancel(request_id=REQUEST, attempt=1, reason="x" * size))
    assert refusal.value.path == "header"


def test_refuses_tensors_with_a_kind_that_has_none() -> None:
    with pytest.raises(ProtocolError, match="carries no tensors"):
        encode(Beat(seq=1), [picture(1)])


def test_refuses_tensors_over_the_limits() -> None:
    put = Put(hash=HASH, tensor=0)
    half = picture(32, 1024, 1024)
    assert len(encode(put, [half, half])) == 4
    for tensors in ([half, half, picture(1)], [picture(1)] * 256, [picture(*[1] * 9)]):
        with pytest.raises(ProtocolError, match="at most") as refusal:
            encode(put, tensors)
        assert refusal.value.path.startswith("tensors")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_refuses_numbers_that_are_not_finite(value: float) -> None:
    with pytest.raises(ProtocolError, match="not finite"):
        encode(Progress(worker_epoch=1, stage="read", fraction=value))


def test_refuses_integers_that_javascript_cannot_hold() -> None:
    with pytest.raises(ProtocolError, match="beyond"):
        encode(Beat(seq=2**53))


def test_whole_numbers_where_fractions_may_be_are_floats() -> None:
    # JavaScript writes 1.0 as the integer 1.
    preamble = encode(Progress(worker_epoch=1, stage="read"))[0]
    header = bytes.fromhex("83") + b"\xacworker_epoch\x01\xa5stage\xa4read\xa8fraction\x01"
    decoded = decode([preamble, header])
    assert decoded is not None
    assert isinstance(decoded[0], Progress)
    assert isinstance(decoded[0].fraction, float)


def test_messages_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Beat(seq=1).seq = 2  # type: ignore[misc]


def test_frames_of_any_bytes_type_are_read() -> None:
    error = Error(code="INTERNAL", message="it broke", started=True)
    frames = encode(error)
    for kind in (bytes, bytearray, memoryview):
        assert decode([kind(frame) for frame in frames]) == (error, [])

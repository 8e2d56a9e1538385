"""No bytes make the decoder raise anything but ProtocolError."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instructblip_worker.protocol import KINDS, ProtocolError, decode, encode

from .vectors import frame_of, read_vectors

SMALL = [
    frames
    for _, vector in read_vectors("accept")
    if len(str(vector["frames"])) < 4096
    for frames in [[frame_of(text) for text in vector["frames"]]]
    if sum(map(len, frames)) < 4096
]
CODES = [code for code, _ in KINDS.values()]


def is_refused(frames: list[bytes]) -> bool:
    try:
        decoded = decode(frames)
    except ProtocolError as error:
        assert error.path.split(".")[0].split("[")[0] in {"preamble", "frames", "header", "tensors"}
        return True
    if decoded is not None:
        # What is accepted can be said again.
        assert decode(encode(*decoded)) == decoded
    return False


@settings(
    max_examples=400, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(code=st.sampled_from(CODES), header=st.binary(max_size=200), tensors=st.lists(st.binary(max_size=16)))
def test_arbitrary_bytes(code: int, header: bytes, tensors: list[bytes]) -> None:
    preamble = bytes((*b"IBW", 1, code, 0, len(tensors), 0))
    # A map of four entries that chance does not make: no kind can be said in it.
    assert is_refused([preamble, b"\x84" + header, *tensors])


def test_spoilt_vectors() -> None:
    source = random.Random(20261)
    refused = 0
    cases = 5000
    for _ in range(cases):
        frames = list(source.choice(SMALL))
        at = source.randrange(len(frames))
        frame = bytearray(frames[at])
        for _ in range(source.randint(1, 3)):
            position = source.randrange(len(frame) + 1)
            frame[position : position + source.randint(0, 3)] = source.randbytes(source.randint(0, 3))
        frames[at] = bytes(frame)
        refused += is_refused(frames)
    assert cases / 2 < refused < cases

"""Tensor frames: numpy and back, sizes, and content hashes."""

from __future__ import annotations

import numpy as np
import pytest

from instructblip_worker.protocol import ELEMENT_BYTES, TensorFrame, WireDType

ARRAYS: list[tuple[WireDType, str]] = [
    ("u8", "uint8"),
    ("i8", "int8"),
    ("i32", "int32"),
    ("i64", "int64"),
    ("f16", "float16"),
    ("f32", "float32"),
    ("bool", "bool"),
]


@pytest.mark.parametrize(("code", "name"), ARRAYS)
@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (5,), (2, 3, 4)])
def test_numpy_and_back(code: WireDType, name: str, shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(name)
    frame = TensorFrame.of(array)
    assert (frame.dtype, frame.shape) == (code, shape)
    assert frame.data.nbytes == array.size * ELEMENT_BYTES[code]
    again = frame.numpy()
    assert again.dtype == array.dtype
    np.testing.assert_array_equal(again, array)


def test_bf16_goes_as_its_bits() -> None:
    bits = np.array([0x3FC0, 0xFF80], np.uint16)
    frame = TensorFrame.of(bits, "bf16")
    assert (frame.dtype, bytes(frame.data)) == ("bf16", bytes.fromhex("c03f80ff"))
    np.testing.assert_array_equal(frame.numpy(), bits)


def test_arrays_that_are_not_dense_or_not_little_endian_are_copied() -> None:
    array = np.arange(6, dtype=np.int32).reshape(2, 3)
    assert bytes(TensorFrame.of(array.T).data) == np.ascontiguousarray(array.T).tobytes()
    assert bytes(TensorFrame.of(array.astype(">i4")).data) == array.tobytes()


@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        (np.zeros(2, np.float64), None),
        (np.zeros(2, np.uint16), None),
        (np.zeros(2, np.complex64), None),
        (np.zeros(2, np.float32), "bf16"),
        (np.zeros(2, np.float32), "i32"),
        (np.array(["a"]), None),
    ],
)
def test_refuses_what_has_no_wire_dtype(array: np.ndarray, dtype: WireDType | None) -> None:
    with pytest.raises(ValueError, match="cannot be sent"):
        TensorFrame.of(array, dtype)


def test_refuses_data_of_another_size() -> None:
    with pytest.raises(ValueError, match=r"f32 \[2, 3\] needs 24 bytes, but data has 6"):
        TensorFrame("f32", (2, 3), memoryview(bytes(6)))


def test_content_hash_is_the_sha256_of_type_shape_and_bytes() -> None:
    # Made with `printf 'u8:1x2x3\n\x10\x20\x30\x40\x50\x60' | sha256sum` and its like.
    picture = TensorFrame("u8", (1, 2, 3), memoryview(bytes.fromhex("102030405060")))
    assert picture.content_hash() == "d65d38b1c67a9d6b70fd41a51f7715cbd488920363ef19ef528a252e04bdc327"
    scalar = TensorFrame("f32", (), memoryview(bytes.fromhex("0000c03f")))
    assert scalar.content_hash() == "202e7b466b8f930230d5f77ebaae2262f53d0b819be4ae9c3e295beccb6ba271"

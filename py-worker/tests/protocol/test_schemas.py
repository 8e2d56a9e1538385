"""The structs say what the committed schemas say: fields, types, bounds, words, and which are required."""

from __future__ import annotations

import json
from typing import Any, get_args

import msgspec
import pytest

from instructblip_worker.protocol import (
    ELEMENT_BYTES,
    ERROR_CODES,
    FEATURES,
    KINDS,
    MINOR_MAX,
    MINOR_MIN,
    PROTOCOL_MAJOR,
    SCHEMA_HASH,
    TENSOR_KINDS,
    TensorSpec,
    WireDType,
    _limits,
)

from .json_schema import normalised
from .vectors import PROTOCOL


def read(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((PROTOCOL / "schema" / f"{name}.json").read_text())
    return schema


INDEX = read("index")


@pytest.mark.parametrize("kind", KINDS)
def test_struct_agrees_with_the_committed_schema(kind: str) -> None:
    committed = normalised(read(kind))
    if kind in TENSOR_KINDS:
        # The codec reads and writes this one field; the struct does not have it.
        committed["required"].remove("tensors")
        described = committed["properties"].pop("tensors")
        assert described == {"type": "array", "maxItems": _limits.TENSORS, "items": struct_schema(TensorSpec)}
    assert struct_schema(KINDS[kind][1]) == committed


def struct_schema(struct: type) -> Any:
    return normalised(msgspec.json.schema(struct))


def test_kinds_and_their_bytes_agree() -> None:
    assert {name: code for name, (code, _) in KINDS.items()} == {
        name: facts["code"] for name, facts in INDEX["kinds"].items()
    }
    assert {name for name, facts in INDEX["kinds"].items() if facts["tensors"]} == TENSOR_KINDS


def test_limits_agree() -> None:
    assert INDEX["limits"] == {
        "headerBytes": _limits.HEADER_BYTES,
        "largeHeaderBytes": _limits.LARGE_HEADER_BYTES,
        "depth": _limits.DEPTH,
        "items": _limits.ITEMS,
        "keyBytes": _limits.KEY_BYTES,
        "tensors": _limits.TENSORS,
        "rank": _limits.RANK,
        "tensorBytes": _limits.TENSOR_BYTES,
        "partBytes": _limits.PART_BYTES,
        "outputBytes": _limits.OUTPUT_BYTES,
        "batch": _limits.BATCH,
        "errorMessageBytes": _limits.ERROR_MESSAGE_BYTES,
    }
    assert set(INDEX["largeHeaderKinds"]) == _limits.LARGE_HEADER_KINDS


def test_versions_agree() -> None:
    assert INDEX["magic"] == "IBW"
    assert INDEX["major"] == PROTOCOL_MAJOR
    assert INDEX["minors"] == {"min": MINOR_MIN, "max": MINOR_MAX}
    assert INDEX["features"] == list(FEATURES)
    assert INDEX["schemaHash"] == SCHEMA_HASH


def test_words_agree() -> None:
    assert set(INDEX["errorCodes"]) == ERROR_CODES
    assert set(get_args(WireDType)) == set(ELEMENT_BYTES)

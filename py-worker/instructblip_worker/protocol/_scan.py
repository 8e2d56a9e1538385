"""The grammar check: every byte of a header is looked at before anything is built from it.

A header is JSON's data model in msgpack, without null: text, booleans, finite numbers, arrays, and maps
with distinct text keys. What a general decoder lets pass is refused here: extension types, binary, nil,
NaN and infinities, integers that JavaScript cannot hold, repeated keys, invalid UTF-8, bytes behind the
end. Claimed lengths are checked against the limits and never allocated.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import NoReturn

from ._errors import ProtocolError
from ._limits import DEPTH, ITEMS, KEY_BYTES, MAX_INT

_unpack_float = struct.Struct(">f").unpack_from
_unpack_double = struct.Struct(">d").unpack_from

_UNSIGNED = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}
_SIGNED = {0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
_TEXT = {0xD9: 1, 0xDA: 2, 0xDB: 4}
_ARRAY = {0xDC: 2, 0xDD: 4}
_MAP = {0xDE: 2, 0xDF: 4}
_NOT_IN_HEADERS = {0xC0: "nil", 0xC1: "a reserved byte", 0xC4: "binary", 0xC5: "binary", 0xC6: "binary"}


def scan(header: bytes) -> bool:
    """Check a header's bytes; whether it has whole numbers written as floats.

    Raises :class:`ProtocolError` with path ``header``.
    """
    scanner = _Scanner(header)
    scanner.root()
    return scanner.whole_floats


class _Scanner:
    __slots__ = ("at", "data", "items", "whole_floats")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.items = 0
        self.whole_floats = False

    def root(self) -> None:
        token = self.data[0] if self.data else 0
        if not (0x80 <= token <= 0x8F or token in _MAP):
            _refuse("the header must be a map", 0)
        self.value(0)
        if self.at != len(self.data):
            _refuse("there are bytes behind the map", self.at)

    def value(self, depth: int) -> None:
        """Check the value at ``at`` and move behind it; ``depth`` counts the containers around it."""
        data = self.data
        start = self.at
        if start >= len(data):
            _refuse("the header is cut off", start)
        token = data[start]
        self.at = start + 1
        if token < 0x80 or token >= 0xE0 or token == 0xC2 or token == 0xC3:
            return
        if 0xA0 <= token < 0xC0:
            self.text(token & 0x1F)
        elif token < 0x90:
            self.map(token & 0x0F, depth + 1)
        elif token < 0xA0:
            self.array(token & 0x0F, depth + 1)
        elif token in _UNSIGNED:
            if self.integer(_UNSIGNED[token], signed=False) > MAX_INT:
                _refuse("an integer is beyond 2^53 - 1", start)
        elif token in _TEXT:
            self.text(self.integer(_TEXT[token], signed=False))
        elif token == 0xCB:
            self.number(_unpack_double, 8)
        elif token == 0xCA:
            self.number(_unpack_float, 4)
        elif token in _SIGNED:
            if abs(self.integer(_SIGNED[token], signed=True)) > MAX_INT:
                _refuse("an integer is beyond 2^53 - 1", start)
        elif token in _ARRAY:
            self.array(self.integer(_ARRAY[token], signed=False), depth + 1)
        elif token in _MAP:
            self.map(self.integer(_MAP[token], signed=False), depth + 1)
        else:
            _refuse(f"{_NOT_IN_HEADERS.get(token, 'an extension type')} has no place in a header", start)

    def map(self, entries: int, depth: int) -> None:
        self.enter(entries, depth)
        seen: set[bytes] = set()
        for _ in range(entries):
            key = self.key()
            if key in seen:
                _refuse("a key is there twice", self.at)
            seen.add(key)
            self.value(depth)

    def array(self, entries: int, depth: int) -> None:
        self.enter(entries, depth)
        for _ in range(entries):
            self.value(depth)

    def enter(self, entries: int, depth: int) -> None:
        if depth > DEPTH:
            _refuse(f"maps and arrays are nested deeper than {DEPTH}", self.at)
        self.items += entries
        if self.items > ITEMS:
            _refuse(f"there are more than {ITEMS} entries", self.at)

    def key(self) -> bytes:
        start = self.at
        if start >= len(self.data):
            _refuse("the header is cut off", start)
        token = self.data[start]
        self.at = start + 1
        if 0xA0 <= token < 0xC0:
            length = token & 0x1F
        elif token in _TEXT:
            length = self.integer(_TEXT[token], signed=False)
        else:
            _refuse("a key must be text", start)
        if length > KEY_BYTES:
            _refuse(f"a key is longer than {KEY_BYTES} bytes", start)
        key = self.text(length)
        if key == b"__proto__":
            _refuse("a key must not be __proto__", start)
        return key

    def text(self, length: int) -> bytes:
        raw = self.take(length)
        if not raw.isascii():
            try:
                raw.decode()
            except UnicodeDecodeError:
                _refuse("text is not valid UTF-8", self.at - length)
        return raw

    def integer(self, width: int, *, signed: bool) -> int:
        return int.from_bytes(self.take(width), "big", signed=signed)

    def number(self, unpack: Callable[[bytes, int], tuple[float]], width: int) -> None:
        start = self.at
        self.take(width)
        (number,) = unpack(self.data, start)
        if not math.isfinite(number):
            _refuse("a number is not finite", start)
        if number.is_integer():
            self.whole_floats = True

    def take(self, length: int) -> bytes:
        start = self.at
        end = start + length
        if end > len(self.data):
            _refuse("the header is cut off", start)
        self.at = end
        return self.data[start:end]


def _refuse(what: str, at: int) -> NoReturn:
    raise ProtocolError(f"{what}, byte {at}", "header")

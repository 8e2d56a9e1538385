"""Text as the wire wants it: valid UTF-8."""

from __future__ import annotations

from typing import Any

from ._limits import ERROR_MESSAGE_BYTES


def well_formed(text: str) -> str:
    """``text`` with surrogate pairs joined and every lone surrogate replaced by U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def clip_message(text: str) -> str:
    """``text``, well-formed and cut to what an error's message may hold: 512 bytes of UTF-8."""
    return well_formed(text).encode()[:ERROR_MESSAGE_BYTES].decode("utf-8", "ignore")


def well_formed_tree(value: Any) -> Any:
    """Maps and lists with every text in them well-formed."""
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, dict):
        return {well_formed_tree(key): well_formed_tree(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [well_formed_tree(entry) for entry in value]
    return value

"""The committed vectors, as both languages read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
PROTOCOL = ROOT / "protocol"


def frame_of(text: str | list[Any]) -> bytes:
    """The frame of a text: hexadecimal digits, or parts that are digits or ``[digits, times]``."""
    if isinstance(text, str):
        return bytes.fromhex(text)
    parts = (
        bytes.fromhex(part) if isinstance(part, str) else bytes.fromhex(part[0]) * part[1] for part in text
    )
    return b"".join(parts)


def read_vectors(folder: str) -> list[tuple[str, dict[str, Any]]]:
    """Every vector of ``accept`` or ``reject`` with its name."""
    return [
        (f"{path.stem}: {vector['name']}", vector)
        for path in sorted((PROTOCOL / "vectors" / folder).iterdir())
        for vector in json.loads(path.read_text())
    ]

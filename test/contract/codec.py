"""Reads messages, one a line as JSON `[frame, …]` in hexadecimal digits, and tells what it makes of them.

Writes a line for each: `null` for one to be ignored, `{"path"}` for one that is refused, and else its kind,
its header, and the frames that Python makes of it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "py-worker"))

from instructblip_worker.protocol import ProtocolError, decode, encode, kind_of


def verdict(frames: list[str]) -> Any:
    try:
        decoded = decode([bytes.fromhex(frame) for frame in frames])
    except ProtocolError as error:
        return {"path": error.path}
    if decoded is None:
        return None
    message, tensors = decoded
    again = [bytes(frame).hex() for frame in encode(message, tensors)]
    return {"kind": kind_of(message), "header": msgspec.to_builtins(message), "frames": again}


for line in Path(sys.argv[1]).read_text().splitlines():
    sys.stdout.write(json.dumps(verdict(json.loads(line))) + "\n")

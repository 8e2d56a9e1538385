"""The protocol's version, and what of it this side speaks."""

from __future__ import annotations

PROTOCOL_MAJOR = 1
"""Part of every message's first frame."""

MINOR_MIN = 0
MINOR_MAX = 0
"""The minor versions this side speaks; HELLO and WELCOME agree on one."""

FEATURES = ("streaming", "hash-first")
"""Optional abilities; HELLO offers them, WELCOME holds those that both sides have."""

"""Text as the wire wants it."""

from __future__ import annotations

import pytest

from instructblip_worker.protocol import clip_message, well_formed


@pytest.mark.parametrize(
    ("text", "clipped"),
    [
        ("caf\u00e9 \U0001f642", "caf\u00e9 \U0001f642"),
        ("x" * 512, "x" * 512),
        ("x" * 600, "x" * 512),
        ("x" + "\u00e9" * 600, "x" + "\u00e9" * 255),
        ("\U0001f642" * 600, "\U0001f642" * 128),
        ("xx" + "\U0001f642" * 600, "xx" + "\U0001f642" * 127),
        ("a\ud800b", "a\ufffdb"),
    ],
)
def test_clip_message_cuts_between_characters(text: str, clipped: str) -> None:
    assert clip_message(text) == clipped


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("", ""),
        ("plain", "plain"),
        ("\u00e9\U0001f642", "\u00e9\U0001f642"),
        ("\ud83d\ude42", "\U0001f642"),
        ("\ude42\ud83d", "\ufffd\ufffd"),
        ("a\udfffb", "a\ufffdb"),
    ],
)
def test_well_formed_joins_pairs_and_replaces_halves(text: str, mended: str) -> None:
    assert well_formed(text) == mended

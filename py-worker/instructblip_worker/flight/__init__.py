"""Decoding in flight: rows join and leave a running batch between two steps.

Every row has a slot in a table of keys and values, and its own settings, generator, stops and stream. The
steps go through transformers' own layers, with attention over the table in place of transformers' caches.
"""

from __future__ import annotations

from collections.abc import Callable

from ..decoding import StaticDecoder
from ._flight import Flight
from ._language import can_fly, language_of

__all__ = ["Flight", "can_fly", "flight_of"]


def flight_of(decoder: StaticDecoder, on_step: Callable[[], None]) -> Flight | None:
    """A flight of the decoder's model; None for a language model that is only decoded batch by batch."""
    language = language_of(decoder.model)
    if language is None:
        return None
    return Flight(
        decoder.model, language, decoder.special, decoder.shape.vocab_size, decoder.stop_strings, on_step
    )

"""Decoding in flight: rows join and leave a running batch between two steps.

Every row has a slot in a table of keys and values, and its own settings, generator, stops and stream. The steps
go through transformers' own layers, with attention over the table in place of transformers' caches.
"""

from __future__ import annotations

from ._flight import Flight
from ._language import can_fly, language_of

__all__ = ["Flight", "can_fly", "language_of"]

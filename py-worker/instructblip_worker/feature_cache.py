"""Vision features of pictures seen before."""

from __future__ import annotations

import threading
from collections import OrderedDict

import torch

from .engine import Gauges
from .request import Picture


class FeatureCache:
    """The most recently used pictures' features, up to a number of bytes.

    They do not depend on the question, so that every further question about a picture saves the vision model.
    A request holds the picture it was given: eviction never takes it from under a computation. The engine
    adds, the data thread looks up.
    """

    def __init__(self, capacity_bytes: int, gauges: Gauges) -> None:
        self._capacity = capacity_bytes
        self._gauges = gauges
        self._pictures: OrderedDict[str, tuple[Picture, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, digest: str) -> Picture | None:
        """The picture of that hash, with features [1, patches, hidden]."""
        with self._lock:
            entry = self._pictures.get(digest)
            if entry is None:
                self._gauges.cache_misses += 1
                return None
            self._gauges.cache_hits += 1
            self._pictures.move_to_end(digest)
            return entry[0]

    def recall(self, digest: str) -> torch.Tensor | None:
        """The features of a picture that was looked up in vain before; does not count as another lookup."""
        with self._lock:
            entry = self._pictures.get(digest)
            return None if entry is None else entry[0].features

    def add(self, digest: str, features: torch.Tensor) -> None:
        """Keep features [1, patches, hidden], and drop the least recently used that no longer fit."""
        size = features.numel() * features.element_size()
        if size > self._capacity:
            return
        with self._lock:
            self._remove(digest)
            while self._pictures and self._gauges.cache_bytes + size > self._capacity:
                self._remove(next(iter(self._pictures)))
            self._pictures[digest] = (Picture(digest, features=features), size)
            self._gauges.cache_bytes += size

    def clear(self) -> None:
        """Forget everything, and that it was ever asked for."""
        with self._lock:
            self._pictures.clear()
            self._gauges.cache_bytes = self._gauges.cache_hits = self._gauges.cache_misses = 0

    def _remove(self, digest: str) -> None:
        entry = self._pictures.pop(digest, None)
        if entry is not None:
            self._gauges.cache_bytes -= entry[1]

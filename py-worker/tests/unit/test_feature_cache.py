"""The cache of vision features."""

from __future__ import annotations

import torch

from instructblip_worker.engine import Gauges
from instructblip_worker.feature_cache import FeatureCache

FEATURES = torch.zeros(1, 2, 4)
SIZE = 32


def test_least_recently_used_goes_first() -> None:
    gauges = Gauges()
    cache = FeatureCache(2 * SIZE, gauges)
    cache.add("a", FEATURES)
    cache.add("b", FEATURES)
    assert cache.get("a")
    cache.add("c", FEATURES)
    assert cache.get("b") is None
    assert cache.get("a")
    assert cache.get("c")
    assert (gauges.cache_bytes, gauges.cache_hits, gauges.cache_misses) == (2 * SIZE, 3, 1)


def test_what_is_held_outlives_eviction() -> None:
    cache = FeatureCache(SIZE, Gauges())
    cache.add("a", FEATURES)
    held = cache.get("a")
    cache.add("b", FEATURES)
    assert held is not None
    assert held.features is FEATURES


def test_what_is_larger_than_the_cache_is_not_kept() -> None:
    gauges = Gauges()
    for capacity in (0, SIZE - 1):
        cache = FeatureCache(capacity, gauges)
        cache.add("a", FEATURES)
        assert cache.get("a") is None
        assert gauges.cache_bytes == 0


def test_adding_again_counts_once() -> None:
    gauges = Gauges()
    cache = FeatureCache(10 * SIZE, gauges)
    cache.add("a", FEATURES)
    cache.add("a", FEATURES)
    assert gauges.cache_bytes == SIZE
    cache.clear()
    assert gauges.cache_bytes == 0
    assert cache.get("a") is None

"""How far apart two sides were at most, by what was compared."""

from __future__ import annotations

from typing import Any

import numpy as np


class Figures:
    """Remembers the largest differences."""

    def __init__(self) -> None:
        self.largest: dict[str, tuple[int, float, float]] = {}
        """By name: numbers compared, the largest difference, and that as a share of the largest number."""

    def apart(self, name: str, ours: Any, theirs: Any) -> float:
        """The largest difference of two arrays where they are numbers; infinite where one alone is."""
        ours, theirs = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
        if ours.shape != theirs.shape or not np.array_equal(np.isfinite(ours), np.isfinite(theirs)):
            return float("inf")
        finite = np.isfinite(theirs)
        difference = float(np.abs(ours[finite] - theirs[finite]).max(initial=0))
        share = difference / max(float(np.abs(theirs[finite]).max(initial=0)), 1e-30)
        count, before, share_before = self.largest.get(name, (0, 0.0, 0.0))
        self.largest[name] = (count + int(finite.sum()), max(before, difference), max(share_before, share))
        return difference

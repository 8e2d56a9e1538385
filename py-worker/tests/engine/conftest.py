"""The bundled checkpoints, loaded once for all tests of the engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.bench import Bench
from tests.engine.figures import Figures


@pytest.fixture(scope="session", params=["t5", "llama"])
def bench(request: pytest.FixtureRequest) -> Bench:
    """Each checkpoint in float32."""
    return Bench(request.param)


@pytest.fixture(scope="session")
def figures() -> Iterator[Figures]:
    """The largest differences of all tests of the engine; shown at the end with pytest's ``-s``."""
    kept = Figures()
    yield kept
    print()
    for name, (count, difference, share) in sorted(kept.largest.items()):
        print(f"  {name:40} {count:10} {difference:.1e} {share:.1e}")

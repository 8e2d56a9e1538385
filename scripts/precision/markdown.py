"""Tables for the documentation."""

from __future__ import annotations

from collections.abc import Sequence


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> str:
    """Markdown, with the first ``texts`` columns to the left and the rest, numbers, to the right."""
    ruler = ["---" if column < texts else "---:" for column in range(len(heads))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, ruler, *rows))

"""Keys and values of all rows of a running batch."""

from __future__ import annotations

from dataclasses import dataclass

import torch

_COLUMNS = 64
"""Room grows by as many columns at least."""


@dataclass(frozen=True)
class Shape:
    """What one token of one row takes."""

    layers: int
    heads: int
    """Of keys and values."""
    head_dim: int
    dtype: torch.dtype
    device: torch.device


class KeyValueTable:
    """One slot a row: [layers, 2, slots, heads, columns, head_dim].

    Rows fill the first slots, without gaps. A row's tokens are in columns 0, 1, 2, …: what is beyond its
    length is from earlier rows, and must be masked.
    """

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._cells = self._room(0, 0)

    def reserve(self, rows: int, columns: int) -> None:
        """Make room for so many rows of so many columns; what is there is kept."""
        _, _, had_rows, _, had_columns, _ = self._cells.shape
        if rows <= had_rows and columns <= had_columns:
            return
        # At least half as much again: growing by one would copy everything each time.
        more_rows = had_rows if rows <= had_rows else max(rows, had_rows + had_rows // 2)
        more_columns = had_columns
        if columns > had_columns:
            more_columns = max(columns, had_columns + max(_COLUMNS, had_columns // 2))
        cells = self._room(more_rows, more_columns)
        cells[:, :, :had_rows, :, :had_columns] = self._cells
        self._cells = cells

    def keys(self, layer: int) -> torch.Tensor:
        """[slots, heads, columns, head_dim]."""
        return self._cells[layer, 0]

    def values(self, layer: int) -> torch.Tensor:
        """[slots, heads, columns, head_dim]."""
        return self._cells[layer, 1]

    def move(self, source: int, target: int, columns: int) -> None:
        """Copy the first columns of one row over another."""
        self._cells[:, :, target, :, :columns] = self._cells[:, :, source, :, :columns]

    def clear(self) -> None:
        """Give the memory back."""
        self._cells = self._room(0, 0)

    def _room(self, rows: int, columns: int) -> torch.Tensor:
        shape = self._shape
        # Zeros: a column that is masked must still hold numbers.
        return torch.zeros(
            (shape.layers, 2, rows, shape.heads, columns, shape.head_dim),
            dtype=shape.dtype,
            device=shape.device,
        )

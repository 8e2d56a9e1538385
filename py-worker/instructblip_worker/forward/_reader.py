"""What a request gives, held to what a model takes: on CUDA, a wrong id would kill the process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import RequestError, invalid
from ..protocol import TensorFrame

_IDS = ("i64", "i32")
_MASKS = ("i64", "i32", "bool")
_FRACTIONS = ("f32", "f16", "bf16")

Size = int | str
"""A side's size; or a letter, equal in all tensors; or ``1|B``, which may be 1 where the batch is larger."""


class Reader:
    """Checks the tensors of one request, one after the other, against sizes that they share."""

    def __init__(self, inputs: Mapping[str, TensorFrame]) -> None:
        self._inputs = inputs
        batch = max((frame.shape[0] for frame in inputs.values() if frame.shape), default=0)
        self._sizes: dict[str, int] = {"B": max(batch, 1)}

    def __contains__(self, name: str) -> bool:
        return name in self._inputs

    def size(self, letter: str) -> int:
        """How large that side is; 0 when no tensor has told yet."""
        return self._sizes.get(letter, 0)

    def need(self, name: str, without: str = "") -> None:
        """Refuse a request that lacks a tensor; ``without`` says what else would do."""
        if name not in self._inputs:
            raise invalid(name, f"given{without}", "missing")

    def refuse(self, name: str, why: str) -> None:
        """Refuse a tensor that the model has no use for."""
        if name in self._inputs:
            raise RequestError("UNSUPPORTED", f"{name} cannot be used: {why}", path=name)

    def limit(self, name: str, length: int, most: int) -> None:
        """Refuse a text that is too long."""
        if length > most:
            raise invalid(name, f"at most {most} tokens long", length)

    def ids(self, name: str, *shape: Size, below: int, ignored: int | None = None) -> None:
        """Integers from 0 up to what is ``below`` the bound, or ``ignored``."""
        values = self._values(name, _IDS, shape)
        if values is None:
            return
        wrong = (values < 0) | (values >= below)
        if ignored is not None:
            wrong &= values != ignored
        if wrong.any():
            besides = "" if ignored is None else f" or {ignored}"
            raise invalid(name, f"ids from 0 to {below - 1}{besides}", int(values[wrong][0]))

    def mask(self, name: str, *shape: Size) -> None:
        """1 for what counts, 0 for padding."""
        values = self._values(name, _MASKS, shape)
        if values is not None and not ((values == 0) | (values == 1)).all():
            odd = values[(values != 0) & (values != 1)][0]
            raise invalid(name, "0 and 1 everywhere", int(odd))

    def fractions(self, name: str, *shape: Size) -> None:
        """Embeddings or hidden states."""
        self._frame(name, _FRACTIONS, shape)

    def _values(self, name: str, dtypes: tuple[str, ...], shape: tuple[Size, ...]) -> npt.NDArray[Any] | None:
        frame = self._frame(name, dtypes, shape)
        return None if frame is None else np.asarray(frame.numpy())

    def _frame(self, name: str, dtypes: tuple[str, ...], shape: tuple[Size, ...]) -> TensorFrame | None:
        frame = self._inputs.get(name)
        if frame is None:
            return None
        alike = frame.dtype in dtypes and len(frame.shape) == len(shape)
        if not alike or not all(map(self._fits, shape, frame.shape)):
            wanted = ", ".join(str(self._sizes.get(str(side), side)) for side in shape)
            raise invalid(name, f"{' or '.join(dtypes)} [{wanted}]", f"{frame.dtype} {list(frame.shape)}")
        for side, size in zip(shape, frame.shape, strict=True):
            if isinstance(side, str) and side != "1|B":
                self._sizes.setdefault(side, size)
        return frame

    def _fits(self, side: Size, size: int) -> bool:
        if side == "1|B":
            return size in (1, self._sizes["B"])
        wanted = self._sizes.get(side) if isinstance(side, str) else side
        return size > 0 if wanted is None else size == wanted

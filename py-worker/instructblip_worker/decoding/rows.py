"""Rows of a batch while they are decoded one token a step."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers.generation.stopping_criteria import StoppingCriteria, StopStringCriteria

from ..protocol import FinishReason
from ..request import Request
from .recorder import Recorder


@dataclass(eq=False)
class Row:
    """One sequence of one request."""

    request: Request
    ends_at: float | None
    """When `max_time` is over, on the monotonic clock."""
    tokens: list[int] = field(default_factory=list)
    """New tokens."""
    finish_reason: FinishReason | None = None
    broken: bool = False
    """Its scores were not numbers."""

    @property
    def over(self) -> bool:
        """Whether it needs no more steps."""
        return self.finish_reason is not None or self.broken or self.request.settled

    def extend(self, token: int, *, eos: frozenset[int], stopped: bool) -> None:
        """Take the newest token."""
        self.tokens.append(token)
        if token in eos:
            self.finish_reason = "eos"
        elif stopped:
            self.finish_reason = "stop"
        elif len(self.tokens) >= self.request.options.max_new_tokens:
            self.finish_reason = "length"
        elif self.ends_at is not None and time.monotonic() >= self.ends_at:
            self.finish_reason = "time"


class RowWatch(StoppingCriteria):
    """Called by ``generate`` after every step, greedy or sampled: sorts the new tokens into their rows.

    A row that is over is marked so, and gets padding from then on; so does one whose request was cancelled or
    missed its deadline, which other threads tell by settling it.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        eos: frozenset[int],
        recorder: Recorder,
        stop_strings: StopStringCriteria | None,
        on_step: Callable[[], None],
    ) -> None:
        self._rows = rows
        self._eos = eos
        self._recorder = recorder
        self._stop_strings = stop_strings
        self._on_step = on_step

    def __call__(self, input_ids: torch.Tensor, scores: Any, **kwargs: Any) -> torch.Tensor:
        """bool [B]: the rows that are over, given ids [B, T]."""
        newest: list[int] = input_ids[:, -1].tolist()
        broken = self._flags(self._recorder.broken)
        stopped = self._flags(None if self._stop_strings is None else self._stop_strings(input_ids, scores))
        for index, row in enumerate(self._rows):
            if row.over:
                continue
            if broken[index]:
                row.broken = True
            else:
                row.extend(newest[index], eos=self._eos, stopped=stopped[index])
        self._on_step()
        return torch.tensor([row.over for row in self._rows], device=input_ids.device)

    def _flags(self, flags: torch.Tensor | None) -> list[bool]:
        return [False] * len(self._rows) if flags is None else flags.tolist()


class BeamWatch(StoppingCriteria):
    """Called by beam search after every step, for all candidates of every request."""

    def __init__(
        self,
        requests: Sequence[Request],
        ends_at: float | None,
        stop_strings: StopStringCriteria | None,
        on_step: Callable[[], None],
    ) -> None:
        self._requests = requests
        self._ends_at = ends_at
        self._stop_strings = stop_strings
        self._on_step = on_step

    @property
    def out_of_time(self) -> bool:
        """Whether `max_time` is over."""
        return self._ends_at is not None and time.monotonic() >= self._ends_at

    def __call__(self, input_ids: torch.Tensor, scores: Any, **kwargs: Any) -> torch.Tensor:
        """bool [B * candidates]: the candidates that may not go on, given ids [B * candidates, T]."""
        self._on_step()
        late = self.out_of_time
        over = torch.tensor([late or r.settled for r in self._requests], device=input_ids.device)
        over = over.repeat_interleave(len(input_ids) // len(self._requests))
        if self._stop_strings is not None:
            over |= self._stop_strings(input_ids, scores)
        return over

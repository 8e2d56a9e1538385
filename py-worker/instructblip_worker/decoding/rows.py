"""Rows of a batch while they are decoded one token a step."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from transformers.generation.stopping_criteria import StoppingCriteria, StopStringCriteria

from ..protocol import FinishReason
from ..request import GenerateRequest
from .log_probs import ChosenTokens
from .options import looks_up
from .recorder import Recorder

if TYPE_CHECKING:
    from .batch import Batch


@dataclass(eq=False)
class Row:
    """One sequence of one request."""

    request: GenerateRequest
    ends_at: float | None
    """When `max_time` is over, on the monotonic clock."""
    tokens: list[int] = field(default_factory=list)
    """New tokens."""
    log_probs: list[float] = field(default_factory=list)
    """How likely the model found each of them; empty unless that is wanted."""
    finish_reason: FinishReason | None = None

    @property
    def over(self) -> bool:
        """Whether it needs no more steps."""
        return self.finish_reason is not None or self.request.settled

    def extend(self, token: int, log_prob: float | None, *, eos: Collection[int], stopped: bool) -> None:
        """Take the newest token."""
        self.tokens.append(token)
        if log_prob is not None:
            self.log_probs.append(log_prob)
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
        seen: int,
        recorder: Recorder,
        chosen: ChosenTokens,
        stop_strings: StopStringCriteria | None,
        batch: Batch,
    ) -> None:
        self._rows = rows
        self._chosen = chosen
        self._seen = seen
        """Columns of ids that were taken before: at first the start token, where there is one."""
        self._recorder = recorder
        self._stop_strings = stop_strings
        self._batch = batch

    def __call__(self, input_ids: torch.Tensor, scores: Any, **kwargs: Any) -> torch.Tensor:
        """bool [B]: the rows that are over, given ids [B, T]."""
        self._batch.fail_broken(self._recorder.take_broken())
        # One more, or several when tokens were guessed from earlier ones.
        ahead = looks_up(self._batch.options)
        for position, length in enumerate(range(self._seen + 1, input_ids.shape[1] + 1)):
            self._take(input_ids[:, :length], position if ahead else -1, scores)
        self._seen = input_ids.shape[1]
        return torch.tensor([row.over for row in self._rows], device=input_ids.device)

    def _take(self, input_ids: torch.Tensor, position: int, scores: Any) -> None:
        """The newest of ids [B, T], which follow that position of the newest pass."""
        newest: list[int] = input_ids[:, -1].tolist()
        log_probs = self._chosen.log_probs(input_ids[:, -1], position)
        stopped = [False] * len(newest)
        if self._stop_strings is not None:
            stopped = self._stop_strings(input_ids, scores).tolist()
        for row, token, log_prob, said in zip(self._rows, newest, log_probs, stopped, strict=True):
            if not row.over:
                row.extend(token, log_prob, eos=self._batch.special.eos, stopped=said)
        self._batch.step(self._rows)


class BeamWatch(StoppingCriteria):
    """Called by beam search after every step, for all candidates of every request."""

    def __init__(
        self,
        ends_at: float | None,
        recorder: Recorder,
        stop_strings: StopStringCriteria | None,
        batch: Batch,
    ) -> None:
        self._ends_at = ends_at
        self._recorder = recorder
        self._stop_strings = stop_strings
        self._batch = batch

    @property
    def out_of_time(self) -> bool:
        """Whether `max_time` is over."""
        return self._ends_at is not None and time.monotonic() >= self._ends_at

    def __call__(self, input_ids: torch.Tensor, scores: Any, **kwargs: Any) -> torch.Tensor:
        """bool [B * candidates]: the candidates that may not go on, given ids [B * candidates, T]."""
        self._batch.fail_broken(self._recorder.take_broken())
        self._batch.count_step()
        late = self.out_of_time
        requests = self._batch.requests
        over = torch.tensor([late or request.settled for request in requests], device=input_ids.device)
        over = over.repeat_interleave(len(input_ids) // len(requests))
        if self._stop_strings is not None:
            over |= self._stop_strings(input_ids, scores)
        return over

"""The requests of one run, their clock and their answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch

from ..errors import RequestError
from ..outbox import Answer, Outbox
from ..protocol import GenerateOptions, TensorFrame
from ..request import GenerateRequest
from ..special_tokens import SpecialTokens
from .log_probs import stacked
from .rows import Row

_OUTPUTS = ("output_scores", "output_logits", "output_hidden_states", "output_attentions")
"""Options whose tensors are known once the whole batch is over."""


@dataclass
class Facts:
    """What is known of a batch before its first token; it goes into every answer."""

    image_cached: dict[tuple[str, int], bool]
    timings: dict[str, float] = field(default_factory=dict)


class Batch:
    """Requests that are decoded together. Each is answered as soon as its rows are over."""

    def __init__(
        self,
        requests: Sequence[GenerateRequest],
        facts: Facts,
        outbox: Outbox,
        special: SpecialTokens,
        on_step: Callable[[], None],
    ) -> None:
        self.requests = requests
        self.options = requests[0].options
        self.longest = max(request.options.max_new_tokens for request in requests)
        self.special = special
        """The ids that steer these requests."""
        self.wants_outputs = any(getattr(self.options, name) for name in _OUTPUTS)
        self._facts = facts
        self._outbox = outbox
        self._on_step = on_step
        self._began = time.perf_counter()
        self._first: float | None = None

    def rows(self, copies: int) -> list[Row]:
        """The rows of all requests, those of one next to each other."""
        now = time.monotonic()
        return [
            Row(request, None if request.options.max_time is None else now + request.options.max_time)
            for request in self.requests
            for _ in range(copies)
        ]

    def count_step(self) -> None:
        """A token more for everyone."""
        if self._first is None:
            self._first = time.perf_counter()
        for request in self.requests:
            request.steps += 1
        self._on_step()

    def fail_broken(self, broken: torch.Tensor | None) -> None:
        """Fail the requests that have rows, of bool [rows], whose scores are not numbers."""
        if broken is None or not bool(broken.any()):
            return
        for request, flags in zip(self.requests, broken.view(len(self.requests), -1), strict=True):
            if bool(flags.any()):
                self._outbox.error(request, not_numbers(request.options))

    def step(self, rows: Sequence[Row]) -> None:
        """Stream the newest tokens, and answer the requests that are over."""
        self.count_step()
        copies = len(rows) // len(self.requests)
        over: list[tuple[GenerateRequest, Sequence[Row]]] = []
        for index, request in enumerate(self.requests):
            own = rows[index * copies : (index + 1) * copies]
            if request.settled:
                continue
            if copies == 1 and len(own[0].tokens) == request.steps:
                log_probs = own[0].log_probs[-1:] if request.options.log_probs else []
                request.stream.push(own[0].tokens[-1:], log_probs)
            if all(row.over for row in own):
                over.append((request, own))
        self._outbox.chunks(self.requests)
        for request, own in over:
            if not self.wants_outputs:
                self.answer(request, own, {})

    def answer(self, request: GenerateRequest, rows: Sequence[Row], outputs: dict[str, TensorFrame]) -> None:
        """The RESULT of a request whose rows are over."""
        if request.settled:
            return
        if request.options.log_probs:
            outputs = {**outputs, "log_probs": stacked([row.log_probs for row in rows])}
        now = time.perf_counter()
        first = self._first or now
        start = self.special.start
        self._outbox.result(
            request,
            Answer(
                sequences=[[start, *row.tokens] for row in rows],
                finish_reasons=[row.finish_reason or "length" for row in rows],
                pad_token_id=self.special.pad,
                batch_size=len(self.requests),
                image_cached=self._facts.image_cached[request.key],
                timings={
                    **self._facts.timings,
                    "prefill": (first - self._began) * 1000,
                    "decode": (now - first) * 1000,
                },
                outputs=outputs,
            ),
        )


def not_numbers(options: GenerateOptions) -> RequestError:
    """Why a request ends whose scores are NaN."""
    if options.exponential_decay_length_penalty is None:
        return RequestError("OUTPUT_INVALID", "The model's scores are not numbers.")
    # transformers multiplies the end's score, which is minus infinity where another option rules the end out.
    return RequestError(
        "OUTPUT_INVALID",
        "The scores are not numbers. exponential_decay_length_penalty makes them so where the end is "
        "ruled out by min_new_tokens or a forced token: have it start later.",
        path="exponential_decay_length_penalty",
    )

"""The running batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ..decoding.batch import Facts, not_numbers
from ..decoding.log_probs import stacked
from ..decoding.options import batch_key, ending, sequences
from ..decoding.outputs import floats
from ..decoding.sampling import row_generators
from ..decoding.stop_strings import StopStrings
from ..outbox import Answer, Outbox
from ..request import GenerateRequest
from ..special_tokens import SpecialTokens
from ..stages import Prompt
from ._choice import SettingsMaker, choose
from ._language import Language
from ._row import FlightRow


@dataclass(eq=False)
class _Passenger:
    """A request with its rows."""

    request: GenerateRequest
    rows: list[FlightRow]
    facts: Facts
    joined_at: float
    first_at: float | None = None
    company: int = 0
    """Most requests that were in flight with it, itself counted."""


class Flight:
    """Requests that are decoded together, one token a step; each comes and goes by itself."""

    def __init__(
        self,
        model: Any,
        language: Language,
        special: SpecialTokens,
        vocab_size: int,
        stop_strings: StopStrings | None,
        on_step: Callable[[], None],
    ) -> None:
        self._language = language
        self._special = special
        self._stop_strings = stop_strings
        self._on_step = on_step
        self._device: torch.device = model.get_input_embeddings().weight.device
        self._settings = SettingsMaker(model, special, vocab_size, self._device)
        # T5's sequences begin with the start token; a decoder-only model's penalties see new tokens alone.
        self._lead = [special.start] if model.config.is_encoder_decoder else []
        self._rows: list[FlightRow] = []
        """In the order of their slots."""
        self._passengers: dict[tuple[str, int], _Passenger] = {}

    @property
    def rows(self) -> int:
        """Rows in flight."""
        return len(self._rows)

    @property
    def requests(self) -> list[GenerateRequest]:
        """Requests in flight."""
        return [passenger.request for passenger in self._passengers.values()]

    def join(
        self,
        requests: Sequence[GenerateRequest],
        prompt: Prompt,
        facts: Facts,
        outbox: Outbox,
    ) -> None:
        """Take requests on; ``prompt`` has a row for each. Their first tokens may be known at once."""
        began = time.perf_counter()
        boarding = [_Passenger(request, self._rows_of(request), facts, began) for request in requests]
        joining = [row for passenger in boarding for row in passenger.rows]
        copies = torch.tensor([sequences(request.options) for request in requests], device=self._device)
        if len(joining) > len(requests):
            prompt = Prompt(
                prompt.embeds.repeat_interleave(copies, dim=0), prompt.mask.repeat_interleave(copies, dim=0)
            )
        scores = self._language.join(prompt)
        # Not before: a prefill that fails leaves everything as it was.
        self._rows += joining
        self._passengers.update({passenger.request.key: passenger for passenger in boarding})
        for passenger in self._passengers.values():
            passenger.company = max(passenger.company, len(self._passengers))
        if scores is not None:
            self._advance(joining, scores, outbox)

    def step(self, outbox: Outbox) -> None:
        """One token more for everyone."""
        self._let_go()
        if not self._rows:
            return
        scores = self._language.step([row.next_token for row in self._rows])
        self._advance(list(self._rows), scores, outbox)

    def abandon(self) -> list[GenerateRequest]:
        """Take everybody out, as after a failure; gives the requests that are left without an answer."""
        left = self.requests
        self._rows = []
        self._passengers = {}
        self._language.clear()
        return left

    def _rows_of(self, request: GenerateRequest) -> list[FlightRow]:
        options = request.options
        copies = sequences(options)
        special = ending(options, self._special)
        settings = self._settings.make(options, batch_key(options))
        generators: list[torch.Generator | None] = [None] * copies
        if options.do_sample:
            generators = [*row_generators(options.seed, copies, self._device)]
        ends_at = None if options.max_time is None else time.monotonic() + options.max_time
        return [
            FlightRow(
                request=request,
                settings=settings,
                generator=generator,
                special=special,
                ends_at=ends_at,
                lead=self._lead,
                next_token=self._special.start,
            )
            for generator in generators
        ]

    def _advance(self, rows: Sequence[FlightRow], scores: torch.Tensor, outbox: Outbox) -> None:
        """Give rows their next tokens, stream them, and answer the requests that are over."""
        chosen = choose(rows, scores)
        for row, token, log_prob, broken in zip(
            rows, chosen.tokens, chosen.log_probs, chosen.broken, strict=True
        ):
            if broken:
                outbox.error(row.request, not_numbers(row.request.options))
            if not row.over:
                row.extend(token, log_prob, self._stops(row.request))
        now = time.perf_counter()
        moved = {row.request.key for row in rows}
        for key in moved:
            passenger = self._passengers[key]
            passenger.first_at = passenger.first_at or now
            passenger.request.steps += 1
            if len(passenger.rows) == 1 and not passenger.request.settled:
                row = passenger.rows[0]
                passenger.request.stream.push(row.tokens[-1:], row.log_probs[-1:])
        self._on_step()
        outbox.chunks(self._passengers[key].request for key in moved)
        for key in moved:
            passenger = self._passengers[key]
            if not passenger.request.settled and all(row.over for row in passenger.rows):
                self._answer(passenger, outbox)
        self._let_go()

    def _stops(self, request: GenerateRequest) -> Any | None:
        strings = request.options.stop_strings
        return self._stop_strings.criterion(strings) if strings and self._stop_strings else None

    def _let_go(self) -> None:
        """Take out the rows that are over, and the requests without rows."""
        for index in range(len(self._rows) - 1, -1, -1):
            if self._rows[index].over:
                self._language.leave(index)
                self._rows[index] = self._rows[-1]
                self._rows.pop()
        gone = [
            key
            for key, passenger in self._passengers.items()
            if passenger.request.settled or all(row.over for row in passenger.rows)
        ]
        for key in gone:
            del self._passengers[key]

    def _answer(self, passenger: _Passenger, outbox: Outbox) -> None:
        request, rows = passenger.request, passenger.rows
        now = time.perf_counter()
        first = passenger.first_at or now
        outputs = {}
        if request.options.output_scores:
            outputs["scores"] = floats(_stacked([row.scores for row in rows]))
        if request.options.output_logits:
            outputs["logits"] = floats(_stacked([row.logits for row in rows]))
        if request.options.log_probs:
            outputs["log_probs"] = stacked([row.log_probs for row in rows])
        outbox.result(
            request,
            Answer(
                sequences=[[self._special.start, *row.tokens] for row in rows],
                finish_reasons=[row.finish_reason or "length" for row in rows],
                pad_token_id=rows[0].special.pad,
                batch_size=passenger.company,
                image_cached=passenger.facts.image_cached[request.key],
                timings={
                    **passenger.facts.timings,
                    "prefill": (first - passenger.joined_at) * 1000,
                    "decode": (now - first) * 1000,
                },
                outputs=outputs,
            ),
        )


def _stacked(rows: list[list[torch.Tensor]]) -> torch.Tensor:
    """[rows, steps, V]; rows that ended early are filled with zeros."""
    return torch.nn.utils.rnn.pad_sequence([torch.stack(steps) for steps in rows], batch_first=True)

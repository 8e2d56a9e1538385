"""Rows come, go and are given up at any step; what is answered is what transformers says to each alone."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from instructblip_worker.errors import RequestError
from instructblip_worker.inbox import Inbox
from instructblip_worker.outbox import Outbox
from instructblip_worker.registry import Registry
from instructblip_worker.request import GenerateRequest
from tests.engine.bench import EPOCH, Bench, Replies, received

SETTINGS: list[dict[str, Any]] = [
    {},
    {"repetition_penalty": 1.6},
    {"no_repeat_ngram_size": 2},
    {"min_new_tokens": 3},
    {"suppress_tokens": [41, 100]},
    {"forced_eos_token_id": 88},
    {"exponential_decay_length_penalty": (2, 1.6)},
    {"sequence_bias": [([2], 4.0), ([50], 3.5)]},
    {"num_beams": 2},
]


class _Arrivals(Inbox):
    """An inbox that is never waited for in vain."""

    def __init__(self, arrive: Callable[[], None]) -> None:
        super().__init__()
        self._arrive = arrive

    def wait(self, until: float | None) -> None:
        """More comes where the engine has nothing to do."""
        self._arrive()


class Traffic:
    """Requests that arrive, and some that are given up, as chance has it, between two units of work."""

    def __init__(self, bench: Bench, seed: int, requests: int) -> None:
        self.chance = random.Random(seed)
        self.registry = Registry()
        self.outbox = Outbox(self.registry)
        self.outbox.worker_epoch = EPOCH
        self.inbox = _Arrivals(self.arrive)
        self.requests = [self._request(bench) for _ in range(requests)]
        self.given_up: dict[str, str] = {}
        self.spared: GenerateRequest | None = None
        """Is not given up."""
        self.most_rows = 0
        self._coming = list(self.requests)
        self._engine = bench.engine
        self.arrive()

    def arrive(self) -> None:
        """A few more, together."""
        count = min(self.chance.randint(1, 4), len(self._coming))
        arriving, self._coming = self._coming[:count], self._coming[count:]
        for request in arriving:
            assert self.registry.add(request)
        self.inbox.put(arriving)
        if not self._coming:
            self.inbox.close()

    def happen(self, _: int) -> None:
        """Called after every unit of work."""
        flight = self._engine.flight
        assert flight is not None
        self.most_rows = max(self.most_rows, flight.rows)
        if self._coming and self.chance.random() < 0.3:
            self.arrive()
        if self.chance.random() < 0.1:
            live = [each for each in self.registry.live() if each is not self.spared]
            if live:
                code = self.chance.choice(["CANCELLED", "DEADLINE_EXCEEDED"])
                unlucky = self.chance.choice(live)
                self.given_up[unlucky.request_id] = code
                self.outbox.error(unlucky, RequestError(code, "Given up."))  # type: ignore[arg-type]

    def _request(self, bench: Bench) -> GenerateRequest:
        chance = self.chance
        options = dict(chance.choice(SETTINGS))
        longest = chance.randint(3, 14)
        ids = [chance.randint(5, 700) for _ in range(chance.randint(1, 12))]
        question = [chance.randint(5, 700) for _ in range(chance.randint(1, 9))]
        stream = options.get("num_beams", 1) == 1 and chance.random() < 0.5
        return bench.request(
            ids, question, chance.randint(1, 3), stream=stream, **{**options, "max_new_tokens": longest}
        )


@pytest.mark.parametrize("seed", range(3))
def test_rows_that_come_and_go_say_what_they_would_alone(bench: Bench, seed: int) -> None:
    traffic = Traffic(bench, seed, 30)
    with bench.watched(traffic.happen):
        bench.engine.serve(traffic.inbox, traffic.outbox)
    replies: Replies = received(traffic.outbox)

    assert 1 < traffic.most_rows <= 16
    assert traffic.given_up
    for request in traffic.requests:
        code = traffic.given_up.get(request.request_id)
        if code is not None:
            assert replies.errors[request.request_id].code == code
            continue
        assert bench.unpadded(replies, request) == bench.judged(request)
        if request.stream.wanted:
            assert replies.streams[request.request_id] == replies.sequences(request)[0][1:]
    assert bench.engine.flight is not None
    assert bench.engine.flight.rows == 0
    assert traffic.registry.live() == []


def test_sampling_does_not_depend_on_the_company(bench: Bench) -> None:
    options: dict[str, Any] = {
        "do_sample": True,
        "temperature": 1.3,
        "top_k": 40,
        "seed": 7,
        "max_new_tokens": 12,
    }
    alone = bench.request(**options)
    lonely = bench.run(alone).sequences(alone)
    traffic = Traffic(bench, 5, 20)
    among = bench.request(**options)
    traffic.registry.add(among)
    traffic.spared = among
    traffic.inbox.put([among])
    with bench.watched(traffic.happen):
        bench.engine.serve(traffic.inbox, traffic.outbox)
    assert received(traffic.outbox).sequences(among) == lonely

"""Each request is settled once."""

from __future__ import annotations

import threading
import time

from instructblip_worker.registry import Registry
from tests.unit.test_inbox import request


def test_one_of_many_settles() -> None:
    registry = Registry()
    one = request()
    assert registry.add(one)
    won: list[bool] = []
    threads = [threading.Thread(target=lambda: won.append(registry.settle(one))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]
    assert one.settled
    assert registry.find("r", 1) is None


def test_an_attempt_is_taken_on_once_even_after_it_is_settled() -> None:
    registry = Registry()
    first, again, next_attempt = request(), request(), request()
    next_attempt.attempt = 2
    assert registry.add(first)
    assert not registry.add(again)
    registry.settle(first)
    assert not registry.add(again)
    assert registry.add(next_attempt)
    assert registry.live() == [next_attempt]


def test_deadlines() -> None:
    registry = Registry()
    now = time.monotonic()
    for number, deadline in enumerate((now - 1, None, now + 60)):
        item = request()
        item.request_id, item.deadline = str(number), deadline
        registry.add(item)
    assert registry.next_deadline() == now - 1
    assert [item.request_id for item in registry.expired()] == ["0"]

"""How batches are formed."""

from __future__ import annotations

import threading
import time

from instructblip_worker.inbox import Inbox
from instructblip_worker.protocol import GenerateOptions
from instructblip_worker.request import GenerateRequest, Picture, Request, TokenStream


def request(key: bytes = b"", rows: int = 1) -> Request:
    return GenerateRequest(
        request_id="r",
        attempt=1,
        input_ids=[],
        qformer_input_ids=[],
        picture=Picture("p"),
        options=GenerateOptions(max_new_tokens=1),
        stream=TokenStream(wanted=False, credit=None),
        batch_key=key,
        rows=rows,
        deadline=None,
    )


def filled(*requests: Request) -> Inbox:
    inbox = Inbox()
    inbox.put(requests)
    return inbox


def test_a_batch_has_what_is_alike_while_it_fits() -> None:
    a, b, c, d = request(b"x"), request(b"y"), request(b"x", rows=3), request(b"x")
    inbox = filled(a, b, c, d)
    assert inbox.take_batch(3) == [a, d]
    assert inbox.take_batch(3) == [b]
    assert inbox.take_batch(3) == [c]
    assert len(inbox) == 0


def test_a_request_larger_than_all_slots_runs_alone() -> None:
    large, small = request(rows=9), request()
    assert filled(large, small).take_batch(4) == [large]


def test_settled_requests_are_dropped() -> None:
    gone, gone_too, live = request(), request(), request()
    gone.settled = gone_too.settled = True
    assert filled(gone, live, gone_too).take_batch(4) == [live]


def test_a_closed_inbox_hands_out_what_is_left() -> None:
    last = request()
    inbox = filled(last)
    inbox.close()
    assert inbox.take_batch(4) == [last]
    assert inbox.take_batch(4) == []


def test_the_engine_waits_for_work() -> None:
    inbox = Inbox()
    taken: list[list[Request]] = []
    thread = threading.Thread(target=lambda: taken.append(inbox.take_batch(4)))
    thread.start()
    late = request()
    inbox.put([late])
    thread.join(10)
    assert taken == [[late]]


def test_taking_without_waiting_keeps_the_order() -> None:
    a, wide, b = request(), request(rows=3), request()
    inbox = filled(a, wide, b)
    assert inbox.take_now(2) == [a]
    assert inbox.take_now(0) == []
    # Alone, it runs though it has more rows than there are.
    assert inbox.take_now(2) == [wide]
    assert inbox.take_now(2) == [b]


def test_waiting_ends_with_work_or_time() -> None:
    began = time.monotonic()
    Inbox().wait(began + 0.05)
    assert time.monotonic() - began >= 0.05
    filled(request()).wait(None)

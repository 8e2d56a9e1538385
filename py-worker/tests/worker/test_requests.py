"""A request's way through the worker, by the scripted engine and by a real model."""

from __future__ import annotations

import time
from typing import Any

import pytest

from instructblip_worker.protocol import (
    Accept,
    Beat,
    Cancel,
    Chunk,
    Credit,
    Error,
    Need,
    Put,
    Result,
    TensorFrame,
)
from tests.engine.bench import picture
from tests.worker.pool import EPOCH, Pool, ask, blank_picture


def test_a_real_answer_streamed(llama: Pool) -> None:
    first = ask([5, 6, 7], [8, 9], picture(71), stream=True, max_new_tokens=12)
    second = ask([9], [8, 9, 10], picture(72), max_new_tokens=4, num_beams=2)
    llama.submit(first, second)

    accept, _ = llama.expect("data", Accept)
    assert [ref.request_id for ref in accept.items] == [first[0].request_id, second[0].request_id]
    result, rows = llama.result(first[0])
    assert rows[0][1:] == llama.streamed(first[0])
    assert result.worker_epoch == EPOCH
    assert not result.image_cached
    assert llama.result(second[0])[1]

    # The picture is known by now: its hash alone will do.
    again = ask([5, 6, 7], [8, 9], picture(71).content_hash(), max_new_tokens=12)
    llama.submit(again)
    cached, same = llama.result(again[0])
    assert cached.image_cached
    assert same == rows
    beat = llama.beat(lambda beat: (beat.cache_hits or 0) > 0)
    assert beat.cache_bytes is not None and beat.cache_bytes > 0
    assert beat.progress is not None and beat.progress > 10


def test_wrong_requests_are_refused_one_by_one(llama: Pool) -> None:
    good = ask([5], [5])
    bad = {
        "input_ids": ask([5, 1408], [5]),
        "qformer_input_ids": ask([5], [801]),
        "image": ask([5], [5], blank_picture(size=100)),
        "max_new_tokens": ask([5] * 2000, [5], max_new_tokens=60),
        "num_return_sequences": ask([5], [5], num_return_sequences=2),
        "min_new_tokens": ask([5], [5], min_new_tokens=9, max_new_tokens=8),
        "suppress_tokens": ask([5], [5], suppress_tokens=[5000]),
        "bad_words_ids": ask([5], [5], bad_words_ids=[[5000]]),
    }
    boundless = ask([5] * 5000, [5])
    endless = ask([5], [5] * 513)
    wordless = ask([5], [])
    huge = ask([5], [5], output_scores=True, output_logits=True, num_beams=64, max_new_tokens=2000)
    llama.submit(good, *bad.values(), boundless, endless, wordless, huge)

    assert llama.result(good[0])
    for path, (item, _) in bad.items():
        error = llama.error(item)
        assert (error.code, error.path, error.started) == ("INVALID_ARGUMENT", path, False)
    assert llama.error(boundless[0]).path == "input_ids"
    for item, _ in (endless, wordless):
        assert llama.error(item).path == "qformer_input_ids"
    assert llama.error(huge[0]).code == "PAYLOAD_TOO_LARGE"


def test_ids_of_another_type_are_refused(pool: Pool) -> None:
    pool.start_script()
    item, tensors = ask()
    tensors[0] = TensorFrame("i64", (1,), memoryview(bytes(8)))
    pool.submit((item, tensors))
    assert pool.error(item).path == "input_ids"


def test_a_picture_by_its_hash_is_asked_for_once(llama: Pool) -> None:
    frame = picture(73)
    first = ask([5], [5], frame.content_hash())
    second = ask([6], [6], frame.content_hash())
    llama.submit(first, second)
    llama.expect("data", Accept)
    need, _ = llama.expect("data", Need)
    assert need.hashes == [frame.content_hash()]

    llama.send("data", Put(hash=frame.content_hash(), tensor=0), [frame])

    assert llama.result(first[0])
    assert llama.result(second[0])
    assert not llama.mail("data", Need)


def test_a_picture_in_hand_is_not_asked_for(pool: Pool) -> None:
    pool.start_script({"service_ms": 200})
    frame = picture(74)
    first, second = ask([5], [5], frame), ask([6], [6], frame.content_hash())
    pool.submit(first, second)
    assert pool.result(first[0])
    assert pool.result(second[0])
    assert not pool.mail("data", Need)


def test_wrong_bytes_under_a_hash_harm_nobody_else(pool: Pool) -> None:
    pool.start_script({"service_ms": 200})
    frame, other = picture(75), picture(76)
    liar, tensors = ask([5], [5], frame)
    tensors[2] = other
    honest = ask([6], [6], frame.content_hash())
    pool.submit((liar, tensors), honest)
    assert pool.expect("data", Need)[0].hashes == [frame.content_hash()]
    pool.send("data", Put(hash=frame.content_hash(), tensor=0), [other])
    error = pool.error(honest[0])
    assert (error.code, error.path) == ("INVALID_ARGUMENT", "image.hash")


def test_a_picture_that_does_not_fit_fails_those_who_wait(llama: Pool) -> None:
    frame = blank_picture(size=10)
    item, tensors = ask([5], [5], frame.content_hash())
    llama.submit((item, tensors))
    llama.expect("data", Need)
    llama.send("data", Put(hash=frame.content_hash(), tensor=0), [frame])
    assert llama.error(item).path == "image"


def test_a_picture_that_never_comes_ends_with_the_deadline(pool: Pool) -> None:
    pool.start_script()
    item, tensors = ask(picture="ab" * 32, ttl_ms=100)
    pool.submit((item, tensors))
    error = pool.error(item)
    assert (error.code, error.started) == ("DEADLINE_EXCEEDED", False)


def test_cancel_answers_at_once_and_frees_the_slot(pool: Pool) -> None:
    pool.start_script({"token_ms": 20, "tokens": 10_000}, slots=1)
    running = ask(max_new_tokens=4096, stream=True)
    waiting = ask(max_new_tokens=4096)
    after = ask(max_new_tokens=2)
    pool.submit(running, waiting, after)
    pool.expect("data", Chunk)
    for item, _ in (running, waiting):
        pool.send("control", Cancel(request_id=item.request_id, attempt=1, reason="test"))
    assert (pool.error(running[0]).code, pool.error(waiting[0]).code) == ("CANCELLED", "CANCELLED")
    assert pool.result(after[0])
    assert pool.beat(lambda beat: beat.slots_free == 1).running == []


def test_cancel_in_the_middle_of_a_real_decode(llama: Pool) -> None:
    long = ask([5], [5], stream=True, max_new_tokens=1900, min_new_tokens=1900)
    short = ask([6], [6], max_new_tokens=3)
    llama.submit(long)
    llama.expect("data", Chunk)
    llama.submit(short)
    llama.send("control", Cancel(request_id=long[0].request_id, attempt=1, reason="test"))
    error = llama.error(long[0])
    assert (error.code, error.started) == ("CANCELLED", True)
    assert llama.result(short[0])


@pytest.mark.parametrize("sampled", [False, True])
def test_a_cancelled_stream_is_decoded_no_further_than_the_step_in_hand(llama: Pool, sampled: bool) -> None:
    new: dict[str, Any] = {"max_new_tokens": 1900, "min_new_tokens": 1900}
    long = ask([5], [5], picture(80 + sampled), stream=True, do_sample=sampled, **new)
    before = _settled_progress(llama)
    llama.submit(long)
    for _ in range(3):
        llama.expect("data", Chunk)
    llama.send("control", Cancel(request_id=long[0].request_id, attempt=1, reason="test"))
    assert llama.error(long[0]).code == "CANCELLED"
    # Whatever was streamed before the ERROR came first, as both take the same way.
    streamed = 3 + len(llama.mail("data", Chunk))
    # A new picture and the Q-Former count as a step each.
    steps = _settled_progress(llama) - before - 2
    assert streamed <= steps <= streamed + 1


def test_a_reader_without_credit_holds_back_its_own_stream_alone(llama: Pool) -> None:
    slow = ask([5], [5], stream=True, credit=2, max_new_tokens=40, min_new_tokens=40)
    quick = ask([6], [6], stream=True, max_new_tokens=40, min_new_tokens=40)
    llama.submit(slow, quick)
    result, rows = llama.result(quick[0])
    assert llama.streamed(quick[0]) == rows[0][1:]
    late, own = llama.result(slow[0])
    # Two chunks by its credit; the result has all that was kept back.
    assert (late.chunks, llama.streamed(slow[0])) == (2, own[0][1:3])
    assert len(own[0]) == 41
    assert result.batch_size == 2


def _settled_progress(worker: Pool) -> int:
    """Units of work so far, of a worker that has none in hand."""
    worker.mail("control", Beat).clear()
    seen: list[int] = []
    while len(seen) < 2 or seen[-1] != seen[-2]:
        beat = worker.beat(lambda beat: beat.running == [])
        seen.append(beat.progress or 0)
    return seen[-1]


def test_a_deadline_in_the_middle_of_a_real_decode(llama: Pool) -> None:
    late = ask([5], [5], ttl_ms=400, stream=True, max_new_tokens=1900, min_new_tokens=1900)
    beside = ask([6], [6], max_new_tokens=12, min_new_tokens=12)
    llama.submit(late, beside)
    error = llama.error(late[0])
    assert (error.code, error.started) == ("DEADLINE_EXCEEDED", True)
    assert len(llama.result(beside[0])[1][0]) == 13
    # Freed at once: the next request does not wait for 1,900 tokens.
    after = ask([7], [7], max_new_tokens=2)
    llama.submit(after)
    assert llama.result(after[0])


def test_a_cancel_of_nothing_known_is_ignored(pool: Pool) -> None:
    pool.start_script()
    item, tensors = ask()
    pool.send("control", Cancel(request_id=item.request_id, attempt=1, reason="test"))
    pool.send("control", Credit(request_id=item.request_id, attempt=1, chunks=1))
    # The sockets have no order among them: the request comes once the control thread has been round.
    pool.clear()
    for _ in range(2):
        pool.beat()
    pool.submit((item, tensors))
    assert pool.result(item)


@pytest.mark.parametrize("slots", [1, 8])
def test_a_deadline_passes_in_the_queue_and_while_running(pool: Pool, slots: int) -> None:
    pool.start_script({"service_ms": 60_000}, slots=slots)
    requests = [ask(ttl_ms=150), ask(ttl_ms=200)]
    began = time.monotonic()
    pool.submit(*requests)
    for item, _ in requests:
        assert pool.error(item).code == "DEADLINE_EXCEEDED"
    assert time.monotonic() - began >= 0.2


def test_credit_holds_chunks_back(pool: Pool) -> None:
    pool.start_script({"token_ms": 5, "tokens": 200})
    item, tensors = ask(stream=True, credit=2, max_new_tokens=100)
    pool.submit((item, tensors))
    first = [pool.expect("data", Chunk)[0].chunks[0] for _ in range(2)]
    time.sleep(0.1)
    pool.pump()
    assert not pool.mail("data", Chunk)
    pool.send("control", Credit(request_id=item.request_id, attempt=1, chunks=1))
    third = pool.expect("data", Chunk)[0].chunks[0]
    assert len(third.tokens) > 5
    result, rows = pool.result(item)
    assert result.chunks == 3
    streamed = [token for entry in (*first, third) for token in entry.tokens]
    assert rows[0][1 : 1 + len(streamed)] == streamed
    assert len(rows[0]) == 101


def test_a_submit_delivered_twice_runs_once(pool: Pool) -> None:
    pool.start_script({"service_ms": 50})
    request = ask()
    pool.submit(request)
    pool.submit(request)
    pool.result(request[0])
    pool.submit(request)
    second_try = ask(request_id=request[0].request_id, attempt=2)
    pool.submit(second_try)
    assert pool.result(second_try[0])
    assert not pool.mail("data", Result)
    assert len(pool.mail("data", Accept)) == 2


def test_a_submit_of_another_epoch_is_dropped(pool: Pool) -> None:
    pool.start_script()
    stale, fresh = ask(), ask()
    pool.submit(stale, epoch=EPOCH - 1)
    pool.submit(fresh)
    assert pool.result(fresh[0])
    assert not pool.mail("data", Error)
    assert "stale_message" in pool.log()


def test_beats_tell_what_runs(pool: Pool) -> None:
    pool.start_script({"token_ms": 20, "tokens": 500}, slots=2)
    requests = [ask(max_new_tokens=400) for _ in range(3)]
    pool.submit(*requests)
    beat = pool.beat(lambda beat: bool(beat.running) and (beat.running[0].step if beat.running else 0) > 3)
    assert beat.running is not None
    assert {entry.request_id for entry in beat.running} == {item.request_id for item, _ in requests[:2]}
    assert (beat.queued, beat.slots_free) == (1, 0)
    assert beat.progress is not None and beat.progress > 3


def test_sequences_of_many_rows_travel_as_one_tensor(llama: Pool) -> None:
    item, tensors = ask([5], [5], num_beams=3, num_return_sequences=3, max_new_tokens=6)
    llama.submit((item, tensors))
    result, rows = llama.result(item)
    assert len(rows) == len(result.finish_reasons) == 3
    assert len({len(row) for row in rows}) == 1

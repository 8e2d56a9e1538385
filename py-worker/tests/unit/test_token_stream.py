"""Tokens on their way to the reader."""

from __future__ import annotations

from instructblip_worker.request import TokenStream


def test_without_a_limit_everything_goes_at_once() -> None:
    stream = TokenStream(wanted=True, credit=None)
    assert stream.take()[0] == []
    stream.push([1])
    stream.push([2, 3])
    assert stream.take()[0] == [1, 2, 3]
    assert stream.take()[0] == []
    assert stream.sent == 1


def test_credit_is_spent_by_chunks_not_by_tokens() -> None:
    stream = TokenStream(wanted=True, credit=1)
    stream.push([1, 2])
    assert stream.take()[0] == [1, 2]
    stream.push([3])
    assert stream.take()[0] == []
    stream.push([4])
    stream.grant(1)
    assert stream.take()[0] == [3, 4]
    assert stream.sent == 2


def test_a_chunk_has_a_limit() -> None:
    stream = TokenStream(wanted=True, credit=None)
    stream.push(list(range(1500)))
    assert len(stream.take()[0]) == 1024
    assert len(stream.take()[0]) == 476


def test_what_nobody_wants_is_not_kept() -> None:
    stream = TokenStream(wanted=False, credit=None)
    stream.push([1])
    assert stream.take()[0] == []


def test_log_probabilities_stay_with_their_tokens() -> None:
    stream = TokenStream(wanted=True, credit=None)
    stream.push([1, 2], [-0.5, -1.0])
    assert stream.take() == ([1, 2], [-0.5, -1.0])
    stream.push(list(range(1500)), [-float(n) for n in range(1500)])
    first, second = stream.take(), stream.take()
    assert [first[1][0], first[1][-1], second[1][0]] == [0.0, -1023.0, -1024.0]
    assert stream.take() == ([], [])

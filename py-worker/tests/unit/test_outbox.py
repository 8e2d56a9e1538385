"""Replies on their way to the pool."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from instructblip_worker.errors import RequestError
from instructblip_worker.outbox import Answer, Outbox
from instructblip_worker.protocol import Chunk, Error, Message, Result, TensorFrame, decode
from instructblip_worker.registry import Registry
from instructblip_worker.request import Request, TokenStream
from tests.unit.test_inbox import request


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    outbox = Outbox(Registry())
    outbox.worker_epoch = 4
    yield outbox
    outbox.mail.close()


def sent(outbox: Outbox) -> list[tuple[Message, list[TensorFrame]]]:
    """What was posted; the codec's own checks on the way."""
    found = [decode(frames) for frames in outbox.mail.take_all()]
    return [each for each in found if each is not None]


def streaming(number: int, tokens: int, *, likelihoods: bool = False) -> Request:
    """A request with tokens to send, and their log-probabilities."""
    found = request()
    found.request_id = f"00000000-0000-4000-8000-{number:012d}"
    found.stream = TokenStream(wanted=True, credit=None)
    found.stream.push([2**31 - 1] * tokens, [-1.1] * tokens if likelihoods else ())
    return found


@pytest.mark.parametrize("likelihoods", [False, True])
@pytest.mark.parametrize(("requests", "tokens"), [(300, 1), (256, 4), (3, 1024), (70, 60), (1, 1024)])
def test_chunks_of_any_number_and_size_fit(
    outbox: Outbox, requests: int, tokens: int, likelihoods: bool
) -> None:
    outbox.chunks([streaming(number, tokens, likelihoods=likelihoods) for number in range(requests)])
    chunks = [message for message, _ in sent(outbox) if isinstance(message, Chunk)]
    entries = [entry for chunk in chunks for entry in chunk.chunks]
    assert len(entries) == requests
    assert all(len(entry.tokens) == tokens for entry in entries)
    assert all(len(entry.log_probs or []) == (tokens if likelihoods else 0) for entry in entries)


def test_nothing_to_stream_sends_nothing(outbox: Outbox) -> None:
    outbox.chunks([request()])
    assert sent(outbox) == []


def test_one_end_for_each_request(outbox: Outbox) -> None:
    one = streaming(1, 0)
    outbox._registry.add(one)
    answer = Answer(sequences=[[0, 5], [0, 5, 6]], finish_reasons=["eos", "length"], pad_token_id=9)
    outbox.result(one, answer)
    outbox.error(one, RequestError("CANCELLED", "too late"))
    outbox.result(one, answer)
    ((message, tensors),) = sent(outbox)
    assert isinstance(message, Result)
    assert message.worker_epoch == 4
    assert tensors[message.outputs["sequences"]].numpy().tolist() == [[0, 5, 9], [0, 5, 6]]


def test_messages_are_cut_between_characters(outbox: Outbox) -> None:
    outbox.refuse(streaming(1, 0).request_id, 1, RequestError("INTERNAL", "ä" * 400))
    ((message, _),) = sent(outbox)
    assert isinstance(message, Error)
    assert message.message == "ä" * 256

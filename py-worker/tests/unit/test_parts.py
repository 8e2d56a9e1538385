"""Large outputs go in parts, as their reader takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from instructblip_worker import outbox as outbox_module
from instructblip_worker.errors import RequestError
from instructblip_worker.outbox import Answer, Outbox
from instructblip_worker.protocol import Error, ForwardOp, Message, Part, Result, TensorFrame, decode
from instructblip_worker.registry import Registry
from instructblip_worker.request import ForwardRequest, TokenStream

MEBI = 1024 * 1024


def request(name: str, credit: int | None) -> ForwardRequest:
    return ForwardRequest(
        request_id=f"00000000-0000-4000-8000-{name:>012}",
        attempt=1,
        stream=TokenStream(wanted=False, credit=credit),
        batch_key=b"",
        rows=1,
        deadline=None,
        op=ForwardOp(module="vision", inputs={}, outputs=["a"]),
        inputs={},
    )


def answer(**mebibytes: int) -> Answer:
    return Answer(
        outputs={
            name: TensorFrame.of(np.arange(size * MEBI // 4, dtype=np.int32))
            for name, size in mebibytes.items()
        }
    )


@pytest.fixture
def outbox() -> Iterator[Callable[..., Outbox]]:
    """Makes the outbox of some requests."""
    made: list[Outbox] = []

    def make(*requests: ForwardRequest) -> Outbox:
        registry = Registry()
        for each in requests:
            registry.add(each)
        made.append(Outbox(registry))
        made[-1].worker_epoch = 3
        return made[-1]

    yield make
    for each in made:
        each.mail.close()


def read(frames: object) -> tuple[Message, list[TensorFrame]]:
    found = decode(frames)  # type: ignore[arg-type] # frames as they are sent
    assert found is not None
    return found


def sent(box: Outbox) -> list[tuple[Message, list[TensorFrame]]]:
    """What goes out now: ordinary messages, then parts."""
    found = [read(frames) for frames in box.mail.take_all()]
    while (part := box.next_part()) is not None:
        found.append(read(part))
    return found


def test_parts_add_up_to_the_output_and_the_result_comes_last(outbox: Callable[..., Outbox]) -> None:
    asked = request("1", None)
    box = outbox(asked)
    whole = answer(small=1, large=10)
    box.result(asked, whole)
    *parts, (result, tensors) = sent(box)
    assert [message.seq for message, _ in parts if isinstance(message, Part)] == [0, 1, 2]
    assert b"".join(frames[0].data for _, frames in parts) == whole.outputs["large"].data
    assert isinstance(result, Result)
    assert (result.parts, list(result.outputs), len(tensors)) == (3, ["small"], 1)
    assert asked.settled


def test_a_reader_without_credit_gets_no_more_and_holds_up_nobody(outbox: Callable[..., Outbox]) -> None:
    slow, quick = request("1", 1), request("2", None)
    box = outbox(slow, quick)
    box.result(slow, answer(large=10))
    box.result(quick, answer(large=10))
    messages = [message for message, _ in sent(box)]
    parts = [message.request_id for message in messages if isinstance(message, Part)]
    assert (parts.count(slow.request_id), parts.count(quick.request_id)) == (1, 3)
    assert [message.request_id for message in messages if isinstance(message, Result)] == [quick.request_id]
    assert not slow.settled
    slow.stream.grant(2)
    assert [type(message).__name__ for message, _ in sent(box)] == ["Part", "Part", "Result"]


def test_a_request_that_is_given_up_sends_no_more(outbox: Callable[..., Outbox]) -> None:
    asked = request("1", 1)
    box = outbox(asked)
    box.result(asked, answer(large=10))
    sent(box)
    box.error(asked, RequestError("CANCELLED", "The caller gave up."))
    asked.stream.grant(9)
    assert [type(message).__name__ for message, _ in sent(box)] == ["Error"]


def test_outputs_beyond_the_limit_are_refused_by_name(
    outbox: Callable[..., Outbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "OUTPUT_BYTES", 3 * MEBI)
    asked = request("1", None)
    box = outbox(asked)
    box.result(asked, answer(large=4))
    [(message, _)] = sent(box)
    assert isinstance(message, Error)
    assert (message.code, message.path) == ("PAYLOAD_TOO_LARGE", "outputs")

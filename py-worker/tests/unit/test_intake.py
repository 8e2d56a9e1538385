"""From SUBMIT to requests, without sockets or a model."""

from __future__ import annotations

import time
from typing import Any

import pytest

from instructblip_worker import intake as module
from instructblip_worker.assets import empty_assets
from instructblip_worker.engine import Gauges, Served
from instructblip_worker.intake import Intake
from instructblip_worker.launch import Endpoints, Launch
from instructblip_worker.protocol import (
    Accept,
    Error,
    Item,
    Load,
    Message,
    Need,
    ScriptedSource,
    Submit,
    TensorFrame,
    decode,
)
from instructblip_worker.request import Picture, Request
from instructblip_worker.scripted._engine import _FACTS
from instructblip_worker.session import Session
from tests.worker.pool import EPOCH, ask


class Idle:
    """An engine that takes anything and does nothing."""

    def __init__(self, ops: list[str]) -> None:
        self.served = Served(model=_FACTS, ops=ops, assets=empty_assets())
        self.gauges = Gauges()

    def check(self, request: Request) -> None: ...

    def batch_key(self, request: Request) -> bytes:
        return b""

    def check_picture(self, frame: TensorFrame, *, interpolate: bool) -> None: ...

    def cached_picture(self, digest: str) -> Picture | None:
        return None

    def serve(self, inbox: Any, outbox: Any) -> None: ...


def session(ops: tuple[str, ...] = ("generate",), slots: int = 1) -> Session:
    found = Session(Launch(Endpoints("", "", ""), "0" * 64, "w", "0" * 16, 1))
    found.outbox.worker_epoch = EPOCH
    found.engine = Idle(list(ops))
    found.load = Load(
        worker_epoch=EPOCH,
        model_id="m",
        source=ScriptedSource(script="{}"),
        dtype="auto",
        quantization="none",
        device="auto",
        threads=0,
        slots=slots,
        feature_cache_bytes=0,
    )
    return found


def submit(intake: Intake, *requests: tuple[Item, list[TensorFrame]], model_id: str = "m") -> None:
    for item, tensors in requests:
        intake.submit(Submit(worker_epoch=EPOCH, model_id=model_id, items=[item]), tensors)


def sent(session: Session) -> list[Message]:
    found = [decode(frames) for frames in session.outbox.mail.take_all()]
    return [each[0] for each in found if each is not None]


def codes(messages: list[Message]) -> list[str]:
    return [message.code for message in messages if isinstance(message, Error)]


def test_a_picture_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PICTURE_TIMEOUT", 0.01)
    here = session()
    intake = Intake(here)
    submit(intake, ask(picture="ab" * 32))
    assert [type(message) for message in sent(here)] == [Accept, Need]
    assert intake.next_timeout() is not None
    intake.give_up_late_pictures()
    assert sent(here) == []
    time.sleep(0.02)
    intake.give_up_late_pictures()
    assert codes(sent(here)) == ["PROTOCOL"]
    assert intake.next_timeout() is None
    here.outbox.mail.close()


def test_far_more_work_than_slots_is_refused() -> None:
    here = session()
    submit(Intake(here), *[ask() for _ in range(80)])
    refused = codes(sent(here))
    assert set(refused) == {"OVERLOADED"}
    assert 5 < len(refused) < 20
    here.outbox.mail.close()


def test_work_for_others_is_refused() -> None:
    here = session()
    submit(Intake(here), ask(), model_id="another")
    other = session(ops=())
    submit(Intake(other), ask())
    closed = session()
    closed.inbox.close()
    submit(Intake(closed), ask())
    assert codes(sent(here) + sent(other) + sent(closed)) == ["MODEL_NOT_FOUND", "UNSUPPORTED", "DRAINING"]
    for each in (here, other, closed):
        each.outbox.mail.close()


def test_a_check_that_fails_itself_costs_one_request(monkeypatch: pytest.MonkeyPatch) -> None:
    here = session()
    intake = Intake(here)

    def fail(*_: object) -> None:
        raise ValueError("a secret /path")

    with monkeypatch.context() as patch:
        patch.setattr(here.engine, "check", fail)
        submit(intake, ask())
    submit(intake, ask())
    messages = sent(here)
    assert codes(messages) == ["INTERNAL"]
    assert any(isinstance(message, Accept) for message in messages)
    here.outbox.mail.close()


def test_rows_count_beams_and_return_sequences() -> None:
    here = session(slots=16)
    submit(Intake(here), ask(num_beams=3, num_return_sequences=2), ask(num_return_sequences=4), ask())
    assert [request.rows for request in here.registry.live()] == [3, 4, 1]
    here.outbox.mail.close()

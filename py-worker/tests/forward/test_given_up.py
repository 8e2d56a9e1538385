"""A pass ends at the next layer once nobody wants its answer."""

from __future__ import annotations

import pytest
import torch

from instructblip_worker.errors import RequestError
from instructblip_worker.outbox import Outbox
from instructblip_worker.protocol import Error, decode
from instructblip_worker.registry import Registry
from tests.forward.conftest import random_bench
from tests.forward.passes import Module, outputs_of, request_for
from tests.forward.test_whole import IDS, LABELS, QUESTIONS

NAMES: dict[Module, str] = {"vision": "attentions", "qformer": "hidden_states", "model": "logits"}


@pytest.mark.parametrize("module", ["vision", "qformer", "model"])
def test_it_ends_at_the_next_layer(module: Module, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = random_bench("t5").engine
    whole = {"pixel_values": torch.ones(3, 3, 32, 32), "qformer_input_ids": QUESTIONS, "input_ids": IDS}
    inputs: dict[Module, dict[str, torch.Tensor]] = {
        "vision": {"pixel_values": whole["pixel_values"]},
        "qformer": {"input_ids": QUESTIONS},
        "model": {**whole, "labels": LABELS},
    }
    count = engine._count
    steps = 0

    def settle_at(last: int) -> None:
        nonlocal steps
        count()
        steps += 1
        if steps == last:
            outbox.error(request, RequestError("CANCELLED", "The caller gave up."))

    request = request_for(module, inputs[module], [NAMES[module]])
    before = engine.gauges.progress
    outputs_of(engine, module, inputs[module], [NAMES[module]])
    taken = engine.gauges.progress - before
    assert taken > 3
    for last in range(1, taken):
        engine.forget_pictures()
        registry = Registry()
        request = request_for(module, inputs[module], [NAMES[module]])
        registry.add(request)
        outbox = Outbox(registry)
        outbox.worker_epoch = 1
        steps = 0
        monkeypatch.setattr(engine, "_count", lambda last=last: settle_at(last))
        engine.run([request], outbox)
        [frames] = outbox.mail.take_all()
        outbox.mail.close()
        received = decode(frames)
        assert received is not None
        assert isinstance(received[0], Error)
        assert received[0].code == "CANCELLED"
        assert steps == last
    monkeypatch.setattr(engine, "_count", count)
    # What was cut off has left nothing behind: no hooks, no other kind of attention.
    before = engine.gauges.progress
    engine.forget_pictures()
    outputs_of(engine, module, inputs[module], [NAMES[module]])
    assert engine.gauges.progress - before == taken
    assert all(
        part.config._attn_implementation == "sdpa"
        for part in engine.parts.model.modules()
        if hasattr(part, "config")
    )

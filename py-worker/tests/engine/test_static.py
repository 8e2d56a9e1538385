"""What happens to rows while a batch is decoded."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import torch

from instructblip_worker.errors import RequestError
from instructblip_worker.failures import DeviceLost
from instructblip_worker.outbox import Outbox
from instructblip_worker.pixels import PixelNormaliser, PixelSettings
from instructblip_worker.protocol import TensorFrame
from instructblip_worker.registry import Registry
from tests.engine.bench import Bench

STAGES = 2
"""Units of progress before the first token: vision and Q-Former."""


def test_a_stream_is_the_result(bench: Bench) -> None:
    greedy = [bench.request([5, n], image=n, stream=True) for n in (1, 2)]
    drawn = bench.request([5], stream=True, do_sample=True, seed=1)
    for batch in (greedy, [drawn]):
        replies = bench.run(*batch)
        for request in batch:
            assert replies.streams[request.request_id] == replies.sequences(request)[0][1:]
            entries = [e for c in replies.chunks for e in c.chunks if e.request_id == request.request_id]
            assert [entry.seq for entry in entries] == list(range(len(entries)))
            assert replies.results[request.request_id].chunks == len(entries)


def test_a_step_sends_one_message_for_all_rows(bench: Bench) -> None:
    requests = [bench.request([n], stream=True, min_new_tokens=5, max_new_tokens=5) for n in (1, 2, 3)]
    replies = bench.run(*requests)
    assert [len(chunk.chunks) for chunk in replies.chunks] == [3] * 5


def test_without_credit_tokens_wait(bench: Bench) -> None:
    bench.engine.forget_pictures()
    request = bench.request(stream=True, credit=2, min_new_tokens=8, max_new_tokens=8)

    def grant(step: int, outbox: Outbox, registry: Registry) -> None:
        if step == STAGES + 5:
            request.stream.grant(1)

    replies = bench.run(request, at_step=grant)

    sizes = [len(entry.tokens) for chunk in replies.chunks for entry in chunk.chunks]
    # Two chunks by the first credit; the third has what was held back; the rest is in the result.
    assert sizes == [1, 1, 3]
    assert replies.sequences(request)[0][1:6] == replies.streams[request.request_id]
    assert replies.results[request.request_id].chunks == 3


@pytest.mark.parametrize("beams", [1, 3])
def test_a_cancelled_request_leaves_the_others_unharmed(bench: Bench, beams: int) -> None:
    options: dict[str, Any] = {"num_beams": beams, "min_new_tokens": 8, "max_new_tokens": 8}
    gone, stays = (bench.request([n, 5], image=n, **options) for n in (1, 2))
    steps_when_freed: list[int] = []

    def cancel(step: int, outbox: Outbox, registry: Registry) -> None:
        if step == STAGES + 2:
            outbox.error(gone, RequestError("CANCELLED", "The caller gave up."))
        if step == STAGES + 3:
            steps_when_freed.append(gone.steps)

    replies = bench.run(gone, stays, at_step=cancel)

    assert replies.errors[gone.request_id].code == "CANCELLED"
    assert replies.errors[gone.request_id].started
    assert gone.request_id not in replies.results
    assert bench.unpadded(replies, stays) == bench.judged(stays)


@pytest.mark.parametrize("beams", [1, 3])
def test_when_all_are_cancelled_decoding_stops_within_a_step(bench: Bench, beams: int) -> None:
    request = bench.request(num_beams=beams, min_new_tokens=200, max_new_tokens=200)

    def cancel(step: int, outbox: Outbox, registry: Registry) -> None:
        if step == STAGES + 3:
            outbox.error(request, RequestError("DEADLINE_EXCEEDED", "The deadline passed."))

    replies = bench.run(request, at_step=cancel)

    assert replies.errors[request.request_id].code == "DEADLINE_EXCEEDED"
    assert request.steps <= 4


def test_a_short_answer_does_not_wait_for_a_long_one(bench: Bench) -> None:
    short = bench.request(max_new_tokens=1)
    long = bench.request(max_new_tokens=8, min_new_tokens=8)
    settled_at: list[int] = []

    def watch(step: int, outbox: Outbox, registry: Registry) -> None:
        if short.settled and not settled_at:
            settled_at.append(long.steps)

    bench.run(short, long, at_step=watch)

    assert settled_at == [2]


@pytest.mark.parametrize("beams", [1, 2])
def test_max_time_ends_a_row(bench: Bench, beams: int) -> None:
    request = bench.request(max_time=0.15, num_beams=beams, min_new_tokens=500, max_new_tokens=500)

    def dawdle(step: int, outbox: Outbox, registry: Registry) -> None:
        if step > STAGES:
            time.sleep(0.05)

    replies = bench.run(request, at_step=dawdle)

    assert replies.results[request.request_id].finish_reasons == ["time"]
    assert 1 <= request.steps <= 5


def test_timings_and_facts(bench: Bench) -> None:
    result = bench.run(request := bench.request()).results[request.request_id]
    assert set(result.timings) == {"queue", "vision", "qformer", "prefill", "decode", "total"}
    parts = sum(ms for stage, ms in result.timings.items() if stage != "total")
    assert result.timings["total"] >= parts * 0.99


def test_many_questions_about_one_picture_see_it_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    forward = bench.model.vision_model.forward

    def counted(pixel_values: torch.Tensor, **more: object) -> object:
        seen.append(len(pixel_values))
        return forward(pixel_values=pixel_values, **more)

    monkeypatch.setattr(bench.model.vision_model, "forward", counted)
    bench.engine.forget_pictures()
    first = [bench.request([5] * n, [8] * n, image=103) for n in range(1, 9)]
    replies = bench.run(*first)
    later = [bench.request([6] * n, [9] * n, image=103, cached=True) for n in range(1, 9)]
    more = bench.run(*later)

    assert seen == [1]
    monkeypatch.undo()
    for request in first:
        assert bench.unpadded(replies, request) == bench.judged(request)
    assert all(more.results[request.request_id].image_cached for request in later)


def test_one_picture_is_seen_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    forward = bench.model.vision_model.forward

    def counted(pixel_values: torch.Tensor, **more: object) -> object:
        seen.append(len(pixel_values))
        return forward(pixel_values=pixel_values, **more)

    monkeypatch.setattr(bench.model.vision_model, "forward", counted)
    bench.engine.forget_pictures()
    first = [bench.request([5, n], image=image) for n, image in enumerate((101, 102, 101))]
    replies = bench.run(*first)
    again = bench.request([5, 0], image=101, cached=True)
    later = bench.run(again)

    assert seen == [2]
    assert [replies.results[r.request_id].image_cached for r in first] == [False] * 3
    assert later.results[again.request_id].image_cached
    assert later.sequences(again) == replies.sequences(first[0])


def test_a_normalised_picture_is_as_good_as_its_bytes(bench: Bench) -> None:
    raw = bench.request(image=4)
    assert raw.picture.frame is not None
    pixels = PixelNormaliser(PixelSettings(), 224)([raw.picture.frame]).numpy()[0]
    ready = bench.request(image=TensorFrame.of(pixels))
    replies = bench.run(raw, ready)
    assert replies.sequences(ready) == replies.sequences(raw)


def test_a_picture_under_a_wrong_hash_is_refused(bench: Bench) -> None:
    liar, honest = bench.request(image=1), bench.request(image=2)
    liar.picture.digest = "0" * 64
    replies = bench.run(liar, honest)
    assert replies.errors[liar.request_id].code == "INVALID_ARGUMENT"
    assert replies.errors[liar.request_id].path == "image.hash"
    assert replies.sequences(honest) == bench.judged(honest)
    assert bench.engine.cached_picture("0" * 64) is None


def test_scores_and_logits_are_transformers(bench: Bench) -> None:
    options: dict[str, Any] = {"output_scores": True, "output_logits": True, "repetition_penalty": 1.4}
    requests = [bench.request([5, n], image=n, **options) for n in (1, 2)]
    replies = bench.run(*requests)
    for request in requests:
        judged = bench.judge(request, return_dict_in_generate=True)
        tensors = replies.tensors[request.request_id]
        steps = len(judged.scores)
        assert tensors["scores"].shape == (1, steps, bench.facts.vocab_size)
        for name in ("scores", "logits"):
            theirs = torch.cat([step[:1] for step in judged[name]]).numpy()
            np.testing.assert_allclose(tensors[name][0], theirs, rtol=1e-3, atol=1e-3)


def test_beam_scores_are_transformers(bench: Bench) -> None:
    options: dict[str, Any] = {"num_beams": 3, "num_return_sequences": 2, "output_scores": True}
    requests = [bench.request([5, n], image=n, **options) for n in (1, 2)]
    replies = bench.run(*requests)
    for request in requests:
        judged = bench.judge(request, return_dict_in_generate=True)
        tensors = replies.tensors[request.request_id]
        np.testing.assert_allclose(tensors["sequences_scores"], judged.sequences_scores.numpy(), atol=1e-4)
        width = judged.beam_indices.shape[1]
        np.testing.assert_array_equal(tensors["beam_indices"][:, :width], judged.beam_indices.numpy())
        assert tensors["scores"].shape[0] == 3


@pytest.mark.parametrize("beams", [1, 2])
def test_scores_that_are_not_numbers_fail_their_request_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, beams: int
) -> None:
    head = bench.model.language_model.lm_head
    forward = head.forward

    calls: list[int] = []

    def spoil(hidden: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = forward(hidden)
        # The first row of the first step; later its slot is another's.
        if not calls:
            scores[0] = float("nan")
        calls.append(1)
        return scores

    monkeypatch.setattr(head, "forward", spoil)
    spoilt, sound = (bench.request(image=image, num_beams=beams) for image in (1, 2))
    replies = bench.run(spoilt, sound)
    monkeypatch.undo()
    assert replies.errors[spoilt.request_id].code == "OUTPUT_INVALID"
    assert bench.unpadded(replies, sound) == bench.judged(sound)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ValueError("/a/secret/path"), "INTERNAL"),
        (MemoryError(), "RESOURCE_EXHAUSTED"),
        (torch.OutOfMemoryError("CUDA out of memory"), "CUDA_OOM"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "RESOURCE_EXHAUSTED"),
    ],
)
def test_an_exception_fails_its_batch_and_no_more(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    def fail(**_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(bench.model.qformer, "forward", fail)
        request = bench.request()
        reply = bench.run(request).errors[request.request_id]
    assert reply.code == code
    assert "secret" not in reply.message
    after = bench.request()
    assert bench.run(after).sequences(after)


def test_a_lost_device_ends_the_engine(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("CUDA error: device-side assert triggered")

    monkeypatch.setattr(bench.model.qformer, "forward", fail)
    with pytest.raises(DeviceLost):
        bench.run(bench.request())

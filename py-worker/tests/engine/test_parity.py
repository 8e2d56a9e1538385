"""A batch's answers are transformers' own for each request alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.bench import Bench

# Prompts of several lengths about two pictures, one of them asked about twice.
QUESTIONS = [
    ([5, 6, 7], [8, 9], 1),
    ([11, 12, 13, 14, 15, 16, 17, 18, 19], [10, 11, 12, 13, 14], 2),
    ([31, 32, 33, 34, 35], [16, 17, 18, 19, 20, 21, 22, 23], 1),
]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"max_new_tokens": 1},
        {"min_new_tokens": 7},
        {"repetition_penalty": 1.5},
        {"no_repeat_ngram_size": 2},
        {"suppress_tokens": [41, 100, 0], "begin_suppress_tokens": [963, 7]},
        {"bad_words_ids": [[41], [100, 100]]},
        {"sequence_bias": [([2], 4.0), ([1], 4.0), ([50], 3.5)]},
        {"forced_bos_token_id": 77},
        {"forced_eos_token_id": 88, "max_new_tokens": 6},
        {"exponential_decay_length_penalty": (2, 1.6)},
        {"renormalize_logits": True, "remove_invalid_values": True},
        {"watermarking_config": {"bias": 2.5, "greenlist_ratio": 0.3}},
        {"use_cache": False, "max_new_tokens": 5},
        {"num_beams": 3},
        {"num_beams": 4, "num_return_sequences": 3, "length_penalty": -1.0},
        {"num_beams": 5, "early_stopping": True, "repetition_penalty": 1.5, "min_new_tokens": 1},
        {"num_beams": 2, "early_stopping": "never", "no_repeat_ngram_size": 3},
        {"num_beams": 3, "sequence_bias": [([2], 3.0), ([1], 3.0)], "num_return_sequences": 2},
    ],
    ids=lambda options: "-".join(options) or "greedy",
)
def test_a_batch_equals_its_requests_alone(bench: Bench, options: dict[str, Any]) -> None:
    import msgspec

    from instructblip_worker.protocol import GenerateOptions

    converted = msgspec.convert({"max_new_tokens": 8, **options}, GenerateOptions)
    chosen = msgspec.structs.asdict(converted)
    requests = [bench.request(*question, **chosen) for question in QUESTIONS]

    replies = bench.run(*requests)

    for request in requests:
        assert bench.unpadded(replies, request) == bench.judged(request)
        assert replies.results[request.request_id].batch_size == len(QUESTIONS)


def test_rows_of_different_lengths_share_a_batch(bench: Bench) -> None:
    requests = [bench.request([5, n], [8], n, max_new_tokens=n) for n in (1, 9, 4)]
    assert len({request.batch_key for request in requests}) == 1

    replies = bench.run(*requests)

    for request in requests:
        assert bench.unpadded(replies, request) == bench.judged(request)
        assert request.steps >= len(replies.sequences(request)[0]) - 1


def test_penalties_see_new_tokens_only(bench: Bench) -> None:
    # T5 counts its start token as generated, so that one must not be the answer.
    never = [bench.facts.start_token_id]
    answer = bench.run(plain := bench.request(suppress_tokens=never)).sequences(plain)[0][1]
    # A prompt of the answer itself: a penalty on prompts would have the answer start with something else.
    prompt = [answer] * 3
    free = bench.request(prompt, suppress_tokens=never)
    penalised = bench.request(prompt, suppress_tokens=never, repetition_penalty=5.0)
    first_free = bench.run(free).sequences(free)[0][1]
    assert bench.run(penalised).sequences(penalised)[0][1] == first_free


def test_stop_strings_end_a_row_as_in_transformers(bench: Bench) -> None:
    from transformers import AutoTokenizer

    from tests.engine.bench import MODELS

    tokenizer = AutoTokenizer.from_pretrained(MODELS / f"tiny-shapes-{bench.kind}")
    plain = bench.request([5, 6, 7], image=2)
    answer = bench.run(plain).sequences(plain)[0][1:]
    said = next(word for token in answer[2:] if (word := str(tokenizer.decode([token])).strip()))

    stopped = bench.request([5, 6, 7], image=2, stop_strings=[said])
    beside = bench.request([9, 9], image=3, stop_strings=[said])
    replies = bench.run(stopped, beside)

    for request in (stopped, beside):
        output = bench.judge(request, tokenizer=tokenizer)[0].tolist()
        led = output if bench.kind == "t5" else [bench.facts.start_token_id, *output]
        assert bench.unpadded(replies, request)[0] == led
    assert replies.results[stopped.request_id].finish_reasons == ["stop"]

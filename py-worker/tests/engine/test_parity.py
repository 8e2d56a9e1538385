"""What the grid of option sets does not show of rows that share a batch."""

from __future__ import annotations

import pytest

from tests.engine.bench import Bench


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


@pytest.mark.parametrize("strings", [["\n"], ["\U0001f600"], ["\u0416", "\n"]])
def test_strings_that_no_token_says_stop_nothing(bench: Bench, strings: list[str]) -> None:
    plain, watched = bench.request(max_new_tokens=6), bench.request(max_new_tokens=6, stop_strings=strings)
    answer = bench.run(plain).sequences(plain)
    assert bench.run(watched).sequences(watched) == answer


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

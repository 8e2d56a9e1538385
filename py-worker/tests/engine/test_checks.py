"""Options that cannot be run are refused before they are tried."""

from __future__ import annotations

from typing import Any

import pytest

from instructblip_worker.errors import RequestError
from tests.engine.bench import Bench


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"num_beams": 2, "num_return_sequences": 3}, "num_return_sequences"),
        ({"num_return_sequences": 2}, "num_return_sequences"),
        ({"min_new_tokens": 9}, "min_new_tokens"),
        ({"suppress_tokens": [1408]}, "suppress_tokens"),
        ({"eos_token_id": [1, 1408]}, "eos_token_id"),
        ({"pad_token_id": 1408}, "pad_token_id"),
        ({"forced_eos_token_id": [5, 6], "suppress_tokens": [6, 5, 4]}, "forced_eos_token_id"),
        ({"forced_bos_token_id": 5, "suppress_tokens": [5]}, "forced_bos_token_id"),
        ({"prompt_lookup_num_tokens": 2, "num_beams": 2}, "num_beams"),
        ({"prompt_lookup_num_tokens": 2, "do_sample": True}, "do_sample"),
        ({"prompt_lookup_num_tokens": 2, "use_cache": False}, "use_cache"),
        ({"prompt_lookup_num_tokens": 2, "cache_implementation": "static"}, "cache_implementation"),
        ({"prompt_lookup_num_tokens": 2, "output_attentions": True}, "output_attentions"),
    ],
)
def test_refused_with_the_field(bench: Bench, options: dict[str, Any], path: str) -> None:
    with pytest.raises(RequestError) as refused:
        bench.engine.check(bench.request(**options))
    assert (refused.value.code, refused.value.path) == ("INVALID_ARGUMENT", path)


def test_scores_that_options_spoil_are_explained(bench: Bench) -> None:
    request = bench.request(min_new_tokens=5, exponential_decay_length_penalty=(0, 2.0))
    error = bench.run(request).errors[request.request_id]
    assert error.code == "OUTPUT_INVALID"
    assert "exponential_decay_length_penalty" in error.message

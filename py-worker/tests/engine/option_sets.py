"""Sets of generation options: each at several values in each way of decoding, then some by chance."""

from __future__ import annotations

import random
from typing import Any

Options = dict[str, Any]

WAYS: dict[str, Options] = {
    "greedy": {},
    "beams": {"num_beams": 3},
    "sampling": {"do_sample": True, "seed": 11},
    "beam-sampling": {"do_sample": True, "num_beams": 2, "seed": 12},
    "lookup": {"prompt_lookup_num_tokens": 3},
}

EVERYWHERE: dict[str, list[Any]] = {
    "max_new_tokens": [1, 3, 10],
    "min_new_tokens": [2, 5],
    "repetition_penalty": [0.7, 1.3, 2],
    "no_repeat_ngram_size": [1, 2, 3],
    "bad_words_ids": [[[41], [100, 100]], [[6], [4, 3]]],
    "suppress_tokens": [[41, 100, 0], [3, 6, 354]],
    "begin_suppress_tokens": [[963, 7], [3, 354]],
    "forced_bos_token_id": [77],
    "forced_eos_token_id": [88, [90, 91]],
    "sequence_bias": [[([2], 4.0), ([1], 4.0), ([50], 3.5)], [([3, 23], -5.0), ([60, 61], 2.5), ([60], 9.0)]],
    "exponential_decay_length_penalty": [(0, 1.1), (2, 1.6)],
    "renormalize_logits": [True],
    "remove_invalid_values": [True],
    "watermarking_config": [
        {"bias": 2.5, "greenlist_ratio": 0.3},
        {"bias": 5, "context_width": 2, "hashing_key": 7},
    ],
    "cache_implementation": ["dynamic", "static"],
    "use_cache": [False],
    "eos_token_id": [[6], [380, 17, 4]],
    "pad_token_id": [9],
    "stop_strings": [["a"], ["circle", "is a", "zzz"]],
    "max_time": [600],
    "log_probs": [True],
    "output_scores": [True],
    "output_logits": [True],
}

ONLY: dict[str, dict[str, list[Any]]] = {
    "beams": {
        "num_beams": [2, 4, 5],
        "early_stopping": [True, False, "never"],
        "length_penalty": [-1, 0, 0.5, 2],
        "num_return_sequences": [2, 3],
    },
    "sampling": {
        "seed": [0, 2**53 - 1],
        "temperature": [0.5, 1.7],
        "top_k": [0, 1, 7, 5000],
        "top_p": [0, 0.3, 0.9, 1],
        "min_p": [0.05, 0.5],
        "top_h": [0.3, 0.9],
        "typical_p": [0.2, 0.9],
        "epsilon_cutoff": [0.001, 0.05],
        "eta_cutoff": [0.001, 0.05],
        "num_return_sequences": [2, 3],
    },
    "lookup": {"prompt_lookup_num_tokens": [1, 8], "max_matching_ngram_size": [1, 3]},
}
ONLY["beam-sampling"] = {
    "num_beams": [3],
    **{name: ONLY["sampling"][name] for name in ("seed", "temperature", "top_k", "top_p", "min_p", "top_h")},
    **{name: ONLY["beams"][name][:2] for name in ("early_stopping", "length_penalty")},
}

CONTRARY = [
    {"prompt_lookup_num_tokens", "use_cache"},
    {"prompt_lookup_num_tokens", "cache_implementation"},
    {"use_cache", "cache_implementation"},
    # A token that is both forced and ruled out leaves none.
    {"forced_bos_token_id", "suppress_tokens"},
    # transformers multiplies the end's score, and where that is ruled out it gets NaN.
    {"exponential_decay_length_penalty", "forced_bos_token_id"},
    {"exponential_decay_length_penalty", "forced_eos_token_id"},
    {"exponential_decay_length_penalty", "min_new_tokens"},
]
"""Options that are refused together, or leave nothing to say."""

LENGTH = 7
"""New tokens where a set says nothing else."""
PAIRINGS = 110
"""Sets put together by chance."""


def option_sets() -> list[Options]:
    """All of them, each different, the same each time."""
    found = [dict(way) for way in WAYS.values()]
    for way, base in WAYS.items():
        for name, values in _choices(way).items():
            found += [{**base, name: value} for value in values if _makes_sense({**base, name: value})]
    chance = random.Random(20260)
    alone = len(found)
    while len(found) < alone + PAIRINGS:
        way = chance.choice(list(WAYS))
        choices = _choices(way)
        names = chance.sample(sorted(choices), chance.choice([2, 2, 3, 4]))
        options = {**WAYS[way], **{name: chance.choice(choices[name]) for name in names}}
        if _makes_sense(options) and options not in found:
            found.append(options)
    return found


def _choices(way: str) -> dict[str, list[Any]]:
    return {**EVERYWHERE, **ONLY.get(way, {})}


def _makes_sense(options: Options) -> bool:
    beams, returned = options.get("num_beams", 1), options.get("num_return_sequences", 1)
    return (
        not any(pair <= set(options) for pair in CONTRARY)
        and options.get("min_new_tokens", 0) <= options.get("max_new_tokens", LENGTH)
        and (beams == 1 or returned <= beams)
    )

"""Generation options on the wire, in transformers' names."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from ._limits import MAX_INT
from ._types import Header, TokenId

_Ids = Annotated[list[TokenId], Meta(max_length=512)]
_SomeIds = Annotated[list[TokenId], Meta(min_length=1, max_length=512)]
_Natural = Annotated[int, Meta(ge=0, le=MAX_INT)]
_Positive = Annotated[float, Meta(gt=0)]
_UpTo1000 = Annotated[float, Meta(gt=0, le=1000)]
_Probability = Annotated[float, Meta(ge=0, le=1)]
_OpenProbability = Annotated[float, Meta(gt=0, lt=1)]
_NonZeroProbability = Annotated[float, Meta(gt=0, le=1)]
_Cutoff = Annotated[float, Meta(ge=0, lt=1)]
_Up4096 = Annotated[int, Meta(ge=0, le=4096)]
_UpTo64 = Annotated[int, Meta(ge=1, le=64)]


class WatermarkingConfig(Header, kw_only=True, frozen=True):
    """Settings of transformers' green-list watermark."""

    greenlist_ratio: _OpenProbability | None = None
    bias: float | None = None
    hashing_key: _Natural | None = None
    seeding_scheme: Literal["lefthash", "selfhash"] | None = None
    context_width: _UpTo64 | None = None


class GenerateOptions(Header, kw_only=True, frozen=True):
    """Absent means transformers' default, but for the lengths: they count new tokens only."""

    max_new_tokens: Annotated[int, Meta(ge=1, le=4096)]
    min_new_tokens: _Up4096 | None = None
    do_sample: bool | None = None
    num_beams: _UpTo64 | None = None
    num_return_sequences: _UpTo64 | None = None
    early_stopping: bool | Literal["never"] | None = None
    length_penalty: Annotated[float, Meta(ge=-100, le=100)] | None = None
    temperature: _UpTo1000 | None = None
    top_k: TokenId | None = None
    top_p: _Probability | None = None
    min_p: _Probability | None = None
    top_h: _NonZeroProbability | None = None
    typical_p: _NonZeroProbability | None = None
    epsilon_cutoff: _Cutoff | None = None
    eta_cutoff: _Cutoff | None = None
    repetition_penalty: _UpTo1000 | None = None
    no_repeat_ngram_size: _Up4096 | None = None
    bad_words_ids: Annotated[list[_SomeIds], Meta(max_length=256)] | None = None
    suppress_tokens: _Ids | None = None
    begin_suppress_tokens: _Ids | None = None
    forced_bos_token_id: TokenId | None = None
    forced_eos_token_id: TokenId | _Ids | None = None
    sequence_bias: Annotated[list[tuple[_SomeIds, float]], Meta(max_length=256)] | None = None
    exponential_decay_length_penalty: tuple[_Natural, _Positive] | None = None
    renormalize_logits: bool | None = None
    remove_invalid_values: bool | None = None
    stop_strings: (
        Annotated[list[Annotated[str, Meta(min_length=1, max_length=256)]], Meta(max_length=16)] | None
    ) = None
    max_time: Annotated[float, Meta(gt=0, le=86400)] | None = None
    seed: _Natural | None = None
    log_probs: bool | None = None
    output_scores: bool | None = None
    output_logits: bool | None = None
    output_hidden_states: bool | None = None
    output_attentions: bool | None = None
    use_cache: bool | None = None
    cache_implementation: Literal["dynamic", "static"] | None = None
    prompt_lookup_num_tokens: _UpTo64 | None = None
    max_matching_ngram_size: _UpTo64 | None = None
    eos_token_id: Annotated[list[TokenId], Meta(min_length=1, max_length=16)] | None = None
    pad_token_id: TokenId | None = None
    watermarking_config: WatermarkingConfig | None = None

"""Decoding a batch from its first step to its last with one ``generate`` call."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers.cache_utils import DynamicCache, EncoderDecoderCache
from transformers.generation.logits_process import LogitsProcessorList
from transformers.generation.stopping_criteria import StoppingCriteriaList

from ..eager import eager_attention
from ..errors import RequestError
from ..outbox import Outbox
from ..protocol import FinishReason, GenerateOptions
from ..request import GenerateRequest
from ..special_tokens import SpecialTokens
from ..stages import Prompt
from .batch import Batch, Facts
from .checks import check_options
from .log_probs import ChosenTokens
from .options import beams, ending, generation_config, looks_up, sequences
from .output_size import LanguageModelShape
from .outputs import beam_indices, by_row, floats
from .recorder import Recorder
from .rows import BeamWatch, Row, RowWatch
from .sampling import GumbelDraw, row_generators, warpers
from .scoring import alone, score
from .states import states
from .stop_strings import StopStrings


class StaticDecoder:
    """Runs requests of one batch key together. All rows are answered as soon as they are over."""

    def __init__(self, language_model: Any, special: SpecialTokens, tokenizer_file: Path | None) -> None:
        self.model = language_model
        self.special = special
        self.shape = LanguageModelShape.of(language_model.config)
        self.stop_strings = StopStrings(tokenizer_file) if tokenizer_file is not None else None
        # T5's sequences begin with the start token; a decoder-only model returns new tokens alone.
        self._led = bool(language_model.config.is_encoder_decoder)

    def check(self, options: GenerateOptions, prompt: int) -> None:
        """Raise :class:`~..errors.RequestError` for options that ``prompt`` tokens cannot be continued by."""
        check_options(options, prompt, self.shape)
        if options.stop_strings and self.stop_strings is None:
            raise RequestError(
                "UNSUPPORTED",
                "stop_strings need a tokenizer, and a model made from a configuration has none.",
                path="stop_strings",
            )

    def run(
        self,
        requests: Sequence[GenerateRequest],
        prompt: Prompt,
        facts: Facts,
        outbox: Outbox,
        on_step: Callable[[], None],
    ) -> None:
        """Decode and answer. ``prompt`` has a row for each request; ``on_step`` counts progress."""
        special = ending(requests[0].options, self.special)
        batch = Batch(requests, facts, outbox, special, on_step)
        if beams(requests[0].options) > 1:
            self._search(batch, prompt)
        else:
            self._decode(batch, prompt)

    def _decode(self, batch: Batch, prompt: Prompt) -> None:
        """Greedy decoding and sampling."""
        options = batch.options
        device = prompt.embeds.device
        copies = sequences(options)
        # transformers would keep a draw's scores with the noise.
        recorder = Recorder(keep=bool(options.output_scores and options.do_sample))
        processors = [*warpers(options, self.shape.vocab_size, device), recorder]
        if options.do_sample:
            draws = [row_generators(r.options.seed, copies, device) for r in batch.requests]
            processors.append(GumbelDraw([generator for rows in draws for generator in rows]))
        rows = batch.rows(copies)
        chosen = ChosenTokens(self.model, wanted=any(r.options.log_probs for r in batch.requests))
        watch = RowWatch(rows, int(self._led), recorder, chosen, self._stops(batch), batch)
        with chosen.listening():
            output = self._generate(
                batch,
                inputs_embeds=prompt.embeds.repeat_interleave(copies, dim=0),
                attention_mask=prompt.mask.repeat_interleave(copies, dim=0),
                logits_processor=LogitsProcessorList(processors),
                stopping_criteria=StoppingCriteriaList([watch]),
            )
        if batch.wants_outputs:
            for start, request in zip(range(0, len(rows), copies), batch.requests, strict=True):
                own = slice(start, start + copies)
                length = max(len(row.tokens) for row in rows[own])
                outputs = states(options, output, length, reads=self._led)
                if options.output_scores:
                    scores = recorder.steps if options.do_sample else output.scores
                    outputs["scores"] = by_row(scores, own, length)
                if options.output_logits:
                    outputs["logits"] = by_row(output.logits, own, length)
                batch.answer(request, rows[own], outputs)

    def _search(self, batch: Batch, prompt: Prompt) -> None:
        """Beam search."""
        options = batch.options
        width, returned = beams(options), sequences(options)
        ends_at = None if options.max_time is None else time.monotonic() + options.max_time
        stops = self._stops(batch)
        recorder = Recorder(keep=False)
        watch = BeamWatch(ends_at, recorder, stops, batch)
        with _seeded(options.seed if options.do_sample else None, prompt.embeds.device):
            output = self._generate(
                batch,
                inputs_embeds=prompt.embeds,
                attention_mask=prompt.mask,
                logits_processor=LogitsProcessorList([recorder]),
                stopping_criteria=StoppingCriteriaList([watch]),
            )
        # Beam search pads with EOS or PAD as it likes; its beam indices tell the true lengths.
        lengths = (output.beam_indices >= 0).sum(dim=1).tolist()
        led = int(self._led)
        new = [ids[led : led + n] for ids, n in zip(output.sequences.tolist(), lengths, strict=True)]
        for index, request in enumerate(batch.requests):
            own = slice(index * returned, (index + 1) * returned)
            rows = [Row(request, None, tokens) for tokens in new[own]]
            for row in rows:
                row.finish_reason = _beam_reason(row, batch, stops, watch)
            if request.options.log_probs and not request.settled:
                # Which beam a token came from is known at the end alone, when its scores are gone.
                asked = alone(prompt, index)
                texts = [row.tokens for row in rows]
                for row, own_log_probs in zip(
                    rows, score(self.model, asked, batch.special.start, texts), strict=True
                ):
                    row.log_probs = own_log_probs
            group = slice(index * width, (index + 1) * width)
            outputs = states(options, output, batch.longest, reads=self._led)
            if options.output_scores:
                outputs["sequences_scores"] = floats(output.sequences_scores[own])
                outputs["beam_indices"] = beam_indices(output.beam_indices[own], group.start)
                outputs["scores"] = by_row(output.scores, group, len(output.scores))
            if options.output_logits:
                outputs["logits"] = by_row(output.logits, group, len(output.logits))
            batch.answer(request, rows, outputs)

    def _generate(self, batch: Batch, **arguments: Any) -> Any:
        options = batch.options
        if looks_up(options) and self._led:
            # transformers' own cache has as many layers as the encoder, and fails to shorten unused ones.
            arguments["past_key_values"] = EncoderDecoderCache(DynamicCache(), DynamicCache())
        attentions = eager_attention(self.model, wanted=bool(options.output_attentions))
        with warnings.catch_warnings(), attentions:
            # That penalties see new tokens only is what is wanted.
            warnings.filterwarnings("ignore", message=".*with `inputs_embeds` and without `input_ids`")
            return self.model.generate(
                generation_config=generation_config(options, batch.special, batch.longest), **arguments
            )

    def _stops(self, batch: Batch) -> Any:
        strings = batch.options.stop_strings
        return self.stop_strings.criterion(strings) if strings and self.stop_strings else None


def _beam_reason(row: Row, batch: Batch, stops: Any, watch: BeamWatch) -> FinishReason:
    if row.tokens and row.tokens[-1] in batch.special.eos:
        return "eos"
    if stops is not None and row.tokens and bool(stops(torch.tensor([row.tokens]), None)[0]):
        return "stop"
    if len(row.tokens) >= row.request.options.max_new_tokens:
        return "length"
    return "time" if watch.out_of_time else "length"


@contextmanager
def _seeded(seed: int | None, device: torch.device) -> Iterator[None]:
    """transformers draws from the global generators: set them for one request, then put them back."""
    if seed is None:
        yield
        return
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield

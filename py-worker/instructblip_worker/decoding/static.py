"""Decoding a batch from its first step to its last with one ``generate`` call."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers.generation.logits_process import LogitsProcessorList
from transformers.generation.stopping_criteria import StoppingCriteriaList

from ..errors import RequestError
from ..outbox import Answer, Outbox
from ..pipeline import Prompt
from ..protocol import FinishReason, TensorFrame
from ..request import Request
from ..special_tokens import SpecialTokens
from .options import beams, generation_config, sequences
from .recorder import Recorder
from .rows import BeamWatch, Row, RowWatch
from .sampling import GumbelDraw, row_generators, warpers
from .stop_strings import StopStrings


@dataclass
class Facts:
    """What is known of a batch before its first token; it goes into every answer."""

    image_cached: dict[tuple[str, int], bool]
    timings: dict[str, float] = field(default_factory=dict)


class StaticDecoder:
    """Runs requests of one batch key together. All rows are answered as soon as they are over."""

    def __init__(
        self, language_model: Any, special: SpecialTokens, vocab_size: int, tokenizer_file: Path
    ) -> None:
        self._model = language_model
        self._special = special
        self._eos = frozenset(special.eos)
        self._vocab_size = vocab_size
        self._stop_strings = StopStrings(tokenizer_file)
        # T5's sequences begin with the start token; a decoder-only model returns new tokens alone.
        self._led = bool(language_model.config.is_encoder_decoder)

    def run(
        self,
        requests: Sequence[Request],
        prompt: Prompt,
        facts: Facts,
        outbox: Outbox,
        on_step: Callable[[], None],
    ) -> None:
        """Decode and answer. ``prompt`` has a row for each request; ``on_step`` counts progress."""
        batch = _Batch(requests, facts, outbox, self._special, on_step)
        if beams(requests[0].options) > 1:
            self._search(batch, prompt)
        else:
            self._decode(batch, prompt)

    def _decode(self, batch: _Batch, prompt: Prompt) -> None:
        """Greedy decoding and sampling."""
        options = batch.options
        device = prompt.embeds.device
        copies = sequences(options)
        recorder = Recorder(keep=bool(options.output_scores))
        processors = [*warpers(options, self._vocab_size, device), recorder]
        if options.do_sample:
            draws = [row_generators(r.options.seed, copies, device) for r in batch.requests]
            processors.append(GumbelDraw([generator for rows in draws for generator in rows]))
        rows = batch.rows(copies)
        watch = RowWatch(rows, self._eos, recorder, self._stops(batch), lambda: batch.step(rows))
        output = self._generate(
            inputs_embeds=prompt.embeds.repeat_interleave(copies, dim=0),
            attention_mask=prompt.mask.repeat_interleave(copies, dim=0),
            generation_config=generation_config(options, self._special, batch.longest),
            logits_processor=LogitsProcessorList(processors),
            stopping_criteria=StoppingCriteriaList([watch]),
        )
        if batch.wants_outputs:
            for start, request in zip(range(0, len(rows), copies), batch.requests, strict=True):
                own = slice(start, start + copies)
                length = max(len(row.tokens) for row in rows[own])
                outputs = {}
                if options.output_scores:
                    outputs["scores"] = _by_row(recorder.steps, own, length)
                if options.output_logits:
                    outputs["logits"] = _by_row(output.logits, own, length)
                batch.answer(request, rows[own], outputs)

    def _search(self, batch: _Batch, prompt: Prompt) -> None:
        """Beam search."""
        options = batch.options
        width, returned = beams(options), sequences(options)
        ends_at = None if options.max_time is None else time.monotonic() + options.max_time
        stops = self._stops(batch)
        watch = BeamWatch(batch.requests, ends_at, stops, batch.count_step)
        with _seeded(options.seed if options.do_sample else None, prompt.embeds.device):
            output = self._generate(
                inputs_embeds=prompt.embeds,
                attention_mask=prompt.mask,
                generation_config=generation_config(options, self._special, batch.longest),
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
                row.finish_reason = self._beam_reason(row, stops, watch)
            group = slice(index * width, (index + 1) * width)
            outputs = {}
            if options.output_scores:
                outputs["sequence_scores"] = _floats(output.sequences_scores[own])
                outputs["beam_indices"] = _beam_indices(output.beam_indices[own], group.start)
                outputs["scores"] = _by_row(output.scores, group, len(output.scores))
            if options.output_logits:
                outputs["logits"] = _by_row(output.logits, group, len(output.logits))
            batch.answer(request, rows, outputs)

    def _generate(self, **arguments: Any) -> Any:
        with warnings.catch_warnings():
            # That penalties see new tokens only is what is wanted.
            warnings.filterwarnings("ignore", message=".*with `inputs_embeds` and without `input_ids`")
            return self._model.generate(**arguments)

    def _stops(self, batch: _Batch) -> Any:
        strings = batch.options.stop_strings
        return self._stop_strings.criterion(strings) if strings else None

    def _beam_reason(self, row: Row, stops: Any, watch: BeamWatch) -> FinishReason:
        if row.tokens and row.tokens[-1] in self._eos:
            return "eos"
        if stops is not None and row.tokens and bool(stops(torch.tensor([row.tokens]), None)[0]):
            return "stop"
        if len(row.tokens) >= row.request.options.max_new_tokens:
            return "length"
        return "time" if watch.out_of_time else "length"


class _Batch:
    """The requests of one run, their clock and their answers."""

    def __init__(
        self,
        requests: Sequence[Request],
        facts: Facts,
        outbox: Outbox,
        special: SpecialTokens,
        on_step: Callable[[], None],
    ) -> None:
        self.requests = requests
        self.options = requests[0].options
        self.longest = max(request.options.max_new_tokens for request in requests)
        self.wants_outputs = bool(self.options.output_scores or self.options.output_logits)
        self._facts = facts
        self._outbox = outbox
        self._special = special
        self._on_step = on_step
        self._began = time.perf_counter()
        self._first: float | None = None

    def rows(self, copies: int) -> list[Row]:
        """The rows of all requests, those of one next to each other."""
        now = time.monotonic()
        return [
            Row(request, None if request.options.max_time is None else now + request.options.max_time)
            for request in self.requests
            for _ in range(copies)
        ]

    def count_step(self) -> None:
        """A token more for everyone."""
        if self._first is None:
            self._first = time.perf_counter()
        for request in self.requests:
            request.steps += 1
        self._on_step()

    def step(self, rows: Sequence[Row]) -> None:
        """Stream the newest tokens, and answer the requests that are over."""
        self.count_step()
        copies = len(rows) // len(self.requests)
        over: list[tuple[Request, Sequence[Row]]] = []
        for index, request in enumerate(self.requests):
            own = rows[index * copies : (index + 1) * copies]
            if request.settled:
                continue
            if copies == 1 and len(own[0].tokens) == request.steps:
                request.stream.push(own[0].tokens[-1:])
            if all(row.over for row in own):
                over.append((request, own))
        self._outbox.chunks(self.requests)
        for request, own in over:
            if any(row.broken for row in own):
                self._outbox.error(
                    request, RequestError("OUTPUT_INVALID", "The model's scores are not numbers.")
                )
            elif not self.wants_outputs:
                self.answer(request, own, {})

    def answer(self, request: Request, rows: Sequence[Row], outputs: dict[str, TensorFrame]) -> None:
        """The RESULT of a request whose rows are over."""
        if request.settled:
            return
        now = time.perf_counter()
        first = self._first or now
        start = self._special.start
        self._outbox.result(
            request,
            Answer(
                sequences=[[start, *row.tokens] for row in rows],
                finish_reasons=[row.finish_reason or "length" for row in rows],
                pad_token_id=self._special.pad,
                batch_size=len(self.requests),
                image_cached=self._facts.image_cached[request.key],
                timings={
                    **self._facts.timings,
                    "prefill": (first - self._began) * 1000,
                    "decode": (now - first) * 1000,
                },
                outputs=outputs,
            ),
        )


@contextmanager
def _seeded(seed: int | None, device: torch.device) -> Iterator[None]:
    """transformers draws from the global generators: set them for one request, then put them back."""
    if seed is None:
        yield
        return
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def _floats(values: torch.Tensor) -> TensorFrame:
    return TensorFrame.of(values.float().cpu().numpy())


def _by_row(steps: Sequence[torch.Tensor], rows: slice, length: int) -> TensorFrame:
    """f32 [rows, length, V] of scores [B, V] by step."""
    return _floats(torch.stack([step[rows] for step in steps[:length]], dim=1))


def _beam_indices(indices: torch.Tensor, first: int) -> TensorFrame:
    """i32 [rows, tokens]: which of the request's own beams each token came from; -1 after the end."""
    own = torch.where(indices >= 0, indices - first, indices)
    return TensorFrame.of(own.to(torch.int32).cpu().numpy())

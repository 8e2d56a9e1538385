"""transformers alone as the judge: one request at a time, on that request's own embeddings."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any
from unittest import mock

import torch

from instructblip_worker.eager import eager_attention
from instructblip_worker.request import GenerateRequest
from tests.engine.bench import MODELS, Bench

ROW_STEP = 0x9E3779B97F4A7C15


class Oracle:
    """Answers a bench's requests with ``language_model.generate``, embeddings made once for each question."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._embeds: dict[tuple[Any, ...], torch.Tensor] = {}

    @cached_property
    def tokenizer(self) -> Any:
        """The checkpoint's own."""
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(MODELS / f"tiny-shapes-{self._bench.kind}")

    @torch.inference_mode()
    def generate(self, request: GenerateRequest, **more: Any) -> Any:
        """transformers' whole output."""
        options = request.options
        arguments = self._bench.transformers_options(options)
        if options.stop_strings is not None:
            arguments["tokenizer"] = self.tokenizer
        model = self._bench.model.language_model
        embeds = self._embedded(request)
        rows = options.num_return_sequences or 1
        attentions = eager_attention(model, wanted=bool(options.output_attentions))
        with warnings.catch_warnings(), attentions, draws(options.seed, rows, options.num_beams or 1):
            warnings.filterwarnings("ignore", message=".*with `inputs_embeds` and without `input_ids`")
            return model.generate(
                inputs_embeds=embeds,
                attention_mask=torch.ones(embeds.shape[:2], dtype=torch.int64),
                return_dict_in_generate=True,
                **{**arguments, **more},
            )

    def rows(self, request: GenerateRequest, output: Any) -> list[list[int]]:
        """The output's rows as a RESULT has them: led by the start token, without padding."""
        led = 1 if self._bench.kind == "t5" else 0
        options, facts = request.options, self._bench.facts
        beam_indices = getattr(output, "beam_indices", None)
        rows = []
        for index, row in enumerate(output.sequences.tolist()):
            new = row[led:]
            if beam_indices is not None:
                new = new[: int((beam_indices[index] >= 0).sum())]
            else:
                ends = [
                    at
                    for at, token in enumerate(new)
                    if token in (options.eos_token_id or facts.eos_token_ids)
                ]
                new = new[: ends[0] + 1] if ends else new
            rows.append([facts.start_token_id, *new])
        return rows

    def _embedded(self, request: GenerateRequest) -> torch.Tensor:
        """[1, queries + prompt, D], by the stages that the model's own ``generate`` goes through."""
        key = (tuple(request.input_ids), tuple(request.qformer_input_ids), request.picture.digest)
        if key not in self._embeds:
            self._embeds[key] = self._bench.embed(request)
        return self._embeds[key]


@contextmanager
def draws(seed: int | None, rows: int, beams: int) -> Iterator[None]:
    """Have transformers draw as this package defines a draw by seed; its distributions stay its own.

    Beam search draws from torch's global generator, seeded. Without beams, the noise of each row comes from a
    generator of its own, and the draw is the largest of log-probability and Gumbel noise.
    """
    if seed is None:
        yield
        return
    generators = [torch.Generator().manual_seed((seed + row * ROW_STEP) % 2**63) for row in range(rows)]

    def draw(probabilities: torch.Tensor, num_samples: int) -> torch.Tensor:
        noise = torch.empty_like(probabilities)
        for row, generator in zip(noise, generators, strict=True):
            row.exponential_(generator=generator)
        return (probabilities.log() - noise.log()).argmax(dim=-1, keepdim=True)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if beams > 1:
            yield
        else:
            with mock.patch("torch.multinomial", draw):
                yield

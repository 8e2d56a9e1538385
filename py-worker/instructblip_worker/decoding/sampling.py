"""Sampling by seed: the same seed draws the same tokens, whatever else is in the batch."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import torch
from transformers.generation.logits_process import (
    EpsilonLogitsWarper,
    EtaLogitsWarper,
    LogitNormalization,
    LogitsProcessor,
    MinPLogitsWarper,
    TemperatureLogitsWarper,
    TopHLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
    TypicalLogitsWarper,
)

from ..protocol import GenerateOptions
from .options import watermarking

_DEFAULT_TOP_K = 50
"""transformers' own, which applies unless it is set to 0."""
_ROW_STEP = 0x9E3779B97F4A7C15
"""2^64 divided by the golden ratio: keeps the seeds of one request's rows far apart."""


def warpers(options: GenerateOptions, vocab_size: int, device: torch.device) -> list[LogitsProcessor]:
    """What transformers applies after all other processors, in its order."""
    found: list[LogitsProcessor] = []
    if options.do_sample:
        if options.temperature not in (None, 1.0):
            found.append(TemperatureLogitsWarper(options.temperature))
        if options.top_h is not None:
            found.append(TopHLogitsWarper(options.top_h))
        top_k = _DEFAULT_TOP_K if options.top_k is None else options.top_k
        if top_k:
            found.append(TopKLogitsWarper(top_k))
        if options.top_p is not None and options.top_p < 1:
            found.append(TopPLogitsWarper(options.top_p))
        if options.min_p is not None:
            found.append(MinPLogitsWarper(options.min_p))
        if options.typical_p is not None and options.typical_p < 1:
            found.append(TypicalLogitsWarper(options.typical_p))
        if options.epsilon_cutoff:
            found.append(EpsilonLogitsWarper(options.epsilon_cutoff))
        if options.eta_cutoff:
            found.append(EtaLogitsWarper(options.eta_cutoff, device=str(device)))
    watermark = watermarking(options)
    if watermark is not None:
        found.append(watermark.construct_processor(vocab_size, str(device)))
    if options.renormalize_logits:
        found.append(LogitNormalization())
    return found


class GumbelDraw(LogitsProcessor):
    """Adds Gumbel noise, so that the largest score of a row is a draw from its distribution.

    argmax(scores + G) with G = -log(E) and E exponential is distributed as softmax(scores) (Gumbel-max). The
    noise of a row comes from its own generator, one vector of the vocabulary's size a step.
    """

    def __init__(self, generators: Sequence[torch.Generator]) -> None:
        self._generators = generators

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Noisy scores [B, V]."""
        noise = torch.empty_like(scores)
        for row, generator in zip(noise, self._generators, strict=True):
            row.exponential_(generator=generator)
        # An exponential draw may round to 0, whose logarithm would beat every score.
        return scores - noise.clamp_min_(torch.finfo(noise.dtype).tiny).log_()


def row_generators(seed: int | None, rows: int, device: torch.device) -> list[torch.Generator]:
    """One generator for each row of a request; without a seed they differ each time."""
    first = secrets.randbits(63) if seed is None else seed
    return [torch.Generator(device).manual_seed((first + row * _ROW_STEP) % 2**63) for row in range(rows)]

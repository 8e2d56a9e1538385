"""The engine that runs a real model."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from .decoding import Facts, Ranker, StaticDecoder, batch_key
from .engine import Gauges, Served
from .errors import RequestError, WorkerError, invalid
from .failures import explain, fail_all
from .feature_cache import FeatureCache
from .flight import Flight, can_fly, flight_of
from .forward import ForwardPasses
from .inbox import Inbox
from .outbox import Outbox
from .parts import Parts
from .pipeline import Pipeline
from .pixels import PixelNormaliser
from .protocol import GenerateOptions, ModelFacts, TensorFrame
from .request import ForwardRequest, GenerateRequest, Picture, QuestionRequest, RankRequest, Request
from .stages import Prompt

_BOARDING = 4
"""Rows that join between two steps: those in flight wait for them."""
_LONGEST_PROMPT = 4096
"""T5 has no limit of its own, but its memory grows with the square of the prompt."""


@dataclass(frozen=True)
class Loaded:
    """A model ready to run, with everything that came with it."""

    parts: Parts
    served: Served
    normalise: PixelNormaliser | None
    """None where there is no vision model."""
    decoder: StaticDecoder | None
    ranker: Ranker | None
    """None, as the decoder, where there is no language model."""


class ModelEngine:
    """An :class:`~instructblip_worker.engine.Engine` over one InstructBLIP model, or an encoder of one."""

    def __init__(self, loaded: Loaded, slots: int, feature_cache_bytes: int) -> None:
        self.parts = loaded.parts
        self.served = loaded.served
        self.gauges = Gauges()
        self._slots = slots
        self._device = loaded.parts.device
        self._normalise = loaded.normalise
        self._cache = FeatureCache(feature_cache_bytes, self.gauges)
        self._decoder = loaded.decoder
        self._ranker = loaded.ranker
        self._pipeline: Pipeline | None = None
        if loaded.parts.whole is not None and loaded.normalise is not None:
            pad = self.served.model.pad_token_id
            self._pipeline = Pipeline(loaded.parts.whole, loaded.normalise, self._cache, pad)
        dtype = self.served.model.dtype
        self._forward = ForwardPasses(loaded.parts, loaded.normalise, self._pipeline, dtype)
        self.flight = None if loaded.decoder is None else flight_of(loaded.decoder, self._count)

    def check(self, request: Request) -> None:
        """Ids within the vocabularies, texts within the models' lengths, options that can be run."""
        if isinstance(request, ForwardRequest):
            self._forward.check(request)
        elif isinstance(request, QuestionRequest):
            self._check_question(request)

    def batch_key(self, request: Request) -> bytes:
        """Equal for requests that may run in one batch; other operations run by themselves."""
        if isinstance(request, GenerateRequest):
            return batch_key(request.options)
        return f"{request.request_id} {request.attempt}".encode()

    def check_picture(self, frame: TensorFrame, *, interpolate: bool) -> None:
        """In bytes or already normalised; of the model's own size, unless it is to be interpolated."""
        if self._normalise is None:
            raise RequestError("UNSUPPORTED", "This model takes no pictures: it is a Q-Former alone.")
        self._normalise.check(frame, interpolate=interpolate)

    def cached_picture(self, digest: str) -> Picture | None:
        """A picture of which the features are known."""
        return self._cache.get(digest)

    def forget_pictures(self) -> None:
        """Empty the cache of features."""
        self._cache.clear()

    def serve(self, inbox: Inbox, outbox: Outbox) -> None:
        """Answer what comes until the inbox is closed and empty.

        What flies joins those in flight between two of their steps; other work takes its turn there too.
        """
        while True:
            rows = 0 if self.flight is None else self.flight.rows
            taken = inbox.take_next(self._slots, self._slots - rows, _BOARDING, self._flies)
            if taken and self._flies(taken[0]):
                if failure := self._failure(self._board, taken, outbox):
                    fail_all(outbox, taken, failure)
            elif taken:
                self.run(taken, outbox)
            if self.flight is not None and self.flight.rows:
                if failure := self._failure(self._step, self.flight, outbox):
                    fail_all(outbox, self.flight.abandon(), failure)
            elif not taken:
                if inbox.closed and not len(inbox):
                    return
                inbox.wait(None)

    def run(self, batch: Sequence[Request], outbox: Outbox) -> None:
        """Answer every request of a batch that does not fly, or fail those that are left."""
        if failure := self._failure(self._run, batch, outbox):
            fail_all(outbox, batch, failure)

    def _failure(self, work: Callable[..., None], *arguments: Any) -> WorkerError | None:
        """Do some work; what went wrong, if something did."""
        try:
            work(*arguments)
        except Exception as error:
            failure = explain(error)
        else:
            return None
        # Not above: while the exception lives, its traceback keeps the tensors of every frame.
        if self._device.type == "cuda" and failure.code == "CUDA_OOM":
            torch.cuda.empty_cache()
        return failure

    def _flies(self, request: Request) -> bool:
        return self.flight is not None and isinstance(request, GenerateRequest) and can_fly(request.options)

    @torch.inference_mode()
    def _board(self, requests: Sequence[Request], outbox: Outbox) -> None:
        """Take requests into the flight, as far as their pictures are what they are said to be."""
        now = time.monotonic()
        for request in requests:
            request.started_at = now
        boarding = [r for r in requests if isinstance(r, GenerateRequest) and _has_own_picture(r, outbox)]
        if not boarding or self.flight is None:
            return
        prompt, facts = self._ask(boarding)
        self.flight.join(boarding, prompt, facts, outbox)

    @torch.inference_mode()
    def _step(self, flight: Flight, outbox: Outbox) -> None:
        flight.step(outbox)
        if self._device.type == "cuda":
            self.gauges.device_bytes = torch.cuda.memory_allocated(self._device)

    @torch.inference_mode()
    def _run(self, batch: Sequence[Request], outbox: Outbox) -> None:
        now = time.monotonic()
        for request in batch:
            request.started_at = now
            if isinstance(request, ForwardRequest):
                answer = self._forward.run(request, self._count)
                if answer is not None:
                    outbox.result(request, answer)
        questions = [r for r in batch if isinstance(r, GenerateRequest) and _has_own_picture(r, outbox)]
        if questions and self._decoder is not None:
            prompt, facts = self._ask(questions)
            self._decoder.run(questions, prompt, facts, outbox, self._count)
        for request in batch:
            if isinstance(request, RankRequest) and self._ranker and _has_own_picture(request, outbox):
                prompt, facts = self._ask([request])
                self._ranker.run(request, prompt, facts, outbox, self._count)
        if self._device.type == "cuda":
            self.gauges.device_bytes = torch.cuda.memory_allocated(self._device)

    def _ask(self, requests: Sequence[QuestionRequest]) -> tuple[Prompt, Facts]:
        """What the language model starts from, a row for each request."""
        pipeline = self._pipeline
        if pipeline is None:
            raise RequestError("UNSUPPORTED", "This model has no language model: it cannot answer.")
        pictures = [request.picture for request in requests]
        pipeline.recall(pictures)
        facts = Facts(image_cached={r.key: r.picture.features is not None for r in requests})
        stage = _Stages(facts.timings, self._device)
        pipeline.see(pictures, self._count)
        stage("vision")
        queries = pipeline.query(pictures, [request.qformer_input_ids for request in requests])
        prompt = pipeline.prompt(queries, [request.input_ids for request in requests])
        stage("qformer")
        self._count()
        return prompt, facts

    def _check_question(self, request: QuestionRequest) -> None:
        facts = self.served.model
        _check_ids(request.input_ids, "input_ids", facts.vocab_size)
        _check_ids(request.qformer_input_ids, "qformer_input_ids", facts.qformer_vocab_size)
        prompt = len(request.input_ids)
        if prompt > _LONGEST_PROMPT:
            raise invalid("input_ids", f"at most {_LONGEST_PROMPT} tokens long", prompt)
        most = facts.qformer_max_tokens
        if not 1 <= len(request.qformer_input_ids) <= most:
            raise invalid("qformer_input_ids", f"1 to {most} tokens long", len(request.qformer_input_ids))
        if isinstance(request, GenerateRequest):
            self._check_options(request.options, prompt)
        elif isinstance(request, RankRequest) and self._ranker is not None:
            self._ranker.check(request)
            _check_context(facts, prompt, max(map(len, request.candidates)), path="candidates")

    def _check_options(self, options: GenerateOptions, prompt: int) -> None:
        facts = self.served.model
        if self._decoder is not None:
            self._decoder.check(options, facts.num_query_tokens + prompt)
        _check_context(facts, prompt, options.max_new_tokens)

    def _count(self) -> None:
        self.gauges.progress += 1


class _Stages:
    """Notes how long each stage took."""

    def __init__(self, timings: dict[str, float], device: torch.device) -> None:
        self._timings = timings
        self._device = device
        self._since = time.perf_counter()

    def __call__(self, name: str) -> None:
        """The stage of that name is over."""
        # A device computes behind our back: without this its time would be the next stage's.
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        now = time.perf_counter()
        self._timings[name] = (now - self._since) * 1000
        self._since = now


def _has_own_picture(request: QuestionRequest, outbox: Outbox) -> bool:
    """Whether a picture's bytes are what its hash says: features are kept under it, for all to come."""
    picture = request.picture
    if picture.features is not None or picture.frame is None:
        return True
    if picture.frame.content_hash() == picture.digest:
        return True
    wrong = "image.hash is not the hash of the picture's bytes."
    outbox.error(request, RequestError("INVALID_ARGUMENT", wrong, path="image.hash"))
    return False


def _check_ids(ids: Sequence[int], path: str, vocab_size: int) -> None:
    """On CUDA, an id out of range kills the process."""
    for token in ids:
        if not 0 <= token < vocab_size:
            raise invalid(path, f"ids from 0 to {vocab_size - 1}", token)


def _check_context(facts: ModelFacts, prompt: int, new: int, path: str = "max_new_tokens") -> None:
    length = facts.num_query_tokens + prompt + new
    if facts.context_length is not None and length > facts.context_length:
        raise RequestError(
            "INVALID_ARGUMENT",
            f"The picture's {facts.num_query_tokens} tokens, {prompt} of the prompt and {new} new ones are "
            f"{length}, but the language model has {facts.context_length} positions. Shorten the prompt or "
            "ask for fewer tokens.",
            path=path,
        )

"""A request in a worker's hands, from ACCEPT to its one RESULT or ERROR."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .protocol import ChunkEntry, ForwardOp, GenerateOptions, TensorFrame

if TYPE_CHECKING:
    import torch

_CHUNK_TOKENS = 1024
"""Most tokens in one entry of a CHUNK."""


class Picture:
    """A picture by its content hash; shared by all requests about it that are in hand.

    ``frame`` is u8 [height, width, 3], or f32 [3, height, width] already normalised; None when only the
    cached ``features`` [1, patches, hidden] are known. ``interpolate`` lets it have another size than the
    model's.
    """

    __slots__ = ("__weakref__", "digest", "features", "frame", "interpolate")

    def __init__(
        self,
        digest: str,
        frame: TensorFrame | None = None,
        features: torch.Tensor | None = None,
        *,
        interpolate: bool = False,
    ) -> None:
        self.digest = digest
        self.frame = frame
        self.features = features
        self.interpolate = interpolate


class TokenStream:
    """Tokens on their way to CHUNKs, held back while the reader's credit is used up.

    PARTs of large outputs use up the same credit.
    """

    def __init__(self, wanted: bool, credit: int | None) -> None:
        self.wanted = wanted
        self.sent = 0
        """CHUNKs so far: the next one's ``seq``."""
        self._credit = credit
        self._held: list[int] = []
        self._held_log_probs: list[float] = []
        self._lock = threading.Lock()

    def push(self, tokens: list[int], log_probs: Sequence[float] = ()) -> None:
        """New tokens, in order; always with their log-probabilities, or never."""
        if self.wanted:
            self._held.extend(tokens)
            self._held_log_probs.extend(log_probs)

    def grant(self, chunks: int) -> None:
        """So many more chunks may go. Called by the control thread."""
        with self._lock:
            if self._credit is not None:
                self._credit += chunks

    def spend(self) -> bool:
        """Take the credit for one message more; False when there is none."""
        with self._lock:
            if self._credit == 0:
                return False
            if self._credit is not None:
                self._credit -= 1
            return True

    def take(self) -> tuple[list[int], list[float]]:
        """Tokens and log-probabilities that may go now as one chunk; empty when nothing may."""
        if not self._held or not self.spend():
            return [], []
        tokens, log_probs = self._held[:_CHUNK_TOKENS], self._held_log_probs[:_CHUNK_TOKENS]
        del self._held[:_CHUNK_TOKENS], self._held_log_probs[:_CHUNK_TOKENS]
        self.sent += 1
        return tokens, log_probs


@dataclass(eq=False, slots=True, kw_only=True)
class Request:
    """One attempt at one request. Identity is its equality; ``settled`` is written by the registry alone."""

    request_id: str
    attempt: int
    stream: TokenStream
    batch_key: bytes
    """Requests with equal keys may share a batch."""
    rows: int
    """Rows it takes in a batch: beams and return sequences count."""
    deadline: float | None
    """On the monotonic clock."""
    received_at: float = field(default_factory=time.monotonic)
    started_at: float | None = None
    steps: int = 0
    answered: bool = False
    """Its answer is complete; large outputs may still be on their way."""
    settled: bool = False
    """Answered, failed or given up: whoever computes it may stop."""

    @property
    def key(self) -> tuple[str, int]:
        """Names this attempt among all."""
        return self.request_id, self.attempt

    def next_chunk(self) -> ChunkEntry | None:
        """The tokens that may be sent now, if there are any."""
        tokens, log_probs = self.stream.take()
        if not tokens:
            return None
        return ChunkEntry(
            request_id=self.request_id,
            attempt=self.attempt,
            seq=self.stream.sent - 1,
            tokens=tokens,
            log_probs=log_probs or None,
        )


@dataclass(eq=False, slots=True, kw_only=True)
class QuestionRequest(Request):
    """A question about a picture."""

    picture: Picture
    input_ids: list[int]
    """The language model's prompt, unpadded."""
    qformer_input_ids: list[int]
    """The Q-Former's prompt, unpadded."""


@dataclass(eq=False, slots=True, kw_only=True)
class GenerateRequest(QuestionRequest):
    """Asks for new tokens."""

    options: GenerateOptions


@dataclass(eq=False, slots=True, kw_only=True)
class RankRequest(QuestionRequest):
    """Asks how likely some answers are."""

    candidates: list[list[int]]
    """Each answer's tokens."""


@dataclass(eq=False, slots=True, kw_only=True)
class ForwardRequest(Request):
    """Asks for one pass through the model or a part of it."""

    op: ForwardOp
    inputs: dict[str, TensorFrame]
    """By transformers' names; whole batches."""

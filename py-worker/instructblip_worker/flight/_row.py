"""One sequence of one request while it is in flight."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from ..protocol import FinishReason
from ..request import GenerateRequest
from ..special_tokens import SpecialTokens

if TYPE_CHECKING:
    from transformers.generation.logits_process import LogitsProcessorList


@dataclass(frozen=True)
class Settings:
    """What changes a row's scores before its token is chosen."""

    key: bytes
    """Equal for settings that are alike."""
    processors: LogitsProcessorList
    looks_back: bool
    """Whether the tokens so far matter."""
    samples: bool

    @property
    def plain(self) -> bool:
        """Greedy, and nothing changes the scores."""
        return not self.processors and not self.samples


@dataclass(eq=False)
class FlightRow:
    """A row of the table, from its prompt to its last token."""

    request: GenerateRequest
    settings: Settings
    generator: torch.Generator | None
    """Its own source of chance, when it samples."""
    special: SpecialTokens
    """Those that its request goes by."""
    ends_at: float | None
    """When `max_time` is over, on the monotonic clock."""
    lead: list[int]
    """What transformers counts before the new tokens: T5's start token."""
    next_token: int
    """What the next step takes."""
    tokens: list[int] = field(default_factory=list)
    """New tokens."""
    log_probs: list[float] = field(default_factory=list)
    """How likely the model itself found each; kept when asked for."""
    finish_reason: FinishReason | None = None
    scores: list[torch.Tensor] = field(default_factory=list)
    """f32 [V] by step, as the token was chosen from them; kept when asked for."""
    logits: list[torch.Tensor] = field(default_factory=list)
    """f32 [V] by step, as the model gave them; kept when asked for."""

    @property
    def ids(self) -> list[int]:
        """The tokens that penalties see."""
        return [*self.lead, *self.tokens]

    @property
    def keeps_scores(self) -> bool:
        """Whether they are part of the answer."""
        return bool(self.request.options.output_scores)

    @property
    def keeps_logits(self) -> bool:
        """Whether they are part of the answer."""
        return bool(self.request.options.output_logits)

    @property
    def over(self) -> bool:
        """Whether it needs no more steps."""
        return self.finish_reason is not None or self.request.settled

    def extend(self, token: int, log_prob: float | None, stops: Any | None) -> None:
        """Take the newest token. ``stops`` tells which rows of ids [B, T] end in a stop string."""
        self.tokens.append(token)
        if log_prob is not None:
            self.log_probs.append(log_prob)
        self.next_token = token
        if token in self.special.eos:
            self.finish_reason = "eos"
        elif stops is not None and bool(stops(torch.tensor([self.ids]), None)[0]):
            self.finish_reason = "stop"
        elif len(self.tokens) >= self.request.options.max_new_tokens:
            self.finish_reason = "length"
        elif self.ends_at is not None and time.monotonic() >= self.ends_at:
            self.finish_reason = "time"

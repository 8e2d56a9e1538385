"""Saying how likely some answers are, as LAVIS's ``predict_class`` does before it sorts them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..errors import invalid
from ..outbox import Answer, Outbox
from ..request import RankRequest
from ..special_tokens import SpecialTokens
from ..stages import Prompt
from .batch import Facts
from .log_probs import stacked
from .scoring import score

_MOST = 1024


class Ranker:
    """Answers requests of the operation `rank` with the log-probabilities of every candidate's tokens."""

    def __init__(self, language_model: Any, special: SpecialTokens) -> None:
        self._model = language_model
        self._special = special

    def check(self, request: RankRequest) -> None:
        """Raise :class:`~..errors.RequestError` for candidates that cannot be scored."""
        candidates, vocab_size = request.candidates, self._model.config.vocab_size
        if len(candidates) > _MOST:
            raise invalid("candidates", f"at most {_MOST}", len(candidates))
        for candidate in candidates:
            if not candidate:
                raise invalid("candidates", "of a token or more each", candidate)
            for token in candidate:
                if not 0 <= token < vocab_size:
                    raise invalid("candidates", f"of ids from 0 to {vocab_size - 1}", token)

    def run(
        self, request: RankRequest, prompt: Prompt, facts: Facts, outbox: Outbox, on_step: Callable[[], None]
    ) -> None:
        """Score and answer; ``on_step`` counts progress. Gives up between two passes when nobody waits."""
        began = time.perf_counter()

        def is_over() -> bool:
            on_step()
            return request.settled

        log_probs = score(self._model, prompt, self._special.start, request.candidates, is_over)
        if len(log_probs) < len(request.candidates):
            return
        outbox.result(
            request,
            Answer(
                pad_token_id=self._special.pad,
                image_cached=facts.image_cached[request.key],
                timings={**facts.timings, "score": (time.perf_counter() - began) * 1000},
                outputs={"log_probs": stacked(log_probs)},
            ),
        )

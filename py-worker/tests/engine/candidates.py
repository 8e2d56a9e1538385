"""Candidates to rank, and how likely transformers' own forward pass finds each."""

from __future__ import annotations

import uuid

import torch

from instructblip_worker.request import Picture, RankRequest, TokenStream
from tests.engine.bench import Bench, picture

CANDIDATES = [[5], [6, 7, 8], [31, 1], [40, 41, 42, 43, 44, 45, 46], [6, 7], [100] * 12]


def ask(candidates: list[list[int]], image: int = 1, input_ids: list[int] | None = None) -> RankRequest:
    """A request as the intake would make it."""
    frame = picture(image)
    return RankRequest(
        request_id=str(uuid.uuid4()),
        attempt=1,
        stream=TokenStream(False, None),
        batch_key=b"",
        rows=1,
        deadline=None,
        picture=Picture(frame.content_hash(), frame),
        input_ids=input_ids or [5, 6, 7],
        qformer_input_ids=[8, 9],
        candidates=candidates,
    )


@torch.inference_mode()
def losses(bench: Bench, request: RankRequest) -> list[float]:
    """Each candidate's negative log-likelihood, from a pass of its own with labels."""
    model = bench.model.language_model
    embeds = bench.embed(request)
    found = []
    for candidate in request.candidates:
        labels = torch.tensor([candidate])
        if model.config.is_encoder_decoder:
            loss = model(inputs_embeds=embeds, labels=labels).loss
        else:
            text = model.get_input_embeddings()(labels)
            ignored = labels.new_full(embeds.shape[:2], -100)
            loss = model(
                inputs_embeds=torch.cat([embeds, text], dim=1), labels=torch.cat([ignored, labels], dim=1)
            ).loss
        found.append(float(loss) * len(candidate))
    return found

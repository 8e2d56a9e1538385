"""An engine in this process, and transformers beside it as the judge."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from instructblip_worker.inbox import Inbox
from instructblip_worker.loading import load_engine
from instructblip_worker.model_engine import ModelEngine
from instructblip_worker.outbox import Outbox
from instructblip_worker.protocol import (
    Chunk,
    ConfigSource,
    Error,
    FolderSource,
    GenerateOptions,
    Load,
    Message,
    Result,
    TensorFrame,
    decode,
)
from instructblip_worker.registry import Registry
from instructblip_worker.reporter import Reporter
from instructblip_worker.request import GenerateRequest, Picture, QuestionRequest, TokenStream

MODELS = Path(__file__).parents[3] / "models"
EPOCH = 3


def picture(seed: int, size: int = 224) -> TensorFrame:
    """u8 [size, size, 3] of coloured blocks."""
    blocks = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return TensorFrame.of(np.kron(blocks, np.ones((size // 8, size // 8, 1), dtype=np.uint8)))


@dataclass
class Replies:
    """What an engine said about some requests."""

    results: dict[str, Result] = field(default_factory=dict)
    tensors: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: dict[str, Error] = field(default_factory=dict)
    streams: dict[str, list[int]] = field(default_factory=dict)
    chunks: list[Chunk] = field(default_factory=list)

    def add(self, message: Message, tensors: Sequence[TensorFrame]) -> None:
        """Sort one message in."""
        if isinstance(message, Result):
            assert message.request_id not in self.results
            self.results[message.request_id] = message
            self.tensors[message.request_id] = {
                name: tensors[index].numpy() for name, index in message.outputs.items()
            }
        elif isinstance(message, Error):
            assert message.request_id is not None
            self.errors[message.request_id] = message
        elif isinstance(message, Chunk):
            self.chunks.append(message)
            for entry in message.chunks:
                self.streams.setdefault(entry.request_id, []).extend(entry.tokens)

    def sequences(self, request: GenerateRequest) -> list[list[int]]:
        """The rows of a request's answer."""
        assert request.request_id not in self.errors, self.errors[request.request_id]
        rows: list[list[int]] = self.tensors[request.request_id]["sequences"].tolist()
        return rows


class Bench:
    """One loaded checkpoint."""

    def __init__(
        self, kind: str, folder: Path | None = None, *, source: ConfigSource | None = None, **settings: Any
    ) -> None:
        usual: dict[str, Any] = {
            "dtype": "float32",
            "quantization": "none",
            "device": "cpu",
            "threads": 1,
            "slots": 16,
            "feature_cache_bytes": 2**24,
        }
        load = Load(
            worker_epoch=EPOCH,
            model_id="m",
            source=source or FolderSource(path=str(folder or MODELS / f"tiny-shapes-{kind}")),
            **{**usual, **settings},
        )
        engine = load_engine(load, Reporter(EPOCH, lambda message: None))
        assert isinstance(engine, ModelEngine)
        self.kind = kind
        self.engine = engine
        self.facts = engine.served.model
        self.model: Any = engine.parts.model

    def request(
        self,
        input_ids: Sequence[int] = (5, 6, 7),
        qformer_input_ids: Sequence[int] = (8, 9),
        image: int | TensorFrame = 1,
        *,
        stream: bool = False,
        credit: int | None = None,
        cached: bool = False,
        **options: Any,
    ) -> GenerateRequest:
        """A request as the intake would make it."""
        frame = picture(image) if isinstance(image, int) else image
        shown = Picture(frame.content_hash(), frame)
        chosen = GenerateOptions(**{"max_new_tokens": 8, **options})
        request = GenerateRequest(
            request_id=str(uuid.uuid4()),
            attempt=1,
            input_ids=list(input_ids),
            qformer_input_ids=list(qformer_input_ids),
            picture=(self.engine.cached_picture(shown.digest) or shown) if cached else shown,
            options=chosen,
            stream=TokenStream(stream, credit),
            batch_key=b"",
            rows=max(chosen.num_beams or 1, chosen.num_return_sequences or 1),
            deadline=None,
        )
        request.batch_key = self.engine.batch_key(request)
        return request

    def run(
        self, *requests: QuestionRequest, at_step: Callable[[int, Outbox, Registry], None] | None = None
    ) -> Replies:
        """Run requests as one batch. ``at_step`` is called after every unit of work, with its number."""
        registry = Registry()
        outbox = Outbox(registry)
        outbox.worker_epoch = EPOCH
        for request in requests:
            assert registry.add(request)
        inbox = Inbox()
        inbox.put(requests)
        inbox.close()
        try:
            with self.watched(None if at_step is None else lambda step: at_step(step, outbox, registry)):
                self.engine.serve(inbox, outbox)
        finally:
            replies = received(outbox)
        return replies

    @contextmanager
    def watched(self, after: Callable[[int], None] | None) -> Iterator[None]:
        """Have something called after every unit of work, with its number."""
        gauges = self.engine.gauges
        if after is not None:
            self.engine.gauges = _Watched(gauges, after)  # type: ignore[assignment]
        try:
            yield
        finally:
            self.engine.gauges = gauges

    @torch.inference_mode()
    def embed(self, request: QuestionRequest) -> torch.Tensor:
        """The language model's input for this request alone, [1, queries + prompt, D], stage by stage."""
        from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

        model = self.model
        assert request.picture.frame is not None
        processor = BlipImageProcessorPil(do_resize=False)
        pixels = processor(images=request.picture.frame.numpy(), return_tensors="pt").pixel_values
        image = model.vision_model(pixel_values=pixels).last_hidden_state
        question = torch.tensor([request.qformer_input_ids])
        queries = model.query_tokens
        mask = torch.ones(1, queries.shape[1] + question.shape[1], dtype=torch.int64)
        seen = model.qformer(
            input_ids=question, attention_mask=mask, query_embeds=queries, encoder_hidden_states=image
        ).last_hidden_state[:, : queries.shape[1]]
        text = model.language_model.get_input_embeddings()(torch.tensor([request.input_ids]))
        return torch.cat([model.language_projection(seen), text], dim=1)

    @torch.inference_mode()
    def judge(self, request: GenerateRequest, **more: Any) -> Any:
        """transformers' own ``generate`` for this request alone."""
        embeds = self.embed(request)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*with `inputs_embeds` and without `input_ids`")
            return self.model.language_model.generate(
                inputs_embeds=embeds,
                attention_mask=torch.ones(embeds.shape[:2], dtype=torch.int64),
                **{**self.transformers_options(request.options), **more},
            )

    def transformers_options(self, options: GenerateOptions) -> dict[str, Any]:
        """The same options for ``generate``."""
        return {
            "eos_token_id": self.facts.eos_token_ids,
            "pad_token_id": self.facts.pad_token_id,
            "decoder_start_token_id": self.facts.start_token_id,
            **_options(options),
        }

    def judged(self, request: GenerateRequest) -> list[list[int]]:
        """The judge's rows as a RESULT has them: led by the start token, without padding."""
        output = self.judge(request, return_dict_in_generate=True)
        led = 1 if self.kind == "t5" else 0
        rows: list[list[int]] = output.sequences.tolist()
        beams = getattr(output, "beam_indices", None)
        lengths = [len(row) - led for row in rows] if beams is None else (beams >= 0).sum(dim=1).tolist()
        return [
            [self.facts.start_token_id, *row[led : led + length]]
            for row, length in zip(rows, lengths, strict=True)
        ]

    def unpadded(self, replies: Replies, request: GenerateRequest) -> list[list[int]]:
        """The rows of an answer, cut after the end id."""
        eos = request.options.eos_token_id or self.facts.eos_token_ids
        reasons = replies.results[request.request_id].finish_reasons
        rows = []
        for row, reason in zip(replies.sequences(request), reasons, strict=True):
            ends = [at for at, token in enumerate(row) if at > 0 and token in eos]
            rows.append(row[: ends[0] + 1] if reason == "eos" else row)
        return rows


def _options(options: GenerateOptions) -> dict[str, Any]:
    import msgspec
    from transformers import WatermarkingConfig

    found = {name: value for name, value in msgspec.structs.asdict(options).items() if value is not None}
    # Draws are ours to define; guesses ahead change how long greedy decoding takes, not what it says.
    for name in ("seed", "log_probs", "prompt_lookup_num_tokens", "max_matching_ngram_size"):
        found.pop(name, None)
    if "sequence_bias" in found:
        found["sequence_bias"] = [[list(ids), bias] for ids, bias in found["sequence_bias"]]
    if "watermarking_config" in found:
        set_fields = msgspec.to_builtins(found["watermarking_config"])
        found["watermarking_config"] = WatermarkingConfig(**set_fields)
    return found


def received(outbox: Outbox) -> Replies:
    """What was sent; the outbox is closed."""
    sent = outbox.mail.take_all()
    outbox.mail.close()
    replies = Replies()
    for frames in sent:
        message = decode(frames)
        assert message is not None
        replies.add(*message)
    return replies


class _Watched:
    """Gauges that tell whenever progress is counted."""

    def __init__(self, gauges: Any, tell: Callable[[int], None]) -> None:
        object.__setattr__(self, "_gauges", gauges)
        object.__setattr__(self, "_tell", tell)
        object.__setattr__(self, "_steps", 0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._gauges, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._gauges, name, value)
        if name == "progress":
            object.__setattr__(self, "_steps", self._steps + 1)
            self._tell(self._steps)

"""Headers that load a model and describe it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from ._types import (
    Count,
    Hash,
    Header,
    LongText,
    ModelId,
    Name,
    Precision,
    Quantization,
    ShortText,
    Slots,
    TensorIndex,
    WorkerEpoch,
)


class FolderSource(Header, kw_only=True, frozen=True, tag_field="kind", tag="folder"):
    """A checkpoint folder on the worker's machine."""

    path: Annotated[str, Meta(min_length=1, max_length=4096)]


class HubSource(Header, kw_only=True, frozen=True, tag_field="kind", tag="hub"):
    """A repository on the hub, downloaded through huggingface_hub."""

    repo: Annotated[str, Meta(min_length=1, max_length=200)]
    revision: ShortText | None = None
    cache_dir: LongText | None = None
    offline: bool | None = None


class ConfigSource(Header, kw_only=True, frozen=True, tag_field="kind", tag="config"):
    """No checkpoint: random weights, as the model's class makes them from its configuration."""

    model: Literal["instructblip", "vision", "qformer"]
    config: Annotated[str, Meta(min_length=1, max_length=16384)]
    seed: Count


class ScriptedSource(Header, kw_only=True, frozen=True, tag_field="kind", tag="scripted"):
    """The scripted engine for failures and measurements: no model at all."""

    script: LongText


class Load(Header, kw_only=True, frozen=True):
    """Tells a worker which model to load, and how."""

    worker_epoch: WorkerEpoch
    model_id: ModelId
    source: FolderSource | HubSource | ConfigSource | ScriptedSource
    dtype: Precision
    quantization: Quantization
    device: Annotated[str, Meta(min_length=1, max_length=32)]
    threads: Annotated[int, Meta(ge=0, le=1024)]
    slots: Slots
    feature_cache_bytes: Count


class ModelFacts(Header, kw_only=True, frozen=True):
    """What a worker serves."""

    language_model: Literal["t5", "llama", "opt", "none", "scripted"]
    dtype: Literal["float32", "bfloat16", "float16"]
    quantization: Quantization
    device: Annotated[str, Meta(max_length=64)]
    parameters: Count
    vocab_size: Count
    num_query_tokens: Count
    image_size: Count
    qformer_vocab_size: Count
    qformer_max_tokens: Count
    context_length: Count | None = None
    start_token_id: Count
    eos_token_ids: Annotated[list[Count], Meta(max_length=16)]
    pad_token_id: Count


class Ready(Header, kw_only=True, frozen=True):
    """The model is loaded; work may come."""

    worker_epoch: WorkerEpoch
    model_id: ModelId
    slots: Slots
    ops: Annotated[list[Name], Meta(max_length=32)]
    model: ModelFacts
    assets_hash: Hash
    load_ms: float
    rss: Count
    device_bytes: Count | None = None
    warnings: Annotated[list[LongText], Meta(max_length=32)]


class Assets(Header, kw_only=True, frozen=True):
    """Asks for the files a processor needs."""

    id: Count
    model_id: ModelId | None = None


class AssetFile(Header, kw_only=True, frozen=True):
    """A file: ``path`` is relative to the checkpoint's folder, the bytes are a u8 tensor."""

    path: ShortText
    tensor: TensorIndex


class AssetsReply(Header, kw_only=True, frozen=True):
    """The files a processor needs. Carries tensors."""

    id: Count
    model_id: ModelId
    hash: Hash
    files: Annotated[list[AssetFile], Meta(max_length=32)]

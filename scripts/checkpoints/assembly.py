"""Puts a checkpoint together: the processor, the model, and the folder they are saved in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from transformers import (
    AutoTokenizer,
    BlipImageProcessorPil,
    GenerationConfig,
    InstructBlipForConditionalGeneration,
    InstructBlipProcessor,
    PreTrainedTokenizerBase,
)

from .architecture import QUERIES, Ids, instructblip_config, llama_config, t5_config
from .pool import SIDE
from .tokenization import IMAGE, corpus, llama_tokenizer, qformer_tokenizer, t5_tokenizer
from .vision import MEAN, STD

NAMES = {"t5": "tiny-shapes-t5", "llama": "tiny-shapes-llama"}


@dataclass(frozen=True)
class Tokenizers:
    """The three tokenizers; both checkpoints share the Q-Former's."""

    t5: PreTrainedTokenizerBase
    llama: PreTrainedTokenizerBase
    qformer: PreTrainedTokenizerBase

    def of(self, family: str) -> PreTrainedTokenizerBase:
        """The language model's tokenizer."""
        return self.t5 if family == "t5" else self.llama


def trained_tokenizers() -> Tokenizers:
    """All three, trained on the same sentences, with the picture's placeholder in place."""
    sentences = corpus()
    tokenizers = Tokenizers(t5_tokenizer(sentences), llama_tokenizer(sentences), qformer_tokenizer(sentences))
    for tokenizer in (tokenizers.t5, tokenizers.llama):
        tokenizer.add_tokens([IMAGE], special_tokens=True)
    return tokenizers


def saved_tokenizers(models: Path) -> Tokenizers | None:
    """Those of the checkpoints already there, so that retraining keeps every id; None without them."""
    folders = {family: models / name for family, name in NAMES.items()}
    if not all((folder / "tokenizer.json").exists() for folder in folders.values()):
        return None
    return Tokenizers(
        _saved(folders["t5"]), _saved(folders["llama"]), _saved(folders["t5"] / "qformer_tokenizer")
    )


def _saved(folder: Path) -> PreTrainedTokenizerBase:
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder)
    for where in ("is_local", "local_files_only"):  # how it was loaded is not to be saved with it
        tokenizer.init_kwargs.pop(where, None)
    return tokenizer


def ids_of(tokenizer: PreTrainedTokenizerBase) -> Ids:
    """What the model's config has to know of the tokenizer."""
    special: dict[str, int] = {
        name: tokenizer.convert_tokens_to_ids(str(token))  # type: ignore[misc]
        for name, token in (("eos", tokenizer.eos_token), ("pad", tokenizer.pad_token), ("image", IMAGE))
    }
    return Ids(vocabulary=len(tokenizer), bos=tokenizer.bos_token_id, **special)


def new_model(family: str, tokenizers: Tokenizers) -> InstructBlipForConditionalGeneration:
    """Random weights in the shape of the checkpoint."""
    ids = ids_of(tokenizers.of(family))
    text = t5_config(ids) if family == "t5" else llama_config(ids)
    text.architectures = ["T5ForConditionalGeneration" if family == "t5" else "LlamaForCausalLM"]
    config = instructblip_config(text, len(tokenizers.qformer), ids)
    model = InstructBlipForConditionalGeneration(config)
    special = {"bos_token_id": ids.bos, "eos_token_id": ids.eos, "pad_token_id": ids.pad}
    if family == "t5":
        special["decoder_start_token_id"] = ids.pad
    model.generation_config = GenerationConfig(**special)
    return model


def save_checkpoint(
    folder: Path, model: InstructBlipForConditionalGeneration, processor: InstructBlipProcessor
) -> None:
    """Writes the published checkpoints' layout in float16, and leaves the model in float16."""
    folder.mkdir(parents=True, exist_ok=True)
    processor.save_pretrained(folder)
    processor.image_processor.save_pretrained(folder)  # preprocessor_config.json, for older readers
    model.half().save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)


def new_processor(family: str, tokenizers: Tokenizers) -> InstructBlipProcessor:
    """The processor with BLIP's preprocessing."""
    images = BlipImageProcessorPil(
        size={"height": SIDE, "width": SIDE}, image_mean=list(MEAN), image_std=list(STD)
    )
    tokenizer, qformer = tokenizers.of(family), tokenizers.qformer
    return InstructBlipProcessor(images, tokenizer, qformer, QUERIES)

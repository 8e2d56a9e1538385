"""What transformers' InstructBlipProcessor makes of given calls, and of processors that were saved elsewhere.

usage: python processors.py FOLDER

FOLDER/cases.json is {"pictures": [file], "calls": [{"images", "text", "kwargs"}], "sequences": [ids],
"models": [{"checkpoint", "saved": [folder], "python": folder, "trap": {"text", "ids", "mask"}}]}. A call's
images are indices of pictures, as a list, a single one, or null. Written to FOLDER/answers.json: for each
model {"calls", "saved": [calls], "decoded", "trap"}, see the functions below. What Python saves goes to
"python".
"""

from __future__ import annotations

import hashlib
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from transformers import InstructBlipForConditionalGeneration, InstructBlipProcessor

warnings.simplefilter("ignore")


def call(processor: Any, given: dict[str, Any], pictures: list[Image.Image]) -> dict[str, Any]:
    """The tensors of one call in the semantics of transformers 4.37: no placeholders for the picture.

    There, both tokenizers get the same settings; transformers 5 takes the placeholders off one `max_length`.
    """
    images, text, kwargs = given["images"], given["text"], given["kwargs"]
    answer: dict[str, Any] = {}
    if text is not None:
        texts = [text] if isinstance(text, str) else text
        prompt = processor.tokenizer(texts, **kwargs)
        instruction = processor.qformer_tokenizer(texts, **kwargs)
        answer |= {
            "inputIds": prompt["input_ids"],
            "attentionMask": prompt["attention_mask"],
            "qformerInputIds": instruction["input_ids"],
            "qformerAttentionMask": instruction["attention_mask"],
        }
    if images is not None:
        chosen = pictures[images] if isinstance(images, int) else [pictures[i] for i in images]
        pixels = processor.image_processor(chosen, return_tensors="pt")["pixel_values"]
        answer |= {
            "shape": list(pixels.shape),
            "pixels": hashlib.sha256(pixels.numpy().tobytes()).hexdigest(),
        }
    if "max_length" not in kwargs:
        check_whole_call(processor, given, answer, pictures)
    return answer


def check_whole_call(
    processor: Any, given: dict[str, Any], answer: dict[str, Any], pictures: list[Image.Image]
) -> None:
    """transformers 5's own call gives the same, once its placeholders are cut off."""
    images = given["images"]
    chosen = (
        images
        if images is None
        else pictures[images]
        if isinstance(images, int)
        else [pictures[i] for i in images]
    )
    whole = processor(images=chosen, text=given["text"], return_tensors="pt", **given["kwargs"])
    if given["text"] is not None:
        skip = 0 if images is None else processor.num_query_tokens
        assert whole["input_ids"][:, skip:].tolist() == answer["inputIds"]
        assert whole["attention_mask"][:, skip:].tolist() == answer["attentionMask"]
        assert whole["qformer_input_ids"].tolist() == answer["qformerInputIds"]
        assert whole["qformer_attention_mask"].tolist() == answer["qformerAttentionMask"]
    if images is not None:
        digest = hashlib.sha256(whole["pixel_values"].numpy().tobytes()).hexdigest()
        assert digest == answer["pixels"]


def decoded(processor: Any, sequences: list[list[int]]) -> dict[str, Any]:
    return {
        "plain": processor.batch_decode(sequences),
        "skipped": processor.batch_decode(sequences, skip_special_tokens=True),
        "cleaned": processor.batch_decode(
            sequences, skip_special_tokens=True, clean_up_tokenization_spaces=True
        ),
        "single": [processor.decode(ids, skip_special_tokens=True) for ids in sequences],
    }


def trap(checkpoint: str, processor: Any, given: dict[str, Any], picture: Image.Image) -> dict[str, float]:
    """How far projected queries [N, Q, D] are from those of each text alone: as given, and padded left."""
    model = InstructBlipForConditionalGeneration.from_pretrained(checkpoint, dtype=torch.float32).eval()
    pixels = processor.image_processor(picture, return_tensors="pt")["pixel_values"]
    texts = given["text"]

    def features(ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        batch = pixels.expand(len(ids), -1, -1, -1)
        with torch.no_grad():
            return model.get_image_features(
                batch, qformer_input_ids=ids, qformer_attention_mask=mask
            ).pooler_output

    def tokenized(text: list[str], side: str) -> torch.Tensor:
        whole = processor(
            images=[picture] * len(text), text=text, padding=True, padding_side=side, return_tensors="pt"
        )
        return features(whole["qformer_input_ids"], whole["qformer_attention_mask"])

    alone = torch.cat([tokenized([text], "right") for text in texts])
    ours = features(torch.tensor(given["ids"]), torch.tensor(given["mask"]))
    return {
        "ours": (ours - alone).abs().max().item(),
        "left": (tokenized(texts, "left") - alone).abs().max().item(),
    }


def load(folder: str, queries: int) -> Any:
    processor = InstructBlipProcessor.from_pretrained(folder)
    # Files from before 2025 have no room for it.
    processor.num_query_tokens = processor.num_query_tokens or queries
    return processor


def answers(model: dict[str, Any], cases: dict[str, Any], pictures: list[Image.Image]) -> dict[str, Any]:
    processor = InstructBlipProcessor.from_pretrained(model["checkpoint"])
    queries = processor.num_query_tokens
    saved = [load(folder, queries) for folder in model["saved"]]
    result = {
        "calls": [call(processor, given, pictures) for given in cases["calls"]],
        "saved": [[call(each, given, pictures) for given in cases["calls"]] for each in saved],
        "decoded": decoded(processor, cases["sequences"]),
        "trap": trap(model["checkpoint"], processor, model["trap"], pictures[0]),
    }
    processor.save_pretrained(model["python"])
    return result


def main(folder: Path) -> None:
    cases = json.loads((folder / "cases.json").read_text())
    pictures = [Image.open(file) for file in cases["pictures"]]
    found = [answers(model, cases, pictures) for model in cases["models"]]
    (folder / "answers.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

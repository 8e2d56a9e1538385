"""transformers' example for InstructBLIP, with other checkpoints: new tokens and texts as JSON."""

import json
import sys

from PIL import Image
from transformers import InstructBlipForConditionalGeneration, InstructBlipProcessor


def answers(checkpoint: str, questions: list[list[str]]) -> list[dict[str, object]]:
    """The example's lines for each picture and prompt."""
    model = InstructBlipForConditionalGeneration.from_pretrained(checkpoint, dtype="float32")
    processor = InstructBlipProcessor.from_pretrained(checkpoint)
    found: list[dict[str, object]] = []
    for picture, prompt in questions:
        image = Image.open(picture).convert("RGB")
        inputs = processor(images=image, text=prompt, return_tensors="pt")
        outputs = model.generate(
            **inputs,
            do_sample=False,
            num_beams=5,
            max_length=256,
            min_length=1,
            top_p=0.9,
            repetition_penalty=1.5,
            length_penalty=1.0,
            temperature=1,
        )
        # transformers 5 gives LLaMA's prompt too; T5's answer begins with its start token.
        start = inputs["input_ids"].shape[1] if model.config.use_decoder_only_language_model else 1
        new = outputs[:, start:]
        text = processor.batch_decode(new, skip_special_tokens=True)[0].strip()
        found.append({"tokens": new[0].tolist(), "text": text})
    return found


if __name__ == "__main__":
    checkpoints, questions = json.loads(sys.argv[1]), json.loads(sys.argv[2])
    print(json.dumps([answers(checkpoint, questions) for checkpoint in checkpoints]))

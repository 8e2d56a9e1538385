"""Times the preparation of pictures in Python: reads lines "WAY COUNT FILE", answers with CPU seconds.

The ways are `transformers` (its PIL processor, to float32) and `pillow` (decode and resize alone, to u8).
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from transformers import BlipImageProcessorPil


def main(checkpoint: str) -> None:
    processor = BlipImageProcessorPil.from_pretrained(checkpoint)
    side = (processor.size["width"], processor.size["height"])
    ways: dict[str, Callable[[Image.Image], object]] = {
        "transformers": lambda image: processor(images=image, return_tensors="np"),
        "pillow": lambda image: image.convert("RGB").resize(side, Image.Resampling.BICUBIC),
    }
    for line in sys.stdin:
        way, count, file = line.rstrip("\n").split(" ", 2)
        data = Path(file).read_bytes()
        begun = time.process_time()
        for _ in range(int(count)):
            ways[way](Image.open(io.BytesIO(data)))
        print(time.process_time() - begun, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])

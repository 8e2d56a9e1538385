"""Trains both bundled checkpoints: `python -m scripts.checkpoints.train --out models --work DIR`.

Every stage leaves its state in the work folder; started again, the command goes on where it stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from transformers import InstructBlipForConditionalGeneration

from .assembly import NAMES, Tokenizers, new_processor, save_checkpoint, saved_tokenizers, trained_tokenizers
from .features import feature_pool
from .language import train_language
from .pool import picture_pool
from .vision import Seer, train_vision
from .warmup import warm_up

BATCH_PICTURES, BATCH_QUESTIONS = 128, 256


def arguments() -> argparse.Namespace:
    """The command line; the defaults are about what the committed weights took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("models"), help="folder of the finished checkpoints")
    parser.add_argument(
        "--work", type=Path, required=True, help="folder for pictures, features and training state"
    )
    parser.add_argument("--pictures", type=int, default=40_960, help="pictures to render")
    parser.add_argument(
        "--vision-steps", type=int, default=4_400, help=f"batches of {BATCH_PICTURES} pictures"
    )
    parser.add_argument(
        "--warmup-steps", type=int, default=2_000, help=f"batches of {BATCH_QUESTIONS} questions"
    )
    parser.add_argument(
        "--language-steps", type=int, default=2_000, help=f"batches of {BATCH_QUESTIONS} questions"
    )
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument(
        "--families", nargs="+", choices=list(NAMES), default=list(NAMES), help="what to train"
    )
    parser.add_argument(
        "--new-tokenizers", action="store_true", help="train tokenizers even if --out has some"
    )
    return parser.parse_args()


def export(
    folder: Path, model: InstructBlipForConditionalGeneration, seer: Seer, names: Tokenizers, family: str
) -> None:
    """Puts the trained tower into the model and writes the checkpoint."""
    model.vision_model.load_state_dict(seer.tower.state_dict())
    save_checkpoint(folder, model.cpu(), new_processor(family, names))


def main() -> None:
    """All stages in order."""
    options = arguments()
    torch.set_num_threads(options.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    options.work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    tokenizers = None if options.new_tokenizers else saved_tokenizers(options.out)
    tokenizers = tokenizers or trained_tokenizers()
    pool = picture_pool(options.work, options.pictures, options.threads)
    seer = train_vision(options.work, pool, options.vision_steps, BATCH_PICTURES, device)
    features = feature_pool(options.work, seer.tower, pool, device)
    for family in options.families:
        torch.manual_seed(2)
        asker = warm_up(
            options.work, features, tokenizers.qformer, options.warmup_steps, BATCH_QUESTIONS, device
        )
        model = train_language(
            family, options.work, features, asker, tokenizers, options.language_steps, BATCH_QUESTIONS, device
        )
        export(options.out / NAMES[family], model, seer, tokenizers, family)


if __name__ == "__main__":
    main()

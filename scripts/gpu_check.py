"""What InstructBLIP does on a GPU: `python scripts/gpu_check.py`, in under ten minutes.

Needs torch 2.6 and transformers 5.17 or later, and no Node, ZeroMQ or download. Random weights of the
published shapes; fidelity on the bundled checkpoints. Prints Markdown and writes JSON. `--device cpu --small`
tries the script itself, with figures that mean nothing.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
from pathlib import Path

MODELS = ("vicuna-7b", "flan-t5-xl")
OLDEST = {"torch": (2, 6), "transformers": (5, 17)}


def main() -> int:
    """Refuse what cannot be run before the slow imports; then run it."""
    options = _options()
    problem = _problem(options.device)
    if problem is not None:
        print(problem, file=sys.stderr)
        return 1
    root = Path(__file__).parents[1]
    sys.path[:0] = [str(root), str(root / "py-worker")]
    from scripts.gpu.run import run

    run(options)
    return 0


def _problem(device: str) -> str | None:
    """Why nothing can be measured, if so."""
    for package, oldest in OLDEST.items():
        try:
            version = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            return f"{package} is not installed."
        if tuple(int(part) for part in version.split(".")[:2]) < oldest:
            return f"{package} must be {'.'.join(map(str, oldest))} or later, but is {version}."
    import torch

    if torch.device(device).type == "cuda" and not torch.cuda.is_available():
        return (
            "torch sees no CUDA device here, so there is nothing to measure. "
            "`--device cpu --small` tries the script itself."
        )
    return None


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--device", default="cuda", help="cuda, cuda:N or cpu (default: cuda)")
    parser.add_argument("--small", action="store_true", help="small shapes, to try the script")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS), help="default: both")
    parser.add_argument("--questions", type=int, default=100, help="held-out questions (default: 100)")
    parser.add_argument("--out", type=Path, default=Path("gpu_check.json"), help="default: gpu_check.json")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

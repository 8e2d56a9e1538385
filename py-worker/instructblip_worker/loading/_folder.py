"""What may be read of a checkpoint's folder: nothing that a link leads out of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import bad_data, config_invalid, files_missing, model_missing

_READ = (".json", ".safetensors")
_QFORMER = "qformer_tokenizer"


def check_folder(folder: Path) -> None:
    """Raise LoadError for no folder, or for one with a file that really lies elsewhere.

    Snapshots of the hub's cache are links to the blobs beside them: those are the repository's own.
    """
    if not folder.is_dir():
        raise model_missing("There is no such checkpoint folder.")
    roots = _roots(folder.resolve())
    for path in _readable(folder):
        real = path.resolve()
        if not any(real.is_relative_to(root) for root in roots):
            raise bad_data(
                f"{path.relative_to(folder)} is a link that leads out of the checkpoint's folder. Copy the "
                "file itself there."
            )


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """A file with a JSON object. Raises LoadError naming it."""
    try:
        found = json.loads((folder / name).read_bytes())
    except FileNotFoundError:
        raise files_missing(f"The checkpoint has no {name}.") from None
    except ValueError as error:
        raise config_invalid(f"{name} is not valid JSON.", path=name) from error
    if not isinstance(found, dict):
        raise config_invalid(f"{name} must hold a JSON object.", path=name)
    return found


def read_json_if_there(folder: Path, name: str) -> dict[str, Any]:
    """The same, or nothing where there is no such file."""
    return read_json(folder, name) if (folder / name).is_file() else {}


def _readable(folder: Path) -> Iterator[Path]:
    """Every file that a load may read, and the folder with the second tokenizer."""
    for path in sorted(folder.iterdir()):
        if path.name == _QFORMER:
            yield path
            yield from (each for each in sorted(path.iterdir()) if each.suffix in _READ)
        elif path.suffix in _READ:
            yield path


def _roots(real: Path) -> list[Path]:
    """Where files may lie: `CACHE/models--OWNER--NAME/snapshots/COMMIT` has its blobs in two places."""
    repository = real.parent.parent
    if real.parent.name != "snapshots" or not repository.name.startswith("models--"):
        return [real]
    return [real, repository / "blobs", repository.parent / "blobs"]

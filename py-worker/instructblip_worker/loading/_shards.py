"""The files of a checkpoint's weights, against each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import LoadError, bad_data, files_missing
from ._folder import read_json
from ._safetensors import StoredTensor, read_header

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
_PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json")


def weight_files(folder: Path) -> list[str]:
    """The names of the files with weights, none of which is a pickle. Raises LoadError."""
    if (folder / SINGLE).is_file():
        return [SINGLE]
    if not (folder / INDEX).is_file():
        raise no_weights(any((folder / name).is_file() for name in _PICKLES))
    return sorted(set(_weight_map(folder).values()))


def no_weights(has_pickles: bool) -> LoadError:
    """Why a checkpoint without safetensors is not loaded."""
    if has_pickles:
        return files_missing(
            "The checkpoint has its weights in pickle files only, which can run code when read. "
            "Convert it to safetensors (`save_pretrained` writes them)."
        )
    return files_missing(f"The checkpoint has no weights: neither {SINGLE} nor {INDEX}.")


def read_shards(folder: Path) -> dict[str, StoredTensor]:
    """All tensors by name, as the files' heads tell. Raises LoadError where files do not go together."""
    files = weight_files(folder)
    for name in files:
        if not (folder / name).is_file():
            raise files_missing(f"{name} is missing, though {INDEX} names it.")
    tensors: dict[str, StoredTensor] = {}
    for file in files:
        for name, tensor in read_header(folder / file).items():
            if name in tensors:
                raise bad_data(f"{name} is twice in the checkpoint: in {tensors[name].file} and in {file}.")
            tensors[name] = tensor
    if files != [SINGLE]:
        _check_index(_weight_map(folder), tensors)
    return tensors


def _check_index(weight_map: dict[str, str], tensors: dict[str, StoredTensor]) -> None:
    for name, file in weight_map.items():
        found = tensors.get(name)
        if found is None or found.file != file:
            where = "nowhere" if found is None else f"in {found.file}"
            raise bad_data(
                f"{INDEX} says that {name} is in {file}, but it is {where}. The files belong to different "
                "checkpoints: download them again."
            )
    for name, tensor in tensors.items():
        if name not in weight_map:
            raise bad_data(
                f"{tensor.file} has {name}, of which {INDEX} knows nothing. The files belong to different "
                "checkpoints: download them again."
            )


def _weight_map(folder: Path) -> dict[str, str]:
    found: Any = read_json(folder, INDEX).get("weight_map")
    if not isinstance(found, dict) or not found:
        raise bad_data(f"{INDEX} has no weight_map.")
    for name in set(map(str, found.values())):
        if Path(name).name != name or name in (".", ".."):
            raise bad_data(f"{INDEX} names a file outside of the folder.")
        if not name.endswith(".safetensors"):
            raise bad_data(f"{INDEX} names {name}, which is not a safetensors file.")
    return {str(name): str(file) for name, file in found.items()}

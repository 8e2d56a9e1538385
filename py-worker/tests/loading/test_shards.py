"""Files of weights that do not go together, and files that lie elsewhere."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from instructblip_worker.errors import LoadError
from instructblip_worker.loading._checkpoint import inspect_checkpoint
from instructblip_worker.loading._folder import check_folder
from tests.engine.bench import MODELS, Bench
from tests.loading.checkpoints import make_checkpoint
from tests.loading.test_checkpoint import copy, edit, refusal

__all__ = ["copy"]
INDEX = "model.safetensors.index.json"
FIRST = "model-00001-of-00002.safetensors"
SECOND = "model-00002-of-00002.safetensors"


@pytest.fixture
def shards(copy: Path) -> Path:
    """The T5 checkpoint in two files, to be spoilt."""
    weights = safetensors.numpy.load_file(copy / "model.safetensors")
    names = sorted(weights)
    halves = {FIRST: names[: len(names) // 2], SECOND: names[len(names) // 2 :]}
    for file, own in halves.items():
        safetensors.numpy.save_file({name: weights[name] for name in own}, copy / file, {"format": "pt"})
    index = {"metadata": {}, "weight_map": {name: file for file, own in halves.items() for name in own}}
    (copy / INDEX).write_text(json.dumps(index))
    (copy / "model.safetensors").unlink()
    return copy


def test_shards_are_read_like_one_file(shards: Path) -> None:
    assert inspect_checkpoint(shards).parameters == inspect_checkpoint(MODELS / "tiny-shapes-t5").parameters
    whole, parts = Bench("t5"), Bench("t5", shards)
    answers = []
    for bench in (whole, parts):
        request = bench.request()
        answers.append(bench.run(request).sequences(request))
    assert answers[0] == answers[1]


def test_transformers_own_shards(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "shards", "llama", shard_size="20KB")
    assert len(list(folder.glob("model-*-of-*.safetensors"))) > 5
    assert Bench("llama", folder).engine.served.warnings == []


def change_weights(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Rewrite a file of weights."""
    weights = safetensors.numpy.load_file(file)
    change(weights)
    safetensors.numpy.save_file(weights, file, {"format": "pt"})


def first_name(folder: Path) -> str:
    return min(safetensors.numpy.load_file(folder / FIRST))


def missing_file(folder: Path) -> None:
    (folder / SECOND).unlink()


def missing_tensor(folder: Path) -> None:
    change_weights(folder / FIRST, lambda weights: weights.pop(first_name(folder)))


def twice(folder: Path) -> None:
    name = first_name(folder)
    tensor = safetensors.numpy.load_file(folder / FIRST)[name]
    change_weights(folder / SECOND, lambda weights: weights.update({name: tensor}))


def unknown(folder: Path) -> None:
    change_weights(folder / SECOND, lambda weights: weights.update(extra=np.zeros(1)))


def swapped(folder: Path) -> None:
    (folder / FIRST).rename(folder / "spare")
    (folder / SECOND).rename(folder / FIRST)
    (folder / "spare").rename(folder / SECOND)


def truncated(folder: Path) -> None:
    content = (folder / SECOND).read_bytes()
    (folder / SECOND).write_bytes(content[:-100])


def outside(folder: Path) -> None:
    # Weights that are there and whole, but beside the checkpoint's folder.
    (folder / SECOND).rename(folder.parent / "outside.safetensors")
    edit(folder / INDEX, lambda index: index["weight_map"].update(a=f"{os.pardir}/outside.safetensors"))


def parent(folder: Path) -> None:
    edit(folder / INDEX, lambda index: index["weight_map"].update(a=os.pardir))


def pickled(folder: Path) -> None:
    (folder / "pytorch_model-00002-of-00002.bin").write_bytes(b"")
    edit(folder / INDEX, lambda index: index["weight_map"].update(a="pytorch_model-00002-of-00002.bin"))


def no_map(folder: Path) -> None:
    (folder / INDEX).write_text("{}")


@pytest.mark.parametrize(
    ("spoil", "status", "words"),
    [
        (missing_file, 66, f"{SECOND} is missing"),
        (missing_tensor, 65, "it is nowhere"),
        (twice, 65, f"is twice in the checkpoint: in {FIRST} and in {SECOND}"),
        (unknown, 65, f"{SECOND} has extra, of which"),
        (swapped, 65, f"it is in {SECOND}"),
        (truncated, 65, "Download it again"),
        (outside, 65, "outside of the folder"),
        (parent, 65, "outside of the folder"),
        (pickled, 65, "not a safetensors file"),
        (no_map, 65, "no weight_map"),
    ],
)
def test_shards_that_do_not_go_together(
    shards: Path, spoil: Callable[[Path], None], status: int, words: str
) -> None:
    spoil(shards)
    error = refusal(shards)
    assert (error.code, error.exit_status) == ("MODEL_LOAD_FAILED", status)
    assert words in error.message


def write_header(path: Path, header: str, data: bytes) -> None:
    """A file with a head of our own."""
    path.write_bytes(struct.pack("<Q", len(header)) + header.encode() + data)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ('"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}', "takes 8 bytes from 0, but it has 0 to 4"),
        ('"a":{"dtype":"F16","shape":[2],"data_offsets":[4,8]}', "takes 4 bytes from 0, but it has 4 to 8"),
        (
            '"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[2],'
            '"data_offsets":[2,4]}',
            "b is U8 [2], which takes 2 bytes from 4",
        ),
        (
            '"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"U8","shape":[6],'
            '"data_offsets":[2,8]}',
            "has a name twice",
        ),
        ('"a":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}', "of the type C64"),
        ('"a":{"dtype":"U8","data_offsets":[0,8]}', "cannot be read"),
        ('"a":[]', "cannot be read"),
        ('"a":{"dtype":"U8","shape":[-4],"data_offsets":[0,-4]}', "cannot be read"),
    ],
)
def test_heads_that_contradict_themselves(copy: Path, entries: str, words: str) -> None:
    write_header(copy / "model.safetensors", f"{{{entries}}}", bytes(8))
    error = refusal(copy)
    assert (error.code, error.exit_status) == ("MODEL_LOAD_FAILED", 65)
    assert words in error.message


def test_a_part_without_weights_is_named(copy: Path) -> None:
    def keep_language_model(weights: dict[str, Any]) -> None:
        for name in [name for name in weights if name.startswith("qformer.")]:
            del weights[name]

    change_weights(copy / "model.safetensors", keep_language_model)
    assert "no weights of qformer:" in refusal(copy).message


@pytest.mark.parametrize(
    "name", ["config.json", "model.safetensors", "tokenizer.json", "qformer_tokenizer/tokenizer.json"]
)
def test_links_out_of_the_folder_are_not_followed(copy: Path, name: str) -> None:
    elsewhere = copy.parent / "elsewhere"
    (copy / name).rename(elsewhere)
    (copy / name).symlink_to(elsewhere)
    error = refusal(copy)
    assert (error.code, error.exit_status) == ("MODEL_LOAD_FAILED", 65)
    assert f"{name} is a link" in error.message


def test_a_linked_folder_within_is_not_followed(copy: Path) -> None:
    elsewhere = copy.parent / "elsewhere"
    (copy / "qformer_tokenizer").rename(elsewhere)
    (copy / "qformer_tokenizer").symlink_to(elsewhere, target_is_directory=True)
    assert "qformer_tokenizer is a link" in refusal(copy).message


def test_links_within_the_folder_or_to_the_caches_blobs_are_followed(copy: Path, tmp_path: Path) -> None:
    (copy / "config.json").rename(copy / "real.json")
    (copy / "config.json").symlink_to("real.json")
    check_folder(copy)

    repository = tmp_path / "cache" / "models--someone--tiny"
    snapshot = repository / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    for blobs in (repository / "blobs", tmp_path / "cache" / "blobs"):
        blobs.mkdir()
        (blobs / "1234").write_text("{}")
        (snapshot / "config.json").symlink_to(os.path.relpath(blobs / "1234", snapshot))
        check_folder(snapshot)
        (snapshot / "config.json").unlink()
    # Another repository's are not its own.
    (snapshot / "config.json").symlink_to("../../../models--someone--else/blobs/1234")
    with pytest.raises(LoadError):
        check_folder(snapshot)


def test_a_folder_that_is_itself_a_link_is_as_good_as_another(copy: Path) -> None:
    link = copy.parent / "link"
    link.symlink_to(copy, target_is_directory=True)
    assert inspect_checkpoint(link).language_model == "t5"


def test_an_adapter_is_not_a_checkpoint(copy: Path) -> None:
    (copy / "adapter_config.json").write_text("{}")
    assert refusal(copy).path == "adapter_config.json"

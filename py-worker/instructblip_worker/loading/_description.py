"""What can be told of a model before its weights are read, or even there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import LoadError, files_missing
from ..protocol import FolderSource, HubSource
from ..reporter import Reporter
from ._checkpoint import inspect_checkpoint
from ._folder import read_json
from ._hub import Repository
from ._settings import check_config


@dataclass(frozen=True)
class Description:
    """A configuration that can be served, and what is known of the weights."""

    config: dict[str, Any]
    has_own_head: bool
    """Whether the language model's head is stored apart from its embeddings."""
    stored_parameters: int | None
    """How many numbers the files of a folder hold; None where there are none."""
    problem: str | None
    """Why a folder could not be loaded as it is."""


def describe_source(source: FolderSource | HubSource, reporter: Reporter) -> Description:
    """The model of a folder or of the hub. Raises LoadError where its configuration tells nothing."""
    if isinstance(source, HubSource):
        return describe_file(Repository(source, reporter).fetch_settings() / "config.json")
    folder = Path(source.path)
    found = describe_file(folder / "config.json")
    try:
        checkpoint = inspect_checkpoint(folder)
    except LoadError as error:
        return replace(found, problem=error.message)
    return replace(found, has_own_head=checkpoint.has_own_head, stored_parameters=checkpoint.parameters)


def describe_file(file: Path) -> Description:
    """The model of a ``config.json`` alone. Raises LoadError."""
    if not file.is_file():
        raise files_missing(f"There is no {file.name}.")
    config = read_json(file.parent, file.name)
    check_config(config)
    # What published T5 checkpoints say, and have.
    has_own_head = config["text_config"].get("tie_word_embeddings") is False
    return Description(config, has_own_head, None, None)

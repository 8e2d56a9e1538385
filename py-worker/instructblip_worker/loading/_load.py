"""The order of a load."""

from __future__ import annotations

from pathlib import Path

from ..assets import read_assets
from ..engine import Engine
from ..errors import config_invalid
from ..protocol import FolderSource, HubSource, Load
from ..reporter import Reporter
from ._checkpoint import inspect_checkpoint
from ._hub import download
from ._tokenizers import inspect_tokenizers


def load_engine(load: Load, reporter: Reporter) -> Engine:
    """The engine of a checkpoint. Raises :class:`~instructblip_worker.errors.LoadError`."""
    folder = _folder(load, reporter)
    checkpoint = inspect_checkpoint(folder)
    assets = read_assets(folder)
    tokenizers = inspect_tokenizers(checkpoint)

    reporter.stage("import")
    from ._model import load_model

    return load_model(load, checkpoint, tokenizers, assets, reporter)


def _folder(load: Load, reporter: Reporter) -> Path:
    if isinstance(load.source, HubSource):
        return download(load.source, reporter)
    if isinstance(load.source, FolderSource):
        return Path(load.source.path)
    raise config_invalid("A script has no checkpoint.", path="source")

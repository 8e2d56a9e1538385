"""The order of a load."""

from __future__ import annotations

from pathlib import Path

from ..assets import read_assets
from ..engine import Engine
from ..errors import config_invalid
from ..protocol import ConfigSource, FolderSource, HubSource, Load, ScriptedSource
from ..reporter import Reporter
from ._blueprint import read_blueprint
from ._checkpoint import inspect_checkpoint
from ._hub import Repository
from ._settings import inspect_settings
from ._tokenizers import inspect_tokenizers


def load_engine(load: Load, reporter: Reporter) -> Engine:
    """The engine of a LOAD. Raises :class:`~instructblip_worker.errors.LoadError`."""
    if isinstance(load.source, ConfigSource):
        blueprint = read_blueprint(load.source, load.quantization)
        reporter.stage("import")
        from ._model import load_random

        return load_random(load, blueprint, reporter)
    folder = _fetch(load.source, reporter)
    checkpoint = inspect_checkpoint(folder)
    assets = read_assets(folder)
    tokenizers = inspect_tokenizers(checkpoint)

    reporter.stage("import")
    from ._model import load_checkpoint

    return load_checkpoint(load, checkpoint, tokenizers, assets, reporter)


def _fetch(source: FolderSource | HubSource | ScriptedSource, reporter: Reporter) -> Path:
    """The folder of a checkpoint, with all that a load needs."""
    if isinstance(source, HubSource):
        repository = Repository(source, reporter)
        folder = repository.fetch_settings()
        # What is no InstructBLIP need not be downloaded to the end.
        inspect_settings(folder)
        repository.fetch_weights(folder)
        return folder
    if isinstance(source, FolderSource):
        return Path(source.path)
    raise config_invalid("A script has no model.", path="source")

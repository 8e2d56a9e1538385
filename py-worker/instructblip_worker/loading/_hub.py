"""Fetching a checkpoint from the hub."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from ..errors import LoadError, model_missing
from ..exit_status import INTERNAL
from ..log import log_exception
from ..protocol import HubSource
from ..reporter import Reporter

_PATTERNS = [
    "config.json",
    "generation_config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "qformer_tokenizer/*.json",
    "model.safetensors",
    "model.safetensors.index.json",
    "model-*-of-*.safetensors",
]
"""What a load needs, and nothing that could run."""


def download(source: HubSource, reporter: Reporter) -> Path:
    """The folder of a repository's snapshot, downloaded or from the cache.

    Endpoint, token and timeouts are huggingface_hub's own: HF_ENDPOINT, HF_TOKEN and the like.
    """
    reporter.stage("download")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    bytes_so_far = _Bytes(reporter)
    try:
        folder = snapshot_download(
            source.repo,
            revision=source.revision,
            cache_dir=source.cache_dir,
            local_files_only=bool(source.offline),
            allow_patterns=_PATTERNS,
            tqdm_class=_progress_class(bytes_so_far),
        )
    except GatedRepoError as error:
        raise model_missing(
            f"{source.repo} is gated: accept its terms on the hub and set HF_TOKEN."
        ) from error
    except RevisionNotFoundError as error:
        raise model_missing(f"{source.repo} has no revision {source.revision}.") from error
    except RepositoryNotFoundError as error:
        raise model_missing(f"{source.repo} does not exist on the hub, or is private.") from error
    except HFValidationError as error:
        raise model_missing(f"{source.repo} is not a repository's name.") from error
    except (LocalEntryNotFoundError, EntryNotFoundError) as error:
        if source.offline:
            raise model_missing(f"{source.repo} is not in the cache, and downloads are off.") from error
        raise _unreachable(source, error) from error
    except OSError as error:
        raise _unreachable(source, error) from error
    bytes_so_far.report(last=True)
    return Path(folder)


def _unreachable(source: HubSource, error: Exception) -> LoadError:
    """Trouble that may pass: the pool may start the worker again."""
    log_id = log_exception("download_failed", error)
    message = f"{source.repo} could not be downloaded; the worker's log has the reason as {log_id}."
    return LoadError("MODEL_LOAD_FAILED", message, INTERNAL)


class _Bytes:
    """What all files of a download have come to."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._lock = threading.Lock()
        self._loaded = 0
        self._total = 0

    def add(self, loaded: int, total: int) -> None:
        """More of one bar, whose own total is ``total`` as far as it is known."""
        with self._lock:
            self._loaded += loaded
            self._total = max(self._total, total, self._loaded)
        self.report()

    def report(self, *, last: bool = False) -> None:
        """Tell the pool; nothing where nothing had to be downloaded."""
        with self._lock:
            loaded, total = self._loaded, self._total
        if total:
            self._reporter.advance(
                "download", fraction=loaded / total, loaded_bytes=loaded, total_bytes=total, last=last
            )


def _progress_class(bytes_so_far: _Bytes) -> Any:
    """A progress bar for huggingface_hub that draws nothing and counts bytes."""
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[misc] # the library has no types
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.pop("name", None)
            self._bytes = kwargs.get("unit") == "B"
            super().__init__(*args, **{**kwargs, "disable": True})
            self.total = kwargs.get("total")

        def update(self, n: float | None = 1) -> bool | None:
            if self._bytes and n:
                bytes_so_far.add(int(n), int(self.total or 0))
            return None

    return Bar

"""Fetching a checkpoint from the hub.

Endpoint, token, proxies and timeouts are huggingface_hub's own settings: HF_ENDPOINT, HF_TOKEN and the like.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..protocol import HubSource
from ..reporter import Reporter
from ._download_progress import DownloadProgress, SilentBar
from ._hub_errors import explain_download, not_cached
from ._shards import INDEX, SINGLE, no_weights, weight_files

_SETTINGS = [
    "config.json",
    "generation_config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "adapter_config.json",
    "qformer_tokenizer/*.json",
    INDEX,
]
"""What a load needs beside the weights, and nothing that could run."""
_AT_ONCE = 4
"""Files that are fetched side by side."""


class Repository:
    """One revision of a repository.

    Its files come in two goes: a wrong model is refused before its weights are fetched.
    """

    def __init__(self, source: HubSource, reporter: Reporter) -> None:
        self._source = source
        self._reporter = reporter

    def fetch_settings(self) -> Path:
        """The folder of the revision's snapshot, with all its files but the weights. Raises LoadError."""
        self._reporter.stage("download")
        from huggingface_hub import snapshot_download

        # The worker's log has the library's records already; it would write them to stderr once more.
        logging.getLogger("huggingface_hub").handlers.clear()
        source = self._source
        silent: Any = SilentBar
        with self._explained():
            folder = snapshot_download(
                source.repo,
                revision=source.revision,
                cache_dir=source.cache_dir,
                local_files_only=bool(source.offline),
                allow_patterns=_SETTINGS,
                tqdm_class=silent,
            )
        return Path(folder)

    def fetch_weights(self, folder: Path) -> None:
        """Bring the weights to the snapshot's folder: only those that are not there, and no other files."""
        sizes = self._listed_sizes(folder)
        if SINGLE not in sizes and not (folder / SINGLE).exists() and INDEX not in sizes:
            raise no_weights(any(name.endswith(".bin") for name in sizes))
        wanted = [SINGLE] if SINGLE in sizes else weight_files(folder)
        missing = [name for name in wanted if not (folder / name).exists()]
        if missing and self._source.offline:
            raise not_cached(self._source, missing[0])
        progress = DownloadProgress(self._reporter, sum(sizes.get(name, 0) for name in missing))
        with self._explained():
            self._fetch_all(missing, folder.name, progress)
        if missing:
            progress.report(last=True)

    def _fetch_all(self, names: list[str], commit: str, progress: DownloadProgress) -> None:
        pool = ThreadPoolExecutor(_AT_ONCE)
        try:
            for _ in pool.map(lambda name: self._fetch(name, commit, progress), names):
                pass
        finally:
            # When one fails, the others are not waited for: the process is about to end.
            pool.shutdown(wait=False, cancel_futures=True)

    def _fetch(self, name: str, commit: str, progress: DownloadProgress) -> None:
        from huggingface_hub import hf_hub_download

        source = self._source
        bar: Any = progress.bar(name)
        hf_hub_download(source.repo, name, revision=commit, cache_dir=source.cache_dir, tqdm_class=bar)

    def _listed_sizes(self, folder: Path) -> dict[str, int]:
        """Bytes of every file of the revision; what is in the folder, when the hub's list is not known."""
        from huggingface_hub import get_cached_repo_tree
        from huggingface_hub.errors import CachedRepoTreeNotFoundError

        source = self._source
        try:
            tree = get_cached_repo_tree(source.repo, revision=folder.name, cache_dir=source.cache_dir)
        except CachedRepoTreeNotFoundError:
            return {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}
        return {file.path: file.size or 0 for file in tree}

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            raise explain_download(self._source, error) from error

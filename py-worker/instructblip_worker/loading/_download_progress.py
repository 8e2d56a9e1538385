"""How far a download has come, over all its files."""

from __future__ import annotations

import threading
from typing import Any

from ..reporter import Reporter


class DownloadProgress:
    """Counts the bytes of several files and tells the pool."""

    def __init__(self, reporter: Reporter, total: int) -> None:
        self._reporter = reporter
        self._total = total
        self._lock = threading.Lock()
        self._loaded = 0
        self._file: str | None = None

    def add(self, file: str, loaded: int) -> None:
        """More bytes of a file; less than nothing when some have to come again."""
        with self._lock:
            self._loaded += loaded
            self._file = file
        self.report()

    def report(self, *, last: bool = False) -> None:
        """Tell how far it is."""
        with self._lock:
            total = max(self._total, self._loaded)
            self._reporter.advance(
                "download",
                fraction=self._loaded / total if total else None,
                file=self._file,
                loaded_bytes=self._loaded,
                total_bytes=total,
                last=last,
            )

    def bar(self, file: str) -> type[SilentBar]:
        """What huggingface_hub takes for the class of a progress bar. It counts, and draws nothing."""

        class Bar(SilentBar):
            def update(self, n: float | None = 1) -> None:
                progress.add(file, int(n or 0))

        progress = self
        return Bar


class SilentBar:
    """The methods of a bar that huggingface_hub calls, without a bar."""

    def __init__(self, *_: object, **settings: Any) -> None:
        self.total = settings.get("total")
        if settings.get("initial"):
            self.update(settings["initial"])

    def __enter__(self) -> SilentBar:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def close(self) -> None:
        """Nothing is open."""

    def update(self, n: float | None = 1) -> None:
        """Bytes that have reached the disk."""

    def update_transfer(self, n: float | None = 1) -> None:
        """Bytes that have come over the net: with this method, one bar is made for both."""

    def set_description(self, *_: object, **__: object) -> None:
        """A title, which nobody sees."""

    def set_description_str(self, *_: object, **__: object) -> None:
        """A title, which nobody sees."""

    def set_postfix_str(self, *_: object, **__: object) -> None:
        """The rate, which nobody sees."""

    def set_transfer_postfix_str(self, *_: object, **__: object) -> None:
        """The rate, which nobody sees."""

    def refresh(self) -> None:
        """Nothing is drawn."""

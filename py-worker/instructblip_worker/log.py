"""The worker's log: one line of JSON for each event, on stderr.

Prompts, pixels and answers are never logged. Other libraries' records and warnings come out in the same
form, so that whoever reads the pipe has one format to parse.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
import uuid

_hidden: set[str] = set()


def hide(secret: str | None) -> None:
    """Keep a text out of the log, wherever it may turn up."""
    if secret:
        _hidden.add(secret)


def log(event: str, *, level: str = "info", **fields: object) -> None:
    """Write one event. Values that JSON does not know are written as their text."""
    record = {"time": round(time.time(), 3), "level": level, "event": event, **fields}
    line = json.dumps(record, default=str, separators=(",", ":"))
    for secret in _hidden:
        line = line.replace(secret, "***")
    try:
        # One write for the whole line: several threads share the pipe.
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
    except OSError:
        # A full disk or a closed pipe must not fail a request.
        pass


def log_exception(event: str, error: BaseException, **fields: object) -> str:
    """Write an exception with its traceback, and return the id under which it is found again."""
    log_id = uuid.uuid4().hex[:12]
    text = "".join(traceback.format_exception(error))
    log(event, level="error", log_id=log_id, error=type(error).__name__, traceback=text, **fields)
    return log_id


class _JsonHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        log("library", level=record.levelname.lower(), logger=record.name, message=record.getMessage())


def adopt_library_logs() -> None:
    """Send the standard library's logging and warnings through :func:`log`."""
    root = logging.getLogger()
    root.handlers[:] = [_JsonHandler()]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(True)

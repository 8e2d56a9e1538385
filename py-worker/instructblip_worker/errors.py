"""What a worker reports as an ERROR message.

::

    Exception
      WorkerError        a stable code and a message that is safe to show: no paths, no prompts
        RequestError     about one request: its answer is this error
        LoadError        the model cannot be served: the process ends with `exit_status`
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import exit_status

if TYPE_CHECKING:
    from .protocol import ErrorCode


class WorkerError(Exception):
    """``code`` is one of the protocol's; ``path`` names the field that was wrong, if one was."""

    def __init__(self, code: ErrorCode, message: str, *, path: str | None = None) -> None:
        super().__init__(message)
        self.code: ErrorCode = code
        self.message = message
        self.path = path


class RequestError(WorkerError):
    """A request that cannot be answered, or no longer."""


def invalid(path: str, expected: str, received: object) -> RequestError:
    """INVALID_ARGUMENT in the form every such message has: the field, what was expected, what came."""
    return RequestError("INVALID_ARGUMENT", f"{path} must be {expected}, but is {received}.", path=path)


class LoadError(WorkerError):
    """A model that cannot be served."""

    def __init__(
        self, code: ErrorCode, message: str, status: int = exit_status.CONFIG, *, path: str | None = None
    ) -> None:
        super().__init__(code, message, path=path)
        self.exit_status = status


def model_missing(message: str) -> LoadError:
    """No such checkpoint."""
    return LoadError("MODEL_NOT_FOUND", message, exit_status.NO_MODEL)


def files_missing(message: str) -> LoadError:
    """A checkpoint of which something is missing."""
    return LoadError("MODEL_LOAD_FAILED", message, exit_status.NO_MODEL)


def bad_data(message: str) -> LoadError:
    """A checkpoint whose files are damaged."""
    return LoadError("MODEL_LOAD_FAILED", message, exit_status.BAD_DATA)


def config_invalid(message: str, *, path: str | None = None) -> LoadError:
    """A configuration that cannot be served."""
    return LoadError("CONFIG_INVALID", message, exit_status.CONFIG, path=path)

"""Why a download failed, in words, and whether another try may help."""

from __future__ import annotations

import errno
from typing import Any

from ..errors import LoadError, config_invalid, model_missing
from ..exit_status import CONFIG, INTERNAL, NO_PERMISSION
from ..log import log_exception
from ..protocol import HubSource

_BAD_TOKEN = "Invalid credentials in Authorization header"
_HOW = "a token (`token`, or HF_TOKEN in the environment)"


def explain_download(source: HubSource, error: Exception) -> LoadError:
    """The LoadError for what huggingface_hub raised."""
    from huggingface_hub.errors import (
        DisabledRepoError,
        GatedRepoError,
        HFValidationError,
        LocalEntryNotFoundError,
        RemoteEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    if isinstance(error, LoadError):
        return error
    repo = source.repo
    if isinstance(error, HFValidationError):
        return model_missing(f"{repo} is not a repository's name.")
    if isinstance(error, RevisionNotFoundError):
        return model_missing(f"{repo} has no revision {source.revision}.")
    if isinstance(error, GatedRepoError):
        return _forbidden(f"{repo} is gated: accept its terms on the hub, and give {_HOW} of that account.")
    if isinstance(error, DisabledRepoError):
        return _forbidden(f"{repo} was disabled on the hub.")
    if isinstance(error, RemoteEntryNotFoundError):
        return model_missing(f"{repo} lists a file that the hub does not have; the revision is damaged.")
    response = _response(error)
    status = response.status_code if response is not None else None
    if status == 401 and response.headers.get("X-Error-Message") == _BAD_TOKEN:
        return _forbidden(f"The hub does not know the token that was sent for {repo}. It may have expired.")
    if status == 401 or isinstance(error, RepositoryNotFoundError):
        private = "the token may not see it" if _has_token() else f"needs {_HOW}"
        return model_missing(f"{repo} does not exist on the hub, or is private and {private}.")
    if status == 403:
        return _forbidden(f"The hub refuses {repo} with 403: the token may not read it.")
    if isinstance(error, LocalEntryNotFoundError) and (source.offline or _is_offline()):
        return not_cached(source)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        message = f"There is no space left in the cache folder for {repo}."
        return LoadError("RESOURCE_EXHAUSTED", message, CONFIG, path="cache_dir")
    if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return config_invalid("The cache folder cannot be written to.", path="cache_dir")
    log_id = log_exception("download_failed", error)
    said = f": the hub answered {status}" if status is not None else ""
    message = f"{repo} could not be downloaded{said}; the worker's log has the reason as {log_id}."
    return LoadError("MODEL_LOAD_FAILED", message, INTERNAL)


def not_cached(source: HubSource, file: str | None = None) -> LoadError:
    """Downloads are off, and something is missing."""
    what = source.repo if file is None else f"{file} of {source.repo}"
    return model_missing(f"{what} is not in the cache, and downloads are off.")


def _forbidden(message: str) -> LoadError:
    return LoadError("PERMISSION_DENIED", message, NO_PERMISSION)


def _response(error: BaseException | None) -> Any:
    """The hub's answer behind an error: what is not cached is reported as missing on the disk first."""
    while error is not None:
        response = getattr(error, "response", None)
        if response is not None:
            return response
        error = error.__cause__
    return None


def _has_token() -> bool:
    from huggingface_hub import get_token

    return get_token() is not None


def _is_offline() -> bool:
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)

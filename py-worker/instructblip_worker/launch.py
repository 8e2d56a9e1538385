"""What the pool hands a worker when it starts it."""

from __future__ import annotations

import os
from typing import Annotated

import msgspec

from . import exit_status
from .log import log


class Endpoints(msgspec.Struct, frozen=True):
    """Where the pool's three sockets listen."""

    control: str
    data: str
    echo: str


class Launch(msgspec.Struct, frozen=True):
    """The line of JSON on stdin."""

    endpoints: Endpoints
    token: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
    worker_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    pool_epoch: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}\Z")]
    parent_pid: int

    @classmethod
    def parse(cls, line: bytes) -> Launch:
        """The launch order of a line. A wrong one ends the process: nobody is there to be told yet."""
        try:
            return msgspec.json.decode(line, type=cls)
        except msgspec.DecodeError as error:
            log("launch_refused", level="error", reason=str(error))
            os._exit(exit_status.CONFIG)

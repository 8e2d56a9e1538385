"""The first message on each socket."""

from __future__ import annotations

import os
import platform
from typing import Literal

import zmq

from ..launch import Launch
from ..protocol import FEATURES, MINOR_MAX, MINOR_MIN, SCHEMA_HASH, Frame, Hello, Minors, encode


def hello(launch: Launch, channel: Literal["control", "data", "echo"]) -> list[Frame]:
    """HELLO, with the proof that the pool itself started this process."""
    message = Hello(
        role="worker",
        channel=channel,
        peer_id=launch.worker_id,
        token=launch.token,
        minors=Minors(min=MINOR_MIN, max=MINOR_MAX),
        features=list(FEATURES),
        schema_hash=SCHEMA_HASH,
        pid=os.getpid(),
        versions={
            "python": platform.python_version(),
            "pyzmq": zmq.pyzmq_version(),
            "libzmq": zmq.zmq_version(),
        },
    )
    return [*encode(message)]

"""Answering PING without the interpreter."""

from __future__ import annotations

import threading

import zmq

from ..launch import Launch
from ._channel import dealer
from ._hello import hello

_MAX_FRAME_BYTES = 256 * 1024
_BACKLOG = 64


def start_echo(launch: Launch) -> None:
    """Send every message on the echo socket back, from a thread that never needs the interpreter lock.

    ``zmq.proxy`` runs in C: a worker that computes with the lock held still answers, one that is stopped or
    gone does not. That tells the pool the two apart. HELLO goes first, so that the pool's ROUTER knows whose
    socket it is.
    """

    def run() -> None:
        socket = dealer(zmq.Context(), _MAX_FRAME_BYTES, _BACKLOG)
        socket.connect(launch.endpoints.echo)
        socket.send_multipart(hello(launch, "echo"))
        zmq.proxy(socket, socket)

    threading.Thread(target=run, name="echo", daemon=True).start()

"""The worker's three sockets, each owned by one thread."""

from __future__ import annotations

from .control import Control
from .data import Data
from .echo import start_echo

__all__ = ["Control", "Data", "start_echo"]

"""An engine without a model, for failures that a real one cannot be made to have, and for measurements.

LOAD with ``source: {"kind": "scripted", "script": "<JSON>"}`` runs it; ``_script.py`` has the format.
Everything but the computation is the real worker: the same process, guards, sockets and messages.
"""

from __future__ import annotations

from ._engine import ScriptedEngine
from ._script import Fault, Script

__all__ = ["Fault", "Script", "ScriptedEngine"]

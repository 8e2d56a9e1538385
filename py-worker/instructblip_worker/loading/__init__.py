"""From LOAD to an engine that has answered once.

What can be found out without importing torch is found out first: a wrong folder fails in milliseconds.
"""

from __future__ import annotations

from ._description import Description, describe_file, describe_source
from ._load import load_engine

__all__ = ["Description", "describe_file", "describe_source", "load_engine"]

"""Headers by which a client speaks with the pool itself."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from ._errors import ErrorCode
from ._types import Count, Header, LongText


class Admin(Header, kw_only=True, frozen=True):
    """What a client asks of the pool; all but ``models`` and ``stats`` need the admin role."""

    id: Count
    action: Literal["models", "stats", "load", "unload", "drain", "stop"]
    args: Annotated[str, Meta(max_length=32768)] | None = None


class AdminReply(Header, kw_only=True, frozen=True):
    """The answer: ``result`` is JSON text; absent when it failed."""

    id: Count
    result: Annotated[str, Meta(max_length=65000)] | None = None
    code: ErrorCode | None = None
    message: LongText | None = None

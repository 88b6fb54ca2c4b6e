"""One request body on its way into the store, with what was understood of it."""

from __future__ import annotations

from typing import Any

import msgspec

from replay_viewer.domain.rows import ErrorEvent
from replay_viewer.domain.session import Facts

#: Longer texts are clipped before they reach a column; the raw body keeps them whole.
_TEXT = 2000


class Fact(msgspec.Struct, kw_only=True):
    """One row of the table `linked` (its comment in `schema.py` says what the fields hold)."""

    kind: str
    t: float
    name: str
    value: float | None = None
    level: str = ""
    source: str = ""
    page: str = ""
    event_id: str = ""
    data: Any = None


class Item(msgspec.Struct, kw_only=True):
    """An item of an envelope that is kept apart: an attachment, or one of no known kind."""

    type: str
    data: bytes
    event_id: str = ""
    filename: str = ""
    content_type: str = ""


class Incoming(msgspec.Struct, kw_only=True):
    """A body as received (`url` without host, `headers` the few that matter) and its summary.

    `session` is '' when the body does not say whose it is. `first`/`last` are epoch ms of the recorded events, None
    without any. `traces`: the traces that the body names; `owns`: those that its recording says are its own.
    `about`: ids of error events it speaks of. `visitor`: whether it may be linked by user or browser alone.
    """

    project: str
    url: str
    headers: dict[str, str]
    body: bytes
    received: float
    session: str = ""
    source: str = ""
    tab: str = ""
    events: int = 0
    first: float | None = None
    last: float | None = None
    urls: list[str] = []
    facts: Facts = Facts()
    errors: list[ErrorEvent] = []
    linked: list[Fact] = []
    items: list[Item] = []
    traces: list[str] = []
    owns: list[str] = []
    about: list[str] = []
    visitor: bool = False


def column_text(text: str) -> str:
    """`text` as any database takes it: no NUL, no lone surrogates, at most 2,000 characters."""
    return text[:_TEXT].replace("\x00", "").encode("utf-8", "replace").decode("utf-8")

"""One request body on its way into the store, with what was understood of it."""

from __future__ import annotations

import msgspec

from replay_viewer.domain.rows import ErrorEvent
from replay_viewer.domain.session import Facts

#: Longer texts are clipped before they reach a column; the raw body keeps them whole.
_TEXT = 2000


class Incoming(msgspec.Struct, kw_only=True):
    """A body as received (`url` without host, `headers` the few that matter) and its summary.

    `session` is '' for what belongs to none. `first`/`last` are epoch ms of the recorded events, None without any.
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


def column_text(text: str) -> str:
    """`text` as any database takes it: no NUL, no lone surrogates, at most 2,000 characters."""
    return text[:_TEXT].replace("\x00", "").encode("utf-8", "replace").decode("utf-8")

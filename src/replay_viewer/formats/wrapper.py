"""Objects around an array of events.

Known members: `events`, `rrweb`, `data`, `snapshots`, `recording`, one inside another. The web extension of rrweb
adds `session{id,name,tags,…}`; a batch for a collector has `sessionId, tabId?, user?, release?, zone?, locale?`
beside `events`, or the session in its URL (`POST /api/replay/{session}/events`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from replay_viewer.domain.session import Facts, User
from replay_viewer.formats.base import Cursor, Document, Format, NotARecording, Piece, Said, Sifter, register
from replay_viewer.formats.base.values import loose

_NESTS = {"events", "rrweb", "data", "snapshots", "recording", "replay"}
_PATH = re.compile(r"/api/replay/([^/]+)/events/?$")
_SMALL = 1 << 20


def sniff(document: Document) -> bool:
    """Any JSON object no other format knows."""
    return document.shape.first == "{"


def _walk(cursor: Cursor, small: dict[str, Any]) -> Iterator[Cursor]:
    """Stops the cursor at each array of events; what else the objects say goes to `small`, outer members winning."""
    for key in cursor.members():
        first = cursor.peek()
        if key in _NESTS and first == b"{":
            yield from _walk(cursor, small)
        elif key in _NESTS and first == b"[":
            yield cursor
        elif first == b"[":
            cursor.skip()
        else:
            value = cursor.value()
            if len(value) < _SMALL:
                small.setdefault(key, loose(value))


def _text(small: dict[str, Any], *names: str) -> str:
    for name in names:
        if isinstance(value := small.get(name), str | int) and not isinstance(value, bool) and value != "":
            return str(value)
    return ""


def facts_of(small: dict[str, Any], url: str) -> Facts:
    """What the members beside the events say of the session; `url` is the request's path."""
    session = small.get("session")
    inner = session if isinstance(session, dict) else {}
    match = _PATH.search(url)
    key = _text(small, "sessionId", "session_id", "session", "replayId", "replay_id") or _text(inner, "id")
    user = small.get("user")
    person = user if isinstance(user, dict) else {"id": user} if isinstance(user, str | int) else {}
    tags = inner.get("tags")
    recorder = _text(inner, "recorderVersion")
    return Facts(
        session=key or (match.group(1) if match else "") or _text(small, "id"),
        title=_text(inner, "name") or _text(small, "title", "name"),
        url=_text(small, "url", "href", "pageUrl"),
        user=User(
            id=_text(person, "id"),
            email=_text(person, "email"),
            name=_text(person, "name", "username", "displayName"),
            role=_text(person, "role"),
        ),
        release=_text(small, "release", "version"),
        environment=_text(small, "environment"),
        user_agent=_text(small, "userAgent", "user_agent"),
        zone=_text(small, "zone", "timezone"),
        locale=_text(small, "locale"),
        sdk=f"rrweb {recorder}" if recorder else "",
        tags={str(tag): "" for tag in tags} if isinstance(tags, list) else {},
    )


def read(document: Document) -> Iterator[Piece]:
    """Facts first, then the events: two passes, because the session's id may stand behind them.

    Raises NotARecording, Malformed, Truncated, TooLarge.
    """
    small: dict[str, Any] = {}
    cursor = document.cursor()
    arrays = 0
    while cursor.peek():
        for at in _walk(cursor, small):
            arrays += 1
            at.skip()
    if not arrays:
        raise NotARecording(
            f"“{document.name}” is JSON, but not a recording.",
            "Open a file of rrweb events, or one that Sentry, PostHog or Amplitude exported.",
        )
    facts = facts_of(small, document.path)
    if not facts.user_agent and document.headers.get("user-agent"):
        facts = msgspec.structs.replace(facts, user_agent=document.headers["user-agent"])  # whoever posted it
    if facts != Facts():
        yield Said(facts.session, facts)
    sifter = Sifter(document.name, facts.session, _text(small, "tabId", "tab_id", "tab", "windowId", "window_id"))
    cursor = document.cursor()
    while cursor.peek():  # several batches behind one another are one recording
        for at in _walk(cursor, {}):
            for array, raws in at.elements():
                yield from sifter.window(array, raws)
    yield from sifter.finish()


FORMAT = register(Format("wrapper", sniff, read, rank=95))

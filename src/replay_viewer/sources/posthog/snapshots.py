"""Snapshots in every form PostHog has answered them, as the body its SDK sends.

Lines `["window", event]` (blob_v2), `{"window_id", "data": [events]}` (blob, realtime), one object
`{"snapshots": [lines]}` (realtime) and `{"snapshot_data_by_window_id": {window: [events]}}` (the original form).
"""

from __future__ import annotations

from typing import Any

import msgspec

from replay_viewer.sources.base import Link
from replay_viewer.sources.posthog.api import PRODUCT
from replay_viewer.sources.shape import odd

#: Keys of one request: more are refused to a personal key.
KEYS = 20


class _Line(msgspec.Struct):
    data: list[msgspec.Raw]
    window_id: str | None = None
    windowId: str | None = None  # noqa: N815  the wire's name


class _Whole(msgspec.Struct):
    snapshots: list[msgspec.Raw] | None = None
    by_window: dict[str, list[msgspec.Raw]] | None = msgspec.field(name="snapshot_data_by_window_id", default=None)
    next: str | None = None


def groups(sources: list[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    """What each request asks for: blob_v2 alone when there is any, its plain keys by twenty."""
    newest = [one for one in sources if one.get("source") == "blob_v2"]
    made: list[list[dict[str, Any]]] = []
    for one in newest or sources:
        key = str(one.get("blob_key") or "")
        follows = bool(made) and key.isdigit() and len(made[-1]) < KEYS
        last = str(made[-1][-1].get("blob_key") or "") if made else ""
        if newest and follows and last.isdigit() and int(key) == int(last) + 1:
            made[-1].append(one)
        else:
            made.append([one])
    return dict(enumerate(made, 1))


def asked(group: list[dict[str, Any]]) -> dict[str, str]:
    """The parameters that ask for a group."""
    first, last = (str(one.get("blob_key") or "") for one in (group[0], group[-1]))
    source = str(group[0].get("source") or "blob")
    if len(group) > 1:
        return {"source": source, "start_blob_key": first, "end_blob_key": last}
    return {"source": source, "blob_key": first} if first else {"source": source}


def whole(body: bytes) -> tuple[dict[str, list[msgspec.Raw]], str] | None:
    """(events by window, address of the next page) when an answer is of the original form, else None."""
    try:
        found = msgspec.json.decode(body, type=_Whole)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return None if found.by_window is None else (found.by_window, found.next or "")


def captured(body: bytes, link: Link) -> bytes:
    """Lines of snapshots as the body the SDK sends, so that each piece names its session and window."""
    windows: dict[str, list[msgspec.Raw]] = {}
    seen: set[bytes] = set()
    for line in _lines(body):
        if not line.strip() or line in seen:
            continue
        seen.add(line)
        try:
            if line.lstrip().startswith(b"["):
                window, event = msgspec.json.decode(line, type=tuple[str, msgspec.Raw])
                windows.setdefault(window, []).append(event)
            else:
                found = msgspec.json.decode(line, type=_Line)
                windows.setdefault(found.window_id or found.windowId or "", []).extend(found.data)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise odd(link.base, PRODUCT) from error
    return as_sent(windows, link)


def as_sent(windows: dict[str, list[msgspec.Raw]], link: Link) -> bytes:
    """Events by window as `$snapshot` events."""
    events = [
        {
            "event": "$snapshot",
            "properties": {"$session_id": link.session, "$window_id": window, "$snapshot_data": data},
        }
        for window, data in windows.items()
    ]
    return msgspec.json.encode(events)


def _lines(body: bytes) -> list[bytes]:
    """The lines of an answer; those of one object's `snapshots`, which may be JSON in strings."""
    if body.lstrip().startswith(b'{"snapshots"'):
        try:
            found = msgspec.json.decode(body, type=_Whole).snapshots or []
            return [
                msgspec.json.decode(raw, type=str).encode() if bytes(raw).startswith(b'"') else bytes(raw)
                for raw in found
            ]
        except (msgspec.MsgspecError, UnicodeDecodeError):
            pass
    return body.split(b"\n")

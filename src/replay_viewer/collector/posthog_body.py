"""A body of posthog-js, looked at before it is understood: whose it is, and whether it tells of several sessions.

One request can hold the end of one session and the start of the next. Each session gets a body of its own then, so
that a session's segments never hold another's events.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from replay_viewer.domain.errors import BadInput
from replay_viewer.formats.base import inflate

MAX_BODY = 128 << 20
_LISTS = ("batch", "data")


class _Properties(msgspec.Struct):
    token: Any = None
    session: Any = msgspec.field(default=None, name="$session_id")


class _Event(msgspec.Struct):
    token: Any = None
    api_key: Any = None
    properties: _Properties | None = None


_event = msgspec.json.Decoder(_Event)
_list: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])
_members: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Body:
    """A body's `token` ('' when it names none) and its events by session."""

    def __init__(self, data: bytes) -> None:
        self._members: dict[str, msgspec.Raw] | None = None
        self._list = ""
        self._groups: dict[str, list[msgspec.Raw]] = {}
        self.token = ""
        if data.lstrip()[:1] == b"[":
            events = _list.decode(data)
        else:
            self._members = _members.decode(data)
            for name in ("api_key", "token", "$token"):
                self.token = self.token or _text(self._members.get(name))
            self._list = next((name for name in _LISTS if bytes(self._members.get(name, b""))[:1] == b"["), "")
            events = _list.decode(self._members[self._list]) if self._list else [msgspec.Raw(data)]
        for raw in events:
            self._sort(raw)

    def _sort(self, raw: msgspec.Raw) -> None:
        session = ""
        try:
            event = _event.decode(raw)
        except (msgspec.ValidationError, RecursionError):
            event = _Event()
        for value in (event.token, event.api_key, event.properties.token if event.properties else None):
            self.token = self.token or (value if isinstance(value, str) else "")
        if event.properties and isinstance(event.properties.session, str):
            session = event.properties.session
        self._groups.setdefault(session, []).append(raw)

    def bodies(self, received: bytes) -> Iterator[tuple[bytes, bool]]:
        """(body, whether it was written anew): the one received, or one per session."""
        if len([session for session in self._groups if session]) < 2:
            yield received, False
            return
        for events in self._groups.values():
            array = b"[" + b",".join(bytes(raw) for raw in events) + b"]"
            if self._members is None:
                yield array, True
            else:
                yield msgspec.json.encode({**self._members, self._list: msgspec.Raw(array)}), True


def read(body: bytes) -> Body:
    """Looks into a body in any form the SDK sends. Raises BadInput, MsgspecError."""
    data = inflate(body, "The request body", MAX_BODY)
    if data.startswith(b"data=") or b"&data=" in data[:200]:
        data = _unform(data)
    return Body(data.removeprefix(b"\xef\xbb\xbf"))


def _unform(data: bytes) -> bytes:
    for part in data.split(b"&"):
        if part.startswith(b"data="):
            text = unquote_to_bytes(part[5:].replace(b"+", b" ")).replace(b" ", b"+")
            try:
                return inflate(base64.b64decode(text + b"=" * (-len(text) % 4)), "The request body", MAX_BODY)
            except (binascii.Error, ValueError) as error:
                raise BadInput("The form's data is not base64.") from error
    return data


def _text(raw: msgspec.Raw | None) -> str:
    try:
        value = msgspec.json.decode(raw) if raw is not None else None
    except msgspec.MsgspecError:
        return ""
    return value if isinstance(value, str) else ""

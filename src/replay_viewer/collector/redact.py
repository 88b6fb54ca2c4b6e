"""Redaction before anything is stored: what an SDK's masking let through goes before the body is acknowledged.

Off unless asked for (`serve --redact`): what is removed here is gone for good. Ids, times and keys that link a body
to its session stay as they are. A body that was changed is stored plain, whatever its compression was.
"""

# ruff: noqa: SIM905 (word lists read better as text)

from __future__ import annotations

import base64
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

import msgspec

from replay_viewer.collector import envelopes
from replay_viewer.domain.errors import BadInput
from replay_viewer.formats.base import Batch, Broken, inflate, read_body
from replay_viewer.formats.base.events import normal
from replay_viewer.formats.sentry.recording import payload
from replay_viewer.redaction import Redactor

#: Profile → the rules it applies; None: all of them.
PROFILES: dict[str, frozenset[str] | None] = {
    "none": frozenset(),
    "secrets": frozenset(
        ("private-key", "jwt", "api-key", "auth-header", "cookie", "url-password", "secret-field", "typed", "card")
    ),
    "strict": None,
}

#: What links bodies and orders events; a rule that takes one of these for a number of somebody's breaks the session.
_FIXED = frozenset(
    (
        "sessionId session_id tabId windowId window_id timestamp start_timestamp end_timestamp sent_at uuid event_id "
        "replay_id trace_id span_id parent_span_id trace_ids error_ids segment_id sid did token api_key distinct_id "
        "$session_id $window_id $device_id $pageview_id $insert_id $time $sent_at dsn release environment dist sdk "
        "public_key replay_start_timestamp associated_event_id replayId sentry.replay_id type event delay length"
    ).split()
)
_SESSIONS = 500
_MAX = 128 << 20
_T = TypeVar("_T")
_json = msgspec.json


class IngestRedaction:
    """Rules per project. `profile` for all, `projects`: project → profile, for some. Raises BadInput for others."""

    def __init__(self, profile: str = "none", projects: Mapping[str, str] | None = None) -> None:
        self._profile = profile
        self._projects = dict(projects or {})
        for name in (profile, *self._projects.values()):
            if name not in PROFILES:
                raise BadInput(
                    f"There is no redaction at ingest called “{name}”.", f"Use one of: {', '.join(PROFILES)}."
                )
        self._lock = threading.Lock()
        self._redactors: OrderedDict[tuple[str, str], tuple[Redactor, threading.Lock]] = OrderedDict()

    def active(self, project: str) -> bool:
        """Whether bodies of `project` are changed at all."""
        return self._projects.get(project, self._profile) != "none"

    def apply(
        self,
        project: str,
        body: bytes,
        headers: dict[str, str],
        url: str,
        source: str,
        make: Callable[[bytes, dict[str, str], str], _T],
    ) -> _T:
        """`make(body, headers, url)` of the redacted request. Raises BadInput for a body that cannot be read."""
        if not self.active(project):
            return make(body, headers, url)
        # Who sends several bodies of a session is asked for the session first: labels and sensitive inputs go on.
        batches = [piece for piece in read_body(body, headers, url) if isinstance(piece, Batch)]
        session = batches[0].session if batches else ""
        redactor, lock = self._redactor(project, session)
        with lock:
            new = (
                self._envelope(redactor, body) if source == "sentry" and b"\n" in body else self._json(redactor, body)
            )
        kept = {name: value for name, value in headers.items() if name not in ("content-encoding", "content-length")}
        return make(new, kept, redactor.url(url) if source != "sentry" else url)

    def _redactor(self, project: str, session: str) -> tuple[Redactor, threading.Lock]:
        rules = PROFILES[self._projects.get(project, self._profile)]
        made = (Redactor("strict", rules=rules), threading.Lock())
        if not session:
            return made
        with self._lock:
            found = self._redactors.pop((project, session), made)
            self._redactors[(project, session)] = found
            if len(self._redactors) > _SESSIONS:
                self._redactors.popitem(last=False)
        return found

    def _json(self, redactor: Redactor, body: bytes) -> bytes:
        data = inflate(body, "The request body", _MAX)
        for part in data.split(b"&") if data.startswith(b"data=") else ():
            if part.startswith(b"data="):
                text = unquote_to_bytes(part[5:].replace(b"+", b" ")).replace(b" ", b"+")
                data = inflate(base64.b64decode(text + b"=" * (-len(text) % 4)), "The request body", _MAX)
        try:
            value = _json.decode(data.removeprefix(b"\xef\xbb\xbf"))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BadInput("The request body is not valid JSON.") from error
        return _json.encode(_value(redactor, value))

    def _envelope(self, redactor: Redactor, body: bytes) -> bytes:
        lines: list[bytes] = []
        for head, data in envelopes.split(body):
            kind = head.get("type")
            if not lines:
                lines.append(_json.encode(_guarded(redactor, head)))
                continue
            if kind == "replay_recording":
                number, array = payload(data, "The recording")
                events = [_event(redactor, bytes(raw)) for raw in _json.decode(array, type=list[msgspec.Raw])]
                data = b'{"segment_id":%d}\n[' % max(number, 0) + b",".join(events) + b"]"
            elif kind != "attachment":
                try:
                    data = _json.encode(_guarded(redactor, _json.decode(data)))
                except (msgspec.MsgspecError, UnicodeDecodeError):
                    data = b"{}"  # what cannot be read cannot be vouched for
            else:
                data = b""  # nor can files
            lines += [_json.encode({**head, "length": len(data)}), data]
        return b"\n".join(lines) + b"\n"


def _event(redactor: Redactor, raw: bytes, tab: int = 0) -> bytes:
    new = redactor.event(raw, tab)
    if new is raw or new == raw:
        return raw
    value = _json.decode(new)
    return _json.encode(_restored(_json.decode(raw), value)) if isinstance(value, dict) else new


def _value(redactor: Redactor, value: Any) -> Any:
    """A batch, a list of PostHog's events, or any other object: recordings event by event, the rest as JSON."""
    if isinstance(value, list):
        return [_value(redactor, item) for item in value]
    if not isinstance(value, dict):
        return redactor.json_value(value)
    tab = zlib.crc32(str(value.get("tabId") or value.get("$window_id") or "").encode(errors="replace"))
    found: dict[str, Any] = {}
    for name, given in value.items():
        if name in ("events", "$snapshot_data") and isinstance(given, list):
            found[name] = [_recorded(redactor, event, tab) for event in given]
        elif name in ("properties", "batch"):
            found[name] = _value(redactor, given)
        else:
            found[name] = _guarded(redactor, {name: given})[name]
    return found


def _recorded(redactor: Redactor, event: Any, tab: int) -> Any:
    """One recorded event; what posthog-js compressed (`cv`) is opened for it."""
    raw = _json.encode(event)
    if isinstance(event, dict) and event.get("cv"):
        try:
            raw = normal(raw)[1]
        except Broken:
            return {"type": 5, "timestamp": event.get("timestamp", 0), "data": {"tag": "unreadable", "payload": {}}}
    return msgspec.Raw(_event(redactor, raw, tab))


def _guarded(redactor: Redactor, value: Any) -> Any:
    new = redactor.json_value(value)
    return value if new is value else _restored(value, new)


def _restored(old: Any, new: Any) -> Any:
    """`new` with the values that must stay put back."""
    if old is new:
        return new
    if isinstance(old, dict) and isinstance(new, dict):
        return {
            key: old[key]
            if key in _FIXED and not isinstance(old[key], dict | list)
            else _restored(old.get(key), value)
            for key, value in new.items()
        }
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [_restored(a, b) for a, b in zip(old, new, strict=True)]
    return new

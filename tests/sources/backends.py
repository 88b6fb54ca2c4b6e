"""Real recordings as Sentry's and PostHog's APIs answer them, for the faulty server."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from replay_viewer import formats
from replay_viewer.formats.sentry.recording import payload
from tests.data_dir import session_dir
from tests.sources.server import answer

LOGROCKET = "https://app.logrocket.com/acme/shop/s/6-0192/4?t=1"
FEEDBACK = "e2867ddc21e74ebeb5cae3a663507717"
TRACE = "3630f5a2b1c94e1f9d2f7a1f6c0c9d11"


class SentryApi:
    """`shop_sentry_unmasked`, its errors linked to an issue, feedback, a trace, a log, the state at each error.

    `lost`: numbers of segments whose blob is gone; `per`: segments on a page."""

    def __init__(self, lost: frozenset[int] = frozenset()) -> None:
        found: dict[int, bytes] = {}
        self.errors: dict[str, dict[str, Any]] = {}
        self.id = ""
        for path in sorted((session_dir("shop_sentry_unmasked") / "raw").glob("*.bin")):
            data = path.read_bytes()
            _, _, rest = data.partition(b"\n")
            while rest:
                line, _, rest = rest.partition(b"\n")
                if not line.strip():
                    continue
                head = json.loads(line)
                length = head.get("length")
                body, rest = (rest[:length], rest[length:]) if length is not None else rest.partition(b"\n")[::2]
                if head["type"] == "replay_recording":
                    number, array = payload(body, "segment")
                    found[number] = array
                elif head["type"] == "replay_event":
                    self.id = json.loads(body)["replay_id"]
                elif head["type"] == "event":
                    event = json.loads(body) | {"groupID": "4711", "extra": {"sessionURL": LOGROCKET}}
                    event.setdefault("contexts", {})["state"] = {"state": {"type": "redux", "value": "[Object]"}}
                    self.errors[event["event_id"]] = event
        self.segments = [b"[]" if n in lost else found[n] for n in sorted(found)]
        assert self.id

    def reply(self, path: str, headers: dict[str, str], n: int) -> bytes | None:
        """The documented answers."""
        parts, query = urlsplit(path), parse_qs(urlsplit(path).query)
        if headers.get("authorization") != "Bearer sntryu_secret":
            return answer(401, b'{"detail":"Invalid token"}')
        if parts.path == f"/api/0/organizations/acme/replays/{self.id}/":
            replay = {
                "id": self.id,
                "project_id": "7",
                "count_segments": len(self.segments),
                "error_ids": [],
                "trace_ids": [TRACE],
                "is_archived": None,
                "user": {"email": "ada@example.com", "id": "17"},
                "releases": ["shop@1"],
                "urls": [],
                "tags": {"plan": ["pro"]},
            }
            return answer(200, json.dumps({"data": replay}).encode())
        if parts.path.endswith("/recording-segments/"):
            start = int(query["cursor"][0].split(":")[1])
            return answer(200, b"[" + b",".join(self.segments[start : start + 100]) + b"]")
        if parts.path == "/api/0/organizations/acme/events/" and query["dataset"] == ["logs"]:
            if not query["query"][0].startswith("sentry.replay_id:"):
                return answer(400, b'{"detail":"Invalid query"}')
            row = {"timestamp": "2026-11-20T20:06:15Z", "severity": "warn", "message": "gateway slow", "trace": TRACE}
            return answer(200, json.dumps({"data": [row]}).encode())
        if parts.path == "/api/0/organizations/acme/events/":
            return answer(200, json.dumps({"data": [{"id": id} for id in self.errors]}).encode())
        if parts.path == "/api/0/organizations/acme/replays-events-meta/":
            return answer(200, json.dumps({"data": [{"id": FEEDBACK}]}).encode())
        if parts.path == f"/api/0/projects/acme/7/events/{FEEDBACK}/":
            said = {"message": "I cannot pay", "contact_email": "ada@example.com", "replay_id": self.id}
            event = {"eventID": FEEDBACK, "dateCreated": "2026-11-20T20:06:17Z", "contexts": {"feedback": said}}
            return answer(200, json.dumps(event).encode())
        if parts.path.endswith("/attachments/"):
            listed = [{"id": "5", "name": "redux_state.json", "size": 40}, {"id": "6", "name": "a.txt", "size": 4}]
            return answer(200, json.dumps(listed).encode())
        if parts.path.endswith("/attachments/5/") and "download" in query:
            return answer(200, b'{"cart":{"items":3}}')
        if parts.path == "/api/0/organizations/acme/issues/4711/":
            issue = {"id": "4711", "shortId": "SHOP-1AB", "count": "150", "userCount": 12, "status": "unresolved"}
            return answer(200, json.dumps(issue).encode())
        if parts.path == f"/api/0/organizations/acme/trace/{TRACE}/":
            return answer(200, json.dumps([_TREE]).encode())
        if parts.path.startswith("/api/0/projects/acme/7/events/"):
            return answer(200, json.dumps(self.errors[parts.path.split("/")[-2]]).encode())
        return answer(404, b'{"detail":"The requested resource does not exist"}')


class PostHogApi:
    """`two_tabs_posthog` as blob_v2 lines by key, with an event."""

    def __init__(self) -> None:
        self.id = ""
        self.lines: list[bytes] = []
        for piece in formats.read_paths([session_dir("two_tabs_posthog")]):
            if isinstance(piece, formats.Batch) and piece.session:
                self.id = piece.session
                pair = [[piece.tab, msgspec.Raw(event)] for event in piece.events]
                self.lines.append(b"\n".join(msgspec.json.encode(one) for one in pair))

    def reply(self, path: str, headers: dict[str, str], n: int) -> bytes | None:
        """The documented answers."""
        parts, query = urlsplit(path), parse_qs(urlsplit(path).query)
        if headers.get("authorization") != "Bearer phx_secret":
            return answer(
                403, b'{"type":"authentication_error","code":"permission_denied","detail":"no","attr":null}'
            )
        one = f"/api/projects/12/session_recordings/{self.id}"
        if parts.path == "/api/projects/":
            return answer(200, b'{"results":[{"id":12,"api_token":"phc_T"}],"next":null}')
        if parts.path == one + "/":
            return answer(200, b'{"distinct_id":"u-17","person":{"name":"ada@example.com","properties":{}}}')
        if parts.path == one + "/snapshots" and "source" not in query:
            keys = [{"source": "blob_v2", "blob_key": str(n)} for n in range(len(self.lines))]
            return answer(200, json.dumps({"sources": [{"source": "realtime"}, *keys]}).encode())
        if parts.path == one + "/snapshots":
            first = int((query.get("blob_key") or query["start_blob_key"])[0])
            last = int((query.get("blob_key") or query["end_blob_key"])[0])
            assert query["source"] == ["blob_v2"]
            assert last - first < 20
            body = b"\n".join(self.lines[first : last + 1])
            return answer(200, body + b"\n" + body.split(b"\n")[0])
        if parts.path == "/api/projects/12/query/":
            row = ["u1", "paid", "2026-11-20T20:10:32Z", "u-17", '{"$lib":"web"}']
            return answer(200, json.dumps({"results": [row], "hasMore": False}).encode())
        return answer(404, b'{"detail":"Not found."}')


#: A trace as `GET …/trace/ID/` answers it: a server's transaction with a query in it.
_TREE = {
    "event_id": "a12e", "event_type": "span", "op": "http.server", "description": "POST /api/pay",
    "transaction": "POST /api/pay", "project_slug": "api", "is_transaction": True, "measurements": {},
    "start_timestamp": 1795205174.6, "end_timestamp": 1795205176.0, "duration": 1400.0,
    "children": [
        {"event_id": "b12e", "op": "db", "description": "SELECT 1", "start_timestamp": 1795205174.7,
         "end_timestamp": 1795205175.9, "is_transaction": False, "children": []},
    ],
}  # fmt: skip

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


class SentryApi:
    """`shop_sentry_unmasked`. `lost`: numbers of segments whose blob is gone; `per`: segments on a page."""

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
                    event = json.loads(body)
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
        if parts.path == "/api/0/organizations/acme/events/":
            return answer(200, json.dumps({"data": [{"id": id} for id in self.errors]}).encode())
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

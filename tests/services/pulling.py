"""A collector made of a test's own answers: a recording in as many segments as one likes, and faults by number."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from replay_viewer.domain.rows import KINDS
from replay_viewer.library import Library
from tests.sources.server import Faulty, answer, serving

START = 1_700_000_000_000
#: What a segment's request answers instead: (number of segment, how often it was asked before) → raw bytes or None to
#: hang up; `...` for the right answer.
Fault = Callable[[int, int], Any]


def page(text: str = "start") -> dict[str, object]:
    """A small full snapshot."""
    return {
        "type": 2,
        "timestamp": START,
        "data": {
            "node": {
                "type": 0,
                "id": 1,
                "childNodes": [
                    {
                        "type": 2,
                        "id": 2,
                        "tagName": "html",
                        "attributes": {},
                        "childNodes": [
                            {
                                "type": 2,
                                "id": 3,
                                "tagName": "body",
                                "attributes": {},
                                "childNodes": [{"type": 3, "id": 4, "textContent": text}],
                            }
                        ],
                    }
                ],
            },
            "initialOffset": {"left": 0, "top": 0},
        },
    }


def body(n: int, session: str = "s-1", *, skew: int = 0) -> bytes:
    """Segment `n`: a second of a page whose text counts; every fifth logs something."""
    t = START + 1000 * n + skew
    events: list[dict[str, object]] = []
    if n == 0:
        meta = {"href": "https://shop.test/", "width": 800, "height": 600}
        events = [{"type": 4, "timestamp": START, "data": meta}, page()]
    for step in range(1, 4):
        texts = [{"id": 4, "value": f"{n}.{step}"}]
        data = {"source": 0, "texts": texts, "attributes": [], "removes": [], "adds": []}
        events.append({"type": 3, "timestamp": t + 250 * step, "data": data})
    if n % 5 == 0:
        log = {"level": "error" if n % 10 == 0 else "log", "payload": [f'"said {n}"'], "trace": []}
        events.append({"type": 6, "timestamp": t + 900, "data": {"plugin": "rrweb/console@1", "payload": log}})
    return json.dumps({"sessionId": session, "events": events}).encode()


@dataclass
class Backend:
    """Segments by number; `lists` says which of them the session names (late ones are added to it)."""

    bodies: dict[int, bytes]
    fault: Fault = lambda _n, _asked: ...
    listed: list[int] = field(default_factory=list)
    server: Faulty | None = None
    live: bool = False

    @property
    def url(self) -> str:
        """The session's address."""
        assert self.server is not None
        return f"{self.server.url}/sessions/s-1"

    def asked(self) -> list[int]:
        """Numbers of the segments asked for, in order."""
        assert self.server is not None
        return [int(path.rpartition("/")[2]) for path, _ in self.server.seen if "/segments/" in path]

    def reply(self, path: str, _headers: dict[str, str], asked: int) -> bytes | None:
        """The answer to a request."""
        if "/segments/" not in path:
            after = int(path.partition("?after=")[2].partition("&")[0] or -1)
            parts = [{"n": n, "bytes": len(self.bodies[n]), "etag": self.etag(n)} for n in self.listed if n > after]
            if "/segments?" in path:
                more = str(max(self.listed)) if self.live else None
                return answer(200, json.dumps({"data": parts, "next": more, "live": self.live}).encode())
            return answer(200, json.dumps({"id": "s-1", "segments": parts}).encode())
        n = int(path.rpartition("/")[2])
        odd = self.fault(n, asked)
        return self.whole(n) if odd is ... else odd

    def etag(self, n: int) -> str:
        """Digest of a segment."""
        return hashlib.sha256(self.bodies[n]).hexdigest()

    def whole(self, n: int, length: int | None = None) -> bytes:
        """The right answer for segment `n`; `length` may lie."""
        request = json.dumps({"url": "/api/replay/s-1/events", "headers": {}, "received": 1.0})
        return answer(200, self.bodies[n], length, X_Replay_Request=request, ETag=f'"{self.etag(n)}"')


@contextmanager
def backend(count: int, fault: Fault = lambda _n, _asked: ..., **odd: bytes) -> Iterator[Backend]:
    """A backend of `count` segments; `odd`: other bodies for some (`s3=…`)."""
    bodies = {n: odd.get(f"s{n}", body(n)) for n in range(count)}
    made = Backend(bodies, fault, list(range(count)))
    with serving(made.reply) as server:
        made.server = server
        yield made


def content(home: Path, session: str) -> dict[str, object]:
    """All that was made of a session: events byte by byte, rows, health, span; without when and where from."""
    with Library.open(home) as library:
        whole = library.session(session)
        return {
            "facts": whole.facts,
            "tabs": [(tab.index, tab.key, tab.start, tab.end, tab.events) for tab in whole.tabs],
            "rows": {kind: [row for _, row in library.rows(session, kind)] for kind in KINDS},
            "chunks": {
                tab.index: [library.blob(chunk.blob) for chunk in library.chunks(session, tab.index)]
                for tab in whole.tabs
            },
            "health": whole.health,
            "span": (whole.start, whole.end, whole.events),
        }

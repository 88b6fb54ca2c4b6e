"""An engine in this process, over a store in memory, and recordings made by hand."""

from __future__ import annotations

import socket
from collections import deque
from typing import Any

import orjson

from replay_viewer.recording import patch
from replay_viewer.services.engine import Reply, asset_reply
from replay_viewer.services.playback import Stage
from tests.stores import MemoryStore

START = 1_700_000_000_000.0


class StageEngine:
    """Answers as services.engine.EngineClient does, at once or when `release` is called."""

    def __init__(self, raws: list[bytes], step: int = 0) -> None:
        """`step`: a keyframe every so many events."""
        self.store = MemoryStore(raws, step)
        self.stage = Stage(self.store, "s")
        self.connection, self._bell = socket.socketpair()
        self._number = 0
        self._answers: deque[Reply] = deque()
        self._held: list[Reply] = []
        self.hold = False
        self.asked: list[tuple[Any, ...]] = []

    def _reply(self, reply: Reply) -> int:
        if self.hold:
            self._held.append(reply)
        else:
            self._answers.append(reply)
            self._bell.send(b"x")
        return reply.request

    def release(self) -> None:
        """Let the answers out that were held back."""
        self.hold = False
        held, self._held = self._held, []
        for reply in held:
            self._reply(reply)

    def seek(self, tab: int, t: float, base: int | None) -> int:
        self._number += 1
        self.asked.append(("seek", t, base))
        made = self.stage.seek(tab, t, base)
        return self._reply(Reply(self._number, "seek", self.stage.rev, t, patch.encode(made)))

    def frames(self, tab: int, t0: float, t1: float, base: int, step: float = 16.0) -> int:
        self._number += 1
        self.asked.append(("frames", t0, t1))
        made = self.stage.frames(tab, t0, t1, step)
        return self._reply(Reply(self._number, "frames", self.stage.rev, t1, patch.encode(made)))

    def prepare(self) -> int:
        self._number += 1
        self.asked.append(("prepare",))
        made = self.stage.prepare()
        return self._reply(Reply(self._number, "prepared", self.stage.rev, body=patch.encode(made) if made else b""))

    def find(self, tab: int, t: float, direction: int) -> int:
        self._number += 1
        found = self.stage.states(tab).neighbour(t, direction)
        return self._reply(Reply(self._number, "neighbour", self.stage.rev, t, orjson.dumps(found)))

    def asset(self, key: str) -> int:
        self._number += 1
        self.asked.append(("asset", key))
        return self._reply(asset_reply(self._number, self.stage, key))

    def poll(self, timeout: float = 0.0) -> bool:
        return bool(self._answers)

    def receive(self) -> Reply:
        self.connection.recv(1)
        return self._answers.popleft()

    def close(self) -> None:
        self.connection.close()
        self._bell.close()


class Recording:
    """A recording written by hand: a page, then what happens to it. Times are ms from START."""

    def __init__(self, url: str = "http://shop.test/cart/", size: tuple[int, int] = (800, 600)) -> None:
        self._next = 1
        self.url = url
        self.size = size
        self.raws: list[bytes] = []

    def el(self, tag: str, attrs: dict[str, Any] | None = None, *children: Any, **more: Any) -> dict[str, Any]:
        """A serialised element; text children as str."""
        self._next += 1
        node = {"type": 2, "tagName": tag, "attributes": attrs or {}, "id": self._next, "childNodes": [], **more}
        node["childNodes"] = [self.text(c) if isinstance(c, str) else c for c in children]
        return node

    def text(self, value: str) -> dict[str, Any]:
        self._next += 1
        return {"type": 3, "textContent": value, "id": self._next}

    def event(self, t: float, type: int, data: Any) -> None:
        self.raws.append(orjson.dumps({"type": type, "timestamp": START + t, "data": data}))

    def page(self, t: float, *body: Any, head: tuple[Any, ...] = ()) -> None:
        """Meta and full snapshot of a document with this body (and head)."""
        self.event(t, 4, {"href": self.url, "width": self.size[0], "height": self.size[1]})
        self._next += 1
        doctype = {"type": 1, "name": "html", "publicId": "", "systemId": "", "id": self._next}
        root = self.el("html", {}, self.el("head", {}, *head), self.el("body", {"id": "body"}, *body))
        node = {"type": 0, "id": 1, "childNodes": [doctype, root]}
        self.event(t, 2, {"node": node, "initialOffset": {"left": 0, "top": 0}})

    def change(self, t: float, **parts: Any) -> None:
        """A mutation: adds, removes, texts, attributes."""
        data = {"source": 0, "adds": [], "removes": [], "texts": [], "attributes": [], **parts}
        self.event(t, 3, data)

    def incremental(self, t: float, source: int, **data: Any) -> None:
        self.event(t, 3, {"source": source, **data})

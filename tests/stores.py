"""A store in memory: chunks and keyframes of a recording as the importer would write them, for engine tests."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass, field
from typing import Any

import msgspec
import orjson

from replay_viewer.domain.pulled import Asset
from replay_viewer.recording import keyframe
from replay_viewer.recording.chunk import pack
from replay_viewer.recording.events import Event, decode_event
from replay_viewer.recording.mirror import Mirror
from tests.data_dir import session_dir


@dataclass
class Ref:
    """A chunk or keyframe reference, as the library has them."""

    first: int = 0
    events: int = 0
    t0: float = 0.0
    t1: float = 0.0
    blob: str = ""
    event: int = 0
    t: float = 0.0


@dataclass
class MemoryStore:
    """One tab, in memory. `step`: a keyframe every so many events (0: where `Placement` wants them)."""

    raws: list[bytes]
    step: int = 0
    per_chunk: int = 500
    blobs: dict[str, bytes] = field(default_factory=dict)
    captured: list[Asset] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chunks: list[Any] = []
        self._keyframes: list[Any] = []
        mirror, placement = Mirror(), keyframe.Placement()
        pending: list[tuple[Event, bytes]] = []
        for n, raw in enumerate(self.raws):
            event = decode_event(raw)
            mirror.apply(event)
            pending.append((event, raw))
            placement.add(len(raw))
            if (n + 1) % self.step == 0 if self.step else placement.due(mirror):
                placement.placed()
                self.blobs[f"k{n}"] = keyframe.encode(mirror)
                self._keyframes.append(Ref(event=n + 1, t=event.timestamp, blob=f"k{n}"))
            if len(pending) == self.per_chunk or n == len(self.raws) - 1:
                name = f"c{n}"
                self.blobs[name] = pack(pending)
                times = [e.timestamp for e, _ in pending]
                first = n + 1 - len(pending)
                self._chunks.append(Ref(first=first, events=len(pending), t0=min(times), t1=max(times), blob=name))
                pending = []

    def chunks(self, id: str, tab: int) -> list[Any]:
        return self._chunks

    def keyframes(self, id: str, tab: int) -> list[Any]:
        return self._keyframes

    def blob(self, digest: str) -> bytes:
        return self.blobs[digest]

    def assets(self, id: str) -> list[Asset]:
        return self.captured

    def capture(self, url: str, type: str, data: bytes) -> None:
        """As if the file had been captured."""
        name = hashlib.sha256(data).hexdigest()
        self.blobs[name] = data
        self.captured.append(Asset(url=url, digest=name, type=type, size=len(data)))


def rrweb_events(name: str) -> list[bytes]:
    """Raw events of a plain rrweb recording of the shared data, in order of time."""
    data = gzip.decompress((session_dir(name) / "events.json.gz").read_bytes())
    raws = [bytes(raw) for raw in msgspec.json.decode(data, type=list[msgspec.Raw])]
    return sorted(raws, key=lambda raw: float(orjson.loads(raw)["timestamp"]))

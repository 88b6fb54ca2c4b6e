"""Where a pull puts what came, until the session is over: bodies with sidecars, a form `formats.read_paths` knows.

The folder is `home/pulls/<session>-<hash of URL>`. Each segment is there whole or not at all: a body counts once it
stands beside a sidecar with its digest, so a pull that was killed goes on from what is there.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from replay_viewer import formats
from replay_viewer.domain.errors import UserError
from replay_viewer.domain.session import Finding
from replay_viewer.domain.time import to_ms
from replay_viewer.formats.base import Document
from replay_viewer.library import Library
from replay_viewer.recording.events import decode_head
from replay_viewer.sources import Link, Segment, recognise

#: Segments of a session that was still recorded are kept this long (s), so that a refresh asks for new ones only.
KEPT_FOR = 7 * 86_400.0


class _Sidecar(msgspec.Struct, rename="camel"):
    """What stands beside a body, as in captures, with the source's ETag and our own digest of the bytes."""

    seq: int
    received_at: float
    method: str
    url: str
    headers: dict[str, str]
    body_bytes: int
    body_file: str
    etag: str = ""
    sha256: str = ""


class Spool:
    """The segments of one session.

    `have`: number of each to its ETag; `digests`: to the SHA-256 of its body; `size`: their bytes; `lost`: number to
    why.
    """

    def __init__(self, home: Path, link: Link) -> None:
        self.folder = home / "pulls" / _folder_name(link)
        self.have: dict[int, str] = {}
        self.digests: dict[int, str] = {}
        self.size = 0
        self.lost: dict[int, str] = {}
        self._sizes: dict[int, int] = {}
        self._documents: dict[int, Document] = {}

    def open(self) -> None:
        """See what is there; whatever is not whole is removed. Raises OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept: set[str] = set()
        for path in self.folder.glob("*.json"):
            try:
                sidecar = msgspec.json.decode(path.read_bytes(), type=_Sidecar)
                body = path.with_suffix(".bin").read_bytes()
            except (OSError, msgspec.MsgspecError):
                continue
            if hashlib.sha256(body).hexdigest() == sidecar.sha256:
                self._count(sidecar.seq - 1, sidecar, len(body))
                kept |= {path.name, path.with_suffix(".bin").name}
        for path in self.folder.iterdir():
            if path.name not in kept:
                path.unlink(missing_ok=True)

    def fit(self, segments: Mapping[int, str]) -> None:
        """Drop what the source's plan (number to ETag) does not have, or has otherwise by now."""
        for n in [n for n, etag in self.have.items() if segments.get(n) != etag]:
            # the body first: a sidecar alone counts for nothing
            self._path(n).with_suffix(".bin").unlink(missing_ok=True)
            self._path(n).with_suffix(".json").unlink(missing_ok=True)
            self.size -= self._sizes.pop(n)
            del self.have[n], self.digests[n]
            self._documents.pop(n, None)
        self.lost = {n: why for n, why in self.lost.items() if n in segments}

    def put(self, segment: Segment) -> None:
        """Keep a segment, or that it is lost. Raises OSError."""
        if segment.lost:
            self.lost[segment.n] = segment.lost
            return
        path = self._path(segment.n)
        sidecar = _Sidecar(
            seq=segment.n + 1,
            received_at=segment.received,
            method="POST",
            url=segment.url,
            headers=segment.headers,
            body_bytes=len(segment.body),
            body_file=path.with_suffix(".bin").name,
            etag=segment.etag,
            sha256=hashlib.sha256(segment.body).hexdigest(),
        )
        # the sidecar first: who imports meanwhile never meets a body without its headers
        for suffix, data in ((".json", msgspec.json.encode(sidecar)), (".bin", segment.body)):
            part = path.with_name(f".{path.name}.part")
            part.write_bytes(data)
            os.replace(part, path.with_suffix(suffix))
        self._count(segment.n, sidecar, len(segment.body))
        self._documents.pop(segment.n, None)
        self.lost.pop(segment.n, None)

    def documents(self) -> list[Document]:
        """The segments in order, as `formats.read_paths` of the folder would find them. Raises OSError."""
        for n in self.have.keys() - self._documents.keys():
            path = self._path(n)
            sidecar = msgspec.json.decode(path.with_suffix(".json").read_bytes(), type=_Sidecar)
            self._documents[n] = formats.captured(
                path.with_suffix(".bin"), folder=self.folder.name, url=sidecar.url, headers=sidecar.headers
            )
        return [self._documents[n] for n in sorted(self._documents)]

    def _count(self, n: int, sidecar: _Sidecar, size: int) -> None:
        self.size += size - self._sizes.get(n, 0)
        self._sizes[n] = size
        self.have[n], self.digests[n] = sidecar.etag, sidecar.sha256

    def name(self, n: int) -> str:
        """The name of a segment's body."""
        return self._path(n).with_suffix(".bin").name

    def _path(self, n: int) -> Path:
        return self.folder / f"{n + 1:05}"

    def gaps(self, order: list[int]) -> list[Finding]:
        """A finding for each run of lost segments: where it lies, from its neighbours' events, and why.

        `order`: the numbers of all segments as the source has them.
        """
        found: list[Finding] = []
        run: list[int] = []
        for at, n in enumerate([*order, -1]):
            if n in self.lost:
                run.append(n)
            elif run:
                first = at - len(run)
                before = next((t for m in reversed(order[:first]) if (t := self._edge(m, last=True))), -1.0)
                after = next((t for m in order[at:] if (t := self._edge(m, last=False))), -1.0)
                one = len(run) == 1
                which = f"Segment {run[0]}" if one else f"Segments {run[0]} to {run[-1]}"
                found.append(
                    Finding(
                        code="lost-segment",
                        severity="error",
                        count=len(run),
                        t=before if before > 0 else after,
                        end=after if before > 0 else -1.0,
                        message=f"{which} of the recording could not be had: {self.lost[run[0]]}. What happened then "
                        "cannot be shown; refreshing the session asks again.",
                    )
                )
                run = []
        return found

    def _edge(self, n: int, *, last: bool) -> float | None:
        """Instant of the first or last event that draws in a segment (epoch ms); None when it has none."""
        path = self._path(n)
        try:
            sidecar = msgspec.json.decode(path.with_suffix(".json").read_bytes(), type=_Sidecar)
            pieces = formats.read_body(path.with_suffix(".bin").read_bytes(), sidecar.headers, sidecar.url)
        except (OSError, msgspec.MsgspecError, UserError):
            return None
        times: list[float] = []
        for piece in pieces:
            for raw in piece.events if isinstance(piece, formats.Batch) else ():
                with suppress(msgspec.DecodeError, RecursionError):
                    head = decode_head(raw)
                    if head.type < 5:  # custom events carry the time of something else
                        times.append(to_ms(head.timestamp))
        return (max(times) if last else min(times)) if times else None

    def remove(self) -> None:
        """The session is imported and will not grow."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _folder_name(link: Link) -> str:
    """A folder for a session: readable, and made of harmless characters whatever the id is."""
    readable = re.sub(r"[^A-Za-z0-9-]", "_", link.session)[:40]
    return f"{readable}-{hashlib.sha256(link.url.encode()).hexdigest()[:12]}"


def forget(library: Library, id: str) -> None:
    """Remove what is kept of a session's segments, as the session itself is about to be. Raises NotFound."""
    pulled = library.extras.pulled(library.session(id).id)
    if pulled is not None and any((library.home / "pulls").glob("*")):
        with suppress(UserError):  # an address that is no longer recognised has no folder to be found
            Spool(library.home, recognise(pulled.url)[1]).remove()


def remove_old(home: Path) -> None:
    """Remove what pulls left that nobody went on with for a week."""
    before = time.time() - KEPT_FOR
    for path in (home / "pulls").glob("*"):
        with suppress(OSError):
            if path.stat().st_mtime < before:
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)

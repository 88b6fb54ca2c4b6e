"""Bundles: one file that holds a whole session, to be opened on another machine, offline.

Without redaction a bundle carries the stored chunks and keyframes as they are. With redaction every event is given
to the transform and the chunks are packed anew; keyframes would still hold what was removed, so they are left out
and computed from the redacted events on import. Either way the format is the same (docs/bundle-format.md).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
import zstandard

from replay_viewer.domain.errors import BadInput, Cancelled, NotFound, StorageProblem
from replay_viewer.domain.rows import KINDS, Row, encode_row
from replay_viewer.domain.session import Note, Session, Tab
from replay_viewer.library import Library, SessionWriter
from replay_viewer.recording import chunk, keyframe
from replay_viewer.recording.events import Event, Kind, decode_event
from replay_viewer.recording.mirror import Mirror
from replay_viewer.services.bundle_file import (
    FORMAT,
    MANIFEST,
    VERSION,
    Activity,
    Bundle,
    ChunkEntry,
    KeyframeEntry,
    Manifest,
    Member,
    TabEntry,
    looks_like_bundle,
)

__all__ = ["Bundle", "Transform", "import_bundle", "looks_like_bundle", "read_bundle", "write_bundle"]

_ROWS_AT_ONCE = 2000


class Transform(Protocol):
    """What is done to everything before it leaves: `redaction.Redactor` is one.

    `event` must return an event of the same type and time. `learn` and `learn_row` are given everything first.
    """

    @property
    def strict(self) -> bool:
        """Whether anything is changed at all."""
        ...

    def learn(self, events: Iterable[bytes], tab: int = 0) -> None: ...
    def learn_row(self, row: Row) -> None: ...
    def session(self, session: Session) -> Session: ...
    def row(self, row: Row) -> Row: ...
    def note(self, note: Note) -> Note: ...
    def event(self, raw: bytes, tab: int = 0) -> bytes: ...
    def manifest(self) -> Sequence[Any]: ...


def write_bundle(
    library: Library, session_id: str, out: Path, *, notes: bool = True, transform: Transform | None = None
) -> Manifest:
    """Write session `session_id` to `out` (replaced when it is there; whole or not at all) and return its manifest.

    The same content gives the same bytes. Raises NotFound, BadInput (still importing), StorageProblem.
    """
    session = library.session(session_id)
    if session.state != "ready":
        raise BadInput("This session is still being imported.", "Wait until it is complete, then export it.")
    changing = transform if transform is not None and transform.strict else None
    if changing is not None:
        _learn(library, session, changing)
    temporary = out.with_name(f".{out.name}.{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as file:
            with zipfile.ZipFile(file, "w") as archive:
                manifest = _fill(_Members(archive), library, session, notes, changing)
            file.flush()
            os.fsync(file.fileno())
        if library.session(session.id).imported != session.imported:
            raise StorageProblem("The session was imported anew while it was exported.", "Export it again.")
        temporary.replace(out)
    except OSError as error:
        raise StorageProblem(
            f"The bundle could not be written to {out}: {error.strerror or error}.", "Choose another place."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    return manifest


def read_bundle(path: Path) -> Bundle:
    """The bundle at `path`, opened and validated. Raises BadInput, NewerVersion."""
    return Bundle(path)


def import_bundle(
    library: Library,
    path: Path,
    *,
    origin: str = "",
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> str:
    """Import the bundle at `path`; the session's id. It replaces an older copy of the same session.

    A redacted bundle never replaces what it was made from: when the session is there already, the redacted one is
    called `…-redacted`. `progress` gets chunks done and in all. Raises BadInput, NewerVersion, StorageProblem,
    Cancelled; nothing is half-imported.
    """
    with read_bundle(path) as bundle:
        id = _free_id(library, bundle)
        try:
            with library.writer(id, origin or str(path.resolve())) as writer:
                tabs = _import_tabs(bundle, writer, progress, cancelled)
                for kind in bundle.kinds:
                    for rows in bundle.rows(kind):
                        writer.rows(rows)
                if bundle.activity is not None:
                    held = bundle.activity
                    writer.activity(held.start, held.bucket, np.array(held.counts, np.int64))
                writer.finish(msgspec.structs.replace(bundle.session, id=id, tabs=tabs))
        except OverflowError as error:
            # numbers no computer of ours counts to: checksums are right, so somebody wrote them on purpose
            raise BadInput(
                f"The bundle “{path.name}” holds numbers that are too large.", "It was not imported; do not trust it."
            ) from error
        for note in bundle.notes:
            library.put_note(msgspec.structs.replace(note, session=id, id=_note_id(library, note.id, id)))
    return id


def _import_tabs(
    bundle: Bundle,
    writer: SessionWriter,
    progress: Callable[[int, int], None] | None,
    cancelled: Callable[[], bool] | None,
) -> list[Tab]:
    """Write the recordings; the session's tabs with the number of keyframes they have now."""
    total = sum(len(tab.chunks) for tab in bundle.tabs)
    done = 0
    keyframes: dict[int, int] = {}
    for tab in bundle.tabs:
        rebuilder = None if tab.keyframes else _Rebuilder(writer, tab.tab)
        for entry in tab.chunks:
            if cancelled is not None and cancelled():
                raise Cancelled
            data, events = bundle.chunk(entry)
            writer.chunk(tab.tab, entry.first, entry.events, entry.t0, entry.t1, data)
            if rebuilder is not None:
                rebuilder.add(events)
            done += 1
            if progress is not None:
                progress(done, total)
        for one in tab.keyframes:
            writer.keyframe(tab.tab, one.event, one.t, one.nodes, bundle.piece(one.member))
        keyframes[tab.tab] = len(tab.keyframes) if rebuilder is None else rebuilder.written
    return [
        msgspec.structs.replace(tab, keyframes=keyframes.get(tab.index, tab.keyframes)) for tab in bundle.session.tabs
    ]


def _note_id(library: Library, wanted: str, session: str) -> str:
    """`wanted`, unless another session has a note of that id, which must not be taken from it."""
    held = library.note(wanted)
    if held is None or held.session == session:
        return wanted
    return hashlib.sha256(f"{session}\n{wanted}".encode()).hexdigest()[:32]


def _free_id(library: Library, bundle: Bundle) -> str:
    id = bundle.session.id
    if bundle.manifest.redacted:
        with contextlib.suppress(NotFound):
            if library.session(id).id == id:
                return f"{id}-redacted"
    return id


def _learn(library: Library, session: Session, transform: Transform) -> None:
    """Show everything to the transform before anything is changed."""
    for tab in session.tabs:
        transform.learn(_raw_events(library, session.id, tab.index), tab.index)
    for kind in KINDS:
        for row in _rows(library, session.id, kind):
            transform.learn_row(row)


def _raw_events(library: Library, id: str, tab: int) -> Iterator[bytes]:
    for ref in library.chunks(id, tab):
        held = chunk.Chunk(library.blob(ref.blob))
        for n in range(len(held)):
            yield held.raw(n)


def _rows(library: Library, id: str, kind: str) -> Iterator[Row]:
    count = len(library.columns(id, kind))
    for start in range(0, count, _ROWS_AT_ONCE):
        yield from library.fetch(id, kind, range(start, min(count, start + _ROWS_AT_ONCE)))


class _Members:
    """Writes members and keeps their sums."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.written: dict[str, Member] = {}

    def put(self, name: str, data: bytes) -> None:
        """Write a member; zstd pieces as they are, others deflated."""
        self.stream(name, [data])

    def stream(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a member piece by piece."""
        # a fixed date, so that the same content gives the same file
        info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        info.external_attr = 0o644 << 16
        info.create_system = 3
        info.compress_type = zipfile.ZIP_STORED if name.endswith(".zst") else zipfile.ZIP_DEFLATED
        digest, size = hashlib.sha256(), 0
        with self._archive.open(info, "w", force_zip64=True) as member:
            for piece in pieces:
                member.write(piece)
                digest.update(piece)
                size += len(piece)
        self.written[name] = Member(digest.hexdigest(), size)


def _fill(
    members: _Members, library: Library, session: Session, notes: bool, transform: Transform | None
) -> Manifest:
    """Write all members; the manifest last, because it holds the sums of the others."""
    id = session.id
    start, bucket, counts = library.activity(id)
    if len(counts):
        members.put("activity.json", _json(Activity(start=start, bucket=bucket, counts=counts.tolist())))
    index = [_write_tab(members, library, id, tab.index, transform) for tab in session.tabs]
    written = transform.session(session) if transform is not None else session
    members.put("health.json", _json(written.health))
    members.put("index.json", _json(index))
    if notes:
        noted = library.notes(id)
        members.put("notes.json", _json([transform.note(note) for note in noted] if transform is not None else noted))
    for kind in sorted(kind for kind, count in session.counts.items() if count):
        changed = (transform.row(row) if transform is not None else row for row in _rows(library, id, kind))
        members.stream(f"rows/{kind}.jsonl", (encode_row(row) + b"\n" for row in changed))
    # where and when it was imported is of this machine, not of the session
    bare = msgspec.structs.replace(written, id=id, health=[], origin="", imported=0.0)
    members.put("session.json", _json(bare))
    if transform is not None:
        members.put("removed.json", _json(list(transform.manifest())))
    manifest = Manifest(
        format=FORMAT,
        version=VERSION,
        session=id,
        redacted=transform is not None,
        counts={"events": session.events, **session.counts},
        members=dict(sorted(members.written.items())),
    )
    members.put(MANIFEST, _json(manifest))
    return manifest


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=1) + b"\n"


def _write_tab(members: _Members, library: Library, id: str, tab: int, transform: Transform | None) -> TabEntry:
    chunks: list[ChunkEntry] = []
    for ref in library.chunks(id, tab):
        name = f"chunks/{tab}/{ref.index:06}.zst"
        if transform is None:
            members.put(name, library.blobs.packed(ref.blob))
        else:
            members.put(
                name, zstandard.ZstdCompressor(level=3).compress(_changed(library.blob(ref.blob), tab, transform))
            )
        chunks.append(ChunkEntry(member=name, first=ref.first, events=ref.events, t0=ref.t0, t1=ref.t1))
    keyframes: list[KeyframeEntry] = []
    for one in library.keyframes(id, tab) if transform is None else ():
        name = f"keyframes/{tab}/{one.index:06}.zst"
        members.put(name, library.blobs.packed(one.blob))
        keyframes.append(KeyframeEntry(member=name, event=one.event, t=one.t, nodes=one.nodes))
    return TabEntry(tab=tab, chunks=chunks, keyframes=keyframes)


def _changed(data: bytes, tab: int, transform: Transform) -> bytes:
    """A chunk with every event transformed; times, order and number stay."""
    held = chunk.Chunk(data)
    events: list[tuple[Event, bytes]] = []
    for n in range(len(held)):
        raw = transform.event(held.raw(n), tab)
        event = decode_event(raw)
        event.timestamp = float(held.times[n])
        events.append((event, raw))
    return chunk.pack(events)


class _Rebuilder:
    """Computes the keyframes of a tab from its events, placed as the importer places them."""

    def __init__(self, writer: SessionWriter, tab: int) -> None:
        self._writer = writer
        self._tab = tab
        self._mirror = Mirror()
        self._placement = keyframe.Placement()
        self._count = 0
        self.written = 0

    def add(self, events: chunk.Chunk) -> None:
        """The next chunk."""
        for n in range(len(events)):
            try:
                event = events.event(n)
            except (msgspec.DecodeError, RecursionError) as error:
                raise BadInput("The bundle holds an event that is none.", "Ask for it to be sent again.") from error
            self._mirror.apply(event)
            self._count += 1
            self._placement.add(len(events.raw(n)))
            if event.type == Kind.FULL_SNAPSHOT or self._placement.due(self._mirror):
                nodes = len(self._mirror.nodes)
                encoded = keyframe.encode(self._mirror)
                self._writer.keyframe(self._tab, self._count, event.timestamp, nodes, encoded)
                self._placement.placed()
                self.written += 1

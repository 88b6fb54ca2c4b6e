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
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import zstandard

from replay_viewer.analysis.mapset import MapSet
from replay_viewer.domain.errors import BadInput, Cancelled, NotFound, StorageProblem
from replay_viewer.domain.pulled import Asset, WantedMap
from replay_viewer.domain.rows import Row, encode_row
from replay_viewer.domain.session import Session, Tab
from replay_viewer.library import Library, SessionWriter
from replay_viewer.services.bundle_file import (
    FORMAT,
    MANIFEST,
    VERSION,
    VERSION_WITHOUT_MAPS,
    Activity,
    AssetEntry,
    Bundle,
    ChunkEntry,
    KeyframeEntry,
    Manifest,
    MapEntry,
    Member,
    TabEntry,
    looks_like_bundle,
)
from replay_viewer.services.bundle_maps import BundleMaps
from replay_viewer.services.maps import after, keep
from replay_viewer.services.notes import merge_notes
from replay_viewer.services.transform import (
    OnProgress,
    Rebuilder,
    Steps,
    Transform,
    all_rows,
    changed_chunk,
    learn_all,
)

__all__ = ["Bundle", "Transform", "import_bundle", "looks_like_bundle", "read_bundle", "write_bundle"]


def write_bundle(
    library: Library,
    session_id: str,
    out: Path,
    *,
    notes: bool = True,
    maps: MapSet | None = None,
    transform: Transform | None = None,
    progress: OnProgress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Manifest:
    """Write session `session_id` to `out` (replaced when it is there; whole or not at all) and return its manifest.

    The same content gives the same bytes. `maps`: source maps, of which those go along that the session's stacks
    need (None: none do; they hold the application's source code, which no redaction touches). `progress` gets chunks
    done and in all (read, then written). Raises NotFound, BadInput (still importing), StorageProblem, Cancelled.
    """
    session = library.session(session_id)
    if session.state != "ready":
        raise BadInput("This session is still being imported.", "Wait until it is complete, then export it.")
    changing = transform if transform is not None and transform.strict else None
    chunks = sum(len(library.chunks(session.id, tab.index)) for tab in session.tabs)
    steps = Steps(chunks * (1 if changing is None else 2), progress, cancelled)
    if changing is not None:
        learn_all(library, session, changing, steps)
    temporary = out.with_name(f".{out.name}.{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as file:
            with zipfile.ZipFile(file, "w") as archive:
                manifest = _fill(_Members(archive), library, session, notes, maps, changing, steps)
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
        for asset in bundle.assets:
            library.extras.put_asset(id, Asset(url=asset.url, type=asset.type), bundle.piece(asset.member))
        for one in bundle.maps:
            file = WantedMap(url=one.name, name=one.name, debug_id=one.debug_id)
            keep(library, id, file, bundle.map(one), "bundle", unread=True)
        after(library, id)
        merge_notes(
            library,
            [msgspec.structs.replace(one, session=id, id=_note_id(library, one.id, id)) for one in bundle.notes],
        )
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
        rebuilder = None if tab.keyframes else Rebuilder(writer, tab.tab)
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
    members: _Members,
    library: Library,
    session: Session,
    notes: bool,
    maps: MapSet | None,
    transform: Transform | None,
    steps: Steps,
) -> Manifest:
    """Write all members; the manifest last, because it holds the sums of the others."""
    id = session.id
    start, bucket, counts = library.activity(id)
    if len(counts):
        members.put("activity.json", _json(Activity(start=start, bucket=bucket, counts=counts.tolist())))
    index = [_write_tab(members, library, id, tab.index, transform, steps) for tab in session.tabs]
    written = transform.session(session) if transform is not None else session
    _write_assets(members, library, id, transform)
    members.put("health.json", _json(written.health))
    members.put("index.json", _json(index))
    if notes:
        noted = library.notes(id)
        members.put("notes.json", _json([transform.note(note) for note in noted] if transform is not None else noted))
    needed = BundleMaps(maps) if maps is not None else None
    for kind in sorted(kind for kind, count in session.counts.items() if count):
        rows = _changed(all_rows(library, id, kind), transform, needed)
        members.stream(f"rows/{kind}.jsonl", (encode_row(row) + b"\n" for row in rows))
    with_maps = _write_maps(members, needed) if needed is not None else 0
    # where and when it was imported is of this machine, not of the session
    bare = msgspec.structs.replace(written, id=id, health=[], origin="", imported=0.0)
    members.put("session.json", _json(bare))
    if transform is not None:
        members.put("removed.json", _json(list(transform.manifest())))
    manifest = Manifest(
        format=FORMAT,
        version=VERSION if with_maps else VERSION_WITHOUT_MAPS,
        session=id,
        redacted=transform is not None,
        maps=with_maps,
        source_code=needed is not None and needed.has_code,
        counts={"events": session.events, **session.counts},
        members=dict(sorted(members.written.items())),
    )
    members.put(MANIFEST, _json(manifest))
    return manifest


def _changed(rows: Iterable[Row], transform: Transform | None, needed: BundleMaps | None) -> Iterator[Row]:
    """Rows as they leave; `needed` is shown each, as it is and as it leaves."""
    for row in rows:
        changed = transform.row(row) if transform is not None else row
        if needed is not None:
            needed.see(row, changed)
        yield changed


def _write_maps(members: _Members, needed: BundleMaps) -> int:
    """The source maps of the stacks that were seen; how many."""
    entries: list[MapEntry] = []
    numbers: dict[str, str] = {}
    for name, held in needed.chosen():
        data = held.data()
        digest = hashlib.sha256(data).hexdigest()
        if digest not in numbers:
            numbers[digest] = f"maps/{len(numbers):06}.map"
            members.put(numbers[digest], data)
        entries.append(MapEntry(member=numbers[digest], name=name, debug_id=held.debug_id))
    if entries:
        members.put("maps.json", _json(entries))
    return len(numbers)


def _write_assets(members: _Members, library: Library, id: str, transform: Transform | None) -> None:
    """The captured files; of a redacted session those that can be shown to hold nothing personal."""
    kept = [one for one in library.extras.assets(id) if one.digest and (transform is None or transform.harmless(one))]
    entries = []
    for n, one in enumerate(kept):
        member = f"assets/{n:06}.zst"
        members.put(member, library.blobs.packed(one.digest))
        entries.append(AssetEntry(member=member, url=one.url, type=one.type))
    if entries:
        members.put("assets.json", _json(entries))


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=1) + b"\n"


def _write_tab(
    members: _Members, library: Library, id: str, tab: int, transform: Transform | None, steps: Steps
) -> TabEntry:
    chunks: list[ChunkEntry] = []
    for ref in library.chunks(id, tab):
        name = f"chunks/{tab}/{ref.index:06}.zst"
        if transform is None:
            members.put(name, library.blobs.packed(ref.blob))
        else:
            members.put(
                name,
                zstandard.ZstdCompressor(level=3).compress(changed_chunk(library.blob(ref.blob), tab, transform)),
            )
        steps.step()
        chunks.append(ChunkEntry(member=name, first=ref.first, events=ref.events, t0=ref.t0, t1=ref.t1))
    keyframes: list[KeyframeEntry] = []
    for one in library.keyframes(id, tab) if transform is None else ():
        name = f"keyframes/{tab}/{one.index:06}.zst"
        members.put(name, library.blobs.packed(one.blob))
        keyframes.append(KeyframeEntry(member=name, event=one.event, t=one.t, nodes=one.nodes))
    return TabEntry(tab=tab, chunks=chunks, keyframes=keyframes)

"""A session of the library redacted for good: recording, rows, notes and facts written anew, the old ones destroyed.

Nothing is changed until the new copy is whole: the library swaps them in one transaction. Then the old blobs, the
texts in the search index, what the database file still held of them, and pictures saved of the session go.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

import msgspec
import numpy as np

from replay_viewer.domain.errors import BadInput, StorageProblem
from replay_viewer.domain.rows import Row
from replay_viewer.domain.session import Finding, Session, Tab
from replay_viewer.library import Library
from replay_viewer.recording.chunk import Chunk
from replay_viewer.redaction import Redactor, Removed
from replay_viewer.services.transform import OnProgress, Rebuilder, Steps, all_rows, changed_chunk, learn_all

log = logging.getLogger(__name__)

_BATCH = 2000


def redact_for_good(
    library: Library,
    session_id: str,
    redactor: Redactor,
    *,
    progress: OnProgress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Sequence[Removed]:
    """Replace a session by its redacted form, irreversibly; what was removed.

    `progress` gets chunks done and in all. Raises NotFound, BadInput (still importing, or nothing to redact by),
    StorageProblem, Cancelled; then the session is as it was.
    """
    session = library.session(session_id)
    if session.state != "ready":
        raise BadInput("This session is still being imported.", "Wait until it is complete.")
    if not redactor.strict:
        raise BadInput("The profile “none” removes nothing.", "Choose another one.")
    chunks = sum(len(library.chunks(session.id, tab.index)) for tab in session.tabs)
    steps = Steps(2 * chunks, progress, cancelled)
    learn_all(library, session, redactor, steps)
    notes = [redactor.note(note) for note in library.notes(session.id)]
    with library.writer(session.id, session.origin) as writer:
        tabs: list[Tab] = []
        for tab in session.tabs:
            rebuilder = Rebuilder(writer, tab.index)
            for ref in library.chunks(session.id, tab.index):
                data = changed_chunk(library.blob(ref.blob), tab.index, redactor)
                writer.chunk(tab.index, ref.first, ref.events, ref.t0, ref.t1, data)
                rebuilder.add(Chunk(data))
                steps.step()
            tabs.append(msgspec.structs.replace(tab, keyframes=rebuilder.written))
        for kind in sorted(session.counts):
            for rows in _batches(redactor.row(row) for row in all_rows(library, session.id, kind)):
                writer.rows(rows)
        start, bucket, counts = library.activity(session.id)
        if len(counts):
            writer.activity(start, bucket, np.asarray(counts, np.int64))
        done = redactor.session(msgspec.structs.replace(session, tabs=tabs))
        removed = redactor.manifest()
        writer.finish(_marked(done, redactor.profile, sum(line.count for line in removed)))
    for note in notes:
        library.put_note(note)
    # A refresh would bring back what was removed, pictures cannot be redacted: both go. Styles and fonts may stay.
    assets = [one.url for one in library.extras.assets(session.id) if redactor.harmless(one)]
    # Source maps hold code, nothing of the visit; but the address one goes by may.
    maps = [one.name for one in library.extras.maps(session.id) if redactor.text(one.name, "maps") == one.name]
    library.extras.strip(session.id, assets, maps)
    destroy(library, session)
    return removed


def destroy(library: Library, session: Session) -> None:
    """Remove what is left of the session's former self from the disk. Raises StorageProblem."""
    library.put_setting("library.sweep", True)  # blobs of assets that went are known to no table
    library.tidy()
    try:
        for picture in sorted((library.home / "screenshots").glob(f"{session.id[:12]}-*")):
            picture.unlink(missing_ok=True)
    except OSError as error:
        raise StorageProblem(
            f"The session is redacted, but a picture of it could not be removed: {error.strerror}.",
            f"Remove the files in {library.home / 'screenshots'} by hand.",
        ) from error
    library.database.scrub()


def _marked(session: Session, profile: str, count: int) -> Session:
    said = Finding(
        code="redacted",
        message=f"This copy was redacted for good ({profile}): {count:,} values were removed from it.",
        count=count,
    )
    health = [finding for finding in session.health if finding.code != "redacted"]
    return msgspec.structs.replace(session, health=[said, *health])


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch

"""What pages showed, in the library: reading finished sessions in the background, and searching what was read.

A session is usable before its pages are read. Reading goes over its chunks once more, decodes only the events that
can change a text, and enters what it finds in portions. A line in `page_reads` says that it came to its end; without
one (a kill, a library of before) the session is read again from its start by whoever comes next.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from sqlalchemy import Connection, delete, func, insert, select, update

from replay_viewer.domain.errors import Cancelled, StorageProblem
from replay_viewer.domain.session import Finding, Session
from replay_viewer.library import fulltext, schema
from replay_viewer.library.locks import FileLock
from replay_viewer.library.records import Interval, PageHit, PageRead
from replay_viewer.recording.chunk import Chunk
from replay_viewer.recording.texts import Found, TextReader, is_masked

if TYPE_CHECKING:
    from replay_viewer.library.store import Library

log = logging.getLogger(__name__)

#: Of the reader: what an older one found is found again.
VERSION = 2
#: From so many texts of a session on, those shown for less than so many ms are left out, and counted. A page that
#: changes thousands of numbers a second cannot keep a person's words from being found to its end.
FLOORS = ((0, 0.0), (50_000, 100.0), (100_000, 500.0), (200_000, 2_000.0), (400_000, float("inf")))
#: What is longer than so many characters in all is left out whatever it is.
MAX_CHARACTERS = 64 << 20
#: Intervals kept of one text in one portion.
MAX_INTERVALS = 500
#: About the bytes in memory before a portion is entered, and lines entered in one transaction (some 50 ms).
_PORTION = 8 << 20
_SLICE = 4_000
_CODE = "text-index"
#: Letters from which on a word may be unfinished, and lines looked at then.
SHORTEST_START = 3
_ONCE = 1_000
_s = schema.sessions
_decode_session = msgspec.json.Decoder(Session).decode

Progress = Callable[[int, int], None]


def read_missing(
    library: Library, progress: Progress | None, cancelled: Callable[[], bool] | None, only: int | None = None
) -> int:
    """Read every finished session (or generation `only`) that was not read by this version; how many were."""
    reads = schema.page_reads.c
    missing = (
        select(_s.c.gen, _s.c.events)
        .where(_s.c.visible == 1, _s.c.state == "ready")
        .where(_s.c.gen.not_in(select(reads.gen).where(reads.version >= VERSION)))
        .order_by(_s.c.rank.desc())
    )
    if only is not None:
        missing = missing.where(_s.c.gen == only)
    with library.database.read() as connection:
        waiting = connection.execute(missing).all()
    total, done, count = sum(one.events for one in waiting), 0, 0
    for gen, events in waiting:
        # one at a time in a library: whoever waits finds it read
        with FileLock(library.home / "pages.lock"):
            with library.database.read() as connection:
                due = connection.execute(missing.where(_s.c.gen == gen)).first()
            if due is not None:
                _Reading(library, gen, partial(_report, progress, done, total), cancelled).run()
                count += 1
        done += events
    return count


def _report(progress: Progress | None, before: int, total: int, done: int) -> None:
    if progress is not None:
        progress(before + done, total)


class _Reading:
    """One generation being read."""

    def __init__(
        self, library: Library, gen: int, progress: Callable[[int], None], cancelled: Callable[[], bool] | None
    ) -> None:
        self._library = library
        self._gen = gen
        self._progress = progress
        self._cancelled = cancelled
        self._block = 0
        self._texts = self._masked = self._dropped = self._characters = 0

    def run(self) -> None:
        """Read all tabs. Raises Cancelled; damage ends it early and is said in the health report."""
        database, gen = self._library.database, self._gen
        while True:
            with database.write() as connection:
                if not fulltext.remove_page_texts(connection, gen, _SLICE):
                    break
        c = schema.chunks.c
        with database.read() as connection:
            start = connection.execute(select(_s.c.t0).where(_s.c.gen == gen)).scalar()
            chunks = connection.execute(select(c.tab, c.blob).where(c.gen == gen).order_by(c.tab, c.number)).all()
        self._block = schema.page_text_block(start or 0.0)
        trouble = ""
        tabs: dict[int, list[str]] = {}
        for tab, blob in chunks:
            tabs.setdefault(tab, []).append(blob)
        done = 0
        for tab, blobs in tabs.items():
            reader = TextReader()
            try:
                for blob in blobs:
                    chunk = Chunk(self._library.blob(blob))
                    for event in chunk.chosen(np.flatnonzero(_wanted(chunk))):
                        reader.apply(event)
                    done += len(chunk)
                    self._progress(done)
                    if self._cancelled is not None and self._cancelled():
                        raise Cancelled
                    if reader.size > _PORTION and not self._enter(tab, reader.take()):
                        return
            except (StorageProblem, msgspec.DecodeError, RecursionError) as error:
                log.warning("texts of generation %d tab %d are incomplete: %s", gen, tab, error)
                trouble = "A part of the recording could not be read, so its texts are not searchable."
            reader.finish()
            if not self._enter(tab, reader.take()):
                return
        self._close(trouble)

    def _enter(self, tab: int, found: Found) -> bool:
        """Write a portion; False when the session was deleted meanwhile."""
        lines: list[fulltext.PageLine] = []
        floors = dict(FLOORS)
        floor = next(ms for texts, ms in reversed(FLOORS) if self._texts >= texts)
        for (kind, text), flat in found.items():
            # what a passage says is found by its parts as well
            least = floor * 4 if kind == "passage" else floor
            if (least and _longest(flat) < least) or self._characters > MAX_CHARACTERS:
                self._dropped += 1
                continue
            masked = is_masked(text)
            self._masked += masked
            self._texts += 1
            floor = floors.get(self._texts, floor)
            self._characters += len(text)
            count = len(flat) // 3
            intervals = np.array(flat, "<f8").reshape(count, 3)
            if count > 1:
                intervals = intervals[np.argsort(intervals[:, 0], kind="stable")][:MAX_INTERVALS]
            lines.append((self._gen, tab, kind, int(masked), count, intervals.tobytes(), _storable(text)))
        for start in range(0, len(lines), _SLICE):
            with self._library.database.write() as connection:
                if connection.execute(select(_s.c.dead).where(_s.c.gen == self._gen)).scalar() != 0:
                    return False
                fulltext.add_page_texts(connection, self._block, lines[start : start + _SLICE])
        return True

    def _close(self, trouble: str) -> None:
        """Say that the session is read, and what of it is not searchable."""
        with self._library.database.write() as connection:
            found = connection.execute(select(_s.c.record, _s.c.dead).where(_s.c.gen == self._gen)).one_or_none()
            if found is None or found.dead:
                return
            connection.execute(delete(schema.page_reads).where(schema.page_reads.c.gen == self._gen))
            connection.execute(
                insert(schema.page_reads).values(
                    gen=self._gen,
                    version=VERSION,
                    texts=self._texts,
                    masked=self._masked,
                    dropped=self._dropped,
                )
            )
            session = _decode_session(found.record)
            health = [finding for finding in session.health if finding.code != _CODE]
            if self._dropped:
                message = "The page showed very many texts; those shown only for moments cannot be searched for."
                health.append(Finding(code=_CODE, message=message, count=self._dropped))
            if trouble:
                health.append(Finding(code=_CODE, message=trouble, severity="warning"))
            if health != session.health:
                record = msgspec.json.encode(msgspec.structs.replace(session, health=health))
                connection.execute(update(_s).where(_s.c.gen == self._gen).values(record=record))


def _wanted(chunk: Chunk) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which events of a chunk can change a text."""
    kinds = chunk.types.astype(np.int64) * 256 + chunk.sources
    which = [
        int(code) for code in np.unique(kinds) if TextReader.wants((code + 128) // 256, (code + 128) % 256 - 128)
    ]
    return np.isin(kinds, which)


def _longest(flat: list[float]) -> float:
    """ms of the longest of flat intervals; those to the end of the recording are endless."""
    if len(flat) == 3:
        return flat[1] - flat[0] if flat[1] >= 0 else float("inf")
    return max(float("inf") if end < 0 else end - start for start, end in zip(flat[::3], flat[1::3], strict=True))


def _storable(text: str) -> str:
    """`text` as SQLite can hold it: recordings may carry half surrogate pairs and zero characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode()
    return text.replace("\0", " ") if "\0" in text else text


# -- questions ---------------------------------------------------------------------------------------------------


def of(connection: Connection, gen: int) -> PageRead | None:
    """What reading a generation found; None when it was not read."""
    c = schema.page_reads.c
    found = connection.execute(select(c.texts, c.masked, c.dropped).where(c.gen == gen)).one_or_none()
    return None if found is None else PageRead(texts=found.texts, masked=found.masked, dropped=found.dropped)


def search(connection: Connection, words: Sequence[str], gen: int | None, limit: int, each: int) -> list[PageHit]:
    """Texts with all the words, as whole words; when there is none, with the last word as the start of one.

    Of all sessions, newest first, or of one generation.
    """
    if not words:
        return []
    found = _search(connection, fulltext.page_match(words, prefix=False), gen, limit, each)
    if not found and len(words[-1]) >= SHORTEST_START:
        found = _search(connection, fulltext.page_match(words, prefix=True), gen, limit, each, once=True)
    return _whole(found)


def _whole(hits: list[PageHit]) -> list[PageHit]:
    """Without the texts that stand in a passage found as well."""
    passages: dict[tuple[str, int], list[PageHit]] = {}
    for hit in hits:
        if hit.kind == "passage":
            passages.setdefault((hit.session, hit.tab), []).append(hit)
    if not passages:
        return hits

    def inside(hit: PageHit) -> bool:
        return any(
            hit.text in one.text and all(_within(span, one.intervals) for span in hit.intervals)
            for one in passages.get((hit.session, hit.tab), ())
        )

    return [hit for hit in hits if hit.kind != "text" or not inside(hit)]


def _within(span: Interval, spans: Sequence[Interval]) -> bool:
    return any(one.start <= span.start and (one.end < 0 or 0 <= span.end <= one.end) for one in spans)


def masked(connection: Connection, gen: int, limit: int) -> list[PageHit]:
    """The masked texts of a generation, first shown first, at most `limit`."""
    c = schema.page_texts.c
    name = _name(connection, gen)
    lines = connection.execute(
        select(c.tab, c.kind, c["count"], c.intervals, c.text)
        .where(c.gen == gen, c.masked == 1)
        .order_by(c.id)
        .limit(limit)
    ).all()
    hits = [
        PageHit(
            session=name,
            tab=line.tab,
            kind=line.kind,
            text=line.text,
            masked=True,
            count=line[2],
            intervals=_intervals(line.intervals),
        )
        for line in lines
    ]
    return sorted(hits, key=lambda hit: hit.intervals[0].start)


def _intervals(blob: bytes) -> list[Interval]:
    triples = np.frombuffer(blob, "<f8").reshape(-1, 3).tolist()
    return [Interval(start, end, int(node)) for start, end, node in triples]


def _search(
    connection: Connection, expression: str, only: int | None, limit: int, each: int, *, once: bool = False
) -> list[PageHit]:
    """With `once`, only the newest `_ONCE` lines are looked at: asking for starts of words costs as much each time as
    there are such words, however few lines are wanted.
    """
    low, below = 0, (1 << 63) - 1
    ids = schema.page_texts.c.id
    if only is not None:
        bounds = select(func.min(ids), func.max(ids)).where(schema.page_texts.c.gen == only)
        first, last = connection.execute(bounds).one()
        if first is None:
            return []
        low, below = int(first), int(last) + 1
    names: dict[int, str] = {}
    hits: dict[int, dict[tuple[int, str, str], PageHit]] = {}
    portion = _ONCE if once else max(50, each * 2)
    more = True
    while more:
        lines = fulltext.search_page_texts(connection, expression, low, below, portion)
        more = len(lines) == portion and not once
        for id, gen, tab, kind, masked, count, blob, text in lines:
            below = id
            if gen not in names:
                names[gen] = _name(connection, gen)
            if not names[gen] or (only is not None and gen != only):
                continue
            if gen not in hits and len(hits) >= limit:
                # what follows started earlier still
                more = False
                break
            mine = hits.setdefault(gen, {})
            key = (tab, kind, text)
            old = mine.get(key)
            if old is None and len(mine) >= each:
                if once:
                    continue
                # skip the rest of this session; sessions of the same second lie beside it, not within it
                below = int(
                    connection.execute(select(func.min(ids)).where(schema.page_texts.c.gen == gen)).scalar_one()
                )
                more = True
                break
            intervals = _intervals(blob)
            mine[key] = PageHit(
                session=names[gen],
                tab=tab,
                kind=kind,
                text=text,
                masked=bool(masked),
                count=count + (old.count if old else 0),
                intervals=sorted([*(old.intervals if old else ()), *intervals], key=lambda one: one.start),
            )
    return [hit for mine in hits.values() for hit in sorted(mine.values(), key=lambda one: one.intervals[0].start)]


def _name(connection: Connection, gen: int) -> str:
    """The session's id; '' for a generation nobody is to see."""
    return connection.execute(select(_s.c.sid).where(_s.c.gen == gen, _s.c.visible == 1)).scalar() or ""

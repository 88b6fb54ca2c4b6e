"""Import: files or request bodies of any format become sessions in the library."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import msgspec
import numpy as np

from replay_viewer import formats
from replay_viewer.analysis import health, timeline
from replay_viewer.analysis.merge import merge
from replay_viewer.analysis.vitals import rated
from replay_viewer.domain.errors import BadInput, Cancelled
from replay_viewer.domain.rows import (
    KIND_OF,
    KINDS,
    ConsoleEntry,
    Interaction,
    Navigation,
    NetworkRequest,
    Row,
    encode_row,
)
from replay_viewer.domain.session import Facts, Finding, Session, Tab
from replay_viewer.formats.base import Batch, Linked, Piece, Said, Skipped
from replay_viewer.library import Library, SessionWriter
from replay_viewer.recording.events import Kind, Source
from replay_viewer.recording.untangle import untangle
from replay_viewer.services import asset_health, attach
from replay_viewer.services.browsers import browser_and_os
from replay_viewer.services.bundle import import_bundle
from replay_viewer.services.bundle_file import looks_like_bundle
from replay_viewer.services.recorder import OutOfOrder, TabRecorder, Tangled

log = logging.getLogger(__name__)

#: Seconds between commits while a large session comes in: after each, the window can show more of it.
_COMMIT_EVERY = 1.0
#: Bytes after which the first commit is made, so that the first picture comes at once.
_FIRST_COMMIT = 1 << 20


#: Said of a session that has rows only.
NO_RECORDING = "There is no recording of the page here, only rows: attach them to a recording to see the page."

_SLICE = 100_000
_NO_TIMES = np.empty(0, np.float64)
_NO_KINDS = np.empty(0, np.int8)


@dataclass(frozen=True)
class Progress:
    """How far an import is. `session` is set as soon as something of it can be opened."""

    done: int
    total: int
    session: str = ""
    events: int = 0


OnProgress = Callable[[Progress], None]


@dataclass
class _Import:
    """One session on its way into the library."""

    library: Library
    key: str
    origin: str
    patient: bool
    apart: bool
    id: str = ""
    writer: SessionWriter | None = None
    facts: Facts = field(default_factory=Facts)
    tabs: dict[str, TabRecorder] = field(default_factory=dict)
    linked: list[Row] = field(default_factory=list)
    skipped: list[Finding] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    written: int = 0
    committed: float = 0.0
    bytes_at_commit: int = 0

    # -- in -----------------------------------------------------------------------------------------------------

    def add(self, piece: Piece) -> None:
        """Take one piece."""
        if isinstance(piece, Batch):
            if piece.events:
                self._writer(piece.events)
                self._tab(piece.tab).add(piece.events)
        elif isinstance(piece, Linked):
            self.linked += [rated(row) for row in piece.rows]
        elif isinstance(piece, Said):
            self.facts = formats.merge_facts(self.facts, piece.facts)
        elif isinstance(piece, Skipped):
            self._skip(Finding(code=piece.code, message=piece.message, count=piece.count))

    def _skip(self, finding: Finding) -> None:
        """A finding; a session page many errors name is said once."""
        if finding.code != "other-replay" or all(finding.message != known.message for known in self.skipped):
            self.skipped.append(finding)

    def _writer(self, events: Sequence[bytes]) -> SessionWriter:
        if self.writer is None:
            self.id = self.key or "rec-" + hashlib.blake2b(b"".join(events[:20]), digest_size=8).hexdigest()
            self.writer = self.library.writer(self.id, self.origin)
        return self.writer

    def _tab(self, key: str) -> TabRecorder:
        if key not in self.tabs:
            assert self.writer is not None
            # A window id is believed; without one, two tabs may lie in one stream.
            wary = not key and not self.apart
            self.tabs[key] = TabRecorder(self.writer, len(self.tabs), key, patient=self.patient, wary=wary)
        return self.tabs[key]

    def _tell_apart(self, tab: TabRecorder) -> None:
        """Tabs without window ids in one stream become tabs of their own, as far as what they changed tells."""
        assert self.writer is not None
        found = untangle(event for event, _, _ in tab.spooled())
        if found.count > 1:
            others = [TabRecorder(self.writer, len(self.tabs) + n, "", patient=False) for n in range(found.count - 1)]
            recorders = [tab, *others]
            items = zip(found.tabs, tab.spooled(), strict=True)
            for number, run in groupby(items, key=itemgetter(0)):
                recorders[number].take(item for _, item in run)
            tab.forget_spool()
            for number, recorder in enumerate(recorders):
                recorder.key = str(number + 1)
            del self.tabs[""]
            self.tabs |= {recorder.key: recorder for recorder in recorders}
            self.skipped.append(health.told_apart(found.count, len(found.tabs), found.unsure))

    # -- out ----------------------------------------------------------------------------------------------------

    @property
    def bytes(self) -> int:
        """Bytes of events taken so far."""
        return sum(tab.bytes for tab in self.tabs.values())

    @property
    def events(self) -> int:
        """Events stored so far."""
        return sum(tab.count for tab in self.tabs.values())

    def maybe_commit(self) -> bool:
        """Make what is there visible when it is time; True when it did."""
        if self.writer is None or not self.events or all(tab.mirror.root is None for tab in self.tabs.values()):
            return False
        now = time.monotonic()
        first = not self.committed
        if not (first and self.bytes > _FIRST_COMMIT) and (first or now - self.committed < _COMMIT_EVERY):
            return False
        for tab in self.tabs.values():
            tab.flush()
        self._take_rows()
        fresh = self.rows[self.written :]
        self.writer.rows(fresh)
        self.written = len(self.rows)
        self.writer.update(self._session("importing", []))
        self.writer.commit()
        self.committed = now
        return True

    def _take_rows(self) -> None:
        for tab in self.tabs.values():
            self.rows += tab.rows
            tab.rows = []

    def finish(self) -> str:
        """Everything came: write rows, health and the session. Returns the session's id."""
        if self.apart and "" in self.tabs:
            self._tell_apart(self.tabs[""])
        for tab in self.tabs.values():
            tab.finish()
        self._take_rows()
        if not self.events and not self.linked:
            raise BadInput("There is no readable event in it.", "Check that the file is a session recording.")
        if self.writer is None:
            # errors, a HAR file, a log: a session without a picture
            first = b"".join(encode_row(row) for row in self.linked[:20])
            self.id = self.key or "rows-" + hashlib.blake2b(first, digest_size=8).hexdigest()
            self.writer = self.library.writer(self.id, self.origin)
        rows = merge([*self.rows, *self.linked])
        by_kind: dict[str, list[Row]] = {kind: [] for kind in KINDS}
        for row in rows:
            by_kind[KIND_OF[type(row)]].append(row)
        for kind, some in by_kind.items():
            if some or self.written:
                self.writer.replace_rows(kind, sorted(some, key=lambda row: row.t))
        start, end = self._span(rows)
        self._activity(start, end, [] if self.tabs else rows)
        if self.tabs:
            findings = self.skipped + health.findings(self._counters(rows), rows, self.facts)
        else:
            findings = [Finding(code="no-recording", message=NO_RECORDING), *self.skipped]
        self.writer.finish(self._session("ready", rows, findings))
        return self.id

    def _span(self, rows: Iterable[Row]) -> tuple[float, float]:
        """Start and end of the session: its recordings, and rows that do not lie absurdly far outside."""
        recorded = [tab for tab in self.tabs.values() if tab.count]
        start = min(tab.start for tab in recorded) if recorded else min((row.t for row in rows), default=0.0)
        end = max(tab.end for tab in recorded) if recorded else max((row.t for row in rows), default=0.0)
        return start, end

    def _session(self, state: str, rows: Sequence[Row], health: list[Finding] | None = None) -> Session:
        start, end = self._span(rows)
        tabs = [
            Tab(
                index=tab.index,
                key=tab.key,
                url=tab.url,
                start=tab.start,
                end=tab.end,
                events=tab.count,
                chunks=tab.chunks,
                keyframes=tab.keyframes,
            )
            for tab in self.tabs.values()
        ]
        url = self.facts.url or next((tab.url for tab in tabs if tab.url), "")
        if not url:
            url = next((row.url for row in rows if isinstance(row, Navigation)), "")
        browser, os = browser_and_os(self.facts.user_agent)
        return Session(
            id=self.id,
            facts=msgspec.structs.replace(self.facts, session=self.facts.session or self.key, url=url),
            start=start,
            end=end,
            tabs=tabs,
            events=self.events,
            bytes=self.bytes,
            browser=browser,
            os=os,
            state="ready" if state == "ready" else "importing",
            origin=self.origin,
            health=health or [],
        )

    def _counters(self, rows: Sequence[Row]) -> list[health.Counters]:
        """What the tabs counted, completed by what only the rows say."""
        for tab in self.tabs.values():
            own = [row for row in rows if row.tab in (tab.index, -1)]
            tab.tally.console = any(isinstance(row, ConsoleEntry) for row in own)
            tab.tally.network = any(isinstance(row, NetworkRequest) for row in own)
            left: float | None = None
            for row in own:
                if isinstance(row, Interaction) and row.node < 0 and row.action == "blur":
                    left = row.t
                elif isinstance(row, Interaction) and row.node < 0 and row.action == "focus" and left is not None:
                    tab.tally.hidden.append((left, row.t))
                    left = None
            tab.tally.paused = timeline.pauses(own, tab.end)
        return [tab.tally for tab in self.tabs.values()]

    def _activity(self, start: float, end: float, rows: Sequence[Row]) -> None:
        """Store the activity histogram, counted in slices so that millions of events need no memory of their own.

        `rows`: what happened where nothing was recorded.
        """
        assert self.writer is not None
        begun, bucket, total = timeline.histogram(_NO_TIMES, _NO_KINDS, _NO_KINDS, start, end)
        for tab in self.tabs.values():
            times = np.frombuffer(tab.times, np.float64)
            types, sources = np.frombuffer(tab.types, np.int8), np.frombuffer(tab.sources, np.int8)
            for n in range(0, len(times), _SLICE):
                part = slice(n, n + _SLICE)
                total = total + timeline.histogram(times[part], types[part], sources[part], start, end)[2]
            span, quiet = tab.quiet()
            self.writer.quiet(tab.index, *span, quiet)
        if rows:
            times = np.array([row.t for row in rows])
            acts = np.full(len(times), Kind.INCREMENTAL, np.int8), np.full(len(times), Source.MUTATION, np.int8)
            total = total + timeline.histogram(times, *acts, start, end)[2]
        self.writer.activity(begun, bucket, total)

    def abort(self) -> None:
        """Leave nothing behind."""
        for tab in self.tabs.values():
            tab.close()
        if self.writer is not None:
            self.writer.abort()


def import_paths(
    home: Path,
    paths: Sequence[Path],
    *,
    progress: OnProgress | None = None,
    cancelled: Callable[[], bool] | None = None,
    origin: str = "",
    findings: Sequence[Finding] = (),
) -> list[str]:
    """Import files or folders into the library at `home`; returns the ids of the sessions, in order of appearance.

    `progress` is called a few times a second at most per batch; `cancelled` is asked as often. `origin`: where the
    session was pulled from (default: the first path). `findings`: what whoever brought the files knows of them; they
    stand in each session's health report. Raises BadInput, StorageProblem or Cancelled, and leaves
    nothing half-imported.
    """
    library = Library.open(home)
    try:
        bundles = [path for path in paths if path.is_file() and looks_like_bundle(path)]
        others = [path for path in paths if path not in bundles]
        found = [_bundle(library, path, origin, progress, cancelled) for path in bundles]
        return found + (
            _recordings(library, others, origin, progress, cancelled, findings) if others or not found else []
        )
    finally:
        library.close()


def import_bodies(
    home: Path, bodies: Callable[[], Iterable[tuple[bytes, Mapping[str, str], str]]], *, session: str, origin: str
) -> None:
    """Import request bodies (bytes, headers, URL) of one session, whatever session they name themselves.

    `bodies` may be asked for twice: events out of order are imported by a second reading. Raises BadInput when there
    is no recording in them, StorageProblem.
    """

    def pieces(_report: Callable[[int, int], None]) -> Iterator[Piece]:
        for body, headers, url in bodies():
            try:
                found = formats.read_body(body, headers, url)
            except BadInput as error:
                found = [Skipped(session=session, code="broken-body", message=error.message)]
            yield from (msgspec.structs.replace(piece, session=session) for piece in found)

    library = Library.open(home)
    try:
        _in_any_order(library, pieces, origin, None, None, ())
    finally:
        library.close()


def _bundle(
    library: Library,
    path: Path,
    origin: str,
    progress: OnProgress | None,
    cancelled: Callable[[], bool] | None,
) -> str:
    def report(done: int, total: int) -> None:
        if progress is not None:
            progress(Progress(done, total))

    return import_bundle(library, path, origin=origin, progress=report, cancelled=cancelled)


def _recordings(
    library: Library,
    paths: Sequence[Path],
    origin: str,
    progress: OnProgress | None,
    cancelled: Callable[[], bool] | None,
    findings: Sequence[Finding],
) -> list[str]:
    where = origin or str(paths[0].resolve())

    def pieces(report: Callable[[int, int], None]) -> Iterator[Piece]:
        return formats.read_paths(paths, report)

    return _in_any_order(library, pieces, where, progress, cancelled, findings)


def _in_any_order(
    library: Library,
    pieces: Callable[[Callable[[int, int], None]], Iterator[Piece]],
    where: str,
    progress: OnProgress | None,
    cancelled: Callable[[], bool] | None,
    findings: Sequence[Finding],
) -> list[str]:
    """Import as the pieces come; when that does not work out, read them again, in order, then tab by tab."""
    try:
        return _import(library, pieces, where, progress, cancelled, findings)
    except OutOfOrder:
        log.info("events out of order across batches: sorting the recording before importing it")
    except Tangled:
        log.info("changes that do not fit the page: looking for tabs that were recorded into one stream")
        return _import(library, pieces, where, progress, cancelled, findings, patient=True, apart=True)
    try:
        return _import(library, pieces, where, progress, cancelled, findings, patient=True)
    except Tangled:
        return _import(library, pieces, where, progress, cancelled, findings, patient=True, apart=True)


def _import(
    library: Library,
    pieces: Callable[[Callable[[int, int], None]], Iterator[Piece]],
    origin: str,
    progress: OnProgress | None,
    cancelled: Callable[[], bool] | None,
    findings: Sequence[Finding],
    *,
    patient: bool = False,
    apart: bool = False,
) -> list[str]:
    imports: dict[str, _Import] = {}
    done = total = 0

    def report(now: int, of: int) -> None:
        nonlocal done, total
        done, total = now, of

    finished: list[str] = []
    try:
        for piece in pieces(report):
            if cancelled is not None and cancelled():
                raise Cancelled
            current = imports.get(piece.session)
            if current is None:
                current = imports[piece.session] = _Import(library, piece.session, origin, patient, apart)
                current.skipped += findings
            current.add(piece)
            current.maybe_commit()
            if progress is not None:
                progress(Progress(done, total, current.id if current.committed else "", current.events))
        unowned = imports.pop("", None) if len(imports) > 1 and _holds_no_events(imports.get("")) else None
        if not imports:
            raise BadInput("There is nothing to import here.", "Give a recording, or a folder of recordings.")
        for current in imports.values():
            if unowned is not None:
                # What does not say which session it belongs to was given together with these.
                current.skipped += unowned.skipped
                current.facts = formats.merge_facts(current.facts, unowned.facts)
                if len(imports) == 1:
                    current.linked += unowned.linked
            if cancelled is not None and cancelled():
                raise Cancelled
            finished.append(current.finish())
            attach.after_import(library, current.id)
            asset_health.after(library, current.id)
            if progress is not None:
                progress(Progress(done, total, current.id, current.events))
        return finished
    except BaseException:  # Ctrl+C too: what is half written is taken back; raised again
        for current in imports.values():
            if current.id not in finished:
                current.abort()
        raise


def _holds_no_events(one: _Import | None) -> bool:
    return one is not None and not one.tabs

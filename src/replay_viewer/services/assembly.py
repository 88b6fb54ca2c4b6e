"""One session on its way into the library: pieces go in; chunks, keyframes, rows and a health report come out.

An assembly that is to be kept can go on after its end: what the end of the recording added is taken back, more
pieces come, and it ends anew (services/growth.py).
"""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

import msgspec
import numpy as np
import numpy.typing as npt

from replay_viewer import formats
from replay_viewer.analysis import health, timeline
from replay_viewer.analysis.merge import merge
from replay_viewer.analysis.vitals import rated
from replay_viewer.domain.errors import BadInput
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
from replay_viewer.services.browsers import browser_and_os
from replay_viewer.services.recorder import Grower, TabRecorder

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
class Made:
    """All that came of a session besides its chunks and keyframes.

    `rows`: each kind's in time order. `activity`: start (epoch ms), bucket (ms), counts. `quiet`: by tab its first
    and last activity, and where it was quiet between.
    """

    session: Session
    rows: dict[str, list[Row]]
    activity: tuple[float, float, npt.NDArray[np.int64]]
    quiet: dict[int, tuple[tuple[float, float], list[tuple[float, float]]]]


@dataclass
class Assembly:
    """One session on its way into the library."""

    library: Library
    key: str
    origin: str
    patient: bool
    apart: bool
    keep: bool = False
    id: str = ""
    writer: SessionWriter | None = None
    #: Where chunks and keyframes go instead, once the writer is done.
    sink: Grower | None = None
    facts: Facts = field(default_factory=Facts)
    tabs: dict[str, TabRecorder] = field(default_factory=dict)
    linked: list[Row] = field(default_factory=list)
    skipped: list[Finding] = field(default_factory=list)
    made: Made | None = None
    #: Rows of each tab that were committed.
    written: dict[int, int] = field(default_factory=dict)
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
            writer = self.sink or self.writer
            assert writer is not None
            # A window id is believed; without one, two tabs may lie in one stream.
            wary = not key and not self.apart
            self.tabs[key] = TabRecorder(writer, len(self.tabs), key, patient=self.patient, wary=wary)
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
        for tab in self.tabs.values():
            self.writer.rows(tab.rows[self.written.get(tab.index, 0) :])
            self.written[tab.index] = len(tab.rows)
        self.writer.update(self._session("importing", []))
        self.writer.commit()
        self.committed = now
        return True

    def finish(self) -> str:
        """Everything came: write rows, health and the session. Returns the session's id."""
        made = self.end()
        if self.writer is None:
            # errors, a HAR file, a log: a session without a picture
            first = b"".join(encode_row(row) for row in self.linked[:20])
            self.id = self.key or "rows-" + hashlib.blake2b(first, digest_size=8).hexdigest()
            self.writer = self.library.writer(self.id, self.origin)
            made = dataclasses.replace(made, session=msgspec.structs.replace(made.session, id=self.id))
        for kind, some in made.rows.items():
            if some or self.written:
                self.writer.replace_rows(kind, some)
        for tab, (span, quiet) in made.quiet.items():
            self.writer.quiet(tab, *span, quiet)
        self.writer.activity(*made.activity)
        self.writer.finish(made.session)
        return self.id

    def resume(self, sink: Grower) -> None:
        """Take back what the end added, and what was said besides events: all that is said comes again.

        What the tabs write from here on goes to `sink`.
        """
        self.sink = sink
        self.facts, self.linked, self.skipped = Facts(), [], []
        for tab in self.tabs.values():
            tab.resume(sink)

    def end(self) -> Made:
        """What came of everything, with the rest of the chunks handed to the tabs' writers. Raises as `add` does."""
        if self.apart and "" in self.tabs:
            self._tell_apart(self.tabs[""])
        for tab in self.tabs.values():
            tab.finish(keep=self.keep)
        if not self.events and not self.linked:
            raise BadInput("There is no readable event in it.", "Check that the file is a session recording.")
        rows = merge([*(row for tab in self.tabs.values() for row in (*tab.rows, *tab.waiting)), *self.linked])
        by_kind: dict[str, list[Row]] = {kind: [] for kind in KINDS}
        for row in rows:
            by_kind[KIND_OF[type(row)]].append(row)
        start, end = self._span(rows)
        if self.tabs:
            findings = self.skipped + health.findings(self._counters(rows), rows, self.facts)
        else:
            findings = [Finding(code="no-recording", message=NO_RECORDING), *self.skipped]
        self.made = Made(
            session=self._session("ready", rows, findings),
            rows=by_kind,
            activity=self._activity(start, end, [] if self.tabs else rows),
            quiet={tab.index: tab.quiet() for tab in self.tabs.values()},
        )
        return self.made

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

    def _activity(self, start: float, end: float, rows: Sequence[Row]) -> tuple[float, float, npt.NDArray[np.int64]]:
        """The activity histogram, counted in slices so that millions of events need no memory of their own.

        `rows`: what happened where nothing was recorded.
        """
        begun, bucket, total = timeline.histogram(_NO_TIMES, _NO_KINDS, _NO_KINDS, start, end)
        for tab in self.tabs.values():
            times = np.frombuffer(tab.times, np.float64)
            types, sources = np.frombuffer(tab.types, np.int8), np.frombuffer(tab.sources, np.int8)
            for n in range(0, len(times), _SLICE):
                part = slice(n, n + _SLICE)
                total = total + timeline.histogram(times[part], types[part], sources[part], start, end)[2]
        if rows:
            times = np.array([row.t for row in rows])
            acts = np.full(len(times), Kind.INCREMENTAL, np.int8), np.full(len(times), Source.MUTATION, np.int8)
            total = total + timeline.histogram(times, *acts, start, end)[2]
        return begun, bucket, total

    def abort(self) -> None:
        """Leave nothing behind."""
        for tab in self.tabs.values():
            tab.close()
        if self.writer is not None:
            self.writer.abort()

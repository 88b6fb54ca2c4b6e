"""Opening things: a session of the library, files into it, whatever was typed into the box."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from replay_viewer.analysis.verdict import verdict
from replay_viewer.domain.errors import BadInput, Unreachable, UserError
from replay_viewer.domain.links import host_of
from replay_viewer.domain.rows import ErrorEvent, Row
from replay_viewer.domain.time import parse_instant
from replay_viewer.library import Library
from replay_viewer.qt.context import Context
from replay_viewer.qt.opened import Opened, load, moved
from replay_viewer.qt.tasks import Job, JobWatch, Tasks

if TYPE_CHECKING:
    from replay_viewer.services.addresses import Address

#: A session opened without an instant lands this long before its first error.
LAND_MS = 3_000.0
#: What the verdict looks at: the rows of this long before the error, and its page.
_VERDICT_MS = 60_000.0
#: A playhead this near to the end (ms) of a session that is followed goes with the end.
_AT_END_MS = 500.0
#: How often an import that goes on is shown grown.
_GROW_MS = 1_000

ImportStarter = Callable[[Path, Sequence[Path], str], Job]
#: Pulls what a URL names: (home, url) → a job like an import; None when no source is there.
PullStarter = Callable[[Path, str], Job]
#: Lets a pulled session grow: (home, session id, whether to follow it) → a job.
RefreshStarter = Callable[[Path, str, bool], Job]
#: Attaches files or what a URL names: (home, session id, paths, url) → a job.
AttachStarter = Callable[[Path, str, Sequence[Path], str], Job]
#: Captures the files a page refers to: (home, session id, whether in private networks too) → a job.
AssetsStarter = Callable[[Path, str, bool], Job]
#: Asks where a session was pulled from for source maps: (home, session id) → a job.
MapsStarter = Callable[[Path, str], Job]


def _number_of(library: Library, session_id: str, error_id: str) -> int:
    """Which row an error is; -1 when it is not there (yet), 0 for no error in particular. Runs on a worker."""
    if not error_id:
        return 0
    errors = library.rows(library.session(session_id).id, "errors")
    return next((n for n, row in errors if isinstance(row, ErrorEvent) and row.id == error_id), -1)


def _read(library: Library, session_id: str, which: int = 0) -> tuple[Opened, str]:
    """The session and the verdict on one of its errors. Runs on a worker."""
    opened = load(library, session_id)
    errors = opened.columns["errors"]
    if which >= len(errors):
        return opened, ""
    error = library.row(opened.id, "errors", which)
    rows: list[Row] = [row for _, row in library.rows(opened.id, "navigation", end=error.t)]
    for kind in ("interactions", "network"):
        rows += [row for _, row in library.rows(opened.id, kind, start=error.t - _VERDICT_MS, end=error.t)]
    return opened, verdict(error, rows, opened.session.start) if isinstance(error, ErrorEvent) else ""


@dataclass
class _Aim:
    """Where a session that is still coming was opened at: an instant past its end (-1: none), and a missing error.

    `landed`: where the playhead went meanwhile.
    """

    t: float
    landed: float
    error: str


class Opener(QObject):
    """Opens and imports for one window.

    `loading(what)`, then `loaded(verdict)` with the context's session set, or `failed(UserError, again)`. `grown`:
    the open session has more than before. `import_began(text)`, `import_progressed(done, total, text)`,
    `import_ended`. `live_changed`: the open session is followed now, or no longer, or whether sources can be reached.
    """

    loading = Signal(str)
    loaded = Signal(str)
    grown = Signal()
    judged = Signal(str)  #: the verdict on an error that came with what grew
    failed = Signal(object, object)
    import_began = Signal(str)
    import_progressed = Signal(int, int, str)
    import_ended = Signal()
    library_changed = Signal()
    live_changed = Signal()

    def __init__(
        self,
        context: Context,
        start_import: ImportStarter,
        start_pull: PullStarter | None,
        start_refresh: RefreshStarter | None = None,
        start_attach: AttachStarter | None = None,
        start_assets: AssetsStarter | None = None,
        start_maps: MapsStarter | None = None,
    ) -> None:
        super().__init__(context)
        self.context = context
        self._start_import, self._start_pull, self._start_refresh = start_import, start_pull, start_refresh
        self._start_attach, self._start_assets, self._start_maps = start_attach, start_assets, start_maps
        context.maps_wanted.connect(self.fetch_maps)
        self._watch: JobWatch | None = None
        self._live: JobWatch | None = None
        self._live_id = ""
        self._grown = 0
        self._waiting: list[Callable[[], None]] = []
        self._shown_early = ""
        self._shown_grown = 0
        self._at = ""
        self._error = ""
        self._aim: _Aim | None = None
        self._asking: threading.Event | None = None
        #: Hosts that could not be reached when they were asked last.
        self._gone: set[str] = set()
        #: Questions to backends wait for them, so they have a worker of their own beside that of the library.
        self.network = Tasks(context.library.home, self)
        self._grow = QTimer(self)
        self._grow.setInterval(_GROW_MS)
        self._grow.timeout.connect(self._read_grown)

    @property
    def importing(self) -> bool:
        """Whether an import runs."""
        return self._watch is not None

    @property
    def unreachable(self) -> bool:
        """Whether the source of the open session could not be reached when it was asked last, for whatever."""
        opened = self.context.opened
        host = host_of(opened.session.origin) if opened is not None else ""
        return any(host == gone or host.endswith(f".{gone}") for gone in self._gone)

    # sessions

    def open_session(self, session_id: str, at: str = "", error_id: str = "") -> None:
        """Open a session of the library: at an instant (epoch ms, ISO, offset), else 3 s before an error.

        `error_id`: the error it is about, as its backend calls it; the first one without.
        """
        self.loading.emit(session_id[:12])

        def done(found: tuple[Opened, str]) -> None:
            opened, line = found
            opened.library = self.context.library
            self._land(opened, line, at, which, error_id)

        def failed(error: UserError) -> None:
            self.failed.emit(error, partial(self.open_session, session_id, at, error_id))

        which = 0

        def work(library: Library) -> tuple[Opened, str]:
            nonlocal which
            which = _number_of(library, session_id, error_id)
            return _read(library, session_id, max(which, 0))

        self.context.tasks.read(work, done, failed, key="open")

    def _land(self, opened: Opened, line: str, at: str, which: int = 0, error_id: str = "") -> None:
        session = opened.session
        try:
            t = parse_instant(at, session.start) if at else -1.0
        except UserError as error:
            self.failed.emit(error, None)
            t = -1.0
        self.context.playhead.load(session.start, session.end, opened.idle, session.facts.zone)
        self.context.set_opened(opened)
        self.loaded.emit(line)
        errors = opened.error_times()
        missing = error_id if which < 0 else ""
        which = which if 0 <= which < len(errors) else 0
        if len(errors):
            self.context.select("errors", which)
        if t < 0:
            t = float(errors[which]) - LAND_MS if len(errors) else session.start
        self.context.playhead.seek(t, remember=False)
        early = session.state != "ready" and (t > session.end or bool(missing))
        self._aim = _Aim(t if t > session.end else -1.0, self.context.playhead.target, missing) if early else None

    def _reach(self, opened: Opened, number: int) -> None:
        """Go on to where a session that is still coming was opened at, unless the person went elsewhere."""
        aim, playhead = self._aim, self.context.playhead
        if aim is None:
            return
        if playhead.playing or playhead.target != aim.landed:
            self._aim = None
            return
        if number >= 0:
            self.context.select("errors", number)
            aim.error = ""
        ready = opened.session.state == "ready"
        if aim.t >= 0 and (ready or aim.t <= opened.session.end):
            playhead.seek(aim.t, remember=False)
            aim.t, aim.landed = -1.0, playhead.target
        if ready or (aim.t < 0 and not aim.error):
            self._aim = None

    def _read_grown(self) -> None:
        current = self.context.opened
        if current is None or (current.session.state == "ready" and self._grow.isActive()):
            self._grow.stop()
            return

        missing = self._aim.error if self._aim is not None else ""

        unjudged = not len(current.error_times())

        def work(library: Library) -> tuple[Opened, int, str]:
            number = _number_of(library, current.id, missing) if missing else -1
            if unjudged:
                opened, line = _read(library, current.id, max(number, 0))
                return opened, number, line
            return load(library, current.id), number, ""

        def done(found: tuple[Opened, int, str]) -> None:
            opened, number, line = found
            if self.context.opened is not current:
                return
            opened.library = self.context.library
            selected = self.context.selected
            if selected is not None:
                kind, old = selected
                there = moved(current.columns.get(kind), opened.columns.get(kind), old)
                selected = (kind, there) if there >= 0 else None
            self.context.selected = selected
            playhead = self.context.playhead
            follows = self.live and playhead.target >= current.session.end - _AT_END_MS
            self.context.opened = opened
            playhead.grow(opened.session.end, opened.idle)
            self.context.opened_changed.emit()
            self.context.selected = selected
            self.grown.emit()
            if line:
                # The first error came after the session was opened: it is landed on like one that was there.
                self.judged.emit(line)
                if selected is None and not missing:
                    self.context.select("errors", 0)
            if follows:
                playhead.seek(opened.session.end, remember=False)
            self._reach(opened, number)

        self.context.tasks.read(work, done, key="grow")

    # files

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Import files or folders, then open the first session of them. A second call waits for the first."""
        missing = next((path for path in paths if not path.exists()), None)
        if missing is not None:
            self.failed.emit(BadInput(f"There is no file {missing}.", "Check the name."), None)
            return
        self._at = self._error = ""
        names = paths[0].name if len(paths) == 1 else f"{len(paths)} files"
        start = partial(self._start_import, self.context.library.home, list(paths), "")
        self._run(start, f"Importing {names}", partial(self.open_paths, paths))

    def open_url(self, url: str, at: str = "") -> None:
        """Pull the session a URL names or leads to, or open the copy that is here already.

        It opens at `at`, else at the instant the URL names, else just before the error it is about.
        """

        def look(library: Library) -> tuple[str | None, Address]:
            from replay_viewer.services.addresses import read  # the HTTP client takes a third of a second

            address = read(url)
            return library.find_by_origin(address.origin), address

        def done(found: tuple[str | None, Address]) -> None:
            known, address = found
            if known:
                self.open_session(known, at or address.at, address.error)
            elif self._start_pull is None:
                problem = BadInput(
                    "No source for this URL is connected.", "Download the recording and open the file."
                )
                self.failed.emit(problem, None)
            elif not address.whole:
                self._resolve(url, at)
            else:
                self._at, self._error = at or address.at, address.error
                start = partial(self._start_pull, self.context.library.home, url)
                self._run(start, f"Pulling {url[:80]}", partial(self.open_url, url, at), network=url)

        self.context.tasks.read(look, done, lambda error: self.failed.emit(error, None), key="origin")

    def _resolve(self, url: str, at: str) -> None:
        """Ask the source which session an issue, an error or a shared page leads to, then open that."""
        home, stop = self.context.library.home, threading.Event()
        self._asking = stop

        def work() -> Address:
            from replay_viewer.services.addresses import resolve

            return resolve(home, url, cancelled=stop.is_set)

        def ended() -> bool:
            if self._asking is stop:
                self._asking = None
                self.import_ended.emit()
            return not stop.is_set()

        def done(address: Address) -> None:
            if ended():
                self.reached(url)
                self._open_resolved(address, at)

        def failed(error: UserError) -> None:
            if ended():
                self.reached(url, error)
                self.failed.emit(error, partial(self.open_url, url, at))

        self.import_began.emit("Asking which session this leads to")
        self.network.run(work, done, failed, key="resolve")

    def _open_resolved(self, address: Address, at: str) -> None:
        def done(known: str | None) -> None:
            if known:
                self.open_session(known, at or address.at, address.error)
            elif self._start_pull is not None:
                self._at, self._error = at or address.at, address.error
                start = partial(self._start_pull, self.context.library.home, address.url)
                again = partial(self.open_url, address.url, self._at)
                self._run(start, f"Pulling {address.url[:80]}", again, network=address.url)

        self.context.tasks.read(
            lambda library: library.find_by_origin(address.origin),
            done,
            lambda error: self.failed.emit(error, None),
            key="origin",
        )

    def cancel_import(self) -> None:
        """Stop what is being imported or asked for; nothing of it stays. Of a pull stays what came."""
        if self._asking is not None:
            self._asking.set()
            self._asking = None
            self.import_ended.emit()
        if self._watch is not None:
            self._watch.cancel()

    # growing

    @property
    def live(self) -> bool:
        """Whether the open session is followed while it is recorded."""
        return self._live is not None and self.context.opened is not None and self.context.opened.id == self._live_id

    @property
    def can_refresh(self) -> bool:
        """Whether the open session came from a source that can be asked for more."""
        opened = self.context.opened
        return opened is not None and self._start_refresh is not None and opened.session.origin.startswith("http")

    def refresh(self) -> None:
        """Ask the source of the open session for more."""
        opened = self.context.opened
        if opened is not None and self._start_refresh is not None:
            start = partial(self._start_refresh, self.context.library.home, opened.id, False)
            self._run(start, "Refreshing", self.refresh, network=opened.session.origin)

    def attach(self, paths: Sequence[Path], url: str = "") -> None:
        """Put the rows of files, or of what a URL names, on the timeline of the open session."""
        opened = self.context.opened
        if opened is not None and self._start_attach is not None:
            start = partial(self._start_attach, self.context.library.home, opened.id, list(paths), url)
            what = url[:80] or (paths[0].name if len(paths) == 1 else f"{len(paths)} files")
            self._run(start, f"Attaching {what}", partial(self.attach, paths, url), network=url)

    def capture(self, private: bool = False) -> None:
        """Capture the files the page of the open session refers to, and show them."""
        opened = self.context.opened
        if opened is not None and self._start_assets is not None:
            start = partial(self._start_assets, self.context.library.home, opened.id, private)
            self._run(start, "Capturing the page's assets", partial(self.capture, private))

    def fetch_maps(self) -> None:
        """Ask where the open session was pulled from for the source maps its stacks need."""
        opened = self.context.opened
        if opened is not None and self._start_maps is not None:
            start = partial(self._start_maps, self.context.library.home, opened.id)
            self._run(start, "Asking for source maps", self.fetch_maps, network=opened.session.origin)

    def reread(self) -> None:
        """The open session was changed in the library: show it as it is now."""
        self._read_grown()

    def set_live(self, on: bool) -> None:
        """Follow the open session while it is recorded, or stop that."""
        opened = self.context.opened
        if not on:
            if self._live is not None:
                self._live.cancel()
        elif opened is not None and self._live is None and self._start_refresh is not None:
            try:
                job = self._start_refresh(self.context.library.home, opened.id, True)
            except UserError as error:
                self.failed.emit(error, None)
                return
            self._live, self._live_id = JobWatch(job, self), opened.id
            self._grown = 0
            self._live.progressed.connect(self._live_progressed)
            self._live.done.connect(lambda _: self._live_ended(None))
            self._live.failed.connect(partial(self.reached, opened.session.origin))
            self._live.failed.connect(self._live_ended)
            self._live.cancelled.connect(lambda: self._live_ended(None))
            self.context.playhead.seek(self.context.playhead.end, remember=True)
            self.live_changed.emit()

    def _live_progressed(self, progress: Any) -> None:
        if self.live and getattr(progress, "grown", 0) > self._grown:
            self._grown = progress.grown
            if self.context.opened is not None:
                self.reached(self.context.opened.session.origin)
            self._read_grown()

    def _live_ended(self, error: UserError | None) -> None:
        if self._live is not None:
            self._live.deleteLater()
            self._live = None
        if error is not None:
            self.failed.emit(error, None)
        else:
            self._read_grown()
        self.live_changed.emit()

    def close(self) -> None:
        """The window goes."""
        self._grow.stop()
        self._waiting.clear()
        if self._asking is not None:
            self._asking.set()
        self.network.close()
        for watch in (self._watch, self._live):
            if watch is not None:
                watch.stop()
        self._watch = self._live = None

    def reached(self, url: str, error: UserError | None = None) -> None:
        """A backend was asked, by an address of it: note whether it could be reached. The status bar tells."""
        host, before = host_of(url), self.unreachable
        if host and isinstance(error, Unreachable):
            self._gone.add(host)
        else:
            self._gone.discard(host)
        if self.unreachable != before:
            self.live_changed.emit()

    def _run(self, start: Callable[[], Job], text: str, again: Callable[[], None], *, network: str = "") -> None:
        """Start a job in a process of its own; `network`: the address of the backend it asks."""
        if self._watch is not None:
            self._waiting.append(partial(self._run, start, text, again, network=network))
            return
        try:
            job = start()
        except UserError as error:
            self.failed.emit(error, again)
            return
        self._shown_early, self._shown_grown = "", 0
        self._watch = JobWatch(job, self)
        self._watch.progressed.connect(partial(self._progressed, text))
        self._watch.done.connect(self._imported)
        self._watch.failed.connect(partial(self._job_failed, again))
        self._watch.cancelled.connect(self._stopped)
        if network:
            self._watch.done.connect(lambda _sessions: self.reached(network))
            self._watch.failed.connect(partial(self.reached, network))
        self.import_began.emit(text)

    def _job_failed(self, again: Callable[[], None], error: UserError) -> None:
        """Of a pull that broke off, what came is there: show that, and say what happened."""
        early = self._shown_early
        self._ended(partial(self.failed.emit, error, again))
        self.library_changed.emit()
        if early and self.context.opened is not None and self.context.opened.id == early:
            self._read_grown()

    def _stopped(self) -> None:
        """A pull that was cancelled keeps what came; say so where some of it is open."""
        early = self._shown_early
        self._ended(None)
        if early and self._shown_grown:
            self.context.said.emit(
                "The pull was stopped.", "What came stays here; refresh the session to go on.", "info"
            )
            if self.context.opened is not None and self.context.opened.id == early:
                self._read_grown()

    def _progressed(self, text: str, progress: Any) -> None:
        words = getattr(progress, "words", "")
        more = f" · {words}" if words else f" · {progress.events:,} events" if getattr(progress, "events", 0) else ""
        self.import_progressed.emit(int(progress.done), int(progress.total), text + more)
        session = getattr(progress, "session", "")
        grown = getattr(progress, "grown", 0)
        if grown > self._shown_grown:
            # a pull has put a longer session in the place of the one before
            self._shown_grown = grown
            if self._shown_early == session and (current := self.context.opened) and current.id == session:
                self._read_grown()
        if session and not self._shown_early:
            self._shown_early = session
            self.library_changed.emit()
            self.open_session(session, self._at, self._error)
            self._grow.start()

    def _imported(self, sessions: list[str]) -> None:
        said = str(getattr(self._watch.job, "said", "")) if self._watch is not None else ""

        def after() -> None:
            self.library_changed.emit()
            if said:
                self.context.said.emit(said, "", "info")
            current = self.context.opened
            if current is not None and current.id in sessions:
                self._read_grown()
            elif sessions:
                self.open_session(sessions[0], self._at, self._error)

        self._ended(after)

    def _ended(self, after: Callable[[], None] | None) -> None:
        if self._watch is not None:
            self._watch.deleteLater()
            self._watch = None
        self._grow.stop()
        self.import_ended.emit()
        if after is not None:
            after()
        if self._waiting:
            self._waiting.pop(0)()

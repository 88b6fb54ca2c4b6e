"""Opening things: a session of the library, files into it, whatever was typed into the box."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from replay_viewer.analysis.verdict import verdict
from replay_viewer.domain.errors import BadInput, UserError
from replay_viewer.domain.rows import ErrorEvent, Row
from replay_viewer.domain.time import parse_instant
from replay_viewer.library import Library
from replay_viewer.qt.context import Context
from replay_viewer.qt.opened import Opened, load
from replay_viewer.qt.tasks import Job, JobWatch

#: A session opened without an instant lands this long before its first error.
LAND_MS = 3_000.0
#: What the verdict looks at: the rows of this long before the error, and its page.
_VERDICT_MS = 60_000.0
#: How often an import that goes on is shown grown.
_GROW_MS = 1_000

ImportStarter = Callable[[Path, Sequence[Path], str], Job]
#: Pulls what a URL names: (home, url) → a job like an import; None when no source is there.
PullStarter = Callable[[Path, str], Job]


def _read(library: Library, session_id: str) -> tuple[Opened, str]:
    """The session and the verdict on its first error. Runs on a worker."""
    opened = load(library, session_id)
    errors = opened.columns["errors"]
    if not len(errors):
        return opened, ""
    error = library.row(opened.id, "errors", 0)
    rows: list[Row] = [row for _, row in library.rows(opened.id, "navigation", end=error.t)]
    for kind in ("interactions", "network"):
        rows += [row for _, row in library.rows(opened.id, kind, start=error.t - _VERDICT_MS, end=error.t)]
    return opened, verdict(error, rows, opened.session.start) if isinstance(error, ErrorEvent) else ""


class Opener(QObject):
    """Opens and imports for one window.

    `loading(what)`, then `loaded(verdict)` with the context's session set, or `failed(UserError, again)`. `grown`:
    the open session has more than before. `import_began(text)`, `import_progressed(done, total, text)`,
    `import_ended`.
    """

    loading = Signal(str)
    loaded = Signal(str)
    grown = Signal()
    failed = Signal(object, object)
    import_began = Signal(str)
    import_progressed = Signal(int, int, str)
    import_ended = Signal()
    library_changed = Signal()

    def __init__(self, context: Context, start_import: ImportStarter, start_pull: PullStarter | None) -> None:
        super().__init__(context)
        self.context = context
        self._start_import, self._start_pull = start_import, start_pull
        self._watch: JobWatch | None = None
        self._waiting: list[Callable[[], None]] = []
        self._shown_early = ""
        self._at = ""
        self._grow = QTimer(self)
        self._grow.setInterval(_GROW_MS)
        self._grow.timeout.connect(self._read_grown)

    @property
    def importing(self) -> bool:
        """Whether an import runs."""
        return self._watch is not None

    # sessions

    def open_session(self, session_id: str, at: str = "") -> None:
        """Open a session of the library: at an instant (epoch ms, ISO, offset), else 3 s before its first error."""
        self.loading.emit(session_id[:12])

        def done(found: tuple[Opened, str]) -> None:
            opened, line = found
            opened.library = self.context.library
            self._land(opened, line, at)

        def failed(error: UserError) -> None:
            self.failed.emit(error, partial(self.open_session, session_id, at))

        self.context.tasks.read(lambda library: _read(library, session_id), done, failed, key="open")

    def _land(self, opened: Opened, line: str, at: str) -> None:
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
        if len(errors):
            self.context.select("errors", 0)
        if t < 0:
            t = float(errors[0]) - LAND_MS if len(errors) else session.start
        self.context.playhead.seek(t, remember=False)

    def _read_grown(self) -> None:
        current = self.context.opened
        if current is None or current.session.state == "ready":
            self._grow.stop()
            return

        def done(opened: Opened) -> None:
            if self.context.opened is not current:
                return
            opened.library = self.context.library
            selected = self.context.selected
            self.context.opened = opened
            self.context.playhead.grow(opened.session.end, opened.idle)
            self.context.opened_changed.emit()
            self.context.selected = selected
            self.grown.emit()

        self.context.tasks.read(lambda library: load(library, current.id), done, key="grow")

    # files

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Import files or folders, then open the first session of them. A second call waits for the first."""
        missing = next((path for path in paths if not path.exists()), None)
        if missing is not None:
            self.failed.emit(BadInput(f"There is no file {missing}.", "Check the name."), None)
            return
        self._at = ""
        names = paths[0].name if len(paths) == 1 else f"{len(paths)} files"
        start = partial(self._start_import, self.context.library.home, list(paths), "")
        self._run(start, f"Importing {names}", partial(self.open_paths, paths))

    def open_url(self, url: str) -> None:
        """Pull the session a URL names, or open the copy that is here already, at the instant the URL names."""

        def look(library: Library) -> tuple[str | None, str]:
            from replay_viewer.services.pull import instant, origin  # the HTTP client takes a third of a second

            offset = instant(url)
            return library.find_by_origin(origin(url)), "" if offset is None else str(offset / 1000.0)

        def done(found: tuple[str | None, str]) -> None:
            known, self._at = found
            if known:
                self.open_session(known, self._at)
            elif self._start_pull is None:
                problem = BadInput(
                    "No source for this URL is connected.", "Download the recording and open the file."
                )
                self.failed.emit(problem, None)
            else:
                start = partial(self._start_pull, self.context.library.home, url)
                self._run(start, f"Pulling {url[:80]}", partial(self.open_url, url))

        self.context.tasks.read(look, done, lambda error: self.failed.emit(error, None), key="origin")

    def cancel_import(self) -> None:
        """Stop what is being imported; nothing of it stays."""
        if self._watch is not None:
            self._watch.cancel()

    def close(self) -> None:
        """The window goes."""
        self._grow.stop()
        self._waiting.clear()
        if self._watch is not None:
            self._watch.stop()
            self._watch = None

    def _run(self, start: Callable[[], Job], text: str, again: Callable[[], None]) -> None:
        if self._watch is not None:
            self._waiting.append(partial(self._run, start, text, again))
            return
        try:
            job = start()
        except UserError as error:
            self.failed.emit(error, again)
            return
        self._shown_early = ""
        self._watch = JobWatch(job, self)
        self._watch.progressed.connect(partial(self._progressed, text))
        self._watch.done.connect(self._imported)
        self._watch.failed.connect(lambda error: self._ended(partial(self.failed.emit, error, again)))
        self._watch.cancelled.connect(lambda: self._ended(None))
        self.import_began.emit(text)

    def _progressed(self, text: str, progress: Any) -> None:
        events = f" · {progress.events:,} events" if getattr(progress, "events", 0) else ""
        self.import_progressed.emit(int(progress.done), int(progress.total), text + events)
        session = getattr(progress, "session", "")
        if session and not self._shown_early:
            self._shown_early = session
            self.library_changed.emit()
            self.open_session(session, self._at)
            self._grow.start()

    def _imported(self, sessions: list[str]) -> None:
        def after() -> None:
            self.library_changed.emit()
            current = self.context.opened
            if current is not None and current.id in sessions:
                self._read_grown()
            elif sessions:
                self.open_session(sessions[0], self._at)

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

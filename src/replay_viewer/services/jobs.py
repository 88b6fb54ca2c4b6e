"""Imports and pulls in a process of their own: parsing megabytes holds the interpreter lock, which freezes a window.

A process can be started ahead of need (`prewarm`), so that a file is opened without waiting for Python to start.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

import msgspec

from replay_viewer.domain import errors
from replay_viewer.domain.errors import Cancelled, SourceProblem, UserError
from replay_viewer.domain.pulled import Attached
from replay_viewer.library import Library
from replay_viewer.services import connections, map_fetch
from replay_viewer.services.asset_health import SETTING
from replay_viewer.services.assets import AssetProgress, capture
from replay_viewer.services.attaching import attach_files, attach_url
from replay_viewer.services.importer import Progress, import_paths
from replay_viewer.services.logs import log_to_file
from replay_viewer.services.processes import Spares, start_worker
from replay_viewer.services.pull import PullProgress, pull, refresh
from replay_viewer.services.segments import remove_old

log = logging.getLogger(__name__)


class _Task(msgspec.Struct, frozen=True):
    """What the process is to do: import `paths`, pull `url`, refresh `session`, attach
    `url` or `paths` to `session`, capture the `assets` of `session`, ask where it was pulled from for source `maps`,
    or tidy the library at `home`.

    `private`: assets in private networks may be asked for too.

    `tokens`: what this program holds of them; they go through the pipe, never by environment or arguments.
    """

    what: Literal["import", "pull", "refresh", "attach", "assets", "maps", "tidy"]
    home: str
    paths: list[str] = []
    origin: str = ""
    url: str = ""
    session: str = ""
    follow: bool = False
    offset: float = 0.0
    private: bool = False
    tokens: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"_Task({self.what})"


#: What comes back: progress, ("done", ids, what is to be said) or ("failed", error class name, message, advice).
Now = Progress | PullProgress | AssetProgress
Message = Now | tuple[Any, ...]


def _serve(connection: Connection) -> None:
    """The process: one task, then the end."""
    start_worker()

    def cancelled() -> bool:
        # Anything that arrives, or the other end's death, means stop.
        try:
            return connection.poll()
        except OSError:
            return True

    def progress(now: Now) -> None:
        with contextlib.suppress(BrokenPipeError, OSError):
            connection.send(now)

    try:
        task: _Task = connection.recv()
    except (EOFError, OSError):
        return
    log_to_file(task.home)
    connections.adopt(task.tokens)
    if task.what == "tidy":
        _read_texts(task.home, cancelled, tidy=True)
        return
    try:
        home = Path(task.home)
        said = ""
        if task.what == "pull":
            ids = [pull(home, task.url, progress=progress, cancelled=cancelled, follow=task.follow)]
            said = _assets_too(home, ids[0], progress, cancelled)
        elif task.what == "assets":
            brought = capture(home, task.session, progress=progress, cancelled=cancelled, allow_private=task.private)
            ids, said = [task.session], brought.words
        elif task.what == "maps":
            found = map_fetch.from_source(home, task.session, cancelled=cancelled)
            ids, said = [task.session], found.words or "No stack of this session lacks a source map."
        elif task.what == "refresh":
            came = refresh(home, task.session, progress=progress, cancelled=cancelled, follow=task.follow)
            ids, said = [came.session], came.words
        elif task.what == "attach":
            made = _attach(task, progress, cancelled)
            ids, said = [task.session], f"Attached {made.rows:,} rows of {made.name}."
        else:
            paths = [Path(path) for path in task.paths]
            ids = import_paths(home, paths, progress=progress, cancelled=cancelled, origin=task.origin)
        message: Message = ("done", ids, said)
    except UserError as error:
        message = ("failed", _name(error), error.message, error.advice)
    except MemoryError:
        message = ("failed", "StorageProblem", "There is not enough memory for this file.", "Close other programs.")
    except Exception:  # the process's last line: a person gets one sentence, the log the rest
        log.exception("%s failed", task.what)
        message = (
            "failed",
            "UserError",
            f"The {task.what} failed by a fault of Replay Viewer itself.",
            "See the log.",
        )
    with contextlib.suppress(BrokenPipeError, OSError):
        connection.send(message)
    if isinstance(message, tuple) and message[0] == "done":
        _read_texts(task.home, cancelled)


def _assets_too(home: Path, id: str, progress: Callable[[Now], None], cancelled: Callable[[], bool]) -> str:
    """After a pull: capture what the page refers to, when the person wants that always; what is to be said."""
    with Library.open(home) as library:
        if not library.setting(SETTING, False):
            return ""
    try:
        came = capture(home, id, progress=progress, cancelled=cancelled)
    except UserError as error:  # the pull is done, whatever becomes of these
        return "Capturing the page's assets was stopped." if isinstance(error, Cancelled) else str(error)
    return came.words if came.had or came.missing else ""


def _attach(task: _Task, progress: Callable[[Now], None], cancelled: Callable[[], bool]) -> Attached:
    home, paths = Path(task.home), [Path(path) for path in task.paths]
    if task.url:
        return attach_url(
            home, task.session, task.url, offset=task.offset, progress=_apart(progress), cancelled=cancelled
        )
    return attach_files(home, task.session, paths, offset=task.offset, cancelled=cancelled)


def _apart(progress: Callable[[Now], None]) -> Callable[[PullProgress], None]:
    """Progress of a pull whose session is not one to open."""
    return lambda now: progress(msgspec.structs.replace(now, session="", grown=0))


def _name(error: UserError) -> str:
    """The class of `domain.errors` an error is of: the other end knows no others."""
    return next(kind.__name__ for kind in type(error).__mro__ if hasattr(errors, kind.__name__))


def _read_texts(home: str, cancelled: Callable[[], bool], *, tidy: bool = False) -> None:
    """Fill the index of page texts, now that the session can be used; what is cut short, the next one completes.

    `tidy`: and whatever else killed processes left to do.
    """
    try:
        with Library.open(Path(home)) as library:
            if tidy:
                library.tidy()
                remove_old(Path(home))
            else:
                library.read_pages(cancelled=cancelled)
    except UserError as error:
        log.info("the index of page texts waits: %s", error)
    except Exception:  # the session can be used without its texts; the next job reads them
        log.exception("reading page texts failed")


_spares = Spares(_serve, "replay-viewer-job")
#: Start a process ahead of need; end those that wait, and those that still read texts.
prewarm, end_spares = _spares.prewarm, _spares.end


def tidy(home: Path) -> None:
    """Let a process finish what killed ones left in the library; nobody waits for it."""
    worker = _spares.take()
    worker.connection.send(_Task("tidy", str(home)))
    _spares.linger(worker)


class Job:
    """A running import or pull. Ask `poll` from time to time (or watch `connection`); `cancel` stops it soon."""

    def __init__(self, task: _Task) -> None:
        self._process = _spares.take()
        self.connection: Connection[Any, Any] = self._process.connection
        self.connection.send(task)
        self.progress: Now = Progress(0, 0)
        self.sessions: list[str] = []
        self.said = ""
        self.error: UserError | None = None
        self.finished = False

    def poll(self, timeout: float = 0.0) -> bool:
        """Read what the process said; True when something changed. Afterwards see `progress`, `finished`, `error`."""
        changed = False
        while not self.finished and self.connection.poll(0.0 if changed else timeout):
            try:
                message: Message = self.connection.recv()
            except (EOFError, OSError):
                self._end(SourceProblem("The import stopped unexpectedly.", "Try it again; the log says more."))
                return True
            changed = True
            if isinstance(message, Progress | PullProgress | AssetProgress):
                self.progress = message
            elif message[0] == "done":
                self.sessions, self.said = message[1:]
                self._end(None)
            else:
                self._end(_rebuilt(*message[1:]))
        return changed

    def _end(self, error: UserError | None) -> None:
        self.error = error
        self.finished = True
        if error is None:
            _spares.linger(self._process)
        else:
            self._process.end()

    def cancel(self) -> None:
        """Stop it; what was written is taken back. Returns at once: `poll` says when it is over."""
        if not self.finished:
            with contextlib.suppress(BrokenPipeError, OSError):
                self.connection.send("cancel")

    def wait(self) -> list[str]:
        """Wait for the end; the sessions' ids. Raises the job's error."""
        while not self.finished:
            self.poll(0.5)
        if self.error is not None:
            raise self.error
        return self.sessions


class ImportJob(Job):
    """Imports files or folders."""

    def __init__(self, home: Path, paths: Sequence[Path], origin: str = "") -> None:
        super().__init__(_Task("import", str(home), [str(path) for path in paths], origin))


class PullJob(Job):
    """Pulls a session by its URL and imports it."""

    def __init__(self, home: Path, url: str) -> None:
        super().__init__(_Task("pull", str(home), url=url, tokens=connections.held()))


class RefreshJob(Job):
    """Lets a session grow to what its source has; `follow`: on and on, until it is cancelled. `said`: what came."""

    def __init__(self, home: Path, session: str, follow: bool = False) -> None:
        super().__init__(_Task("refresh", str(home), session=session, follow=follow, tokens=connections.held()))


class AssetsJob(Job):
    """Captures the files a session's page refers to; `private`: in private networks too. `said`: what came."""

    def __init__(self, home: Path, session: str, private: bool = False) -> None:
        super().__init__(_Task("assets", str(home), session=session, private=private))


class MapsJob(Job):
    """Asks where a session was pulled from for the source maps its stacks need. `said`: what came."""

    def __init__(self, home: Path, session: str) -> None:
        super().__init__(_Task("maps", str(home), session=session, tokens=connections.held()))


class AttachJob(Job):
    """Puts rows of files, or of what a URL names, on a session's timeline. `said`: what it was."""

    def __init__(
        self, home: Path, session: str, paths: Sequence[Path] = (), url: str = "", offset: float = 0.0
    ) -> None:
        super().__init__(
            _Task(
                "attach", str(home), [str(path) for path in paths], url=url, session=session, offset=offset,
                tokens=connections.held(),
            )
        )  # fmt: skip


def _rebuilt(name: str, message: str, advice: str) -> UserError:
    """The error as it was raised in the process."""
    if name == "Cancelled":
        return Cancelled()
    kind = getattr(errors, name, UserError)
    error: UserError = kind(message, advice)
    return error

"""A clip made in a process of its own, so that the window's player stays free: painting one can take a minute."""

from __future__ import annotations

import contextlib
import logging
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec

from replay_viewer.domain import errors
from replay_viewer.domain.errors import Cancelled, SourceProblem, UserError
from replay_viewer.export.clips import Shape
from replay_viewer.library import Library
from replay_viewer.redaction import OwnRules
from replay_viewer.services.importer import Progress
from replay_viewer.services.logs import log_to_file
from replay_viewer.services.processes import Worker, start_worker
from replay_viewer.services.redacting import redactor_for

log = logging.getLogger(__name__)


class ClipTask(msgspec.Struct, frozen=True, kw_only=True):
    """What to make: `format` of `export.clips.FORMATS` of a session's `tab`, into `out`.

    `profile`, `own`: the profile and the own rules of redaction.
    """

    home: str
    session: str
    tab: int
    format: str
    shape: Shape
    out: str
    profile: str = "strict"
    own: OwnRules | None = None


def _serve(connection: Connection) -> None:
    """The process: one clip, then the end."""
    start_worker()
    try:
        task: ClipTask = connection.recv()
    except (EOFError, OSError):
        return
    log_to_file(task.home)
    try:
        message: tuple[Any, ...] = ("done", [str(path) for path in _make(connection, task)])
    except UserError as error:
        message = ("failed", type(error).__name__, error.message, error.advice)
    except Exception:
        log.exception("the clip failed")
        message = ("failed", "UserError", "The clip failed by a fault of Replay Viewer itself.", "See the log.")
    with contextlib.suppress(BrokenPipeError, OSError):
        connection.send(message)


def _make(connection: Connection, task: ClipTask) -> list[Path]:
    from replay_viewer.qt.offscreen import go_offscreen

    go_offscreen()
    from replay_viewer.qt.clips import make

    def cancelled() -> bool:
        # Anything that arrives, or the other end's death, means stop.
        try:
            return connection.poll()
        except OSError:
            return True

    def progress(done: int, total: int) -> None:
        with contextlib.suppress(BrokenPipeError, OSError):
            connection.send(Progress(done, total, task.session))

    with Library.open(Path(task.home)) as library:
        session = library.session(task.session)
        redactor = redactor_for(library, session.id, task.profile, own=task.own)
        return make(
            library,
            session,
            task.tab,
            task.format,
            task.shape,
            Path(task.out),
            redactor,
            progress=progress,
            cancelled=cancelled,
        )


class ClipJob:
    """A clip on its way; the same face as an import's job. `sessions` holds the paths written."""

    def __init__(self, task: ClipTask) -> None:
        self._worker = Worker(_serve, "replay-viewer-clip")
        self.connection: Connection[Any, Any] = self._worker.connection
        self.connection.send(task)
        self.progress = Progress(0, 0)
        self.sessions: list[str] = []
        self.error: UserError | None = None
        self.finished = False

    def poll(self, timeout: float = 0.0) -> bool:
        """Read what the process said; True when something changed."""
        changed = False
        while not self.finished and self.connection.poll(0.0 if changed else timeout):
            changed = True
            try:
                message: Progress | tuple[Any, ...] = self.connection.recv()
            except (EOFError, OSError):
                self._end(SourceProblem("The clip stopped unexpectedly.", "Try it again; the log says more."))
                break
            if isinstance(message, Progress):
                self.progress = message
            elif message[0] == "done":
                self.sessions = message[1]
                self._end(None)
            else:
                name, text, advice = message[1:]
                known = getattr(errors, name, UserError)
                self._end(Cancelled() if name == "Cancelled" else known(text, advice))
        return changed

    def _end(self, error: UserError | None) -> None:
        self.error = error
        self.finished = True
        self._worker.end()

    def cancel(self) -> None:
        """Stop it; no file is left. Returns at once: `poll` says when it is over."""
        if not self.finished:
            with contextlib.suppress(BrokenPipeError, OSError):
                self.connection.send("cancel")

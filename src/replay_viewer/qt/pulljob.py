"""A pull in a process of its own, watched like an import: what was pulled is imported there too. No Qt in here."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import signal
from multiprocessing.connection import Connection
from pathlib import Path

from replay_viewer.domain.errors import UserError
from replay_viewer.services.importer import Progress
from replay_viewer.services.jobs import ImportJob
from replay_viewer.services.pull import PullProgress, pull

log = logging.getLogger(__name__)


def _work(connection: Connection, home: str, url: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def cancelled() -> bool:
        try:
            return connection.poll()
        except OSError:
            return True

    def progress(now: PullProgress) -> None:
        with contextlib.suppress(BrokenPipeError, OSError):
            connection.send(Progress(now.done, now.total, now.session))

    message: tuple[object, ...]
    try:
        message = ("done", [pull(Path(home), url, progress=progress, cancelled=cancelled)])
    except UserError as error:
        message = ("failed", type(error).__name__, error.message, error.advice)
    except Exception:
        log.exception("pull failed")
        message = (
            "failed",
            "UserError",
            "The pull failed because of an error in Replay Viewer.",
            "The log says why.",
        )
    with contextlib.suppress(BrokenPipeError, OSError):
        connection.send(message)


class PullJob(ImportJob):
    """A running pull; see `ImportJob` for how to watch it."""

    def __init__(self, home: Path, url: str) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe(duplex=True)
        self._process = context.Process(target=_work, args=(theirs, str(home), url), name="replay-viewer-pull")
        self._process.daemon = True
        self._process.start()
        theirs.close()
        self.progress = Progress(0, 0)
        self.sessions: list[str] = []
        self.error: UserError | None = None
        self.finished = False

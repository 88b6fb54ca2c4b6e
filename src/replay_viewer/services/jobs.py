"""An import in a process of its own: parsing megabytes holds the interpreter lock, which would freeze a window."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import signal
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from replay_viewer.domain.errors import Cancelled, SourceProblem, UserError
from replay_viewer.services.importer import Progress, import_paths

log = logging.getLogger(__name__)

#: What crosses the pipe: a Progress, ("done", ids) or ("failed", error class name, message, advice).
Message = Progress | tuple[Any, ...]


def _work(connection: Connection, home: str, paths: list[str], origin: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def cancelled() -> bool:
        # Anything that arrives, or the other end's death, means stop.
        try:
            return connection.poll()
        except OSError:
            return True

    def progress(now: Progress) -> None:
        with contextlib.suppress(BrokenPipeError, OSError):
            connection.send(now)

    try:
        ids = import_paths(
            Path(home), [Path(p) for p in paths], progress=progress, cancelled=cancelled, origin=origin
        )
        message: Message = ("done", ids)
    except UserError as error:
        message = (
            "failed",
            type(error).__name__,
            getattr(error, "message", str(error)),
            getattr(error, "advice", ""),
        )
    except MemoryError:
        message = ("failed", "StorageProblem", "There is not enough memory for this file.", "Close other programs.")
    except Exception:
        log.exception("import failed")
        message = (
            "failed",
            "UserError",
            "The import failed because of an error in Replay Viewer.",
            "The log says why.",
        )
    with contextlib.suppress(BrokenPipeError, OSError):
        connection.send(message)


class ImportJob:
    """A running import. Ask `poll` from time to time (or watch `connection`); `cancel` stops it within a batch."""

    def __init__(self, home: Path, paths: Sequence[Path], origin: str = "") -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe(duplex=True)
        self._process = context.Process(
            target=_work, args=(theirs, str(home), [str(p) for p in paths], origin), name="replay-viewer-import"
        )
        self._process.daemon = True
        self._process.start()
        theirs.close()
        self.progress = Progress(0, 0)
        self.sessions: list[str] = []
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
            if isinstance(message, Progress):
                self.progress = message
            elif message[0] == "done":
                self.sessions = message[1]
                self._end(None)
            else:
                self._end(_rebuild(*message[1:]))
        return changed

    def _end(self, error: UserError | None) -> None:
        self.error = error
        self.finished = True
        self.connection.close()
        self._process.join(5.0)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def cancel(self) -> None:
        """Stop it; what was written is taken back. Returns at once: `poll` says when it is over."""
        if not self.finished:
            with contextlib.suppress(BrokenPipeError, OSError):
                self.connection.send("cancel")

    def wait(self) -> list[str]:
        """Wait for the end; the sessions' ids. Raises the import's error."""
        while not self.finished:
            self.poll(0.5)
        if self.error is not None:
            raise self.error
        return self.sessions


def _rebuild(name: str, message: str, advice: str) -> UserError:
    from replay_viewer.domain import errors

    if name == "Cancelled":
        return Cancelled()
    kind = getattr(errors, name, UserError)
    error: UserError = kind(message, advice)
    return error

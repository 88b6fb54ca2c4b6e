"""The one front door for work in the background. No widget ever makes a thread.

Short reads of the library run on one worker thread; results come back on the interface thread. An import runs in a
process of its own and is polled. A failure is always a `UserError`: one sentence for the person; anything else goes
to the log with its traceback and reaches the person as one plain sentence.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from PySide6.QtCore import QObject, QRunnable, QThreadPool, QTimer, Signal

from replay_viewer.domain.errors import Cancelled, UserError
from replay_viewer.library import Library

T = TypeVar("T")
log = logging.getLogger("replay_viewer.qt.tasks")

_POLL_MS = 60


def as_user_error(error: BaseException) -> UserError:
    """What a person is told about `error`. A bug is logged with its traceback and told in one sentence."""
    if isinstance(error, UserError):
        return error
    log.error("Unexpected failure", exc_info=error)
    return UserError("Something went wrong inside Replay Viewer.", "Try again; the details are in the log.")


class _Job(QRunnable):
    """Runs one function and hands its result to `report(number, value, error)`."""

    def __init__(self, number: int, work: Callable[[], Any], report: Callable[[int, Any, Any], None]) -> None:
        super().__init__()
        self._number, self._work, self._report = number, work, report

    def run(self) -> None:
        value: Any = None
        error: UserError | None = None
        try:
            value = self._work()
        except BaseException as problem:  # a thread's last line of defence: nothing may escape into Qt
            error = as_user_error(problem)
        self._report(self._number, value, error)


class Tasks(QObject):
    """Runs work off the interface thread, one after the other.

    `busy_changed(bool)` says whether anything runs. Results of a superseded or cancelled request are dropped.
    """

    busy_changed = Signal(bool)
    _finished = Signal(int, object, object)

    def __init__(self, home: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._home = home
        self._library: Library | None = None
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)  # a Library is used from one thread at a time
        self._number = 0
        self._waiting: dict[int, tuple[Callable[[Any], None], Callable[[UserError], None] | None, str]] = {}
        self._closed = False
        self._finished.connect(self._deliver)

    def run(
        self,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[UserError], None] | None = None,
        *,
        key: str = "",
    ) -> int:
        """Run `work` on the pool, then `done(result)` or `failed(error)` here. Returns a number for `cancel`.

        A newer request with the same non-empty `key` makes the older one's result be dropped.
        """
        if key:
            for number in [number for number, entry in self._waiting.items() if entry[2] == key]:
                self._waiting.pop(number)
        self._number += 1
        number = self._number
        self._waiting[number] = (done, failed, key)
        if len(self._waiting) == 1:
            self.busy_changed.emit(True)
        self._pool.start(_Job(number, work, self._report))
        return number

    def read(
        self,
        work: Callable[[Library], T],
        done: Callable[[T], None],
        failed: Callable[[UserError], None] | None = None,
        *,
        key: str = "",
    ) -> int:
        """`run` for work that reads the library: it gets the worker's own one."""
        return self.run(lambda: work(self._open()), done, failed, key=key)

    def cancel(self, number: int) -> None:
        """Drop the result of a request (what runs, runs to its end unheard)."""
        if self._waiting.pop(number, None) and not self._waiting:
            self.busy_changed.emit(False)

    def drop(self, key: str) -> None:
        """Drop the results of all requests of a key: whoever asked is gone."""
        for number in [number for number, entry in self._waiting.items() if entry[2] == key]:
            self.cancel(number)

    def close(self) -> None:
        """Drop all results and wait for what runs. Nothing can be started afterwards that is heard."""
        self._closed = True
        self._waiting.clear()
        self._pool.clear()
        self._pool.waitForDone(10_000)
        if self._library is not None:
            self._library.close()
            self._library = None

    def _open(self) -> Library:
        if self._library is None:
            self._library = Library.open(self._home)
        return self._library

    def _report(self, number: int, value: Any, error: UserError | None) -> None:
        # Work that outlives the wait in `close` may end when this object is gone: nobody is left to hear of it.
        with contextlib.suppress(RuntimeError):
            if not self._closed:
                self._finished.emit(number, value, error)

    def _deliver(self, number: int, value: Any, error: UserError | None) -> None:
        entry = self._waiting.pop(number, None)
        if entry is None:
            return
        done, failed, _ = entry
        if not self._waiting:
            self.busy_changed.emit(False)
        if error is None:
            done(value)
        elif failed is not None and not isinstance(error, Cancelled):
            failed(error)


class Job(Protocol):
    """A job in a process of its own, as `services.jobs.ImportJob` is one."""

    progress: Any
    sessions: list[str]
    error: UserError | None
    finished: bool

    def poll(self, timeout: float = 0.0) -> bool:
        """Read what the process said; True when something changed."""
        ...

    def cancel(self) -> None:
        """Stop it; `poll` says when it is over."""
        ...


class JobWatch(QObject):
    """Watches a job in another process until it ends.

    `progressed(progress)`, then one of `done(session ids)`, `failed(UserError)`, `cancelled()`.
    """

    progressed = Signal(object)
    done = Signal(list)
    failed = Signal(object)
    cancelled = Signal()

    def __init__(self, job: Job, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.job = job
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._poll)
        self._timer.start()

    def cancel(self) -> None:
        """Stop the job; nothing of it stays."""
        self.job.cancel()

    def stop(self) -> None:
        """Stop the job and wait for its end (the window closes)."""
        self._timer.stop()
        if not self.job.finished:
            self.job.cancel()
            self.job.poll(3.0)

    def _poll(self) -> None:
        if self.job.poll() and not self.job.finished:
            self.progressed.emit(self.job.progress)
        if not self.job.finished:
            return
        self._timer.stop()
        if isinstance(self.job.error, Cancelled):
            self.cancelled.emit()
        elif self.job.error is not None:
            self.failed.emit(self.job.error)
        else:
            self.done.emit(self.job.sessions)

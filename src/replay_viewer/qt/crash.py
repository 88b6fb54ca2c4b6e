"""Crashes are expected: a file takes the stack of one, the next start says so and where it is."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import sys
import threading
import time
import traceback
from pathlib import Path
from types import TracebackType
from typing import IO

log = logging.getLogger("replay_viewer.qt.crash")
_NAME = "crash.txt"
_LAST = "last-crash.txt"
_LIMIT = 200_000


class CrashFile:
    """Where a crash of this process is written. `install` on start, `remove` on an orderly end."""

    def __init__(self, home: Path) -> None:
        self.path = home / _NAME
        self._last = home / _LAST
        self._file: IO[str] | None = None
        self._hooks = (sys.excepthook, threading.excepthook)

    def previous(self) -> Path | None:
        """The file of the crash before this start, moved aside; None when the program ended well."""
        with contextlib.suppress(OSError):
            if self.path.exists() and self.path.stat().st_size > 0:
                self.path.replace(self._last)
                return self._last
        return None

    def install(self) -> None:
        """Write crashes and unexpected errors from now on; a disk that refuses costs only this."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("w", encoding="utf-8")
        except OSError:
            log.warning("no crash file can be written in %s", self.path.parent)
            return
        faulthandler.enable(self._file)
        sys.excepthook = self._unexpected
        threading.excepthook = self._unexpected_in_thread

    def remove(self) -> None:
        """The program ends in order: nothing to tell at the next start, unless an unexpected error was written."""
        if self._file is None:
            return
        faulthandler.disable()
        sys.excepthook, threading.excepthook = self._hooks
        empty = self._file.tell() == 0
        self._file.close()
        self._file = None
        if empty:
            with contextlib.suppress(OSError):
                self.path.unlink()

    def _unexpected(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.error("Unexpected error", exc_info=(kind, error, trace))
        if self._file is not None and self._file.tell() < _LIMIT:
            self._file.write(time.strftime("%Y-%m-%d %H:%M:%S\n"))
            traceback.print_exception(kind, error, trace, file=self._file)
            self._file.flush()

    def _unexpected_in_thread(self, found: threading.ExceptHookArgs) -> None:
        if found.exc_value is not None:
            self._unexpected(found.exc_type, found.exc_value, found.exc_traceback)

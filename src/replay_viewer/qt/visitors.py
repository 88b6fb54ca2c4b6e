"""Shows people who are on the demo's site right now: their session opens by itself and is followed while it grows."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from replay_viewer.domain.errors import UserError
from replay_viewer.qt.window import Window

#: How often is looked for new visitors.
_EVERY_MS = 1_000


class Visitors(QObject):
    """`find` answers the URLs of sessions that are being recorded, newest first; asked off the interface thread."""

    def __init__(self, window: Window, find: Callable[[], list[str]]) -> None:
        super().__init__(window)
        self._window = window
        self._find = find
        self._seen: set[str] = set()
        self._coming = ""
        window.opener.loaded.connect(self._loaded)
        window.opener.failed.connect(self._failed)
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def _look(self) -> None:
        if not self._coming and not self._window.opener.importing:
            self._window.opener.network.run(self._find, self._found, lambda _: None, key="visitors")

    def _found(self, urls: list[str]) -> None:
        fresh = [url for url in urls if url not in self._seen]
        if not fresh or self._coming or self._window.opener.importing:
            return
        self._coming = fresh[0]
        self._seen.add(fresh[0])
        self._window.opener.set_live(False)
        self._window.opener.open_url(fresh[0])

    def _loaded(self, _verdict: str) -> None:
        opened = self._window.context.opened
        if self._coming and opened is not None and opened.session.origin == self._coming:
            self._coming = ""
            # Once it has landed at its start: following it goes to its end.
            QTimer.singleShot(0, self, lambda: self._window.opener.set_live(True))

    def _failed(self, _error: UserError, _again: object) -> None:
        if self._coming:  # too little of it is there: it is looked at again
            self._seen.discard(self._coming)
            self._coming = ""

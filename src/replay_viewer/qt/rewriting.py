"""The open session redacted for good: what goes is looked at, then asked for once more, then done with progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMessageBox

from replay_viewer.domain.errors import UserError
from replay_viewer.library import Library
from replay_viewer.qt.context import Context
from replay_viewer.qt.redaction import ReviewDialog
from replay_viewer.qt.tasks import Tasks
from replay_viewer.redaction import Redactor
from replay_viewer.services.reviewing import Leaving
from replay_viewer.services.rewrite import redact_for_good

if TYPE_CHECKING:
    from replay_viewer.qt.window import Window


class Rewriting(QObject):
    """One run, a child of the window. `finished` when it is over, however it went."""

    finished = Signal()
    _stepped = Signal(int, int)

    def __init__(self, context: Context, window: Window) -> None:
        super().__init__(window)
        assert context.opened is not None
        self.context, self.window = context, window
        self._session = context.opened.id
        self._tasks = Tasks(context.library.home, self)
        self._cancelled = False
        self._stepped.connect(lambda done, total: window.progress.set_progress(done, total))
        window.afterwards.append(self._stop)

    def begin(self) -> None:
        """Show what would go."""
        leaving = Leaving(session=self._session, format="bundle", title="this session")
        dialog = ReviewDialog(self.context, leaving, self.window, verb="Redact for good")
        dialog.approved.connect(self.ask)
        dialog.rejected.connect(self._over)
        dialog.show()

    def ask(self, redactor: Redactor) -> None:
        """Ask once more, then do it."""
        box = QMessageBox(self.window)
        box.setTextFormat(box.textFormat().PlainText)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setText("Redact this session for good?")
        box.setInformativeText(
            "Its recording, rows and notes are rewritten, saved screenshots and captured pictures of it are removed. "
            "This cannot be taken back."
        )
        box.setStandardButtons(QMessageBox.StandardButton.Cancel)
        redact = box.addButton("Redact for good", QMessageBox.ButtonRole.DestructiveRole)
        box.exec()
        if box.clickedButton() is redact:
            self.run(redactor)
        else:
            self._over()

    def run(self, redactor: Redactor) -> None:
        """Rewrite the session; it is closed while that goes on, and opened again."""
        self.window.close_session()
        self.window.progress.begin("Redacting the session")
        self.window.progress.cancelled.connect(self._cancel)
        session = self._session

        def work(library: Library) -> int:
            removed = redact_for_good(
                library, session, redactor, progress=self._stepped.emit, cancelled=lambda: self._cancelled
            )
            return sum(line.count for line in removed)

        def done(count: int) -> None:
            self._ended()
            self.window.messages.say("Redacted for good.", f"{count:,} values were removed.", "info")

        def failed(error: UserError) -> None:
            self._ended()
            self.window.messages.say(error.message, error.advice, "failed")

        self._tasks.read(work, done, failed)

    def _cancel(self) -> None:
        self._cancelled = True

    def _ended(self) -> None:
        self.window.progress.end()
        self.window.progress.cancelled.disconnect(self._cancel)
        self.window.queue.reload()
        self.window.opener.open_session(self._session)
        self._over()

    def _stop(self) -> None:
        self._cancelled = True
        self._tasks.close()

    def _over(self) -> None:
        if self._stop in self.window.afterwards:
            self.window.afterwards.remove(self._stop)
            self._tasks.close()
            self.finished.emit()
            self.deleteLater()

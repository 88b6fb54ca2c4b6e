"""The window's line to an inspector process: answers come back as signals, and only to the newest question."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QSocketNotifier, Signal

from replay_viewer.domain.errors import UserError
from replay_viewer.services.inspector import InspectorClient, Reply, TreeQuestion


class Inspector(QObject):
    """One inspector process, started with the first question and ended by `close`.

    `answered(Reply)`: an answer to the newest question of its kind. `progressed(done, total)`. `failed(message,
    advice)`.
    """

    answered = Signal(object)
    progressed = Signal(int, int)
    failed = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._client: InspectorClient | None = None
        self._notifier: QSocketNotifier | None = None
        self._of: tuple[Path, str] | None = None
        self._out = 0
        self._next: TreeQuestion | None = None

    @property
    def busy(self) -> bool:
        """Whether an answer is out."""
        return self._out > 0

    def use(self, home: Path, session: str) -> None:
        """Questions are about this session from now on."""
        if self._of != (home, session):
            self.close()
            self._of = (home, session)

    def tree(self, question: TreeQuestion) -> None:
        """Ask for rows of the tree. While one is out, the newest of the others waits."""
        if self._out:
            self._next = question
        else:
            self._ask(lambda client: client.tree(question))

    def history(self, tab: int, wanted: str, t: float) -> None:
        """Ask for a node's life; a question that is out is given up."""
        self._drop()
        self._ask(lambda client: client.history(tab, wanted, t))

    def difference(self, tab: int, start: float, end: float) -> None:
        """Ask what changed between two instants; a question that is out is given up."""
        self._drop()
        self._ask(lambda client: client.difference(tab, start, end))

    def reload(self) -> None:
        """The session has grown."""
        if self._client is not None and not self._out:
            self._ask(lambda client: client.reload())

    def cancel(self) -> None:
        """Give up what is out."""
        self._drop()

    def close(self) -> None:
        """End the process."""
        self._out, self._next = 0, None
        if self._notifier is not None:
            self._notifier.setEnabled(False)
            self._notifier.deleteLater()
            self._notifier = None
        if self._client is not None:
            self._client.close()
            self._client = None

    def _drop(self) -> None:
        if self._out:
            self.close()

    def _ask(self, question) -> None:  # type: ignore[no-untyped-def]
        if self._of is None:
            return
        try:
            if self._client is None:
                self._client = InspectorClient(*self._of)
                descriptor = self._client.connection.fileno()
                self._notifier = QSocketNotifier(descriptor, QSocketNotifier.Type.Read, self)
                self._notifier.activated.connect(self._readable)
            self._out = question(self._client)
        except UserError as error:
            self._gone(error)

    def _readable(self) -> None:
        client = self._client
        try:
            while client is not None and client is self._client and client.poll():
                self._take(client.receive())
        except UserError as error:
            self._gone(error)

    def _take(self, reply: Reply) -> None:
        if reply.kind == "progress":
            self.progressed.emit(reply.done, reply.total)
            return
        if reply.request != self._out:
            return
        self._out = 0
        waiting, self._next = self._next, None
        if reply.kind == "error":
            self.failed.emit(reply.message, reply.advice)
        else:
            self.answered.emit(reply)
        if waiting is not None and not self._out:
            self.tree(waiting)

    def _gone(self, error: UserError) -> None:
        self.close()
        self.failed.emit(error.message, error.advice)

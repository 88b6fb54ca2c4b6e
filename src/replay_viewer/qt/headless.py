"""Painting without a window: pictures and page contents for the command line, exports, tests and benchmarks.

The view is shown off the screen (`WA_DontShowOnScreen`): one that was never shown gives blank pictures, and Chromium
grants it one animation frame a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from PySide6.QtCore import QBuffer, QByteArray, QCoreApplication, QEvent, QEventLoop, QIODevice, QSize, Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from replay_viewer.domain.errors import UserError
from replay_viewer.qt import chromium
from replay_viewer.qt.player.engine_port import Engine
from replay_viewer.qt.player.view import PlayerView

#: How long the page may take for one answer, seconds. A page of 25,000 nodes takes about one.
PATIENCE = 60.0


class PaintingFailed(UserError):
    """The page could not be painted."""


def application() -> QApplication:
    """The QApplication, made (and Chromium prepared for it) when there is none yet."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    chromium.prepare()
    return QApplication(["replay-viewer"])


class HeadlessPlayer:
    """A player off the screen whose questions wait for their answers."""

    def __init__(self, size: QSize | None = None) -> None:
        self._app = application()
        self.view = PlayerView()
        self.view.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        self.view.resize(size or QSize(1280, 800))
        self._failure = ""
        self.view.failed.connect(self._failed)
        self.view.show()
        if not self.view.is_ready:
            self._until(lambda quit: self.view.ready.connect(quit))

    def _failed(self, message: str) -> None:
        self._failure = message

    def _until(self, start: Callable[[Callable[..., None]], Any]) -> None:
        """Run the event loop until the callable given to `start` is called. Raises PaintingFailed."""
        loop = QEventLoop()
        done = False

        def finish(*_: Any) -> None:
            nonlocal done
            done = True
            loop.quit()

        self._failure = ""
        timer = QTimer()
        timer.setSingleShot(True)
        timer.timeout.connect(loop.quit)
        self.view.failed.connect(loop.quit)
        start(finish)
        if not done:
            timer.start(int(PATIENCE * 1000))
            loop.exec()
        timer.stop()
        self.view.failed.disconnect(loop.quit)
        if self._failure:
            raise PaintingFailed(self._failure)
        if not done:
            raise PaintingFailed("The page did not answer.", "Try again; the log says more.")

    def use(self, engine: Engine) -> None:
        """Paint what this engine answers."""
        self.view.set_engine(engine)

    def seek(self, tab: int, t: float) -> dict[str, Any]:
        """Show `tab` at `t` (epoch ms) and wait until it is on the screen; the page's timings in ms."""
        reports: list[dict[str, Any]] = []
        self.view.pictured.connect(reports.append)
        try:

            def start(finish: Callable[..., None]) -> None:
                self.view.pictured.connect(finish)
                self.view.seek(tab, t)

            self._until(start)
        finally:
            self.view.pictured.disconnect(reports.append)
        return reports[-1]

    def read(self) -> dict[str, Any]:
        """What the painted page holds (PlayerView.read_page), once it has come to rest."""
        self._answer(self.view.settle)
        return self._answer(self.view.read_page)  # type: ignore[no-any-return]

    def picture(self) -> QImage:
        """The recorded viewport at 100 %."""
        return self._answer(self.view.take_picture)  # type: ignore[no-any-return]

    def small_picture(self) -> QImage:
        """The recorded viewport as large as it fits the player."""
        return self._answer(self.view.take_small)  # type: ignore[no-any-return]

    def _answer(self, ask: Callable[[Callable[[Any], None]], None]) -> Any:
        answers: list[Any] = []

        def start(finish: Callable[..., None]) -> None:
            def got(value: Any) -> None:
                answers.append(value)
                finish()

            ask(got)

        self._until(start)
        return answers[0]

    def close(self) -> None:
        """Take the page down and wait until it is gone."""
        gone = self.view.profile.destroyed

        # In a running application only the loop an object was given up in deletes it, so both happen in ours.
        flush = QTimer()
        flush.timeout.connect(lambda: QCoreApplication.sendPostedEvents(None, int(QEvent.Type.DeferredDelete)))

        def start(finish: Callable[..., None]) -> None:
            gone.connect(finish)
            QTimer.singleShot(0, self.view.shutdown)
            flush.start(10)

        self._until(start)
        flush.stop()
        self.view.deleteLater()


@contextmanager
def player(engine: Engine, size: QSize | None = None) -> Iterator[HeadlessPlayer]:
    """A headless player on `engine`, taken down afterwards. The engine stays the caller's."""
    made = HeadlessPlayer(size)
    try:
        made.use(engine)
        yield made
    finally:
        made.close()


def png(image: QImage) -> bytes:
    """A picture as PNG bytes."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(data.data())


def shoot(
    engine: Engine,
    tab: int,
    instants: Sequence[float],
    size: QSize | None = None,
    step: Callable[[int, int], None] | None = None,
) -> list[bytes]:
    """PNG pictures of `tab` at each of `instants` (epoch ms). Raises PaintingFailed.

    `step(done, total)` is told before each; what it raises (Cancelled) ends it.
    """
    pictures = []
    with player(engine, size) as headless:
        for n, t in enumerate(instants):
            if step is not None:
                step(n, len(instants))
            headless.seek(tab, t)
            pictures.append(png(headless.picture()))
    return pictures


def read(engine: Engine, tab: int, t: float, *, marks: bool = False) -> tuple[dict[str, Any], bytes]:
    """What the page holds at `t`, and its picture as PNG bytes. Raises PaintingFailed.

    `marks`: say in the picture what is not in the recording.
    """
    with player(engine) as headless:
        headless.view.show_marks(marks)
        headless.seek(tab, t)
        return headless.read(), png(headless.picture())

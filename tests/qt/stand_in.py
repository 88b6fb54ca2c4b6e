"""Stand-ins for the parts of other processes: a player that shows what it is told, an engine, an import job."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from replay_viewer.domain.errors import UserError
from replay_viewer.services.importer import Progress


class FakeEngine:
    """Nothing behind it."""

    def __init__(self, home: Path, session: str) -> None:
        self.home, self.session, self.closed = home, session, False

    def close(self) -> None:
        """Closed."""
        self.closed = True


class FakePlayer(QWidget):
    """Reports every seek as shown at once."""

    ready = Signal()
    instant = Signal(float)
    playing_changed = Signal(bool)
    ended = Signal()
    failed = Signal(str)
    pictured = Signal(dict)
    picked = Signal(int)
    spotted = Signal(float, float)
    found = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.calls: list[tuple[Any, ...]] = []
        self.answers = True

    def set_engine(self, engine: Any) -> None:
        """Another engine."""
        self.calls.append(("engine", engine))

    def set_end(self, t: float | None) -> None:
        """Where play ends."""
        self.calls.append(("end", t))

    def seek(self, tab: int, t: float) -> None:
        """Shown at once."""
        self.calls.append(("seek", tab, t))
        if self.answers:
            self.instant.emit(t)
            self.pictured.emit({})

    def find_event(self, tab: int, t: float, direction: int) -> None:
        """An event every second."""
        self.calls.append(("find", tab, t, direction))
        self.found.emit((t // 1000 + 1) * 1000.0 if direction > 0 else (-(-t // 1000) - 1) * 1000.0)

    def show_marks(self, visible: bool) -> None:
        """Marks, or none."""
        self.calls.append(("marks", visible))

    def play(self) -> None:
        """Asked to play."""
        self.calls.append(("play",))

    def pause(self) -> None:
        """Asked to hold."""
        self.calls.append(("pause",))

    def set_speed(self, speed: float) -> None:
        """Another speed."""
        self.calls.append(("speed", speed))

    def retry(self) -> None:
        """Asked to try again."""
        self.calls.append(("retry",))

    def show_pointer(self, visible: bool) -> None:
        """Drawn or not."""
        self.calls.append(("pointer", visible))

    def set_around(self, colour: QColor) -> None:
        """Another ground."""

    def set_picking(self, on: bool) -> None:
        """Asked to pick."""
        self.calls.append(("picking", on))

    def outline(self, ids: list[int]) -> None:
        """Asked to outline."""
        self.calls.append(("outline", ids))

    def pin(self, spots: list[Any]) -> None:
        """Asked to number spots."""
        self.calls.append(("pin", spots))

    def settle(self, done: Callable[[dict[str, Any]], None]) -> None:
        """At rest."""
        done({"box": [0, 0, 742, 464], "scale": 0.58})

    def take_picture(self, done: Callable[[QImage], None]) -> None:
        """A small picture."""
        image = QImage(64, 40, QImage.Format.Format_RGB32)
        image.fill(Qt.GlobalColor.white)
        done(image)

    def shutdown(self) -> None:
        """Gone."""
        self.calls.append(("shutdown",))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A white page."""
        painter = QPainter(self)
        wide = min(self.width() - 60.0, (self.height() - 40.0) * 1.6)
        box = QRectF((self.width() - wide) / 2, 20, wide, wide / 1.6)
        painter.fillRect(box, QColor("#FFFFFF"))
        painter.setPen(QColor("#99A"))
        painter.drawRect(box)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "the recorded page")
        painter.end()


class FakeJob:
    """An import that has done what it was told to have done."""

    def __init__(self, sessions: list[str] | None = None, error: UserError | None = None) -> None:
        self.progress: Any = Progress(0, 100)
        self.sessions = sessions or []
        self.error = error
        self.finished = False
        self.cancelled = False
        self.finish_on_poll = True

    def poll(self, timeout: float = 0.0) -> bool:
        """Finished at the first look, unless told otherwise."""
        self.finished = self.finished or self.finish_on_poll
        return True

    def cancel(self) -> None:
        """Told to stop."""
        self.cancelled = True
        self.finished = True

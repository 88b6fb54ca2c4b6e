"""Small pictures of the open session, made in the background by a page and an engine of their own.

The engine is the one for stills, and works in a process; the page is a second one off the screen. One picture is made
at a time, after the first picture of the session is shown and only while the player neither plays nor seeks, and a
seek that comes meanwhile waits for nothing: the two pages share no queue. Pictures are kept in the library and go
with their session.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage

from replay_viewer.library import Library
from replay_viewer.qt.context import Context
from replay_viewer.qt.opened import Opened
from replay_viewer.services import thumbnails

log = logging.getLogger(__name__)

#: The player must have been at rest for so long before a picture is made, ms.
REST = 2_000
#: Between two pictures, ms: the machine is not ours alone.
PAUSE = 150
#: Priority of the process that paints them (POSIX: 0 is usual, 19 the lowest).
_NICE = 10
#: A picture that is not there after this long is given up, ms.
PATIENCE = 15_000


def small(image: QImage) -> bytes:
    """A picture as a JPEG of `thumbnails.WIDTH` pixels' width."""
    scaled = image.scaledToWidth(thumbnails.WIDTH, Qt.TransformationMode.SmoothTransformation)
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    scaled.save(buffer, "JPEG", 70)  # type: ignore[call-overload]
    return bytes(data.data())


class Thumbnails(QObject):
    """The pictures of the open session. `changed`: there are more, or others. `make_player(parent)` and
    `make_engine(home, session)` are the window's; the page is made when it is first needed."""

    changed = Signal()

    def __init__(
        self,
        context: Context,
        make_player: Callable[[Any], Any],
        make_engine: Callable[..., Any],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.context = context
        self._make_player, self._make_engine = make_player, make_engine
        self.on = False
        self._images: dict[float, QImage] = {}
        self._data: dict[float, bytes] = {}
        self._times: list[float] = []
        self._wanted: list[tuple[int, float]] = []
        self._player: Any = None
        self._engine: Any = None
        self._of = ""
        self._now: tuple[int, float] | None = None
        self._busy = 0.0
        self._seen = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._step)
        self._watch = QTimer(self)
        self._watch.setSingleShot(True)
        self._watch.setInterval(PATIENCE)
        self._watch.timeout.connect(self._skip)
        context.opened_changed.connect(self._opened)
        context.playhead.moved.connect(self._disturb)
        context.playhead.sought.connect(self._disturb)
        context.playhead.reported.connect(self._see)
        context.playhead.playing_changed.connect(self._disturb)

    # what others ask

    def pictures(self) -> list[tuple[float, QImage]]:
        """The pictures there are, in time order."""
        return [(t, self._images[t]) for t in self._times]

    def nearest(self, t: float) -> bytes:
        """The picture (JPEG) shown at `t`: the last one before it; empty when there is none."""
        at = bisect_right(self._times, t) - 1
        return self._data[self._times[at]] if at >= 0 else b""

    def set_on(self, on: bool) -> None:
        """Make pictures, or stop."""
        self.on = on
        if on:
            self._opened()
        else:
            self._stop()

    def close(self) -> None:
        """Take page and engine down."""
        self._stop()
        if self._player is not None:
            self._player.shutdown()
            self._player.deleteLater()
            self._player = None

    # one after the other

    def _opened(self) -> None:
        opened = self.context.opened
        if opened is None or opened.id != self._of:
            self._stop()
            self._images, self._data, self._times = {}, {}, []
            self._seen = False
            self._of = opened.id if opened is not None else ""
            self.changed.emit()
        if opened is None or not self.on or opened.session.state != "ready" or not opened.session.tabs:
            return
        id = opened.id

        def read(library: Library) -> dict[tuple[int, float], bytes]:
            held = {}
            for tab, t in library.thumbnails(id):
                if (data := library.thumbnail(id, tab, t)) is not None:
                    held[tab, t] = data
            return held

        self.context.tasks.read(read, lambda held: self._begin(opened, held), lambda _error: None, key="thumbnails")

    def _begin(self, opened: Opened, held: dict[tuple[int, float], bytes]) -> None:
        if self.context.opened is not opened or not self.on:
            return
        for (_, t), data in held.items():
            self._add(t, data)
        self._wanted = [one for one in thumbnails.instants(opened.trails) if one not in held]
        self.changed.emit()
        self._timer.start(REST)

    def _add(self, t: float, data: bytes) -> None:
        image = QImage.fromData(data)
        if image.isNull():
            return
        self._images[t], self._data[t] = image, data
        self._times = sorted(self._images)

    def _disturb(self, _what: object) -> None:
        self._busy = time.monotonic()

    def _see(self) -> None:
        self._seen = True

    def _at_rest(self) -> bool:
        quiet = (time.monotonic() - self._busy) * 1000.0 >= REST
        playhead = self.context.playhead
        seeking = abs(playhead.target - playhead.t) > 1.0  # what was asked for last is not shown yet
        return quiet and not playhead.playing and not seeking and playhead.driven and self._seen

    def _step(self) -> None:
        opened = self.context.opened
        if opened is None or not self.on or not self._wanted or self._now is not None:
            if not self._wanted:
                self._rest()
            return
        if not self._at_rest():
            self._timer.start(REST)
            return
        if self._player is None:
            self._player = self._make_player(None)
            self._player.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
            self._player.resize(QSize(640, 400))
            self._player.pictured.connect(self._pictured)
            self._player.failed.connect(lambda _message: self._skip())
            self._player.show()
        if self._engine is None:
            self._engine = self._make_engine(opened.library.home, opened.id)
            self._player.set_engine(self._engine)
        self._now = self._wanted[0]
        self._watch.start()
        self._player.seek(*self._now)

    def _yield(self) -> None:
        """Have the process that paints them give way to the one the person looks at (POSIX)."""
        page = getattr(self._player, "page", None)
        if page is not None and hasattr(os, "setpriority") and (pid := page.renderProcessPid()) > 0:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, pid, _NICE)

    def _pictured(self, _timings: dict[str, Any]) -> None:
        if self._now is not None and not self._at_rest():
            # Somebody seeks or plays: what is left of this picture waits, and it is asked for again.
            self._watch.stop()
            self._now = None
            self._timer.start(REST)
        elif self._now is not None:
            self._yield()
            wanted = self._now
            self._player.take_small(lambda image: self._took(wanted, image))

    def _took(self, wanted: tuple[int, float], image: QImage) -> None:
        opened = self.context.opened
        if wanted != self._now or opened is None or not self._wanted:
            return
        self._watch.stop()
        self._now = None
        self._wanted.pop(0)
        if not image.isNull():
            data = small(image)
            self._add(wanted[1], data)
            self.context.tasks.read(
                lambda library: library.put_thumbnail(opened.id, *wanted, data),
                lambda _done: None,
                # a full disk: the pictures are there until the window closes
                lambda error: log.warning("a small picture could not be kept: %s", error),
                key=f"thumbnail-{wanted[1]}",
            )
            self.changed.emit()
        self._timer.start(PAUSE)

    def _skip(self) -> None:
        """This one does not come: the next."""
        if self._now is not None and self._wanted:
            log.warning("no small picture at %s", self._now)
            self._now = None
            self._wanted.pop(0)
            self._timer.start(PAUSE)

    def _rest(self) -> None:
        """All are there: the engine may go."""
        if self._engine is not None:
            self._player.set_engine(None)
            self._engine.close()
            self._engine = None

    def _stop(self) -> None:
        self._timer.stop()
        self._watch.stop()
        self._wanted, self._now = [], None
        self._rest()

"""The player widget: shows a tab of a session at an instant, seeks and plays it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWebEngineCore import QWebEnginePage
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QLabel, QWidget

from replay_viewer.domain.resources import resource
from replay_viewer.domain.session import Spot
from replay_viewer.qt import chromium
from replay_viewer.qt.player.director import Director
from replay_viewer.qt.player.engine_port import Engine
from replay_viewer.qt.player.line import Line
from replay_viewer.qt.player.probe import Probe
from replay_viewer.qt.player.scheme import PAGE, PlayerScheme
from replay_viewer.qt.player.walls import WalledPage, WalledProfile

log = logging.getLogger(__name__)

UNPREPARED = (
    "The page cannot be shown: Chromium was started without its network rule. "
    "Start Replay Viewer by its own command, without other Chromium flags for the resolver."
)
REACHED = (
    "The page is not shown, because Chromium could reach the network. "
    "Remove --host-resolver-rules from QTWEBENGINE_CHROMIUM_FLAGS and start again."
)
DIES = "The page keeps crashing at this moment. Seek elsewhere, then press Retry."

#: A render process that dies this often within a minute is left alone.
DEATHS = 4
#: A page may ask for captured files this often in a row (sheets in sheets, fonts in those) before it counts as done.
_ROUNDS = 40


class PlayerView(QWidget):
    """Paints what the engine answers.

    Signals: `ready` the page stands and the probe found no way out; `instant` (epoch ms) what is on the screen;
    `playing_changed`, `ended` (play reached the end), `waiting` (play waits for frames), `failed` a sentence.
    `pictured` is emitted after each seek that reached the screen, with the page's timings (ms).
    `found` answers `find_event`.
    """

    ready = Signal()
    instant = Signal(float)
    playing_changed = Signal(bool)
    ended = Signal()
    waiting = Signal(bool)
    failed = Signal(str)
    pictured = Signal(dict)
    hovered = Signal(int)  #: while picking: the node under the mouse, -1 for none
    picked = Signal(int)  #: while picking: the node that was clicked
    spotted = Signal(float, float)  #: while picking: where in the recorded viewport (CSS pixels); before `picked`
    found = Signal(object)

    def __init__(self, parent: QWidget | None = None, *, prepares: bool = False) -> None:
        """`prepares`: build pages near the one shown while nobody asks for anything."""
        super().__init__(parent)
        self.setAccessibleName("Recorded page")
        self._picking = False
        self._gate = False
        self._closed = False
        self._stands = self._leaving = False
        self._deaths: list[float] = []
        self._probe: Probe | None = None
        self._waits: dict[int, Callable[[dict[str, Any]], None]] = {}
        self._next_wait = 0
        self._marks = 0
        self._cover = QLabel(self)
        self._cover.hide()

        self._line = Line(self)
        self._line.reported.connect(self._report)
        self.profile = WalledProfile(self)
        self.scheme = PlayerScheme(resource("player", "dist"), self._line, self)
        self.profile.installUrlSchemeHandler(chromium.SCHEME, self.scheme)
        self.page = WalledPage(self.profile, self)
        self.page.renderProcessTerminated.connect(self._died)
        self.page.loadFinished.connect(self._left)
        self._web = QWebEngineView(self)
        self._web.setPage(self.page)
        self._web.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self._web.setAcceptDrops(False)
        self.director = Director(self._line, self)
        self.director.prepares = prepares
        self.scheme.ask_asset = self.director.asset
        for name in ("instant", "playing_changed", "ended", "waiting", "failed", "pictured", "found"):
            getattr(self.director, name).connect(getattr(self, name))
        self._load()

    # -- what is shown ---------------------------------------------------------------------------------------

    def set_engine(self, engine: Engine | None) -> None:
        """Take another session's engine; the picture stays until its first seek arrives."""
        self.director.set_engine(engine)

    def set_end(self, t: float | None) -> None:
        """Where play ends (epoch ms)."""
        self.director.end = t

    def seek(self, tab: int, t: float) -> None:
        """Show `tab` at `t` (epoch ms). Of many calls the newest wins."""
        self.director.seek(tab, t)

    def find_event(self, tab: int, t: float, direction: int) -> None:
        """Look for the event next to `t` (epoch ms) that changes what is seen; `found` gets its instant, or None."""
        self.director.find(tab, t, direction)

    def retry(self) -> None:
        """After a failure: begin the page anew and show what was asked last."""
        self._deaths.clear()
        self._load()

    def play(self) -> None:
        """Play on from the instant shown."""
        self.director.play()

    def pause(self) -> None:
        """Hold the picture."""
        self.director.pause()

    def set_speed(self, speed: float) -> None:
        """Speed of play: 1 is as it happened."""
        self.director.set_speed(speed)

    @property
    def is_playing(self) -> bool:
        """Whether it plays."""
        return self.director.playing

    @property
    def is_ready(self) -> bool:
        """Whether the page stands and may paint."""
        return self._gate

    @property
    def current(self) -> float:
        """The instant on the screen (epoch ms), 0 before the first picture."""
        return self.director.shown

    def set_zoom(self, zoom: float | None) -> None:
        """None fits the widget (never larger than recorded); 1.0 is 100 %."""
        self._line.send("zoom", zoom=zoom)

    def set_around(self, colour: QColor) -> None:
        """Colour around the page."""
        self.page.setBackgroundColor(colour)
        self._line.send("around", colour=colour.name())

    def show_pointer(self, visible: bool) -> None:
        """Draw pointer and clicks, or not."""
        self._line.send("pointer", visible=visible)

    def show_marks(self, visible: bool) -> None:
        """Mark what is not in the recording (blocked boxes, frames, images, masked text, style sheets), or not."""
        self._line.send("marks", on=visible)

    def set_selecting(self, on: bool) -> None:
        """Let the person select text of the page; otherwise their pointer does nothing to it."""
        self._line.send("select", on=on)

    def set_picking(self, on: bool) -> None:
        """Let the person pick a node of the page with the mouse (`hovered`, `picked`), or not."""
        self._picking = on
        self._line.send("pick", on=on)

    def outline(self, ids: Sequence[int]) -> None:
        """Draw outlines around these nodes (mirror ids) until others are asked for."""
        self._line.send("outline", ids=list(ids))

    def pin(self, spots: Sequence[Spot]) -> None:
        """Draw numbers at these spots of the recorded viewport until others are asked for."""
        self._line.send("pins", spots=[{"x": spot.x, "y": spot.y, "n": spot.number} for spot in spots])

    # -- reading and pictures --------------------------------------------------------------------------------

    def read_page(self, done: Callable[[dict[str, Any]], None]) -> None:
        """Ask what the painted page holds: url, viewport, text (innerText), html, inputs, scrolls, frames."""
        self.page.runJavaScript("replayRead()", lambda text: done(orjson.loads(text)) if text else None)

    def settle(self, done: Callable[[dict[str, Any]], None]) -> None:
        """Call `done` two animation frames after the picture is complete, with `box` of the page in the widget."""
        self._settle(done)

    def take_picture(self, done: Callable[[QImage], None]) -> None:
        """The whole recorded viewport at 100 %, whatever the scale shown. `done` gets it shortly after."""

        def measured(report: dict[str, Any]) -> None:
            x, y, width, height = report["box"]
            scale = report["scale"]
            inside = self._web.rect().contains(QRect(int(x), int(y), int(width), int(height)))
            if abs(scale - 1.0) < 1e-6 and inside:
                self._when_painted(lambda: done(self._grab(report["box"])))
                return
            # Behind a still of itself the page is laid out at 100 %, pictured, and put back.
            self._cover.setPixmap(self._web.grab())
            self._cover.setGeometry(self.rect())
            self._cover.show()
            self._cover.raise_()
            self._line.send("zoom", zoom=None, keep=True)
            self._web.resize(QSize(round(width / scale), round(height / scale)).expandedTo(self.size()))
            self._settle(lambda large: self._when_painted(lambda: finish(large["box"])))

        def finish(box: list[float]) -> None:
            image = self._grab(box)
            self._web.setGeometry(self.rect())
            self._line.send("zoom", restore=True)
            self._ask("settle", lambda _: self._cover.hide())
            done(image)

        self._settle(measured)

    def take_small(self, done: Callable[[QImage], None]) -> None:
        """The page as large as it is shown here, once it has come to rest. `done` gets it shortly after."""
        self._settle(lambda report: self._when_painted(lambda: done(self._grab(report["box"]))))

    def _when_painted(self, then: Callable[[], None]) -> None:
        """Call `then` when what the page shows now has come through to the widget.

        Animation frames of the page run ahead of the pixels here by a few frames. A mark in the corner that comes,
        and goes again, tells that the frame with it, and the one after it, are there.
        """
        self._marks = (self._marks + 1) % 200
        colour = QColor(255, 40 + self._marks, 255 - self._marks)
        deadline = time.monotonic() + 5.0

        def seen() -> bool:
            pixel = self._web.grab(QRect(1, 1, 2, 2)).toImage().pixelColor(0, 0)
            apart = (pixel.red() - colour.red(), pixel.green() - colour.green(), pixel.blue() - colour.blue())
            return max(abs(difference) for difference in apart) < 12

        def look(wanted: bool) -> None:
            if seen() != wanted and time.monotonic() < deadline and not self._closed:
                QTimer.singleShot(4, self, lambda: look(wanted))
            elif wanted:
                self._line.send("mark", colour=None)
                look(False)
            else:
                then()

        self._line.send("mark", colour=colour.name())
        look(True)

    def _grab(self, box: list[float]) -> QImage:
        x, y, width, height = (round(v) for v in box)
        return self._web.grab(QRect(x, y, width, height)).toImage()

    def _settle(self, done: Callable[[dict[str, Any]], None], rounds: int = _ROUNDS) -> None:
        """As `settle`: as long as the page goes on asking for captured files, it has not come to rest."""
        before = self.director.assets_served

        def settled(report: dict[str, Any]) -> None:
            if rounds and (self.director.assets_out or self.director.assets_served != before):
                self._settle(done, rounds - 1)
            else:
                done(report)

        self._ask("settle", settled)

    def _ask(self, kind: str, done: Callable[[dict[str, Any]], None]) -> None:
        self._next_wait += 1
        self._waits[self._next_wait] = done
        self._line.send(kind, request=self._next_wait)

    # -- life of the page ------------------------------------------------------------------------------------

    def _load(self) -> None:
        self._gate = False
        self.director.close_gate()
        self._waits.clear()
        self._line.reset()
        self._cover.hide()  # a picture was being taken when the page died
        self._web.setGeometry(self.rect())
        if not chromium.is_prepared():
            self.failed.emit(UNPREPARED)
            return
        if self._stands:
            # Another fragment of the same address would be no new page: leave this one first.
            self._stands = False
            self._leaving = True
            self.page.load(QUrl("about:blank"))
            return
        self.page.load(QUrl(f"{PAGE}#{self._line.token}"))

    def _left(self, _ok: bool) -> None:
        if self._leaving and not self._closed and self.page.url().scheme() == "about":
            self._leaving = False
            self.page.load(QUrl(f"{PAGE}#{self._line.token}"))

    def _report(self, report: dict[str, Any]) -> None:
        kind = report.get("kind")
        if kind == "ready":
            self._stands = True
            self._probe = Probe(self)
            self._line.send("probe", urls=self._probe.urls)
        elif kind == "probed":
            self._open_gate()
        elif kind == "settled":
            done = self._waits.pop(int(report.get("request") or 0), None)
            if done is not None:
                done(report)
        elif kind in ("hovered", "picked"):
            if kind == "picked":
                self.spotted.emit(float(report.get("x") or 0.0), float(report.get("y") or 0.0))
            getattr(self, kind).emit(int(report.get("id") or -1))
        else:
            self.director.report(report)

    def _open_gate(self) -> None:
        probe, self._probe = self._probe, None
        if probe is None:
            return
        reached = probe.finish() > 0 or not probe.listening
        probe.deleteLater()
        if reached:
            self.page.load(QUrl("about:blank"))
            self.failed.emit(REACHED)
            return
        self._gate = True
        proxy = self._web.focusProxy()
        if proxy is not None:
            proxy.installEventFilter(self)
        self.director.open_gate()
        if self._picking:
            self._line.send("pick", on=True)
        self.ready.emit()

    def _died(self, status: QWebEnginePage.RenderProcessTerminationStatus, code: int) -> None:
        if self._closed or status == QWebEnginePage.RenderProcessTerminationStatus.NormalTerminationStatus:
            return
        log.warning("render process ended: %s (%d)", status.name, code)
        self._stands = self._leaving = False
        now = time.monotonic()
        self._deaths = [*(t for t in self._deaths if now - t < 60.0), now]
        if len(self._deaths) >= DEATHS:
            self.director.close_gate()
            self.failed.emit(DIES)
            return
        self._load()

    def shutdown(self) -> None:
        """Take the page down; the profile goes after it, as Chromium demands. The engine is the caller's."""
        if self._closed:
            return
        self._closed = True
        self.director.set_engine(None)
        self._waits.clear()
        self._web.hide()
        self._web.setPage(None)  # type: ignore[arg-type]
        self.page.setParent(None)
        self.page.deleteLater()
        self.page.destroyed.connect(self.profile.deleteLater)

    # -- widget ----------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The page fills the widget."""
        self._web.setGeometry(self.rect())

    def sizeHint(self) -> QSize:
        """Room for a usual page at two thirds."""
        return QSize(860, 540)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys belong to the application: only copying reaches the page."""
        if isinstance(event, QKeyEvent):
            if event.matches(QKeySequence.StandardKey.Copy):
                return False
            event.ignore()
            return True
        return super().eventFilter(watched, event)

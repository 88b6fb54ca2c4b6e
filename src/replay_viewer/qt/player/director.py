"""Between engine and page: which question is out, what the page has, when to read ahead."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import orjson
from PySide6.QtCore import QObject, QSocketNotifier, QTimer, Signal

from replay_viewer.domain.errors import UserError
from replay_viewer.qt.player.engine_port import Answer, Engine
from replay_viewer.qt.player.line import Line

log = logging.getLogger(__name__)

#: Frames are asked for this far ahead of the playhead, and once less than half of it is left (ms of the clock).
AHEAD = 2_000.0
#: Play that is this far behind the clock (ms) gives up the pictures between and jumps to where it should be: a page
#: that changes faster than it can be painted is shown with fewer pictures, never late.
LATE = 600.0
#: Patches the page was sent and has not shown yet; while there are that many, a seek waits (and may be replaced).
IN_FLIGHT = 2
STEP = 16.0
#: A picture that stands still for this long (ms) is taken for a pause, in which another page is built out of sight.
REST = 300


class Director(QObject):
    """Asks the engine, hands its answers to the page unparsed, in order.

    At most one seek is out; of those that come meanwhile the newest is kept. All answers go to the page, because
    each stands on the one before.
    """

    instant = Signal(float)
    playing_changed = Signal(bool)
    ended = Signal()
    waiting = Signal(bool)
    failed = Signal(str)
    pictured = Signal(dict)
    found = Signal(object)

    def __init__(self, line: Line, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._line = line
        self._engine: Engine | None = None
        self._notifier: QSocketNotifier | None = None
        self._gate = False
        self._rev: int | None = None
        self._seek_out: int | None = None
        self._frames_out: int | None = None
        self._find_out: int | None = None
        self._prepare_out: int | None = None
        #: Whether pages near the one shown are built before they are asked for.
        self.prepares = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST)
        self._rest.timeout.connect(self._prepare)
        self._assets_out: dict[int, Callable[[str, bytes], None]] = {}
        #: Captured files handed out so far: a page that asks for more has not come to rest.
        self.assets_served = 0
        self._wanted: tuple[int, float] | None = None
        self._last: tuple[int, float] | None = None
        self._in_flight = 0
        self._until = 0.0
        self._waiting = False
        self._settling = self._catching = False
        self._anchor = (0.0, 0.0)
        self.dropped = 0
        self.end: float | None = None
        self.speed = 1.0
        self.playing = False
        self.shown = 0.0

    # -- wiring ----------------------------------------------------------------------------------------------

    def set_engine(self, engine: Engine | None) -> None:
        """Ask this engine from now on; the page has nothing of it yet."""
        if self._notifier is not None:
            self._notifier.setEnabled(False)
            self._notifier.deleteLater()
            self._notifier = None
        if self.playing:
            self.pause()
        self._engine = engine
        self._give_up_assets()
        self._rev = self._seek_out = self._frames_out = self._find_out = self._wanted = self._last = None
        self._prepare_out = None
        self._rest.stop()
        if engine is not None:
            descriptor = engine.connection.fileno()
            self._notifier = QSocketNotifier(descriptor, QSocketNotifier.Type.Read, self)
            self._notifier.activated.connect(self._readable)

    def open_gate(self) -> None:
        """A new page may paint: bring it to where the old one was."""
        self._gate = True
        self._rev = None
        self._in_flight = 0
        self._seek_out = self._frames_out = self._prepare_out = None
        if self._wanted is None and self._last is not None:
            tab, t = self._last
            self._wanted = (tab, self.shown if self.shown and self.playing else t)
        if self.playing:
            self._line.send("play", speed=self.speed)
        self._pump()

    def close_gate(self) -> None:
        """The page is gone."""
        self._gate = False

    # -- commands --------------------------------------------------------------------------------------------

    def seek(self, tab: int, t: float) -> None:
        """Show `tab` at `t`; the newest wins."""
        self._wanted = (tab, t)
        self._settling = self._catching = False
        self._pump()

    def play(self) -> None:
        """Play on from what is shown."""
        if self.playing:
            return
        self.playing = True
        self._settling = False
        self._line.send("play", speed=self.speed)
        self._hold_clock()
        self.playing_changed.emit(True)
        self._feed()

    def pause(self) -> None:
        """Hold."""
        if not self.playing:
            return
        self.playing = False
        self._settling = True
        self._line.send("pause")
        self.playing_changed.emit(False)
        self._set_waiting(False)

    def set_speed(self, speed: float) -> None:
        """Change the speed, also while playing."""
        self.speed = speed
        if self.playing:
            self._hold_clock()
            self._line.send("speed", speed=speed)
            self._feed()

    def find(self, tab: int, t: float, direction: int) -> None:
        """Look for the next or previous event that changes what is seen; `found` gets its instant, or None."""
        if self._engine is None:
            return
        try:
            self._find_out = self._engine.find(tab, t, direction)
        except UserError as error:
            self.failed.emit(str(error))

    def asset(self, key: str, done: Callable[[str, bytes], None]) -> None:
        """Ask the engine for a captured file; `done` gets its media type and content, '' when there is none."""
        if self._engine is None:
            done("", b"")
            return
        try:
            number = self._engine.asset(key)
        except UserError:
            done("", b"")
            return
        self._assets_out[number] = done
        if self._engine.poll(0.0):
            QTimer.singleShot(0, self, self._readable)

    @property
    def assets_out(self) -> int:
        """Captured files the page waits for."""
        return len(self._assets_out)

    def _give_up_assets(self) -> None:
        waiting, self._assets_out = self._assets_out, {}
        for done in waiting.values():
            done("", b"")

    # -- asking ----------------------------------------------------------------------------------------------

    def _pump(self) -> None:
        engine = self._engine
        if engine is None or not self._gate or self._wanted is None:
            return
        if self._seek_out is not None or self._in_flight >= IN_FLIGHT:
            return
        self._last, self._wanted = self._wanted, None
        tab, t = self._last
        try:
            self._seek_out = engine.seek(tab, t, self._rev)
        except UserError as error:
            self.failed.emit(str(error))
            return
        # The engine drops read-aheads and preparations that stand before a seek.
        self._frames_out = self._prepare_out = None
        self._rest.stop()

    def _feed(self) -> None:
        engine = self._engine
        if engine is None or not self._gate or not self.playing or self._last is None or self._rev is None:
            return
        if self._frames_out is not None or self._seek_out is not None or self._wanted is not None:
            return
        ahead = AHEAD * max(1.0, self.speed)
        if self._until - self.shown > ahead / 2.0:
            return
        t1 = self._until + ahead
        if self.end is not None:
            t1 = min(t1, self.end)
            if t1 <= self._until:
                return
        try:
            self._frames_out = engine.frames(self._last[0], self._until, t1, self._rev, STEP * max(1.0, self.speed))
        except UserError as error:
            self.failed.emit(str(error))

    def _prepare(self) -> None:
        engine = self._engine
        if engine is None or not self._gate or self.playing or self._wanted is not None:
            return
        if self._seek_out is not None or self._prepare_out is not None or self._in_flight:
            return
        try:
            self._prepare_out = engine.prepare()
        except UserError as error:
            self.failed.emit(str(error))

    def _hold_clock(self, t: float | None = None) -> None:
        """The clock of play runs from here: this instant, now."""
        self._anchor = (self.shown if t is None else t, time.monotonic() * 1000.0)

    @property
    def due(self) -> float:
        """The instant that play should show by now (epoch ms)."""
        t, since = self._anchor
        head = t + (time.monotonic() * 1000.0 - since) * self.speed
        return head if self.end is None else min(head, self.end)

    def _catch_up(self) -> None:
        """When play is late, leave out the pictures up to where it should be: the newest one wins."""
        if not self.playing or self._last is None or self._seek_out is not None or self._wanted is not None:
            return
        if self._in_flight or self.due - self.shown <= LATE * max(1.0, self.speed) or self._at_end():
            return
        self.dropped += 1
        self._wanted = (self._last[0], self.due)
        self._catching = True
        self._pump()

    # -- answers ---------------------------------------------------------------------------------------------

    def _readable(self) -> None:
        engine = self._engine
        try:
            while engine is not None and engine is self._engine and engine.poll(0.0):
                self._answer(engine.receive())
        except UserError as error:
            if self._notifier is not None:
                self._notifier.setEnabled(False)
            self._engine = None
            self._give_up_assets()
            self.failed.emit(str(error))

    def _answer(self, answer: Answer) -> None:
        if answer.kind == "seek":
            if answer.request == self._seek_out:
                self._seek_out = None
            self._rev = answer.rev
            self._until = answer.t
            self._in_flight += 1
            self._line.send("patch", answer.body, request=answer.request)
            self._pump()
        elif answer.kind == "frames":
            if answer.request == self._frames_out:
                self._frames_out = None
            self._rev = answer.rev
            self._until = answer.t
            self._line.send("frames", answer.body, request=answer.request)
            self._feed()
        elif answer.kind == "prepared":
            if answer.request == self._prepare_out:
                self._prepare_out = None
            if answer.body:
                # Also when a seek was asked for meanwhile: the engine takes it to stand by.
                self._line.send("prepare", answer.body, request=answer.request)
        elif answer.kind == "neighbour":
            if answer.request == self._find_out:
                self._find_out = None
                self.found.emit(orjson.loads(answer.body))
        elif answer.kind == "reloaded":
            if answer.message and not self.playing and self._wanted is None and self._last is not None:
                # the same instant, now with the files that came
                self._wanted = (self._last[0], self.shown or self._last[1])
                self._pump()
        elif answer.kind == "asset":
            if done := self._assets_out.pop(answer.request, None):
                self.assets_served += 1
                done(answer.message, answer.body)
        elif answer.kind == "error" and (done := self._assets_out.pop(answer.request, None)):
            done("", b"")
        elif answer.kind == "error":
            if answer.request == self._seek_out:
                self._seek_out = None
            if answer.request == self._frames_out:
                self._frames_out = None
            if answer.request == self._prepare_out:
                self._prepare_out = None
            self.failed.emit(answer.message)
            self._pump()

    def report(self, report: dict[str, Any]) -> None:
        """Something the page said."""
        kind = report.get("kind")
        if kind == "applied":
            self._in_flight = max(0, self._in_flight - 1)
            self._show(float(report.get("t") or 0.0))
            if not self._catching:
                self._hold_clock()
            self._catching = self._catching and self._wanted is not None
            self.pictured.emit(report)
            self._pump()
            self._feed()
            self._rest_begins()
        elif kind == "prepared":
            self._rest_begins()
        elif kind == "instant":
            self._show(float(report.get("t") or 0.0))
            self._set_waiting(bool(report.get("starved")) and self.playing and not self._at_end())
            if self.playing and self._at_end():
                self.pause()
                self.ended.emit()
            if self._settling and not report.get("playing"):
                # Frames of play gather what happens in a step: stop at exactly the instant that is claimed.
                self._settling = False
                if self._wanted is None and self._last is not None and self.shown:
                    self.seek(self._last[0], self.shown)
            self._feed()
            if self._engine is not None and self._engine.poll(0.0):
                self._readable()
            self._catch_up()
        elif kind == "lost":
            # The page does not have what the patch stands on: begin from nothing, at the same instant.
            log.warning("page lost its base: %s", report.get("message"))
            self._again()
        elif kind == "failed":
            log.error("page failed: %s", report.get("message"))
            self._again()

    def _rest_begins(self) -> None:
        if self.prepares and not self.playing and self._wanted is None and self._seek_out is None:
            self._rest.start()

    def _again(self) -> None:
        self._in_flight = 0
        failed_from_nothing = self._rev is None
        self._rev = None
        if failed_from_nothing:
            self.failed.emit("The page at this moment could not be painted. Seek elsewhere; the log says why.")
            return
        if self._wanted is None and self._last is not None:
            self._wanted = self._last
        self._pump()

    def _at_end(self) -> bool:
        return self.end is not None and self.shown >= self.end - 1.0

    def _show(self, t: float) -> None:
        if t and t != self.shown:
            self.shown = t
            self.instant.emit(t)

    def _set_waiting(self, waiting: bool) -> None:
        if waiting != self._waiting:
            self._waiting = waiting
            self.waiting.emit(waiting)

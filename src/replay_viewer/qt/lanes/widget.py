"""The lanes: everything that happened on one time axis, drawn by one widget of our own.

Wheel and pinch zoom at the pointer, a drag picks a range, a drag on the ruler scrubs, a drag with the middle button
or Shift pans; W A S D zoom and pan while the lanes have the focus. Titles are dragged up and down, and hidden by the
menu of the right button. All but the playhead and the pointer is kept as a picture, so that a moving playhead costs
one blit.
"""

from __future__ import annotations

import html
from base64 import b64encode
from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QSettings, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolTip, QWidget

from replay_viewer.qt import raster
from replay_viewer.qt.cause import Cause
from replay_viewer.qt.clock import Playhead
from replay_viewer.qt.lanes.axis import GUTTER, Axis
from replay_viewer.qt.lanes.content import ALWAYS, TITLES, Arrangement, View
from replay_viewer.qt.lanes.drawing import COMPACT_LANE, LANE, RULER, Drawing
from replay_viewer.qt.theme import theme
from replay_viewer.qt.wording import span

#: Height of the strip of small pictures.
STRIP = 46
_EDGE = 5
_OWN_KEYS = ("w", "a", "s", "d")
_CLICK = 4


class Lanes(QWidget):
    """The lanes widget. `picked(kind, n, t)` fires when a mark is clicked."""

    picked = Signal(str, int, float)
    note_picked = Signal(str)
    lanes_changed = Signal()  #: other lanes are visible: another height suits

    def __init__(self, playhead: Playhead, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.playhead = playhead
        self.describe: Callable[[str, int], str] = lambda _kind, _n: ""
        self.press_key: Callable[[str], bool] = lambda _key: False
        self.pictures: Callable[[], Sequence[tuple[float, QImage]]] = lambda: ()
        self.picture_at: Callable[[float], tuple[str, bytes]] = lambda _t: ("", b"")
        self.cause: Cause | None = None
        self.arrangement = Arrangement()
        self._settings: QSettings | None = None
        self._strip = False
        self._wanted = 0
        self.lifted: tuple[str, float] | None = None  #: a lane that is being moved, and the pointer's height
        self._drawing = Drawing(self)
        self.data = View()
        self.axis = Axis(playhead)
        self._shown: list[str] = []
        self.lane = LANE
        self._layer: QPixmap | None = None
        self._press: QPointF | None = None
        self._mode = ""
        self._grip = 0.0
        self.dragged: tuple[float, float] | None = None
        self.hover: QPointF | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Timeline lanes")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        playhead.moved.connect(self._moved)
        playhead.span_changed.connect(self.show_all)
        playhead.range_changed.connect(self.update)
        playhead.style_changed.connect(self.invalidate)
        theme().changed.connect(self.invalidate)

    # content

    def set_view(self, data: View) -> None:
        """Show other content; the axis stays."""
        self.data = data
        self.setAccessibleDescription(
            "; ".join(
                f"{TITLES[name]} {self.count(name)[0]:,}" for name in self.visible_lanes() if name != "activity"
            )
            + ". The action “Lanes as a table” lists the same."
        )
        self.updateGeometry()
        self.invalidate()
        if (lanes := self.visible_lanes()) != self._shown:
            self._shown = lanes
            self.lanes_changed.emit()

    def set_compact(self, compact: bool) -> None:
        """Lower lanes, for low windows."""
        lane = COMPACT_LANE if compact else LANE
        if lane != self.lane:
            self.lane = lane
            self.updateGeometry()
            self.invalidate()
            self.lanes_changed.emit()

    def set_cause(self, cause: Cause | None) -> None:
        """Mark what led to an error."""
        self.cause = cause
        self.update()

    def invalidate(self) -> None:
        """Draw everything again."""
        self._layer = None
        self.update()

    # which lanes

    def visible_lanes(self) -> list[str]:
        """Names of the lanes that are drawn, from the top."""
        kept = self.arrangement
        return [name for name in kept.order if name not in kept.hidden and (name in ALWAYS or self.count(name)[0])]

    def count(self, name: str) -> tuple[int, int]:
        """Number of marks of a lane, and of those that failed."""
        if name == "notes":
            return len(self.data.notes), 0
        lane = self.data.lanes.get(name)
        return (len(lane.all), len(lane.failed)) if lane else (0, 0)

    def remember(self, settings: QSettings) -> None:
        """Take order and visibility from `settings`, and keep them there."""
        self._settings = settings
        order, hidden = (str(settings.value(name) or "").split(",") for name in ("lanes/order", "lanes/hidden"))
        self.arrange(Arrangement.of(order, hidden))

    def arrange(self, arrangement: Arrangement) -> None:
        """Show the lanes in another order, or others of them."""
        self.arrangement = arrangement
        if self._settings is not None:
            self._settings.setValue("lanes/order", ",".join(arrangement.order))
            self._settings.setValue("lanes/hidden", ",".join(sorted(arrangement.hidden)))
        self.set_view(self.data)

    def menu(self, name: str = "") -> QMenu:
        """What can be done with the lanes; `name`: the one that was pointed at."""
        menu = QMenu(self)
        if name:
            lanes = self.visible_lanes()
            at = lanes.index(name)
            menu.addAction(f"Hide {TITLES[name]}", lambda: self.arrange(self.arrangement.shown(name, False)))
            up = menu.addAction("Move up", lambda: self.arrange(self.arrangement.moved(name, lanes[at - 1])))
            up.setEnabled(at > 0)
            after = lanes[at + 2] if at + 2 < len(lanes) else ""
            down = menu.addAction("Move down", lambda: self.arrange(self.arrangement.moved(name, after)))
            down.setEnabled(at + 1 < len(lanes))
            menu.addSeparator()
        for one in self.arrangement.order:
            action = menu.addAction(TITLES[one])
            action.setCheckable(True)
            action.setChecked(one not in self.arrangement.hidden)
            action.toggled.connect(lambda on, one=one: self.arrange(self.arrangement.shown(one, on)))
        menu.addSeparator()
        menu.addAction("Reset lanes", lambda: self.arrange(Arrangement()))
        return menu

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The menu of the lane pointed at."""
        menu = self.menu(self.lane_at(event.pos().y()))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    # sizes

    @property
    def top(self) -> int:
        """Where the lanes begin: below the ruler and the strip of small pictures."""
        return RULER + (STRIP if self._has_strip else 0)

    @property
    def _has_strip(self) -> bool:
        """The strip is there when it is wanted and the lanes leave room for it."""
        needed = RULER + STRIP + self.lane * len(self.visible_lanes())
        return self._strip and self.height() >= needed - self.lane and bool(self.pictures())

    def pictures_changed(self) -> None:
        """There are more small pictures; with the first of them the lanes want another height."""
        wanted = self.sizeHint().height()
        if wanted != self._wanted:
            self._wanted = wanted
            self.updateGeometry()
            self.lanes_changed.emit()
        self.invalidate()

    def show_strip(self, on: bool) -> None:
        """Show small pictures of the page above the lanes, where there is room, or not."""
        self._strip = on
        self.updateGeometry()
        self.invalidate()
        self.lanes_changed.emit()

    def sizeHint(self) -> QSize:
        """Ruler and lanes."""
        # low windows keep their room for the page; there the pictures show under the pointer
        strip = STRIP if self._strip and self.lane == LANE and self.pictures() else 0
        return QSize(700, RULER + strip + self.lane * max(len(self.visible_lanes()), 5) + 4)

    def minimumSizeHint(self) -> QSize:
        """Ruler and three lanes."""
        return QSize(320, RULER + self.lane * 3)

    # the axis

    def x_of(self, t: float) -> float:
        """Pixel of an instant."""
        return self.axis.x_of(t)

    def t_of(self, x: float) -> float:
        """Instant of a pixel."""
        return self.axis.t_of(x)

    @property
    def low(self) -> float:
        """First instant that is visible."""
        return self.axis.low

    @property
    def high(self) -> float:
        """Last instant that is visible."""
        return self.axis.high

    def show_all(self) -> None:
        """The whole session on the axis."""
        self.axis.show_all()
        self.invalidate()

    def zoom(self, factor: float, at: float | None = None) -> None:
        """Zoom by `factor` (above 1: closer) around instant `at` (the playhead when it is visible)."""
        self.axis.zoom(factor, at)
        self.invalidate()

    def pan_screens(self, screens: float) -> None:
        """Move the axis by a share of what is visible."""
        self.look(self.axis.low + self.axis.span * screens, self.axis.span)

    def reveal(self, t: float) -> None:
        """Make sure `t` is on the axis."""
        if not self.axis.low <= t <= self.axis.high:
            self.look(t - self.axis.span * 0.25, self.axis.span)

    def look(self, low: float, wide: float) -> None:
        """Show `wide` ms from `low` on."""
        self.axis.look(low, wide)
        self.invalidate()

    # drawing

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Blit the kept picture, then what moves."""
        if self._layer is None or self._layer.deviceIndependentSize().toSize() != self.size():
            self.axis.width = max(1.0, self.width() - GUTTER - 1.0)
            self._layer = self._drawing.layer()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._layer)
        self._drawing.over(painter)
        painter.end()

    def leaveEvent(self, _event: QEvent) -> None:
        """The pointer's line goes with the pointer."""
        self.hover = None
        self.update()

    def _moved(self, t: float) -> None:
        if self.playhead.playing and t > self.axis.high:
            self.look(t - self.axis.span * 0.1, self.axis.span)
        self.update()

    # pointing

    def lane_at(self, y: float) -> str:
        """Name of the lane at a height, '' on the ruler and below."""
        lanes = self.visible_lanes()
        at = int((y - self.top) // self.lane)
        return lanes[at] if y >= self.top and at < len(lanes) else ""

    def mark_at(self, point: QPointF) -> tuple[str, int, float] | None:
        """The mark under a point: kind, row number (for a note its place in the list) and instant."""
        name = self.lane_at(point.y())
        if not name or name == "activity" or point.x() < GUTTER:
            return None
        at, slack = self.t_of(point.x()), _CLICK * self.axis.span / self.axis.width
        if name == "notes":
            times = np.array([note.t for note in self.data.notes])
            order = np.argsort(times, kind="stable")
            found = raster.nearest(times[order], at, slack * 2)
            return (name, int(order[found]), float(times[order[found]])) if found >= 0 else None
        columns = self.data.columns.get(name)
        if columns is None or not len(columns):
            return None
        if self.data.lanes[name].ends is not None:
            n = raster.open_at(columns.t, columns.end, at, slack)
        else:
            n = raster.nearest(columns.t, at - slack / 4, slack)
        if n < 0:
            return None
        numbers = self.data.numbers.get(name)
        return name, n if numbers is None else int(numbers[n]), float(columns.t[n])

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a scrub, a pan, a range, or the move of a range's edge."""
        if self.playhead.end <= self.playhead.start:
            return
        where = event.position()
        self._press, self._grip = where, self.axis.low
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.button() == Qt.MouseButton.MiddleButton or shift:
            self._mode = "pan"
        elif event.button() != Qt.MouseButton.LeftButton:
            self._press = None
        elif where.x() < GUTTER:
            self._mode = "lift" if self.lane_at(where.y()) else ""
        elif where.y() < self.top:
            self._mode = "scrub"
            self.playhead.seek(self.t_of(where.x()))
        elif (edge := self._edge_at(where.x())) is not None:
            self._mode, self._grip = "range", edge
        else:
            self._mode, self._grip = "click", self.t_of(where.x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with what was begun; without a button show the pointer's line."""
        where = event.position()
        self.hover = where
        if self._press is None:
            edge = where.y() >= RULER and self._edge_at(where.x()) is not None
            self.setCursor(Qt.CursorShape.SizeHorCursor if edge else Qt.CursorShape.ArrowCursor)
        elif self._mode == "scrub":
            self.playhead.seek(self.t_of(where.x()), remember=False)
        elif self._mode == "pan":
            moved = (self._press.x() - where.x()) / self.axis.width * self.axis.span
            self.look(self._grip + moved, self.axis.span)
        elif self._mode == "lift":
            if self.lifted is not None or abs(where.y() - self._press.y()) > _CLICK:
                self.lifted = (self.lane_at(self._press.y()), where.y())
        elif self._mode == "range" or (self._mode == "click" and abs(where.x() - self._press.x()) > _CLICK):
            self._mode = "range"
            low, high = sorted((self._grip, self.t_of(where.x())))
            # only a finished drag becomes a step of the breadcrumb, not every pixel of it
            self.dragged = (max(low, self.playhead.start), min(high, self.playhead.end))
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Finish: a range filters the panels, a click seeks."""
        if self._press is None:
            return
        mode, self._mode, self._press = self._mode, "", None
        lifted, self.lifted = self.lifted, None
        dragged, self.dragged = self.dragged, None
        if lifted is not None:
            self._drop(*lifted)
        elif mode == "range" and dragged is not None:
            self.playhead.set_range(*dragged)
            self.update()
        elif mode == "click":
            mark = self.mark_at(event.position())
            if mark is None:
                if event.position().x() >= GUTTER:
                    self.playhead.seek(self.t_of(event.position().x()))
            elif mark[0] == "notes":
                self.note_picked.emit(self.data.notes[mark[1]].id)
            else:
                self.picked.emit(*mark)

    def _drop(self, name: str, y: float) -> None:
        """A lane was moved to a height: the one that is there makes room."""
        lanes = self.visible_lanes()
        at = min(max(int((y - self.top) // self.lane), 0), len(lanes) - 1)
        if at > lanes.index(name):
            self.arrange(self.arrangement.moved(name, lanes[at + 1] if at + 1 < len(lanes) else ""))
        else:
            self.arrange(self.arrangement.moved(name, lanes[at]))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A double click on the ruler shows the whole session, on a range zooms to it."""
        if self.playhead.range is not None and event.position().y() >= RULER:
            low, high = self.playhead.range
            if low <= self.t_of(event.position().x()) <= high:
                pad = (high - low) * 0.05
                self.look(low - pad, high - low + 2 * pad)
                return
        self.show_all()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the pointer; with Shift or sideways, pan."""
        turn = event.angleDelta()
        sideways = turn.x() or (turn.y() if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0)
        if sideways:
            self.pan_screens(-sideways / 1200)
        elif turn.y():
            self.zoom(1.25 ** (turn.y() / 120), self.t_of(max(event.position().x(), GUTTER)))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Home and End go to the session's ends; W A S D are carried out by the table of actions."""
        if event.text() in _OWN_KEYS and self.press_key(event.text()):
            return
        if event.key() == Qt.Key.Key_Home:
            self.playhead.seek(self.playhead.start)
        elif event.key() == Qt.Key.Key_End:
            self.playhead.seek(self.playhead.end)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width, another picture."""
        self._layer = None
        self.axis.width = max(1.0, self.width() - GUTTER - 1.0)
        super().resizeEvent(event)

    def event(self, event: QEvent) -> bool:
        """Tooltips are made when asked for; keys of our own come before those of the window."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.text() in _OWN_KEYS
        ):
            event.accept()
            return True
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            text = self.tip(QPointF(event.pos()))
            if text:
                QToolTip.showText(event.globalPos(), text, self)
            else:
                QToolTip.hideText()
            return True
        if (
            event.type() == QEvent.Type.NativeGesture
            and isinstance(event, QNativeGestureEvent)
            and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture
        ):
            self.zoom(max(0.2, 1.0 + event.value()), self.t_of(max(event.position().x(), GUTTER)))
            return True
        return super().event(event)

    def tip(self, where: QPointF) -> str:
        """What a tooltip says of a point, as rich text: the mark, its instant in every reading, the page then."""
        if where.x() < GUTTER or self.playhead.end <= self.playhead.start:
            return ""
        mark = self.mark_at(where)
        t = mark[2] if mark else self.t_of(where.x())
        lines = [f"{self.playhead.text(t)}   {self.playhead.other_text(t)}"]
        if mark and mark[0] == "notes":
            lines.insert(0, self.data.notes[mark[1]].text or "Bookmark")
        elif mark:
            lines.insert(0, self.describe(mark[0], mark[1]))
        elif idle := next((gap for gap in self.data.idle if gap[0] <= t <= gap[1]), None):
            lines.insert(0, f"Idle for {span(idle[1] - idle[0])}: no input and no visible change")
        if lost := next((gap for gap in self.data.lost if gap[0] <= t <= gap[1]), None):
            lines.insert(0, f"{span(lost[1] - lost[0])} of the recording could not be had: refresh asks again")
        if away := next((gap for gap in self.data.hidden if gap[0] <= t <= gap[1]), None):
            lines.insert(0, f"Hidden for {span(away[1] - away[0])}: another tab or window was in front")
        address, picture = self.picture_at(t)
        if address:
            lines.append(address)
        shown = f"<img src='data:image/jpeg;base64,{b64encode(picture).decode()}'>" if picture else ""
        return f"{shown}<p style='white-space:pre'>{html.escape(chr(10).join(lines))}</p>"

    def _edge_at(self, x: float) -> float | None:
        if self.playhead.range is None:
            return None
        low, high = self.playhead.range
        if abs(self.x_of(low) - x) <= _EDGE:
            return high
        if abs(self.x_of(high) - x) <= _EDGE:
            return low
        return None

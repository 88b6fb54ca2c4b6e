"""The lanes: everything that happened on one time axis, drawn by one widget of our own.

Wheel zooms at the pointer, a drag picks a range, a drag on the ruler scrubs, a drag with the middle button or Shift
pans; W A S D zoom and pan while the lanes have the focus. All but the playhead and the pointer is kept as a picture,
so that a moving playhead costs one blit.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFontMetricsF,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from replay_viewer.domain.session import Note
from replay_viewer.qt import raster
from replay_viewer.qt.cause import Cause
from replay_viewer.qt.clock import Playhead
from replay_viewer.qt.opened import Columns, Ints, Opened
from replay_viewer.qt.raster import Floats, LaneData
from replay_viewer.qt.theme import KIND_ROLE, theme, ui_font
from replay_viewer.qt.wording import span

GUTTER = 128
RULER = 24
LANE = 20
COMPACT_LANE = 16
_EDGE = 5
_OWN_KEYS = ("w", "a", "s", "d")
_CLICK = 4
_MIN_SPAN = 5.0
#: Lanes that are there even when nothing is in them; the others show only with content.
_ALWAYS = ("activity", "interactions", "console", "network", "errors")
ORDER = (
    "activity",
    "interactions",
    "navigation",
    "console",
    "network",
    "errors",
    "vitals",
    "state",
    "custom",
    "notes",
)
TITLES = {name: name.capitalize() for name in ORDER} | {"custom": "Custom"}


@dataclass
class View:
    """What a lane widget draws: lanes by kind, the histogram, idle stretches, notes."""

    lanes: dict[str, LaneData] = field(default_factory=dict)
    numbers: dict[str, Ints] = field(default_factory=dict)  #: row numbers of lanes that leave rows out
    columns: dict[str, Columns] = field(default_factory=dict)
    activity: tuple[float, float, np.ndarray] | None = None
    idle: list[tuple[float, float]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def view_of(opened: Opened) -> View:
    """The lanes of an open session."""
    columns, numbers = dict(opened.columns), {}
    if (told := opened.told.get("vitals")) is not None:
        numbers["vitals"] = told
        columns["vitals"] = opened.columns["vitals"].take(told)
    lanes = {kind: LaneData.of(kind, part.t, part.end, part.severity) for kind, part in columns.items() if len(part)}
    return View(lanes, numbers, columns, opened.activity, opened.idle, opened.notes)


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
        self.cause: Cause | None = None
        self.data = View()
        self.low, self.high = 0.0, 1.0
        self._shown: list[str] = []
        self.lane = LANE
        self._layer: QPixmap | None = None
        self._press: QPointF | None = None
        self._mode = ""
        self._grip = 0.0
        self._dragged: tuple[float, float] | None = None
        self._hover: QPointF | None = None
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
                f"{TITLES[name]} {self._count(name)[0]:,}" for name in self.visible_lanes() if name != "activity"
            )
            + ". The activity list holds the same as a table."
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

    def visible_lanes(self) -> list[str]:
        """Names of the lanes that are drawn, from the top."""
        return [name for name in ORDER if name in _ALWAYS or self._count(name)[0]]

    def invalidate(self) -> None:
        """Draw everything again."""
        self._layer = None
        self.update()

    def show_all(self) -> None:
        """The whole session on the axis."""
        start, end = self.playhead.start, self.playhead.end
        pad = max((end - start) * 0.006, 20.0)
        self.low, self.high = start - pad, max(end, start + 1000.0) + pad
        self.invalidate()

    def sizeHint(self) -> QSize:
        """Ruler and lanes."""
        return QSize(700, RULER + self.lane * max(len(self.visible_lanes()), 5) + 4)

    def minimumSizeHint(self) -> QSize:
        """Ruler and three lanes."""
        return QSize(320, RULER + self.lane * 3)

    # the axis

    def x_of(self, t: float) -> float:
        """Pixel of an instant."""
        return GUTTER + (t - self.low) / (self.high - self.low) * self._width()

    def t_of(self, x: float) -> float:
        """Instant of a pixel."""
        return self.low + (x - GUTTER) / self._width() * (self.high - self.low)

    def zoom(self, factor: float, at: float | None = None) -> None:
        """Zoom by `factor` (above 1: closer) around instant `at` (the playhead when it is visible)."""
        if at is None:
            at = self.playhead.t if self.low <= self.playhead.t <= self.high else (self.low + self.high) / 2
        whole = max(self.playhead.end - self.playhead.start, 1000.0) * 1.012
        wide = min(max((self.high - self.low) / factor, _MIN_SPAN), max(whole, _MIN_SPAN))
        share = (at - self.low) / (self.high - self.low)
        self._look(at - share * wide, wide)

    def pan(self, ms: float) -> None:
        """Move the axis by `ms`."""
        self._look(self.low + ms, self.high - self.low)

    def pan_screens(self, screens: float) -> None:
        """Move the axis by a share of what is visible."""
        self.pan((self.high - self.low) * screens)

    def reveal(self, t: float) -> None:
        """Make sure `t` is on the axis."""
        if not self.low <= t <= self.high:
            wide = self.high - self.low
            self._look(t - wide * 0.25, wide)

    def _look(self, low: float, wide: float) -> None:
        pad = max((self.playhead.end - self.playhead.start) * 0.006, 20.0)
        first, last = self.playhead.start - pad, max(self.playhead.end, self.playhead.start + 1000.0) + pad
        wide = min(wide, last - first)
        self.low = min(max(low, first), last - wide)
        self.high = self.low + wide
        self.invalidate()

    def _width(self) -> float:
        return max(1.0, self.width() - GUTTER - 1.0)

    def _count(self, name: str) -> tuple[int, int]:
        if name == "notes":
            return len(self.data.notes), 0
        lane = self.data.lanes.get(name)
        return (len(lane.all), len(lane.failed)) if lane else (0, 0)

    # drawing

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Blit the kept picture, then what moves."""
        if self._layer is None or self._layer.deviceIndependentSize().toSize() != self.size():
            self._layer = self._draw_layer()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._layer)
        painter.setClipRect(QRectF(GUTTER, 0, self.width() - GUTTER, self.height()))
        self._draw_cause(painter)
        self._draw_range(painter)
        self._draw_pointer(painter)
        self._draw_playhead(painter)
        painter.end()

    def _draw_layer(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        layer = QPixmap(self.size() * ratio)
        layer.setDevicePixelRatio(ratio)
        layer.fill(theme().colour("surface"))
        painter = QPainter(layer)
        painter.setFont(ui_font(pixels=12))
        self._draw_ruler(painter)
        edges = np.linspace(self.low, self.high, max(2, round(self._width() * ratio) + 1))
        for at, name in enumerate(self.visible_lanes()):
            self._draw_lane(painter, name, RULER + at * self.lane, edges, ratio)
        self._draw_idle(painter)
        painter.setPen(theme().colour("line"))
        painter.drawLine(QPointF(GUTTER - 0.5, 0), QPointF(GUTTER - 0.5, self.height()))
        painter.end()
        return layer

    def _draw_ruler(self, painter: QPainter) -> None:
        if self.playhead.end <= self.playhead.start:
            return
        metrics = QFontMetricsF(painter.font())
        longest = metrics.horizontalAdvance(self.playhead.text(self.high)) + 28
        step = raster.tick_step((self.high - self.low) / self._width(), max(longest, 80.0))
        origin = self.playhead.start if self.playhead.style == "offset" else 0.0
        first = np.ceil((self.low - origin) / step) * step + origin
        line, muted = theme().colour("hairline"), theme().colour("muted")
        for t in np.arange(first, self.high, step):
            x = round(self.x_of(float(t))) + 0.5
            painter.setPen(line)
            painter.drawLine(QPointF(x, RULER - 4), QPointF(x, self.height()))
            painter.setPen(muted)
            text = self._tick_text(float(t), step)
            if x + 3 + metrics.horizontalAdvance(text) > self.width():
                continue
            painter.drawText(QRectF(x + 3, 0, longest + 20, RULER), Qt.AlignmentFlag.AlignVCenter, text)
        painter.setPen(theme().colour("line"))
        painter.drawLine(QPointF(0, RULER - 0.5), QPointF(self.width(), RULER - 0.5))

    def _tick_text(self, t: float, step: float) -> str:
        text = self.playhead.text(t)
        if step >= 1000:
            return text.rsplit(".", 1)[0]
        if step < 100:
            return f"{text.rsplit('.', 1)[0]}.{round(t - self.playhead.start) % 1000:03d}"
        return text

    def _draw_lane(self, painter: QPainter, name: str, top: int, edges: Floats, ratio: float) -> None:
        colours = theme()
        count, _ = self._count(name)
        painter.setPen(colours.colour("hairline"))
        painter.drawLine(QPointF(0, top + self.lane - 0.5), QPointF(self.width(), top + self.lane - 0.5))
        painter.setPen(colours.colour("text" if count or name == "activity" else "muted"))
        painter.drawText(QRectF(12, top, 90, self.lane), Qt.AlignmentFlag.AlignVCenter, TITLES[name])
        if name != "activity":
            red = name == "errors" and count > 0
            painter.setPen(colours.colour("failed" if red else "muted"))
            painter.setFont(ui_font(pixels=11, bold=red))
            shown = f"{count:,}" if count < 100_000 else f"{count / 1000:,.0f}k"
            painter.drawText(
                QRectF(60, top, GUTTER - 70, self.lane),
                Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
                shown,
            )
            painter.setFont(ui_font(pixels=12))
        if name == "notes":
            self._draw_notes(painter, top)
            return
        bar = self.lane - (7 if self.lane >= LANE else 5)
        height = round((self.lane - 5 if name == "activity" else bar) * ratio)
        if name == "activity":
            if self.data.activity is None:
                return
            values = raster.activity_in(edges, *self.data.activity)
            if len(values) > 2:  # bars two pixels wide with one between read better than a comb
                group = 3 * max(1, round(ratio))
                usable = len(values) // group * group
                sums = np.repeat(values[:usable].reshape(-1, group).sum(1), group)
                sums[group - 1 :: group] = 0
                values = np.concatenate((sums, values[usable:] * 0))
            pixels = raster.paint_activity(values, height, colours.colour("idle").rgba())
            self._blit(painter, pixels, GUTTER, top + 4, ratio)
            return
        lane = self.data.lanes.get(name)
        if lane is None:
            return
        base = "idle" if name == "console" else KIND_ROLE[name]
        words = (colours.colour(base).rgba(), colours.colour("warning").rgba(), colours.colour("failed").rgba())
        mark = max(2, round(2 * ratio))
        pixels, histogram = raster.paint_lane(lane, edges, height, mark, *words)
        self._blit(painter, pixels, GUTTER, top + (self.lane - bar) / 2, ratio)
        del histogram

    @staticmethod
    def _blit(painter: QPainter, pixels: raster.Pixels, x: float, y: float, ratio: float) -> None:
        height, width = pixels.shape
        image = QImage(pixels.data, width, height, width * 4, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(ratio)
        painter.drawImage(QPointF(x, y), image)

    def _draw_notes(self, painter: QPainter, top: int) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(QRectF(GUTTER, 0, self.width(), self.height()))
        for note in self.data.notes:
            x = self.x_of(note.t)
            colour = theme().colour("warning")
            if note.end > note.t:
                painter.fillRect(QRectF(x, top + 8, self.x_of(note.end) - x, 5), theme().colour("warning", 0.35))
            painter.setPen(QPen(colour, 1.2))
            painter.drawLine(QPointF(x, top + 4), QPointF(x, top + self.lane - 4))
            painter.setBrush(colour)
            flag = [QPointF(x, top + 4), QPointF(x + 8, top + 7), QPointF(x, top + 10)]
            painter.drawPolygon(QPolygonF(flag))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setClipping(False)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _draw_idle(self, painter: QPainter) -> None:
        metrics = QFontMetricsF(painter.font())
        lanes = self.visible_lanes()
        bottom = RULER + len(lanes) * self.lane
        painter.save()
        painter.setClipRect(QRectF(GUTTER, RULER, self.width(), bottom - RULER))
        for start, end in self.data.idle:
            left, right = max(self.x_of(start), GUTTER), min(self.x_of(end), float(self.width()))
            if right - left < 3:
                continue
            box = QRectF(left, RULER, right - left, bottom - RULER)
            painter.fillRect(box, theme().colour("background", 0.65))
            painter.fillRect(box, QBrush(theme().colour("idle", 0.55), Qt.BrushStyle.BDiagPattern))
            text = f"idle {span(end - start)}"
            wide = metrics.horizontalAdvance(text) + 16
            if wide + 8 < box.width():
                label = QRectF(box.center().x() - wide / 2, box.center().y() - 10, wide, 20)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme().colour("surface"))
                painter.drawRoundedRect(label, 6, 6)
                painter.setPen(theme().colour("muted"))
                painter.drawText(label, Qt.AlignmentFlag.AlignCenter, text)
        painter.restore()

    def set_cause(self, cause: Cause | None) -> None:
        """Mark what led to an error."""
        self.cause = cause
        self.update()

    def _draw_cause(self, painter: QPainter) -> None:
        """The seconds before the selected error are tinted, and what happened in them is framed."""
        if self.cause is None:
            return
        left, right = self.x_of(self.cause.start), self.x_of(self.cause.end)
        painter.fillRect(QRectF(left, RULER, right - left, self.height() - RULER), theme().colour("warning", 0.10))
        painter.setPen(QPen(theme().colour("warning"), 1))
        for at, name in enumerate(self.visible_lanes()):
            numbers, part = self.cause.rows.get(name), self.data.columns.get(name)
            if numbers is None or part is None:
                continue
            for n in numbers[numbers < len(part)][-200:]:
                x = self.x_of(float(part.t[n]))
                wide = max(self.x_of(float(part.end[n])) - x, 2.0)
                painter.drawRect(QRectF(x - 2, RULER + at * self.lane + 1.5, wide + 3, self.lane - 4))

    def _draw_range(self, painter: QPainter) -> None:
        picked = self._dragged or self.playhead.range
        if picked is None:
            return
        left, right = (self.x_of(t) for t in picked)
        accent = theme().colour("accent")
        painter.fillRect(QRectF(left, RULER, right - left, self.height() - RULER), theme().colour("accent", 0.14))
        painter.setPen(QPen(accent, 1))
        for x in (left, right):
            painter.drawLine(QPointF(round(x) + 0.5, RULER), QPointF(round(x) + 0.5, self.height()))
        if self._dragged is not None:
            painter.setFont(ui_font(pixels=11))
            painter.drawText(QPointF(left + 6, RULER + 14), span(picked[1] - picked[0]))

    def _draw_pointer(self, painter: QPainter) -> None:
        if self._hover is not None and self._hover.x() >= GUTTER:
            painter.setPen(QPen(theme().colour("muted", 0.6), 1, Qt.PenStyle.DotLine))
            x = round(self._hover.x()) + 0.5
            painter.drawLine(QPointF(x, RULER), QPointF(x, self.height()))

    def _draw_playhead(self, painter: QPainter) -> None:
        if self.playhead.end <= self.playhead.start:
            return
        accent = theme().colour("accent")
        x = round(self.x_of(self.playhead.t))
        painter.fillRect(QRectF(x - 1, RULER - 3, 2, self.height() - RULER + 3), accent)
        text = self.playhead.text(self.playhead.t)
        painter.setFont(ui_font(pixels=11, bold=True))
        wide = QFontMetricsF(painter.font()).horizontalAdvance(text) + 12
        left = min(max(x - wide / 2, GUTTER + 1.0), self.width() - wide - 1.0)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(accent)
        chip = QRectF(left, 3, wide, RULER - 6)
        painter.drawRoundedRect(chip, 4, 4)
        painter.setPen(theme().colour("on-accent"))
        painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, text)
        if self.hasFocus():
            painter.setPen(QPen(QColor(accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(GUTTER + 0.5, 0.5, self.width() - GUTTER - 1.5, self.height() - 1.5))

    def _moved(self, t: float) -> None:
        if self.playhead.playing and t > self.high:
            self._look(t - (self.high - self.low) * 0.1, self.high - self.low)
        self.update()

    # pointing

    def lane_at(self, y: float) -> str:
        """Name of the lane at a height, '' on the ruler and below."""
        lanes = self.visible_lanes()
        at = int((y - RULER) // self.lane)
        return lanes[at] if y >= RULER and at < len(lanes) else ""

    def mark_at(self, point: QPointF) -> tuple[str, int, float] | None:
        """The mark under a point: kind, row number (for a note its place in the list) and instant."""
        name = self.lane_at(point.y())
        if not name or name == "activity" or point.x() < GUTTER:
            return None
        at, slack = self.t_of(point.x()), _CLICK * (self.high - self.low) / self._width()
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
        self._press, self._grip = where, self.low
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.button() == Qt.MouseButton.MiddleButton or shift:
            self._mode = "pan"
        elif event.button() != Qt.MouseButton.LeftButton:
            self._press = None
        elif where.y() < RULER:
            self._mode = "scrub"
            self.playhead.seek(self.t_of(where.x()))
        elif (edge := self._edge_at(where.x())) is not None:
            self._mode, self._grip = "range", edge
        else:
            self._mode, self._grip = "click", self.t_of(where.x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with what was begun; without a button show the pointer's line."""
        where = event.position()
        self._hover = where
        if self._press is None:
            edge = where.y() >= RULER and self._edge_at(where.x()) is not None
            self.setCursor(Qt.CursorShape.SizeHorCursor if edge else Qt.CursorShape.ArrowCursor)
        elif self._mode == "scrub":
            self.playhead.seek(self.t_of(where.x()), remember=False)
        elif self._mode == "pan":
            moved = (self._press.x() - where.x()) / self._width() * (self.high - self.low)
            self._look(self._grip + moved, self.high - self.low)
        elif self._mode == "range" or abs(where.x() - self._press.x()) > _CLICK:
            self._mode = "range"
            low, high = sorted((self._grip, self.t_of(where.x())))
            # only a finished drag becomes a step of the breadcrumb, not every pixel of it
            self._dragged = (max(low, self.playhead.start), min(high, self.playhead.end))
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Finish: a range filters the panels, a click seeks."""
        if self._press is None:
            return
        mode, self._mode, self._press = self._mode, "", None
        dragged, self._dragged = self._dragged, None
        if mode == "range" and dragged is not None:
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

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A double click on the ruler shows the whole session, on a range zooms to it."""
        if self.playhead.range is not None and event.position().y() >= RULER:
            low, high = self.playhead.range
            if low <= self.t_of(event.position().x()) <= high:
                pad = (high - low) * 0.05
                self._look(low - pad, high - low + 2 * pad)
                return
        self.show_all()

    def leaveEvent(self, _event: QEvent) -> None:
        """The pointer's line goes with the pointer."""
        self._hover = None
        self.update()

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
            text = self._tip(QPointF(event.pos()))
            if text:
                QToolTip.showText(event.globalPos(), f"<p style='white-space:pre'>{html.escape(text)}</p>", self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def _tip(self, where: QPointF) -> str:
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
        return "\n".join(lines)

    def _edge_at(self, x: float) -> float | None:
        if self.playhead.range is None:
            return None
        low, high = self.playhead.range
        if abs(self.x_of(low) - x) <= _EDGE:
            return high
        if abs(self.x_of(high) - x) <= _EDGE:
            return low
        return None

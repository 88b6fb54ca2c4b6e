"""How the lanes are drawn. What does not move is drawn once into a picture (`layer`), the rest over it (`over`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QImage, QPainter, QPen, QPixmap, QPolygonF

from replay_viewer.qt import raster
from replay_viewer.qt.lanes.axis import GUTTER
from replay_viewer.qt.lanes.content import TITLES, Span
from replay_viewer.qt.raster import Floats
from replay_viewer.qt.theme import KIND_ROLE, theme, ui_font
from replay_viewer.qt.wording import span

if TYPE_CHECKING:
    from replay_viewer.qt.lanes.widget import Lanes

RULER = 24
LANE = 20
COMPACT_LANE = 16


class Drawing:
    """Draws a lanes widget."""

    def __init__(self, on: Lanes) -> None:
        self.on = on
        self._labels: list[QRectF] = []  # where the ruler's times stand

    def layer(self) -> QPixmap:
        """All but the playhead, the pointer, the range and the cause."""
        ratio = self.on.devicePixelRatioF()
        layer = QPixmap(self.on.size() * ratio)
        layer.setDevicePixelRatio(ratio)
        layer.fill(theme().colour("surface"))
        painter = QPainter(layer)
        painter.setFont(ui_font(pixels=12))
        self.ruler(painter)
        edges = np.linspace(self.on.axis.low, self.on.axis.high, max(2, round(self.on.axis.width * ratio) + 1))
        for at, name in enumerate(self.on.visible_lanes()):
            self.lane(painter, name, self.on.top + at * self.on.lane, edges, ratio)
        self.stretches(painter)
        if self.on.top > RULER:
            self.strip(painter)
        painter.setPen(theme().colour("line"))
        painter.drawLine(QPointF(GUTTER - 0.5, 0), QPointF(GUTTER - 0.5, self.on.height()))
        painter.end()
        return layer

    def over(self, painter: QPainter) -> None:
        """What moves."""
        painter.setClipRect(QRectF(GUTTER, 0, self.on.width() - GUTTER, self.on.height()))
        self.cause(painter)
        self.range(painter)
        self.pointer(painter)
        self.playhead(painter)
        painter.setClipping(False)
        self.grip(painter)

    def ruler(self, painter: QPainter) -> None:
        """Ticks and times."""
        if self.on.playhead.end <= self.on.playhead.start:
            return
        metrics = QFontMetricsF(painter.font())
        longest = metrics.horizontalAdvance(self.on.playhead.text(self.on.axis.high)) + 28
        step = raster.tick_step((self.on.axis.high - self.on.axis.low) / self.on.axis.width, max(longest, 80.0))
        origin = self.on.playhead.start if self.on.playhead.style == "offset" else 0.0
        first = np.ceil((self.on.axis.low - origin) / step) * step + origin
        line, muted = theme().colour("hairline"), theme().colour("muted")
        self._labels = []
        for t in np.arange(first, self.on.axis.high, step):
            x = round(self.on.axis.x_of(float(t))) + 0.5
            painter.setPen(line)
            painter.drawLine(QPointF(x, RULER - 4), QPointF(x, self.on.height()))
            painter.setPen(muted)
            text = self._tick_text(float(t), step)
            if x + 3 + metrics.horizontalAdvance(text) > self.on.width():
                continue
            painter.drawText(QRectF(x + 3, 0, longest + 20, RULER), Qt.AlignmentFlag.AlignVCenter, text)
            self._labels.append(QRectF(x + 2, 1, metrics.horizontalAdvance(text) + 2, RULER - 3))
        painter.setPen(theme().colour("line"))
        painter.drawLine(QPointF(0, RULER - 0.5), QPointF(self.on.width(), RULER - 0.5))

    def _tick_text(self, t: float, step: float) -> str:
        text = self.on.playhead.text(t)
        if step >= 1000:
            return text.rsplit(".", 1)[0]
        if step < 100:
            return f"{text.rsplit('.', 1)[0]}.{round(t - self.on.playhead.start) % 1000:03d}"
        return text

    def lane(self, painter: QPainter, name: str, top: int, edges: Floats, ratio: float) -> None:
        """One lane: its title, its count, its marks."""
        colours = theme()
        count, _ = self.on.count(name)
        painter.setPen(colours.colour("hairline"))
        painter.drawLine(QPointF(0, top + self.on.lane - 0.5), QPointF(self.on.width(), top + self.on.lane - 0.5))
        painter.setPen(colours.colour("text" if count or name == "activity" else "muted"))
        painter.drawText(QRectF(12, top, 90, self.on.lane), Qt.AlignmentFlag.AlignVCenter, TITLES[name])
        if name != "activity":
            red = name == "errors" and count > 0
            painter.setPen(colours.colour("failed" if red else "muted"))
            painter.setFont(ui_font(pixels=11, bold=red))
            shown = f"{count:,}" if count < 100_000 else f"{count / 1000:,.0f}k"
            painter.drawText(
                QRectF(60, top, GUTTER - 70, self.on.lane),
                Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
                shown,
            )
            painter.setFont(ui_font(pixels=12))
        if name == "notes":
            self.notes(painter, top)
            return
        bar = self.on.lane - (7 if self.on.lane >= LANE else 5)
        height = round((self.on.lane - 5 if name == "activity" else bar) * ratio)
        if name == "activity":
            if self.on.data.activity is None:
                return
            values = raster.activity_in(edges, *self.on.data.activity)
            if len(values) > 2:  # bars two pixels wide with one between read better than a comb
                group = 3 * max(1, round(ratio))
                usable = len(values) // group * group
                sums = np.repeat(values[:usable].reshape(-1, group).sum(1), group)
                sums[group - 1 :: group] = 0
                values = np.concatenate((sums, values[usable:] * 0))
            pixels = raster.paint_activity(values, height, colours.colour("idle").rgba())
            self._blit(painter, pixels, GUTTER, top + 4, ratio)
            return
        lane = self.on.data.lanes.get(name)
        if lane is None:
            return
        base = "idle" if name == "console" else KIND_ROLE[name]
        words = (colours.colour(base).rgba(), colours.colour("warning").rgba(), colours.colour("failed").rgba())
        mark = max(2, round(2 * ratio))
        pixels, _ = raster.paint_lane(lane, edges, height, mark, *words)
        self._blit(painter, pixels, GUTTER, top + (self.on.lane - bar) / 2, ratio)

    @staticmethod
    def _blit(painter: QPainter, pixels: raster.Pixels, x: float, y: float, ratio: float) -> None:
        height, width = pixels.shape
        image = QImage(pixels.data, width, height, width * 4, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(ratio)
        painter.drawImage(QPointF(x, y), image)

    def notes(self, painter: QPainter, top: int) -> None:
        """Flags, and bars for ranges."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(QRectF(GUTTER, 0, self.on.width(), self.on.height()))
        for note in self.on.data.notes:
            x = self.on.axis.x_of(note.t)
            colour = theme().colour("warning")
            if note.end > note.t:
                length = self.on.axis.x_of(note.end) - x
                painter.fillRect(QRectF(x, top + 8, length, 5), theme().colour("warning", 0.35))
            painter.setPen(QPen(colour, 1.2))
            painter.drawLine(QPointF(x, top + 4), QPointF(x, top + self.on.lane - 4))
            painter.setBrush(colour)
            flag = [QPointF(x, top + 4), QPointF(x + 8, top + 7), QPointF(x, top + 10)]
            painter.drawPolygon(QPolygonF(flag))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setClipping(False)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def stretches(self, painter: QPainter) -> None:
        """Idle, hidden and lost time, hatched, with its length where there is room."""
        bottom = self.on.top + len(self.on.visible_lanes()) * self.on.lane
        painter.save()
        painter.setClipRect(QRectF(GUTTER, RULER, self.on.width(), bottom - RULER))
        for span_, word, pattern in (
            *((gap, "idle", Qt.BrushStyle.BDiagPattern) for gap in self.on.data.idle),
            *((gap, "hidden", Qt.BrushStyle.DiagCrossPattern) for gap in self.on.data.hidden),
            *((gap, "lost", Qt.BrushStyle.CrossPattern) for gap in self.on.data.lost),
        ):
            self._hatch(painter, span_, word, pattern, bottom)
        painter.restore()

    def _hatch(self, painter: QPainter, gap: Span, word: str, pattern: Qt.BrushStyle, bottom: float) -> None:
        left, right = max(self.on.axis.x_of(gap[0]), GUTTER), min(self.on.axis.x_of(gap[1]), float(self.on.width()))
        if right - left < 3:
            return
        box = QRectF(left, RULER, right - left, bottom - RULER)
        if word == "idle":
            painter.fillRect(box, theme().colour("background", 0.65))
        else:  # under the idle stretches' labels, and told apart from them by place as well as by pattern
            box = QRectF(left, self.on.top, right - left, self.on.lane)
        role = "failed" if word == "lost" else "idle"
        painter.fillRect(box, QBrush(theme().colour(role, 0.55), pattern))
        text = f"{word} {span(gap[1] - gap[0])}"
        wide = QFontMetricsF(painter.font()).horizontalAdvance(text) + 16
        if wide + 8 < box.width():
            high = min(20.0, box.height() - 2)
            label = QRectF(box.center().x() - wide / 2, box.center().y() - high / 2, wide, high)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme().colour("surface"))
            painter.drawRoundedRect(label, 6, 6)
            painter.setPen(theme().colour("muted"))
            painter.drawText(label, Qt.AlignmentFlag.AlignCenter, text)

    def cause(self, painter: QPainter) -> None:
        """The seconds before the selected error are tinted, and what happened in them is framed."""
        if self.on.cause is None:
            return
        left, right = self.on.axis.x_of(self.on.cause.start), self.on.axis.x_of(self.on.cause.end)
        painter.fillRect(QRectF(left, RULER, right - left, self.on.height() - RULER), theme().colour("warning", 0.10))
        painter.setPen(QPen(theme().colour("warning"), 1))
        for at, name in enumerate(self.on.visible_lanes()):
            numbers, part = self.on.cause.rows.get(name), self.on.data.columns.get(name)
            if numbers is None or part is None:
                continue
            for n in numbers[numbers < len(part)][-200:]:
                x = self.on.axis.x_of(float(part.t[n]))
                wide = max(self.on.axis.x_of(float(part.end[n])) - x, 2.0)
                painter.drawRect(QRectF(x - 2, self.on.top + at * self.on.lane + 1.5, wide + 3, self.on.lane - 4))

    def range(self, painter: QPainter) -> None:
        """The picked range, or the one being dragged."""
        picked = self.on.dragged or self.on.playhead.range
        if picked is None:
            return
        left, right = (self.on.axis.x_of(t) for t in picked)
        accent = theme().colour("accent")
        painter.fillRect(QRectF(left, RULER, right - left, self.on.height() - RULER), theme().colour("accent", 0.14))
        painter.setPen(QPen(accent, 1))
        for x in (left, right):
            painter.drawLine(QPointF(round(x) + 0.5, RULER), QPointF(round(x) + 0.5, self.on.height()))
        if self.on.dragged is not None:
            painter.setFont(ui_font(pixels=11))
            painter.drawText(QPointF(left + 6, RULER + 14), span(picked[1] - picked[0]))

    def pointer(self, painter: QPainter) -> None:
        """A line under the pointer."""
        if self.on.hover is not None and self.on.hover.x() >= GUTTER:
            painter.setPen(QPen(theme().colour("muted", 0.6), 1, Qt.PenStyle.DotLine))
            x = round(self.on.hover.x()) + 0.5
            painter.drawLine(QPointF(x, RULER), QPointF(x, self.on.height()))

    def playhead(self, painter: QPainter) -> None:
        """The playhead and its time."""
        if self.on.playhead.end <= self.on.playhead.start:
            return
        accent = theme().colour("accent")
        x = round(self.on.axis.x_of(self.on.playhead.t))
        painter.fillRect(QRectF(x - 1, RULER - 3, 2, self.on.height() - RULER + 3), accent)
        text = self.on.playhead.text(self.on.playhead.t)
        painter.setFont(ui_font(pixels=11, bold=True))
        wide = QFontMetricsF(painter.font()).horizontalAdvance(text) + 12
        left = min(max(x - wide / 2, GUTTER + 1.0), self.on.width() - wide - 1.0)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(accent)
        chip = QRectF(left, 3, wide, RULER - 6)
        for one in self._labels:  # a label that would show half of itself goes
            if one.intersects(chip.adjusted(-2, 0, 2, 0)):
                painter.fillRect(one, theme().colour("surface"))
        painter.setBrush(accent)
        painter.drawRoundedRect(chip, 4, 4)
        painter.setPen(theme().colour("on-accent"))
        painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, text)
        if self.on.hasFocus():
            painter.setPen(QPen(QColor(accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(GUTTER + 0.5, 0.5, self.on.width() - GUTTER - 1.5, self.on.height() - 1.5))

    def strip(self, painter: QPainter) -> None:
        """Small pictures of the page side by side, each at its instant."""
        box = QRectF(GUTTER, RULER, self.on.axis.width, self.on.top - RULER)
        painter.setPen(theme().colour("text"))
        painter.drawText(QRectF(12, RULER, 110, box.height()), Qt.AlignmentFlag.AlignVCenter, "Pages")
        painter.fillRect(box, theme().colour("background"))
        painter.setClipRect(box)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        free = box.left()
        for t, image in self.on.pictures():
            high = box.height() - 4
            wide = high * image.width() / max(image.height(), 1)
            x = self.on.axis.x_of(t)
            if x + wide < box.left() or x > box.right() or x < free - 0.5 * wide:
                continue
            spot = QRectF(max(x, free), box.top() + 2, wide, high)
            painter.drawImage(spot, image)
            painter.setPen(theme().colour("line"))
            painter.drawRect(spot)
            free = spot.right() + 3
        painter.setClipping(False)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)

    def grip(self, painter: QPainter) -> None:
        """The lane that is being moved, and where it would go."""
        lifted = self.on.lifted
        if lifted is None:
            return
        name, y = lifted
        lanes = self.on.visible_lanes()
        at = min(max(int((y - self.on.top) // self.on.lane), 0), len(lanes) - 1)
        accent = theme().colour("accent")
        painter.fillRect(
            QRectF(0, self.on.top + at * self.on.lane, GUTTER, self.on.lane), theme().colour("accent", 0.25)
        )
        painter.setPen(QPen(accent, 1))
        painter.setFont(ui_font(pixels=12))
        painter.drawText(QRectF(20, y - 10, 100, 20), Qt.AlignmentFlag.AlignVCenter, TITLES[name])

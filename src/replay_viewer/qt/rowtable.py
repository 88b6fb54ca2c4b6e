"""The table every list of rows uses: painted from cells, follows the playhead until somebody scrolls.

A click seeks, Enter plays from two seconds before, Ctrl+C and the context menu copy. Past rows are plain, the present
one is tinted, future ones are muted (still at a contrast of 4.5 to 1).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from replay_viewer.qt.clock import Playhead
from replay_viewer.qt.plaintable import PlainTable
from replay_viewer.qt.rowmodel import Cell, RowModel
from replay_viewer.qt.theme import ROW_HEIGHT, data_font, theme, ui_font

_PAD = 8


@lru_cache(maxsize=8)
def _fonts(mono: bool, bold: bool) -> tuple[QFont, QFontMetrics]:
    font = data_font(bold=bold) if mono else ui_font(bold=bold)
    return font, QFontMetrics(font)


@lru_cache(maxsize=16_384)
def _cut(text: str, width: int, mono: bool, bold: bool) -> tuple[str, int]:
    """`text` elided to `width` pixels, and how wide the result is."""
    metrics = _fonts(mono, bold)[1]
    shown = metrics.elidedText(text[:600], Qt.TextElideMode.ElideRight, width)
    return shown, metrics.horizontalAdvance(shown)


class RowDelegate(QStyledItemDelegate):
    """Paints a cell from the model's cells, without a call of `data` per role."""

    def __init__(self, table: RowTable) -> None:
        super().__init__(table)
        self._table = table
        self.axis = (0.0, 1.0)

    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Rows are of one height."""
        return QSize(60, ROW_HEIGHT)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """One cell."""
        model, at = self._table.rows, index.row()
        cell = model.cells_at(at)[index.column()]
        column = model.columns[index.column()]
        box: QRect = option.rect
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        future = model.is_future(at)
        colours = theme()
        present = at == self._table.present
        bad = self._table.tints_failed and model.cells_at(at)[self._table.severity_column].role == "failed"
        if selected or present:
            painter.fillRect(box, colours.colour("failed-tint" if bad and selected else "selection"))
        if (present or (selected and bad)) and index.column() == 0:
            painter.fillRect(
                QRect(box.left(), box.top(), 3, box.height()), colours.colour("failed" if bad else "accent")
            )
        if self._table.marked(at):
            if not selected and not present:
                painter.fillRect(box, colours.colour("warning", 0.07))
            if index.column() == 0 and not present:
                painter.fillRect(QRect(box.left(), box.top(), 3, box.height()), colours.colour("warning"))
        painter.setPen(colours.colour("hairline"))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        if cell.bar is not None:
            self._bar(painter, box, cell, future)
            return
        self._text(painter, box.adjusted(_PAD, 0, -_PAD, 0), cell, column.mono, column.right, column.dot, future)

    def _text(
        self, painter: QPainter, box: QRect, cell: Cell, mono: bool, right: bool, dot: bool, future: bool
    ) -> None:
        colours = theme()
        if dot:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colours.colour(cell.role, 0.45 if future else 1.0))
            painter.drawEllipse(QRectF(box.left(), box.center().y() - 3.0, 7, 7))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            box = box.adjusted(15, 0, 0, 0)
            role = "failed" if cell.role == "failed" and cell.bold else "text"
        else:
            role = cell.role
        painter.setFont(_fonts(mono, cell.bold)[0])
        text, wide = _cut(cell.text, box.width(), mono, cell.bold)
        painter.setPen(colours.colour("muted" if future and role == "text" else role))
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        painter.drawText(box, int(side | Qt.AlignmentFlag.AlignVCenter), text)
        if cell.tail and box.width() - wide > 24:
            rest = box.adjusted(wide + 8, 0, 0, 0)
            painter.setFont(_fonts(mono, False)[0])
            painter.setPen(colours.colour("muted"))
            painter.drawText(rest, int(Qt.AlignmentFlag.AlignVCenter), _cut(cell.tail, rest.width(), mono, False)[0])

    def _bar(self, painter: QPainter, box: QRect, cell: Cell, future: bool) -> None:
        assert cell.bar is not None
        low, high = self.axis
        scale = (box.width() - 12) / max(high - low, 1.0)
        left = box.left() + 6 + (cell.bar[0] - low) * scale
        wide = max((cell.bar[1] - cell.bar[0]) * scale, 3.0)
        painter.save()
        painter.setClipRect(box)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().colour(cell.role, 0.5 if future else 1.0))
        painter.drawRoundedRect(QRectF(left, box.center().y() - 3.5, wide, 8), 2, 2)
        now = self._table.playhead.t
        if low <= now <= high:
            x = box.left() + 6 + (now - low) * scale
            painter.fillRect(QRectF(x, box.top(), 1, box.height()), QColor(theme().colour("accent", 0.7)))
        painter.restore()


class RowTable(PlainTable):
    """A list of rows on the session's clock.

    `picked(position)`: the row somebody selected. `seek_asked(t)`: click. `play_asked(t)`: Enter. `follow_changed`.
    """

    picked = Signal(int)
    seek_asked = Signal(int)
    play_asked = Signal(int)
    follow_changed = Signal(bool)
    resized = Signal()  #: the list has another size

    def __init__(self, rows: RowModel, playhead: Playhead, name: str, parent: QWidget | None = None) -> None:
        self.rows = rows
        self.playhead = playhead
        self.following = True
        self.present = -1
        self.tints_failed = False
        self.severity_column = 0
        self.copies: Callable[[int], dict[str, str]] = lambda _position: {}
        self.marked: Callable[[int], bool] = lambda _position: False
        super().__init__(rows, name, [column.width for column in rows.columns], parent)
        self.delegate = RowDelegate(self)
        self.setItemDelegate(self.delegate)
        self.selectionModel().currentRowChanged.connect(self._current)
        self.verticalScrollBar().sliderPressed.connect(self._scrolled)
        playhead.moved.connect(self._moved)
        playhead.style_changed.connect(rows.reformat)
        theme().changed.connect(self._restyle)

    # the clock

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width: whoever hides columns by it is told."""
        super().resizeEvent(event)
        self.resized.emit()

    def set_following(self, following: bool) -> None:
        """Keep the present row in view, or not."""
        if following != self.following:
            self.following = following
            self.follow_changed.emit(following)
        if following:
            self.refresh()

    def refresh(self) -> None:
        """Show the present row again after the rows changed."""
        self.rows.set_now(self.playhead.t)
        self.present = self.rows.present()
        if self.following:
            self._reveal_present()
        self.viewport().update()

    def select(self, position: int) -> None:
        """Select the row at a position and bring it into view, without seeking."""
        if 0 <= position < self.rows.rowCount():
            index = self.rows.index(position, 0)
            self.setCurrentIndex(index)
            self.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() // ROW_HEIGHT * ROW_HEIGHT)  # no row is cut at the top

    def _moved(self, t: float) -> None:
        if not self.isVisible():
            return
        if self.rows.set_now(t):
            self.present = self.rows.present()
            if self.following:
                self._reveal_present()
            self.viewport().update()

    def _reveal_present(self) -> None:
        if self.present < 0:
            return
        bar, high = self.verticalScrollBar(), self.viewport().height()
        whole = high // ROW_HEIGHT
        top, room = bar.value() / ROW_HEIGHT, max(1, whole - min(2, whole // 3))  # the last rows show what comes next
        if not top <= self.present < top + room:
            # What comes next is a third of what is seen then, and no row is cut at the top.
            bar.setValue(max(0, self.present - max(0, whole - 1 - whole // 3)) * ROW_HEIGHT)

    def _scrolled(self) -> None:
        self.set_following(False)

    def _current(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self.picked.emit(current.row())

    def _restyle(self) -> None:
        _fonts.cache_clear()
        _cut.cache_clear()
        self.viewport().update()

    # hands

    def showEvent(self, event: QEvent) -> None:
        """Catch up with the playhead: hidden tables do not follow it."""
        super().showEvent(event)  # type: ignore[arg-type]
        self.refresh()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Whoever scrolls does not want to be carried away."""
        self.set_following(False)
        super().wheelEvent(event)

    def row_clicked(self, row: int) -> None:
        """A plain click seeks."""
        self.seek_asked.emit(row)

    def row_entered(self, row: int) -> None:
        """Enter plays from before the row."""
        self.play_asked.emit(row)

    def forms(self, row: int) -> dict[str, str]:
        """As `copies` has it."""
        return self.copies(row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the selection: whoever does that does not want to be carried away."""
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self.set_following(False)
        super().keyPressEvent(event)

"""Lines of a list with something at their right end: a count, a state, a key."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from replay_viewer.qt.theme import theme, ui_font

#: What stands at the right, and the role that colours it.
TAIL = int(Qt.ItemDataRole.UserRole) + 100
TAIL_ROLE = TAIL + 1


class TailDelegate(QStyledItemDelegate):
    """A name, and right of it what is to be known of it."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        """The name leaves room for the rest."""
        super().initStyleOption(option, index)
        tail = index.data(TAIL)
        if tail:
            room = option.rect.width() - self._metrics().horizontalAdvance(tail) - 44
            option.text = option.fontMetrics.elidedText(option.text, Qt.TextElideMode.ElideRight, max(room, 40))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw both."""
        super().paint(painter, option, index)
        tail = index.data(TAIL)
        if tail:
            painter.save()
            painter.setFont(ui_font(pixels=12))
            painter.setPen(theme().colour(index.data(TAIL_ROLE) or "muted"))
            side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(option.rect.adjusted(0, 0, -12, 0), int(side), tail)
            painter.restore()

    @staticmethod
    def _metrics() -> QFontMetrics:
        return QFontMetrics(ui_font(pixels=12))

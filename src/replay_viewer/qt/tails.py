"""Lines of a list with something at their right end: a count, a state, a key."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QListWidget,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from replay_viewer.qt.theme import theme, ui_font
from replay_viewer.qt.widgets import label

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


class SideList(QWidget):
    """A short list under a heading in a side dock."""

    def __init__(self, heading: str, name: str) -> None:
        """`name`: of the list, for those who do not see it."""
        super().__init__()
        self.list = QListWidget()
        self.list.setAccessibleName(name)
        self.list.setItemDelegate(TailDelegate(self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 6)
        layout.setSpacing(0)
        title = label(heading, "heading")
        title.setContentsMargins(14, 8, 10, 3)
        layout.addWidget(title)
        layout.addWidget(self.list)

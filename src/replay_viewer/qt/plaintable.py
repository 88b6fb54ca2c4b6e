"""What every table of rows shares: its looks, clicks that count where they were pressed, copying by key and menu."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import QAbstractItemModel, QPoint, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QMenu, QTableView, QWidget

from replay_viewer.qt.theme import ROW_HEIGHT

#: What Ctrl+C copies.
TEXT = "Copy as text"
#: More rows than this are not copied at once.
_MOST = 5_000


class PlainTable(QTableView):
    """Rows of one height without a grid. What a row does, and what can be copied of it, its subclasses say."""

    def __init__(
        self, model: QAbstractItemModel, name: str, widths: Sequence[int], parent: QWidget | None = None
    ) -> None:
        """`name`: for screen readers, and what its columns are remembered by; a column of width 0 takes the rest."""
        super().__init__(parent)
        self._pressed: tuple[int, QPoint] | None = None
        self.setModel(model)
        self.setAccessibleName(name)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        vertical = self.verticalHeader()
        vertical.setVisible(False)
        vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        vertical.setDefaultSectionSize(ROW_HEIGHT)
        vertical.setMinimumSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(36)
        for at, width in enumerate(widths):
            mode = QHeaderView.ResizeMode.Interactive if width else QHeaderView.ResizeMode.Stretch
            header.setSectionResizeMode(at, mode)
            if width:
                self.setColumnWidth(at, width)

    # what a table fills in

    def row_clicked(self, row: int) -> None:
        """A plain click on a row."""

    def row_entered(self, row: int) -> None:
        """Enter on a row."""

    def forms(self, _row: int) -> Mapping[str, str]:
        """What can be copied of a row: the words of the menu, and the text."""
        return {}

    # hands

    def selected(self) -> list[int]:
        """Positions of the selected rows, from the top."""
        return sorted(index.row() for index in self.selectionModel().selectedRows())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Note the row: selecting it may bring details, which move what lies under the pointer."""
        self._pressed = (self.indexAt(event.position().toPoint()).row(), event.globalPosition().toPoint())
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A plain click is one on the row that was pressed."""
        super().mouseReleaseEvent(event)
        pressed, self._pressed = self._pressed, None
        plain = not event.modifiers() & (Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier)
        if pressed is None or pressed[0] < 0 or event.button() != Qt.MouseButton.LeftButton or not plain:
            return
        moved = (event.globalPosition().toPoint() - pressed[1]).manhattanLength()
        if moved < QApplication.startDragDistance() and pressed[0] < self.model().rowCount():
            self.row_clicked(pressed[0])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Ctrl+C."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.row_entered(self.currentIndex().row())
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def copy(self, how: str = TEXT) -> None:
        """Put the selected rows on the clipboard in one of their forms."""
        texts = [forms[how] for forms in map(self.forms, self.selected()[:_MOST]) if how in forms]
        if texts:
            QApplication.clipboard().setText("\n".join(texts))

    def _menu(self, where: QPoint) -> None:
        index = self.indexAt(where)
        if not index.isValid():
            return
        menu = QMenu(self)
        for how in self.forms(index.row()):
            menu.addAction(how, partial(self.copy, how))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.viewport().mapToGlobal(where))

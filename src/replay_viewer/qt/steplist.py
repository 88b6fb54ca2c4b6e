"""The steps to reproduce, as lines a person can change: edit, add, remove, put in another order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from replay_viewer.qt.widgets import IconButton, label


class StepList(QWidget):
    """Steps in order. `changed`: a person changed them; from then on `offer` does not replace them."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._offered: list[str] = []
        self.own = False
        self.list = QListWidget()
        self.list.setAccessibleName("Steps to reproduce")
        self.list.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.list.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.SelectedClicked
        )
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setMinimumHeight(96)
        self.add_button = self._small("plus", "Add a step after this one", self.add)
        self.remove_button = self._small("trash", "Remove this step", self.remove)
        self.up_button = self._small("chevron-up", "Move this step up", lambda: self.move_step(-1))
        self.down_button = self._small("chevron-down", "Move this step down", lambda: self.move_step(1))
        self.reset_button = self._small("undo", "As recorded again", self.reset)
        head = QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(label("Steps to reproduce", "muted"), 1)
        for button in (self.reset_button, self.up_button, self.down_button, self.remove_button, self.add_button):
            head.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(head)
        layout.addWidget(self.list, 1)
        self.list.itemChanged.connect(self._told)
        self.list.model().rowsMoved.connect(self._told)
        self.list.currentRowChanged.connect(self._enable)
        self._enable()

    @staticmethod
    def _small(icon: str, text: str, then: Callable[[], None]) -> IconButton:
        button = IconButton(icon, text)
        button.clicked.connect(lambda: then())
        return button

    def steps(self) -> list[str]:
        """The steps as they stand."""
        texts = (self.list.item(row).text().strip() for row in range(self.list.count()))
        return [text for text in texts if text]

    def offer(self, steps: Sequence[str]) -> None:
        """The steps as recorded; shown unless a person has changed them."""
        self._offered = list(steps)
        if not self.own:
            self._fill(steps)
        self._enable()

    def reset(self) -> None:
        """As recorded again."""
        self._fill(self._offered)
        self.own = False
        self._enable()
        self.changed.emit()

    def _fill(self, steps: Sequence[str]) -> None:
        self.list.blockSignals(True)
        self.list.clear()
        for step in steps:
            self.list.addItem(self._item(step))
        self.list.blockSignals(False)

    @staticmethod
    def _item(text: str) -> QListWidgetItem:
        item = QListWidgetItem(text)
        item.setFlags(
            Qt.ItemFlag.ItemIsEnabled
            | Qt.ItemFlag.ItemIsSelectable
            | Qt.ItemFlag.ItemIsEditable
            | Qt.ItemFlag.ItemIsDragEnabled
        )
        item.setToolTip(text)
        return item

    def add(self) -> None:
        """A new step after the current one, to be written at once."""
        row = self.list.currentRow() + 1 if self.list.currentRow() >= 0 else self.list.count()
        item = self._item("")
        self.list.insertItem(row, item)
        self.list.setCurrentItem(item)
        self.list.editItem(item)

    def remove(self) -> None:
        """The current step goes."""
        if self.list.currentRow() >= 0:
            self.list.takeItem(self.list.currentRow())
            self._told()

    def move_step(self, by: int) -> None:
        """The current step goes up (-1) or down (1)."""
        row = self.list.currentRow()
        if row >= 0 and 0 <= row + by < self.list.count():
            item = self.list.takeItem(row)
            self.list.insertItem(row + by, item)
            self.list.setCurrentRow(row + by)
            self._told()

    def _told(self, *_: object) -> None:
        self.own = True
        self._enable()
        self.changed.emit()

    def _enable(self, *_: object) -> None:
        row, count = self.list.currentRow(), self.list.count()
        self.remove_button.setEnabled(row >= 0)
        self.up_button.setEnabled(row > 0)
        self.down_button.setEnabled(0 <= row < count - 1)
        self.reset_button.setEnabled(self.own)

"""Chips in rows that wrap; those for which the rows have no room are in a menu at their end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolButton, QWidget

from replay_viewer.qt.widgets import Chip, set_picked

_GAP = 4


class Row(NamedTuple):
    """The things from number `first` up to, not including, `last` stand in a row."""

    row: int
    first: int
    last: int


def packed(widths: Sequence[int], room: int, rows: int, more: int) -> list[Row]:
    """Things put into at most so many rows of `room` pixels; when not all fit, the last row leaves `more` free."""
    made: list[Row] = []
    at = 0
    for row in range(rows):
        first, x = at, 0
        while at < len(widths) and (at == first or x + widths[at] <= room):
            x += widths[at] + _GAP
            at += 1
        if row == rows - 1 and at < len(widths):
            while at > first and x + more > room:
                at -= 1
                x -= widths[at] + _GAP
        made.append(Row(row, first, at))
        if at == len(widths):
            break
    return made


class Chips(QWidget):
    """Chips from left to right in at most `rows` rows."""

    def __init__(
        self, chips: Sequence[Chip], rows: int = 2, margins: tuple[int, int, int, int] = (0, 0, 0, 0)
    ) -> None:
        """`margins`: left, top, right, bottom, in pixels."""
        super().__init__()
        self._chips, self._rows, self._margins = list(chips), rows, margins
        self._left: list[Chip] = []  # those in the menu
        self.more = QToolButton(self)
        self.more.setObjectName("chip")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._fill)
        self.more.setMenu(self._menu)
        for chip in self._chips:
            chip.setParent(self)
            chip.toggled.connect(lambda _on: self.tell())
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.tell()

    def tell(self) -> None:
        """A chip has another text or state: place them again, and say what is on in the menu."""
        on = [chip.text() for chip in self._left if chip.isChecked()]
        self.more.setText(f"{on[0]} ▾" if len(on) == 1 else f"{len(on)} more ▾" if on else "More ▾")
        names = ", ".join(chip.text() for chip in self._left)
        self.more.setAccessibleName(f"More: {names}")
        self.more.setToolTip(f"More: {names}")
        set_picked(self.more, bool(on))
        self._place()

    def hasHeightForWidth(self) -> bool:
        """Narrower is higher."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Height of the rows at a width."""
        return self._arrange(width)[2]

    def sizeHint(self) -> QSize:
        """One row."""
        return QSize(160, self._arrange(max(self.width(), 160))[2])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width."""
        super().resizeEvent(event)
        self._place()

    def _arrange(self, width: int) -> tuple[list[QRect], QRect | None, int]:
        """Where the chips that fit stand, where the menu stands when there is one, and the height of it all."""
        left, top, right, bottom = self._margins
        widths = [chip.sizeHint().width() for chip in self._chips]
        high = max(chip.sizeHint().height() for chip in self._chips)
        more = self.more.sizeHint().width()
        boxes: list[QRect] = []
        for counts in packed(widths, width - left - right, self._rows, more):
            y = top + counts.row * (high + _GAP)
            x = left
            for wide in widths[counts.first : counts.last]:
                boxes.append(QRect(x, y, wide, high))
                x += wide + _GAP
        whole = len(boxes) == len(widths)
        return boxes, None if whole else QRect(x, y, more, high), y + high + bottom

    def _place(self) -> None:
        boxes, more, _ = self._arrange(self.width())
        for chip, box in zip(self._chips, boxes, strict=False):
            chip.setGeometry(box)
        for at, chip in enumerate(self._chips):
            chip.setVisible(at < len(boxes))
        left = self._chips[len(boxes) :]
        self.more.setVisible(more is not None)
        if more is not None:
            self.more.setGeometry(more)
        if left != self._left:
            self._left = left
            self.tell()
        self.updateGeometry()

    def _fill(self) -> None:
        self._menu.clear()
        for chip in self._left:
            action = self._menu.addAction(chip.text())
            action.setToolTip(chip.toolTip())
            action.setCheckable(True)
            action.setChecked(chip.isChecked())
            action.triggered.connect(chip.click)

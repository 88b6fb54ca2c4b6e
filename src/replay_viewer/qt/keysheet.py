"""The `?` sheet: every key, from the same table the keys are handled by."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from replay_viewer.qt.actions import ACTIONS, pretty
from replay_viewer.qt.theme import data_font
from replay_viewer.qt.widgets import label, named_button

_ROWS = 22


class KeySheet(QDialog):
    """A window that lists the keys by topic."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 16)
        columns = QHBoxLayout()
        columns.setSpacing(36)
        grid, row = QGridLayout(), 0
        group = ""
        for action in sorted((one for one in ACTIONS if one.keys), key=lambda one: _order(one.group)):
            if action.group != group or row > _ROWS:
                if row and row + 4 > _ROWS:
                    columns.addLayout(grid)
                    grid, row = QGridLayout(), 0
                if action.group != group:
                    group = action.group
                    where = " (while the lanes have the focus)" if action.scope else ""
                    heading = label(group.upper() + where, "heading")
                    heading.setContentsMargins(0, 8 if row else 0, 0, 2)
                    grid.addWidget(heading, row, 0, 1, 2)
                    row += 1
            keys = label("  ".join(pretty(key) for key in action.keys), "muted")
            keys.setFont(data_font())
            grid.addWidget(keys, row, 0)
            grid.addWidget(label(action.text.rstrip("…")), row, 1)
            grid.setHorizontalSpacing(16)
            grid.setVerticalSpacing(4)
            row += 1
        grid.setRowStretch(row, 1)
        columns.addLayout(grid)
        layout.addLayout(columns)
        foot = QHBoxLayout()
        foot.addWidget(
            label("Enter on a row plays from 2 s before it. Keys work everywhere but in text fields.", "muted")
        )
        foot.addStretch(1)
        close = named_button("Close", primary=True)
        close.clicked.connect(self.close)
        foot.addWidget(close)
        layout.addSpacing(8)
        layout.addLayout(foot)


def _order(group: str) -> int:
    order = ("Play", "Range", "Notes", "Session", "View", "Lanes")
    return order.index(group) if group in order else len(order)

"""The `?` sheet: every key, from the same table the keys are handled by."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from replay_viewer.qt.actions import ACTIONS, pretty
from replay_viewer.qt.theme import data_font
from replay_viewer.qt.widgets import label, named_button

#: Lines of a column, headings among them.
_ROWS = 27


class KeySheet(QDialog):
    """A window that lists the keys by topic."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 16)
        columns = QHBoxLayout()
        columns.setSpacing(28)
        for part in _columns():
            grid = QGridLayout()
            grid.setHorizontalSpacing(12)
            grid.setVerticalSpacing(3)
            for row, (keys, text) in enumerate(part):
                if keys:
                    shown = label(keys, "muted")
                    shown.setFont(data_font())
                    grid.addWidget(shown, row, 0)
                    grid.addWidget(label(text), row, 1)
                else:
                    heading = label(text, "heading")
                    heading.setContentsMargins(0, 10 if row else 0, 0, 2)
                    grid.addWidget(heading, row, 0, 1, 2)
            grid.setRowStretch(len(part), 1)
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


def _columns() -> list[list[tuple[str, str]]]:
    """The sheet's columns: keys and what they do, headings without keys; no group stands in two columns for long."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for action in sorted((one for one in ACTIONS if one.keys), key=lambda one: _order(one.group)):
        keys = "  ".join(pretty(key) for key in action.keys)
        groups.setdefault(action.group, []).append((keys, action.text.rstrip("…")))
    scoped = {action.group for action in ACTIONS if action.scope}
    columns: list[list[tuple[str, str]]] = [[]]
    for group, lines in groups.items():
        where = " (W A S D while they have the focus)" if group in scoped else ""
        if columns[-1] and len(columns[-1]) + 1 + len(lines) > _ROWS:
            columns.append([])
        columns[-1] += [("", group.upper() + where), *lines]
    return columns


def _order(group: str) -> int:
    order = ("Play", "Page", "Session", "Notes", "Tabs", "View", "Lanes", "Range")
    return order.index(group) if group in order else len(order)

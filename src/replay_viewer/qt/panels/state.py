"""State: the actions of Redux and its kin, the state after each as a tree, what it changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from replay_viewer.domain.rows import AnyRow, StateChange
from replay_viewer.qt.jsontree import JsonTree
from replay_viewer.qt.panels.base import ListPanel
from replay_viewer.qt.rowmodel import Cell, Column
from replay_viewer.qt.rowtext import activity_cell
from replay_viewer.qt.structure import MISSING, differences
from replay_viewer.qt.widgets import label
from replay_viewer.qt.wording import plural


def _change(row: AnyRow) -> StateChange:
    assert isinstance(row, StateChange)
    return row


def _payload(row: AnyRow) -> Cell:
    return Cell(activity_cell(row).tail, "muted")


class StatePanel(ListPanel):
    """The state containers of the recorded page."""

    id = "state"
    kind = "state"
    title = "State"
    detail_share = (52, 48)

    def columns(self) -> Sequence[Column]:
        """When, which action, with what."""
        return (
            Column("Time", 92, self.time_cell, mono=True, right=True, sort="t"),
            Column("Action", 200, lambda row: Cell(_change(row).action, "text"), mono=True),
            Column("Payload", 0, _payload, mono=True),
        )

    def detail(self) -> QWidget:
        """What changed, the whole state, the payload."""
        box = QWidget()
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.diff, self.tree, self.payload = JsonTree("What changed"), JsonTree("State"), JsonTree("Payload")
        for name, widget in (("Changed", self.diff), ("State", self.tree), ("Payload", self.payload)):
            self.tabs.addTab(widget, name)
        layout.addWidget(self.tabs, 1)
        self.hint = label("", "muted", wrap=True)
        self.hint.setContentsMargins(10, 2, 10, 4)
        layout.addWidget(self.hint)
        return box

    def clear_detail(self) -> None:
        """Nothing selected."""
        for tree in (self.diff, self.tree, self.payload):
            tree.show_values([])
        self.hint.setText("Select an action to see what it changed.")

    def show_row(self, row: AnyRow, n: int) -> None:
        """One action."""
        change = _change(row)
        self.payload.show_values([("payload", change.payload)], expand=1)
        if change.state is None:
            self.tree.show_values([("state", "not recorded with this action")])
            self.diff.show_values([])
            self.tabs.setCurrentIndex(2)
            self.hint.setText("Only the action was recorded, not the state after it.")
            return
        self.tree.show_values([("state", change.state)], expand=1)
        before = self._state_before(n, change.store)
        if before is None:
            self.diff.show_values([])
            self.hint.setText("The first recorded state: there is nothing to compare it with.")
            return
        entries: list[tuple[str, Any]] = []
        for found in differences(before, change.state):
            pair = {
                name: value
                for name, value in (("before", found.before), ("after", found.after))
                if value is not MISSING
            }
            entries.append((found.path, pair))
        self.diff.show_values(entries, expand=1)
        self.hint.setText(f"{plural(len(entries), 'place')} changed." if entries else "This action changed nothing.")

    def badge(self) -> tuple[int, str]:
        """Number of actions."""
        part = self.part()
        return (len(part) if part is not None else 0), "muted"

    def _state_before(self, n: int, store: str) -> Any:
        """The state before row `n` of its store, from the last row that has one; looks at most 200 rows back."""
        if self.opened is None or n == 0:
            return None
        first = max(0, n - 200)
        for row in reversed(self.opened.fetch(self.kind, list(range(first, n)))):
            if isinstance(row, StateChange) and row.store == store and row.state is not None:
                return row.state
        return None

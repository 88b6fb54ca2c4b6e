"""State: the actions of Redux and its kin, the state after each as a tree, what it changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from replay_viewer.domain.rows import AnyRow, Navigation, StateChange
from replay_viewer.qt.jsontree import JsonTree
from replay_viewer.qt.panels.base import ListPanel
from replay_viewer.qt.rowmodel import NOW_SLACK_MS, Cell, Column
from replay_viewer.qt.rowtext import activity_cell
from replay_viewer.qt.structure import MISSING, differences, patched
from replay_viewer.qt.widgets import label, padded
from replay_viewer.qt.wording import plural

#: Actions looked back over for a state.
_BACK = 1_000


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
        self.now = JsonTree("State at the playhead")
        self._now: int = -1
        for name, widget in (
            ("Changed", self.diff),
            ("State", self.tree),
            ("Payload", self.payload),
            ("At playhead", self.now),
        ):
            self.tabs.addTab(widget, name)
        self.tabs.currentChanged.connect(lambda _at: self._follow(self.context.playhead.t))
        self.context.playhead.moved.connect(self._follow)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._picked_two())
        layout.addWidget(self.tabs, 1)
        self.hint = label("", "muted", wrap=True)
        layout.insertLayout(0, padded(self.hint))
        return box

    def clear_detail(self) -> None:
        """Nothing selected."""
        for tree in (self.diff, self.tree, self.payload, self.now):
            tree.show_values([])
        self._now = -1
        self.hint.setText("Select an action, or two to compare them.")

    def show_row(self, row: AnyRow, n: int) -> None:
        """One action."""
        change = _change(row)
        self.payload.show_values([("payload", change.payload)], expand=1)
        if change.state is None:
            known = self._state_at(n, change)
            told = "not recorded with this action" if known is None else known
            self.tree.show_values([("state, as far as its changes tell", told)], expand=2)
            patch = [
                (f"{step.get('op', '')} {step.get('path', '')}", step.get("value"))
                for step in change.diff
                if isinstance(step, dict)
            ]
            self.diff.show_values(patch)
            if patch:
                self.hint.setText(f"{plural(len(patch), 'place')} changed, as the store told it.")
                return
            self.tabs.setCurrentIndex(2)
            self.hint.setText("Only the action was recorded, not the state after it.")
            return
        self.tree.show_values([("state", change.state)], expand=1)
        before = self._state_before(n, change.store)
        if before is None:
            self.diff.show_values([])
            self.hint.setText("The first recorded state: there is nothing to compare it with.")
            return
        entries = self._show_difference(before, change.state)
        self.hint.setText(f"{plural(entries, 'place')} changed." if entries else "This action changed nothing.")

    def _show_difference(self, before: Any, after: Any) -> int:
        """Show where two states differ; in how many places."""
        entries: list[tuple[str, Any]] = []
        for found in differences(before, after):
            pair = {
                name: value
                for name, value in (("before", found.before), ("after", found.after))
                if value is not MISSING
            }
            entries.append((found.path, pair))
        self.diff.show_values(entries, expand=1)
        return len(entries)

    def _picked_two(self) -> None:
        """Two selected actions are compared: the state after the first with the state after the second."""
        positions = self.table.selected()
        if len(positions) != 2 or self.opened is None:
            return
        first, last = sorted(int(self.model.keys[at]) for at in positions)
        one, other = (_change(self.opened.row(self.kind, n)) for n in (first, last))
        states = (self._state_at(first, one), self._state_at(last, other))
        if None in states:
            self.diff.show_values([])
            self.hint.setText("The state was not recorded with these actions.")
            return
        places = self._show_difference(*states)
        self.tabs.setCurrentWidget(self.diff)
        times = [self.context.playhead.text(row.t) for row in (one, other)]
        what = f"{plural(places, 'place')} changed" if places else "Nothing changed"
        self.hint.setText(f"{what} from {one.action} ({times[0]}) to {other.action} ({times[1]}).")

    def _state_at(self, n: int, change: StateChange) -> Any:
        """The state after row `n`, of its store; None when nothing tells.

        Where only changes were recorded, what they tell since the last whole state, or since the page was loaded.
        """
        if change.state is not None or self.opened is None:
            return change.state
        steps: list[list[Any]] = []
        loaded = self._loaded_before(change)
        base: Any = None
        for row in reversed(self.opened.fetch(self.kind, list(range(max(0, n - _BACK), n + 1)))):
            if not isinstance(row, StateChange) or row.store != change.store or row.tab != change.tab:
                continue
            if row.t < loaded:
                break
            if row.state is not None:
                base = row.state
                break
            if row.diff:
                steps.append(row.diff)
        if not steps:
            return base
        for diff in reversed(steps):
            base = patched({} if base is None else base, diff)
        return base

    def _loaded_before(self, change: StateChange) -> float:
        """When the page of an action was loaded: its store began anew then."""
        assert self.opened is not None
        part = self.opened.columns["navigation"]
        first = int(np.searchsorted(part.t, change.t, side="right")) - 1
        for n in range(first, max(first - 50, -1), -1):
            row = self.opened.row("navigation", n)
            if (
                isinstance(row, Navigation)
                and row.how in ("load", "reload", "back_forward")
                and row.tab == change.tab
            ):
                return row.t
        return float("-inf")

    def _follow(self, t: float) -> None:
        """The state at the playhead, while somebody looks at it."""
        part = self.part()
        if self.opened is None or part is None or self.tabs.currentWidget() is not self.now or not self.isVisible():
            return
        n = int(np.searchsorted(part.t, t + NOW_SLACK_MS, side="right")) - 1
        if n == self._now:
            return
        self._now = n
        if n < 0:
            self.now.show_values([("state", "nothing was recorded yet at this instant")], expand=0)
            return
        change = _change(self.opened.row(self.kind, n))
        state = self._state_at(n, change)
        told: list[tuple[str, Any]] = [("after", change.action)]
        self.now.show_values([*told, ("state", "not recorded" if state is None else state)], expand=1)

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

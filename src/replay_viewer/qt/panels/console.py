"""Console: every call with its level, the arguments as a tree, the stack."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from replay_viewer.domain.rows import AnyRow, ConsoleEntry
from replay_viewer.qt.jsontree import JsonTree
from replay_viewer.qt.opened import Columns
from replay_viewer.qt.panels.base import ListPanel, Mask
from replay_viewer.qt.panels.stack import StackView
from replay_viewer.qt.rowmodel import Cell, Column
from replay_viewer.qt.widgets import ChipRow, CodeView, label
from replay_viewer.qt.wording import one_line

_LEVEL_ROLE = {"error": "failed", "warn": "warning"}


def _level(row: AnyRow) -> Cell:
    assert isinstance(row, ConsoleEntry)
    return Cell(row.level, _LEVEL_ROLE.get(row.level, "muted"))


def _message(row: AnyRow) -> Cell:
    assert isinstance(row, ConsoleEntry)
    return Cell(one_line(row.message), _LEVEL_ROLE.get(row.level, "text"))


class ConsolePanel(ListPanel):
    """The console of the recorded page."""

    id = "console"
    kind = "console"
    title = "Console"
    none_title = "No console lines"
    none_why = (
        "The page wrote none, or the SDK did not record the console (rrweb: console plugin; Sentry: breadcrumbs)."
    )

    def columns(self) -> Sequence[Column]:
        """When, level, message."""
        return (
            Column("Time", 92, self.time_cell, mono=True, right=True, sort="t"),
            Column("Level", 64, _level, mono=True, sort="severity"),
            Column("Message", 0, _message, mono=True),
        )

    def tools(self) -> Sequence[QWidget]:
        """Which levels show."""
        self.levels = ChipRow(
            [("plain", "Log"), ("warned", "Warnings"), ("failed", "Errors")], on=("plain", "warned", "failed")
        )
        self.levels.changed.connect(lambda _on: self.apply())
        return (self.levels,)

    def admits(self, columns: Columns) -> Mask | None:
        """By level."""
        on = [at for at, name in enumerate(("plain", "warned", "failed")) if name in self.levels.on()]
        if len(on) == 3:
            return None
        return np.asarray(np.isin(np.minimum(columns.severity, 2), on), np.bool_)

    def detail(self) -> QWidget:
        """Message, arguments, stack."""
        box = QWidget()
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 0, 0, 0)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.message = CodeView("Message")
        self.tree = JsonTree("Arguments")
        self.stack = StackView("Stack of the console call")
        self.tabs.addTab(self.message, "Message")
        self.tabs.addTab(self.tree, "Arguments")
        self.tabs.addTab(self.stack, "Stack")
        layout.addWidget(self.tabs)
        self.hint = label("", "muted", wrap=True)
        self.hint.setContentsMargins(8, 2, 8, 4)
        layout.addWidget(self.hint)
        return box

    def clear_detail(self) -> None:
        """Say what would stand here."""
        self.message.show_text("")
        self.tree.show_values([])
        self.stack.show_sections([])
        self.hint.setText("Select a line to see its arguments and stack.")
        self.tabs.setTabText(1, "Arguments")

    def show_row(self, row: AnyRow, n: int) -> None:
        """One console call."""
        assert isinstance(row, ConsoleEntry)
        self.message.show_text(row.message)
        self.tree.show_values([(str(at), value) for at, value in enumerate(row.arguments)])
        self.tabs.setTabText(1, f"Arguments {len(row.arguments)}" if row.arguments else "Arguments")
        self.stack.show_sections([(f"console.{row.level}", row.stack)] if row.stack else [])
        self.tabs.setTabEnabled(1, bool(row.arguments))
        self.tabs.setTabEnabled(2, bool(row.stack))
        self.hint.setText("The SDK cut this message short when it recorded it." if row.truncated else "")

    def badge(self) -> tuple[int, str]:
        """Number of errors in the console, else of all lines."""
        part = self.part()
        if part is None:
            return 0, "muted"
        return (part.failed, "failed") if part.failed else (len(part), "muted")

"""Console: every call with its level, the arguments as a tree, the stack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from replay_viewer.analysis.symbols import map_frames
from replay_viewer.domain.rows import AnyRow, ConsoleEntry, Frame
from replay_viewer.library import Library
from replay_viewer.qt.jsontree import JsonTree
from replay_viewer.qt.opened import Columns, Ints
from replay_viewer.qt.panels.base import ListPanel, Mask
from replay_viewer.qt.panels.stack import StackView
from replay_viewer.qt.rowmodel import Cell, Column
from replay_viewer.qt.widgets import Chip, CodeView, MenuChip, label
from replay_viewer.qt.wording import one_line

_LEVEL_ROLE = {"error": "failed", "warn": "warning"}
#: Levels in the order of their menu, and the severity each has.
_LEVELS = (
    ("debug", "Debug", 0),
    ("log", "Log", 0),
    ("info", "Info", 0),
    ("warn", "Warnings", 1),
    ("error", "Errors", 2),
)


class Lines(NamedTuple):
    """Per line: its level (index into _LEVELS), and the first of the run of equal lines it belongs to."""

    level: NDArray[np.uint8]
    first: Ints


def read(library: Library, session: str, severity: NDArray[np.uint8]) -> Lines:
    """Levels and repeats of all lines, from their search texts; these end with the level unless they were cut.

    `severity`: of the lines there were. Nothing is known when more have come since; they are read again then.
    """
    names = [name for name, _, _ in _LEVELS]
    codes = library.endings(session, "console", [f" {name}" for name in names])
    repeats = library.repeats(session, "console")
    if not len(codes) == len(repeats) == len(severity):
        return Lines(np.empty(0, np.uint8), np.empty(0, np.int64))
    guessed = np.array([1, 3, 4], np.uint8)[np.minimum(severity, 2)]
    levels = np.where(codes == 0, guessed, codes - np.uint8(1)).astype(np.uint8)
    starts = np.flatnonzero(~repeats)
    lengths = np.diff(starts, append=len(severity))
    return Lines(levels, np.repeat(starts, lengths).astype(np.int64))


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
    detail_on_demand = True
    _lines: Lines | None = None
    _counts: Ints | None = None
    _shown: ConsoleEntry | None = None

    def columns(self) -> Sequence[Column]:
        """When, level, message."""
        return (
            Column("Time", 92, self.time_cell, mono=True, right=True, sort="t"),
            Column("Level", 64, _level, mono=True, sort="severity"),
            Column("×", 44, _message, mono=True, right=True, sort="count", keyed=self._times),
            Column("Message", 0, _message, mono=True),
        )

    def tools(self) -> Sequence[QWidget]:
        """Which levels show."""
        self.levels = MenuChip("Level", [(name, text) for name, text, _ in _LEVELS])
        self.levels.changed.connect(lambda _on: self.apply())
        self.group = Chip("Group", "Show equal lines in a row as one, with their number", checked=True)
        self.group.clicked.connect(lambda _on: self.apply())
        return (self.levels, self.group)

    def session_changed(self) -> None:
        """Levels and repeats are read anew."""
        if self.opened is None or self._warm_for[0] != self.opened.id:
            self._lines = None
        super().session_changed()

    def warm(self) -> Callable[[Library], Lines] | None:
        """Levels and repeats; reading them also brings the texts into memory."""
        opened, columns = self.opened, self.part()
        if opened is None or columns is None:
            return None
        session, severity = opened.id, columns.severity
        return lambda library: read(library, session, severity)

    def warmed(self, found: Lines) -> None:
        """Group and filter by what is known now."""
        self._lines = found
        self.apply()

    def _known(self) -> Lines | None:
        """What was read, when it speaks of all rows that are there now."""
        columns = self.part()
        lines = self._lines
        # a pull may have put more rows in place while they were read
        if lines is None or columns is None or not len(lines.level) == len(lines.first) == len(columns):
            return None
        return lines

    def admits(self, columns: Columns) -> Mask | None:
        """By level; until the levels were read, by severity."""
        on = self.levels.on()
        if not on:
            return None
        if (lines := self._known()) is not None:
            return np.asarray(np.isin(lines.level, [n for n, one in enumerate(_LEVELS) if one[0] in on]), np.bool_)
        shown = [severity for name, _, severity in _LEVELS if name in on]
        return np.asarray(np.isin(np.minimum(columns.severity, 2), shown), np.bool_)

    def fold(self, keys: Ints) -> Ints:
        """Equal lines in a row are one, with their number."""
        lines = self._known()
        before, self._counts = self._counts, None
        if lines is not None and self.group.isChecked() and len(keys):
            heads, counts = np.unique(lines.first[keys], return_counts=True)
            # The first of a run may be out of the picked range: its first that is shown stands for it.
            shown = keys[np.searchsorted(lines.first[keys], heads)]
            self._counts = np.ones(len(lines.first), np.int64)
            self._counts[shown] = counts
            keys = shown
        if before is not self._counts:
            self.model.reformat()
        return keys

    def stand_in(self, n: int) -> int:
        """Of a run its first line that is shown."""
        lines = self._known()
        if lines is None or not self.group.isChecked() or n >= len(lines.first):
            return n
        keys = self.model.keys
        at = int(np.searchsorted(keys, n, "right")) - 1 if self.model.in_time_order else -1
        return int(keys[at]) if at >= 0 and lines.first[keys[at]] == lines.first[n] else n

    def sort_values(self, by: str, columns: Columns) -> NDArray[np.int64] | None:
        """Also by the number of repeats."""
        return self._counts if by == "count" else super().sort_values(by, columns)

    def _times(self, n: int) -> Cell:
        count = int(self._counts[n]) if self._counts is not None and n < len(self._counts) else 1
        return Cell(f"{count:,}" if count > 1 else "", "accent", bold=True)

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
        self.context.source_maps.changed.connect(self._resolve)
        return box

    def clear_detail(self) -> None:
        """Nothing to see."""
        super().clear_detail()
        self._shown = None
        self.message.show_text("")
        self.tree.show_values([])
        self.stack.show_sections([])
        self.tabs.setTabText(1, "Arguments")

    def show_row(self, row: AnyRow, n: int) -> None:
        """One console call."""
        assert isinstance(row, ConsoleEntry)
        self.open_detail()
        self.message.show_text(row.message)
        self.tree.show_values([(str(at), value) for at, value in enumerate(row.arguments)])
        self.tabs.setTabText(1, f"Arguments {len(row.arguments)}" if row.arguments else "Arguments")
        self._shown = row
        self._show_stack(row, row.stack)
        self._resolve()
        self.tabs.setTabEnabled(1, bool(row.arguments))
        self.tabs.setTabEnabled(2, bool(row.stack))
        self.hint.setText("The SDK cut this message short when it recorded it." if row.truncated else "")

    def _show_stack(self, row: ConsoleEntry, frames: Sequence[Frame]) -> None:
        self.stack.show_sections([(f"console.{row.level}", list(frames))] if frames else [])

    def _resolve(self) -> None:
        """The stack in its original files, where source maps are at hand; they may be large."""
        row, maps = self._shown, self.context.source_maps.maps
        if row is None or not row.stack:
            return

        def done(frames: list[Frame]) -> None:
            if self._shown is row:
                self._show_stack(row, frames)

        self.context.tasks.run(partial(map_frames, row.stack, maps), done, key="resolve-console")

    def badge(self) -> tuple[int, str]:
        """Number of errors in the console, else of all lines."""
        part = self.part()
        if part is None:
            return 0, "muted"
        return (part.failed, "failed") if part.failed else (len(part), "muted")

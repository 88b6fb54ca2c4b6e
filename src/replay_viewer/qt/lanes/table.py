"""The lanes as a table: every mark as a row with its lane, its times and its words, for whoever cannot see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from replay_viewer.domain.rows import AnyRow, CustomEvent
from replay_viewer.qt import rowtext
from replay_viewer.qt.context import Context
from replay_viewer.qt.lanes.content import TITLES, View
from replay_viewer.qt.opened import MERGED
from replay_viewer.qt.rowmodel import Cell, Column, RowModel
from replay_viewer.qt.rowtable import RowTable
from replay_viewer.qt.widgets import fit, label, named_button
from replay_viewer.qt.wording import span, wall


class LaneTable(QDialog):
    """A window with the rows of all lanes that are visible, in time order; Enter goes to a row's instant."""

    def __init__(self, context: Context, view: View, lanes: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Lanes as a table")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fit(self, 820, 560)
        self.context = context
        self._extra: list[tuple[str, CustomEvent]] = []
        if "notes" in lanes:
            self._extra += [
                ("Notes", CustomEvent(t=note.t, name=note.text or "Bookmark", category="note")) for note in view.notes
            ]
        for word, gaps in (("Idle", view.idle), ("Hidden", view.hidden), ("Lost", view.lost)):
            self._extra += [
                (word, CustomEvent(t=low, name=f"{word} for {span(high - low)}", category=word.lower()))
                for low, high in gaps
            ]
        self.model = RowModel(
            (
                Column("Lane", 104, lambda _row: Cell(""), keyed=self._lane),
                Column("Time", 84, lambda row: Cell(context.playhead.text(row.t)), mono=True, right=True),
                Column("UTC", 110, lambda row: Cell(wall(row.t, UTC), "muted"), mono=True, right=True),
                Column("What happened", 0, rowtext.activity_cell, dot=True),
            ),
            self._fetch,
        )
        self.table = RowTable(self.model, context.playhead, "Lanes as a table")
        self.table.tints_failed = True
        self.table.copies = lambda at: rowtext.copies(self.model.row_at(at))
        self.table.seek_asked.connect(self._seek)
        self.table.play_asked.connect(self._go)
        self.counter = label("", "muted")
        close = named_button("Close", primary=True)
        close.clicked.connect(self.close)
        foot = QHBoxLayout()
        foot.addWidget(self.counter, 1)
        foot.addWidget(close)
        layout = QVBoxLayout(self)
        layout.addWidget(self.table, 1)
        layout.addLayout(foot)
        self._fill(lanes)

    def _fill(self, lanes: Sequence[str]) -> None:
        opened = self.context.opened
        assert opened is not None
        merged = opened.merged
        keys = np.flatnonzero(np.isin(merged.kind, [code for code, kind in enumerate(MERGED) if kind in lanes]))
        times = np.concatenate([merged.t[keys], [row.t for _, row in self._extra]])
        # rows beside the merged list have the numbers after its own
        keys = np.concatenate([keys, len(merged.t) + np.arange(len(self._extra))]).astype(np.int64)
        if (picked := self.context.playhead.range) is not None:
            inside = (times >= picked[0]) & (times <= picked[1])
            keys, times = keys[inside], times[inside]
        order = np.argsort(times, kind="stable")
        self.model.set_rows(keys[order], times[order])
        self.counter.setText(f"{len(keys):,} marks. Enter on a row goes to its instant.")
        self.table.refresh()

    def _lane(self, key: int) -> Cell:
        opened = self.context.opened
        if opened is None:
            return Cell("")
        if key >= len(opened.merged.t):
            return Cell(self._extra[key - len(opened.merged.t)][0], "muted")
        return Cell(TITLES[MERGED[int(opened.merged.kind[key])]], "muted")

    def _fetch(self, keys: list[int]) -> list[AnyRow]:
        opened = self.context.opened
        if opened is None:
            return []
        own = len(opened.merged.t)
        found: dict[int, AnyRow] = {key: self._extra[key - own][1] for key in keys if key >= own}
        found |= opened.fetch_merged([key for key in keys if key < own])
        return [found[key] for key in keys]

    def _seek(self, position: int) -> None:
        self.context.playhead.seek(float(self.model.times[position]))

    def _go(self, position: int) -> None:
        self._seek(position)
        self.close()

"""The merged list: everything that happened, in one order, with a chip per category. It is the lanes' table twin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from replay_viewer.analysis.frustration import Signal
from replay_viewer.domain.rows import AnyRow, CustomEvent
from replay_viewer.domain.time import offset
from replay_viewer.qt import rowtext
from replay_viewer.qt.context import Context
from replay_viewer.qt.flow import Chips
from replay_viewer.qt.frustration import Finder
from replay_viewer.qt.opened import MERGED, Ints
from replay_viewer.qt.rowmodel import Cell, Column, RowModel
from replay_viewer.qt.rowtable import RowTable
from replay_viewer.qt.widgets import Chip, EmptyState, FilterField, IconButton, label

#: Chips, and the kinds each shows.
CHIPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("clicks", "Clicks", ("interactions",)),
    ("pages", "Pages", ("navigation",)),
    ("console", "Console", ("console",)),
    ("network", "Network", ("network",)),
    ("errors", "Errors", ("errors",)),
    ("vitals", "Vitals", ("vitals",)),
    ("state", "State", ("state",)),
    ("custom", "Custom", ("custom",)),
    ("frustration", "Frustration", ()),
)


class Activity(QWidget):
    """The activity dock."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.setObjectName("sideDock")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.context = context
        self._named: np.ndarray | None = None
        self.finder = Finder(context, self)
        self.finder.changed.connect(self._signals_found)
        self._signals: list[Signal] = []  # those in the list: their keys follow those of the merged list
        self.all_chip = Chip("All", "Show every category", checked=True)
        self.chips = {
            name: Chip(text, f"Show only {text.lower()}; click more to add them") for name, text, _ in CHIPS
        }
        box = self.row = Chips([self.all_chip, *self.chips.values()], 2, (10, 2, 10, 6))
        for chip in self.chips.values():
            chip.clicked.connect(self._chip_clicked)
        self.all_chip.clicked.connect(self._all_clicked)
        self.filter = FilterField("Filter activity")
        self.follow = IconButton("follow", "Follow the playhead", on_role="accent")
        self.follow.setChecked(True)
        self.counter = label("", "muted")
        bar = QHBoxLayout()
        bar.setContentsMargins(10, 0, 8, 4)
        bar.setSpacing(6)
        bar.addWidget(self.filter, 1)
        bar.addWidget(self.counter)
        bar.addWidget(self.follow)
        self.model = RowModel(
            (
                Column("Time", 66, self._time, mono=True, right=True),
                Column("What happened", 0, rowtext.activity_cell, dot=True),
            ),
            self._fetch,
        )
        self.table = RowTable(self.model, context.playhead, "Activity list")
        self.table.horizontalHeader().setVisible(False)
        self.table.tints_failed = True
        self.table.severity_column = 1
        self.table.copies = lambda at: rowtext.copies(self.model.row_at(at))
        self.table.marked = self._marked
        context.cause_changed.connect(self.table.viewport().update)
        self.empty = EmptyState("activity")
        body = QWidget()
        self._stack = QStackedLayout(body)
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(box)
        layout.addLayout(bar)
        layout.addWidget(body, 1)
        self.filter.changed.connect(self._filter_text)
        self.follow.clicked.connect(self.table.set_following)
        self.table.follow_changed.connect(self.follow.setChecked)
        self.table.picked.connect(self._picked)
        self.table.seek_asked.connect(self._seek)
        self.table.play_asked.connect(lambda at: context.play_row(float(self.model.times[at])))
        context.opened_changed.connect(self.session_changed)
        context.playhead.range_changed.connect(self.apply)
        context.row_selected.connect(self._selected_elsewhere)
        self.session_changed()

    def session_changed(self) -> None:
        """Another session, or more of it."""
        self.model.forget()
        self._signals = []
        self._named = None
        if self.filter.text().strip() and self.context.opened:
            self._filter_text(self.filter.text().strip())
        else:
            self.apply()

    def kinds(self) -> set[str]:
        """The kinds that show."""
        if self.all_chip.isChecked():
            return set(MERGED)
        return {kind for name, _, kinds in CHIPS if self.chips[name].isChecked() for kind in kinds}

    def apply(self) -> None:
        """Work out what shows."""
        opened = self.context.opened
        if opened is None or not len(opened.merged.t):
            self.model.set_rows(np.empty(0, np.int64), np.empty(0))
            self.counter.setText("")
            if opened is None:
                self.empty.say("No session is open", "Everything a session did will be listed here.")
            else:
                self.empty.say(
                    "Nothing was recorded besides the page", "No clicks, requests, console lines or errors."
                )
            self._stack.setCurrentWidget(self.empty)
            return
        merged = opened.merged
        shown = self.kinds()
        keep = np.isin(merged.kind, [code for code, kind in enumerate(MERGED) if kind in shown])
        if (picked := self.context.playhead.range) is not None:
            keep &= (merged.t >= picked[0]) & (merged.t <= picked[1])
        if self._named is not None:
            keep &= self._named
        keys = np.flatnonzero(keep).astype(np.int64)
        times = merged.t[keys]
        told = self._told()
        if told:
            keys = np.concatenate([keys, len(merged.t) + np.asarray(told, np.int64)])
            times = np.concatenate([times, [self._signals[n].t for n in told]])
            order = np.argsort(times, kind="stable")
            keys, times = keys[order], times[order]
        self.model.set_rows(keys, times)
        self.counter.setText(f"{len(keys):,}")
        if not len(keys):
            self.empty.say("Nothing matches", "No row passes the chips, the filter and the picked range.")
        self._stack.setCurrentWidget(self.table if len(keys) else self.empty)
        self.table.refresh()
        if self.context.selected is not None:
            self._selected_elsewhere(*self.context.selected)

    def _told(self) -> list[int]:
        """Which signals show: with their own chip all of them, among everything those that are no rows already."""
        only = self.chips["frustration"].isChecked()
        if not only and not self.all_chip.isChecked():
            return []
        text, picked = self.filter.text().strip().casefold(), self.context.playhead.range
        return [
            n
            for n, one in enumerate(self._signals)
            if (only or not one.said_by)
            and text in f"{one.kind} {one.words}".casefold()
            and (picked is None or picked[0] <= one.t <= picked[1])
        ]

    def _signals_found(self) -> None:
        self._signals = self.finder.signals
        self.model.forget()
        count = len(self._signals)
        self.chips["frustration"].setText(f"Frustration {count}" if count else "Frustration")
        self.row.tell()
        self.apply()

    def _signal(self, key: int) -> Signal | None:
        opened = self.context.opened
        if opened is None or key < len(opened.merged.t):
            return None
        return self._signals[key - len(opened.merged.t)]

    def step(self, from_t: float, direction: int) -> float | None:
        """Instant of the next (1) or previous (-1) row shown, from an instant; None at the end."""
        times = self.model.times
        if direction > 0:
            at = int(np.searchsorted(times, from_t + 2.0, side="right"))
        else:
            at = int(np.searchsorted(times, from_t - 2.0, side="left")) - 1
        return float(times[at]) if 0 <= at < len(times) else None

    def _time(self, row: AnyRow) -> Cell:
        playhead = self.context.playhead
        text = playhead.text(row.t)
        if playhead.style == "offset" and row.t < playhead.start:
            text = f"-{(playhead.start - row.t) / 1000:.1f}"  # a request of before the recording began
        elif playhead.style == "offset" and row.t - playhead.start < 60_000:
            text = offset(row.t - playhead.start).removeprefix("0:").lstrip("0") or "0.0"
            text = f"0{text}" if text.startswith(".") else text
        return Cell(text, "muted")

    def _fetch(self, keys: list[int]) -> Sequence[AnyRow]:
        opened = self.context.opened
        if opened is None:
            return []
        found: dict[int, AnyRow] = {}
        for key in keys:
            if (one := self._signal(key)) is not None:
                words = f"{one.kind.replace('-', ' ').capitalize()}: {one.words}"
                found[key] = CustomEvent(t=one.t, tab=one.tab, name=words, category="frustration")
        found |= opened.fetch_merged([key for key in keys if key not in found])
        return [found[key] for key in keys]

    def _filter_text(self, text: str) -> None:
        opened = self.context.opened
        if opened is None or not text:
            self._named = None
            self.apply()
            return
        session = opened.id
        lengths = {kind: len(opened.columns[kind]) for kind in MERGED}

        def done(found: dict[str, Ints]) -> None:
            if self.context.opened is not opened or self.filter.text().strip() != text:
                return
            named = np.zeros(len(opened.merged.t), np.bool_)
            for code, kind in enumerate(MERGED):
                if len(numbers := found.get(kind, np.empty(0, np.int64))):
                    hit = np.zeros(lengths[kind], np.bool_)
                    hit[numbers[numbers < lengths[kind]]] = True  # more may have come since
                    mine = opened.merged.kind == code
                    named[mine] = hit[opened.merged.n[mine]]
            self._named = named
            self.apply()

        self.context.tasks.read(
            lambda library: {kind: library.filter(session, kind, text) for kind in MERGED if lengths[kind]},
            done,
            lambda error: self.context.said.emit(error.message, error.advice, "failed"),
            key="filter-activity",
        )

    def _chip_clicked(self) -> None:
        self.all_chip.setChecked(not any(chip.isChecked() for chip in self.chips.values()))
        self.apply()

    def _all_clicked(self) -> None:
        self.all_chip.setChecked(True)
        for chip in self.chips.values():
            chip.setChecked(False)
        self.apply()

    def _at(self, position: int) -> tuple[str, int]:
        opened = self.context.opened
        assert opened is not None
        key = int(self.model.keys[position])
        if (one := self._signal(key)) is not None:  # it stands for the first thing that was counted
            first = next((part for part in one.evidence if part.n >= 0), None)
            return (first.kind, first.n) if first is not None else ("", -1)
        return MERGED[int(opened.merged.kind[key])], int(opened.merged.n[key])

    def _marked(self, position: int) -> bool:
        """Whether a row led to the selected error."""
        if (current := self.table.currentIndex().row()) >= 0:
            one = self._signal(int(self.model.keys[current])) if current < len(self.model.keys) else None
            if one is not None:
                return any((part.kind, part.n) == self._at(position) for part in one.evidence)
        cause = self.context.cause
        return cause is not None and cause.marks(*self._at(position))

    def _picked(self, position: int) -> None:
        where = self._at(position)
        if self._signal(int(self.model.keys[position])) is not None:
            self.table.viewport().update()  # marks its evidence
            return
        if self.context.selected != where:
            self.context.select(*where)

    def _seek(self, position: int) -> None:
        self.context.seek_row(self._at(position)[0], float(self.model.times[position]))

    def _selected_elsewhere(self, kind: str, n: int) -> None:
        opened = self.context.opened
        if opened is None or kind not in MERGED:
            return
        found = np.flatnonzero((opened.merged.kind == MERGED.index(kind)) & (opened.merged.n == n))
        at = self.model.position_of(int(found[0])) if len(found) else -1
        if at >= 0 and at != self.table.currentIndex().row():
            self.table.select(at)

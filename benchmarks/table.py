"""Scrolling and filtering a table of 1,000,000 console rows, beside QTableView on a QStandardItemModel.

    python -m benchmarks.table [--rows 1000000] [--library FOLDER]

Rows come out of a real library (written once, kept with --library). The peer gets all its items in memory and a
QSortFilterProxyModel, which is what one writes first; it is measured at a tenth of the rows and its filter time is
scaled, because a million items do not fit. Targets: scroll frame p95 at most 16 ms, filter at most 100 ms.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QSortFilterProxyModel
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QApplication, QTableView

from replay_viewer.domain.rows import ConsoleEntry
from replay_viewer.domain.session import Session, Tab
from replay_viewer.library import Library
from replay_viewer.qt.clock import Playhead
from replay_viewer.qt.rowmodel import Cell, Column, RowModel
from replay_viewer.qt.rowtable import RowTable
from replay_viewer.qt.theme import theme

START = 1_784_060_310_000.0
ID = "beac0000000000000000000000000001"
_BATCH = 50_000
_LEVELS = ("log", "log", "log", "info", "debug", "warn", "log", "error")


def rows(count: int) -> Iterator[list[ConsoleEntry]]:
    """Console rows in batches."""
    for first in range(0, count, _BATCH):
        yield [
            ConsoleEntry(
                t=START + n * 3.6,
                tab=0,
                level=_LEVELS[n % 8],  # type: ignore[arg-type]
                message=f"[cart] line {n} of the session, total {n % 977}.{n % 100:02d} EUR, queue {n % 13}",
            )
            for n in range(first, min(first + _BATCH, count))
        ]


def filled(home: Path, count: int) -> Library:
    """A library with a session of `count` console rows."""
    library = Library.open(home)
    if not library.count():
        session = Session(
            id=ID,
            start=START,
            end=START + count * 3.6,
            tabs=[Tab(index=0, start=START, end=START + count * 3.6)],
            counts={"console": count},
        )
        with library.writer(ID, "benchmark") as writer:
            for batch in rows(count):
                writer.rows(batch)
            writer.finish(session)
    return library


def scroll(view: QTableView, count: int, frames: int = 200) -> np.ndarray:
    """Milliseconds of each frame: a row at a time, a page at a time, jumps across the whole."""
    rng = np.random.default_rng(3)
    app = QApplication.instance()
    assert app is not None
    bar = view.verticalScrollBar()
    height = view.rowHeight(0)
    step = height if view.verticalScrollMode() == QTableView.ScrollMode.ScrollPerPixel else 1
    places = [at * 3 * step for at in range(frames // 3)]
    places += [(5000 + at * 30) * step for at in range(frames // 3)]
    places += [int(at) * step for at in rng.integers(0, count - 40, frames // 3)]
    taken = []
    for place in places:
        begin = time.perf_counter()
        bar.setValue(place)
        view.viewport().repaint()
        taken.append((time.perf_counter() - begin) * 1000.0)
        app.processEvents()
    return np.array(taken)


def ours(library: Library, count: int) -> tuple[np.ndarray, list[float]]:
    """Our table: frames, and what filters take (library and index array together), in ms."""
    playhead = Playhead()
    playhead.load(START, START + count * 3.6, [])
    columns = (
        Column("Time", 92, lambda row: Cell(playhead.text(row.t), "muted"), mono=True, right=True),
        Column("Level", 64, lambda row: Cell(row.level), mono=True),  # type: ignore[union-attr]
        Column("Message", 0, lambda row: Cell(row.message), mono=True),  # type: ignore[union-attr]
    )
    model = RowModel(columns, lambda keys: library.fetch(ID, "console", keys))  # type: ignore[arg-type, return-value]
    part = library.columns(ID, "console")
    model.set_rows(part.n, part.t)
    table = RowTable(model, playhead, "Console")
    table.resize(1000, 700)
    table.show()
    table.set_following(False)
    frames = scroll(table, count)
    filters = []
    for text, severity in (("total 41.", 0), ("queue 7", 0), ("", 2), ("nothing has this", 0)):
        begin = time.perf_counter()
        keys = np.asarray(library.filter(ID, "console", text, min_severity=severity), np.int64)
        model.set_rows(keys, part.t[keys])
        table.viewport().repaint()
        filters.append((time.perf_counter() - begin) * 1000.0)
    return frames, filters


def peer(count: int) -> tuple[np.ndarray, list[float]]:
    """QStandardItemModel behind a proxy."""
    model = QStandardItemModel()
    for batch in rows(count):
        for row in batch:
            model.appendRow([QStandardItem(f"{row.t:.0f}"), QStandardItem(row.level), QStandardItem(row.message)])
    proxy = QSortFilterProxyModel()
    proxy.setSourceModel(model)
    proxy.setFilterKeyColumn(2)
    view = QTableView()
    view.setModel(proxy)
    view.resize(1000, 700)
    view.show()
    frames = scroll(view, count)
    filters = []
    for text in ("total 41.", "queue 7", "nothing has this"):
        begin = time.perf_counter()
        proxy.setFilterFixedString(text)
        view.viewport().repaint()
        filters.append((time.perf_counter() - begin) * 1000.0)
    return frames, filters


def main() -> None:
    """Measure both in this process and print them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--library", type=Path)
    options = parser.parse_args()
    app = QApplication([])
    theme().attach(app, "light")
    with tempfile.TemporaryDirectory() as scratch, filled(options.library or Path(scratch), options.rows) as library:
        frames, filters = ours(library, options.rows)
    few = options.rows // 10
    other, others = peer(few)
    p95, theirs = float(np.percentile(frames, 95)), float(np.percentile(other, 95))
    print(f"ours, {options.rows:,} rows:    scroll p50 {np.percentile(frames, 50):.2f}  p95 {p95:.2f} ms", end="   ")
    print("filter " + " ".join(f"{ms:.0f}" for ms in filters) + " ms")
    print(f"peer, {few:,} rows:    scroll p50 {np.percentile(other, 50):.2f}  p95 {theirs:.2f} ms", end="   ")
    print("filter " + " ".join(f"{ms:.0f}" for ms in others) + " ms")
    print(f"ratio scroll p95 {p95 / theirs:.2f} at ten times the rows", end="   ")
    print(f"ratio filter {max(filters) / (max(others) * options.rows / few):.3f} per row")
    print("target p95 ≤ 16 ms:", "reached" if p95 <= 16 else "MISSED", end="   ")
    print("target filter ≤ 100 ms:", "reached" if max(filters) <= 100 else "MISSED")


if __name__ == "__main__":
    main()

"""Frames of the lanes at 1,000,000 marks while zooming and panning, beside a plain pyqtgraph bar chart of them.

    python -m benchmarks.lanes [--marks 1000000] [--frames 120]

A frame is everything an interaction costs: the new view, all lanes drawn anew, the playhead over them. Prints p50 and
p95 of each in ms and the ratio. Target: p95 at most 16 ms.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QWidget

from replay_viewer.qt.clock import Playhead
from replay_viewer.qt.lanes import Lanes, View
from replay_viewer.qt.opened import Columns
from replay_viewer.qt.raster import LaneData
from replay_viewer.qt.theme import KIND_ROLE, theme

START = 1_784_060_310_000.0
HOUR = 3_600_000.0
KINDS = ("interactions", "navigation", "console", "network", "errors", "vitals", "state", "custom")


def content(marks: int) -> tuple[View, dict[str, Columns]]:
    """Lanes of an hour with `marks` marks, most of them console lines and requests."""
    rng = np.random.default_rng(7)
    shares = dict(zip(KINDS, (0.1, 0.01, 0.45, 0.25, 0.02, 0.02, 0.1, 0.05), strict=True))
    columns: dict[str, Columns] = {}
    for kind, share in shares.items():
        count = int(marks * share)
        t = np.sort(START + rng.random(count) * HOUR)
        end = t + rng.exponential(400, count) if kind == "network" else t
        severity = np.where(rng.random(count) < 0.02, 2, 0).astype(np.uint8)
        columns[kind] = Columns(t, end, severity, np.zeros(count, np.int32))
    lanes = {kind: LaneData.of(kind, part.t, part.end, part.severity) for kind, part in columns.items()}
    counts = rng.poisson(20, 4000).astype(np.int64)
    return View(lanes, {}, columns, (START, HOUR / 4000, counts), [(START + 6e5, START + 9e5)]), columns


def views(frames: int) -> list[tuple[float, float]]:
    """What a person looks at: zooming in to a tenth of a second, panning there, zooming out."""
    found = []
    third = frames // 3
    for at in range(third):
        wide = HOUR * 0.7 ** (at * 29 / third)
        found.append((START + HOUR * 0.4 - wide * 0.4, wide))
    for at in range(third):
        wide = HOUR * 0.7 ** (8 + at % 12)
        found.append((START + HOUR * (0.1 + 0.8 * at / third), wide))
    found.extend(reversed(found[:third]))
    return found


def measure(widget: QWidget, look: Callable[[float, float], None], steps: list[tuple[float, float]]) -> np.ndarray:
    """Milliseconds of each frame."""
    app = QApplication.instance()
    assert app is not None
    canvas = widget.viewport() if isinstance(widget, QAbstractScrollArea) else widget
    taken = []
    for low, wide in steps:
        begin = time.perf_counter()
        look(low, wide)
        canvas.repaint()
        taken.append((time.perf_counter() - begin) * 1000.0)
        app.processEvents()
    return np.array(taken)


def ours(view: View, steps: list[tuple[float, float]]) -> np.ndarray:
    """Our widget."""
    playhead = Playhead()
    lanes = Lanes(playhead)
    lanes.resize(1600, 260)
    playhead.load(START, START + HOUR, view.idle)
    lanes.set_view(view)
    lanes.show()
    lanes.repaint()

    def look(low: float, wide: float) -> None:
        lanes.look(low, wide)
        assert lanes._layer is None, "every frame is drawn anew"

    taken = measure(lanes, look, steps)
    assert lanes._layer is not None
    return taken


def moving(view: View, frames: int) -> np.ndarray:
    """Our widget while only the playhead moves."""
    playhead = Playhead()
    lanes = Lanes(playhead)
    lanes.resize(1600, 260)
    playhead.load(START, START + HOUR, view.idle)
    lanes.set_view(view)
    lanes.show()
    lanes.repaint()
    return measure(lanes, lambda low, _wide: playhead.seek(low), [(START + at * 1000.0, 0.0) for at in range(frames)])


def peer(columns: dict[str, Columns], steps: list[tuple[float, float]]) -> np.ndarray:
    """A pyqtgraph plot with one bar item per lane, its fastest form."""
    plot = pg.PlotWidget()
    plot.resize(1600, 260)
    for at, (kind, part) in enumerate(columns.items()):
        width = np.maximum(part.end - part.t, 60.0) / 1000.0
        x = (part.t - START) / 1000.0 + width / 2
        colour = theme().colour(KIND_ROLE[kind])
        plot.addItem(pg.BarGraphItem(x=x, y0=np.full(len(x), at), height=0.7, width=width, pen=None, brush=colour))
    plot.show()
    plot.repaint()

    def look(low: float, wide: float) -> None:
        plot.setXRange((low - START) / 1000.0, (low + wide - START) / 1000.0, padding=0)

    return measure(plot, look, steps)


def line(name: str, taken: np.ndarray) -> str:
    """One row of the table."""
    return f"{name:<34} p50 {np.percentile(taken, 50):8.2f} ms   p95 {np.percentile(taken, 95):8.2f} ms"


def main() -> None:
    """Measure both in this process and print them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--marks", type=int, default=1_000_000)
    parser.add_argument("--frames", type=int, default=120)
    options = parser.parse_args()
    app = QApplication([])
    theme().attach(app, "light")
    view, columns = content(options.marks)
    steps = views(options.frames)
    own = ours(view, steps)
    print(f"{options.marks:,} marks, {len(steps)} frames of 1600 × 260")
    print(line("lanes, zoom and pan", own))
    print(line("lanes, playhead moves", moving(view, options.frames)))
    other = peer(columns, steps[:: max(1, len(steps) // 30)])
    print(line("pyqtgraph BarGraphItem per lane", other))
    print(f"ratio p95 {np.percentile(own, 95) / np.percentile(other, 95):.4f}   target p95 ≤ 16 ms: ", end="")
    print("reached" if np.percentile(own, 95) <= 16 else "MISSED")


if __name__ == "__main__":
    main()

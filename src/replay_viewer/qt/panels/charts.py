"""One numeric chart on the session's axis: points, threshold bands, the common playhead. A click seeks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from replay_viewer.domain.rows import Vital
from replay_viewer.domain.time import offset
from replay_viewer.qt.clock import Playhead
from replay_viewer.qt.theme import theme, ui_font

_ROLE = {"good": "good", "needs-improvement": "warning", "poor": "failed", "": "network"}
_UNIT = {
    "CLS": (1.0, ""),
    "memory": (1e6, " MB"),
    "fps": (1.0, " fps"),
    "resource": (1e3, " kB"),
    "bundle": (1e3, " kB"),
}
_TITLE = {
    "memory": "JavaScript heap",
    "longtask": "Long tasks",
    "fps": "Frame rate",
    "resource": "Requests, by size",
    "bundle": "Scripts and styles, by size",
}
#: A click this near to a point (pixels) is one on it.
_NEAR = 9.0


class _Axis(pg.AxisItem):  # type: ignore[misc]
    """Seconds from the session's start, printed as the transport prints them."""

    def tickStrings(self, values: Sequence[float], _scale: float, spacing: float) -> list[str]:
        """Labels."""
        return [offset(value * 1000.0, tenths=spacing < 1) for value in values]


class Chart(pg.PlotWidget):  # type: ignore[misc]
    """Points of one measure over the session. `picked(Vital)`: its point was clicked."""

    picked = Signal(object)

    def __init__(
        self,
        name: str,
        rows: Sequence[Vital],
        limits: tuple[float, float] | None,
        playhead: Playhead,
        budget: float | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """`limits`: good and poor from web-vitals; `budget`: drawn as a dashed line; in the unit of the rows."""
        super().__init__(parent, axisItems={"bottom": _Axis("bottom")}, background=theme().colour("surface"))
        self.playhead = playhead
        self.rows = list(rows)
        scale, unit = _UNIT.get(name, (1.0, " ms"))
        x = np.array([(row.t - playhead.start) / 1000.0 for row in rows])
        y = np.array([row.value / scale for row in rows])
        self._points = np.column_stack((x, y))
        least = max(limits[0] if limits else 0.0, budget or 0.0) / scale * 1.3
        top = max(float(y.max()) * 1.5, least, 1e-6)
        plot = self.getPlotItem()
        plot.hideButtons()
        plot.setMenuEnabled(False)
        self.setMouseEnabled(x=False, y=False)
        self.setFixedHeight(96)
        self.setAccessibleName(f"Chart of {_TITLE.get(name, name)} over the session, {len(rows)} values")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        if limits:
            self._bands(limits[0] / scale, limits[1] / scale, top)
        muted = theme().colour("muted")
        for side in ("left", "bottom"):
            axis = plot.getAxis(side)
            axis.setPen(pg.mkPen(theme().colour("line")))
            axis.setTextPen(pg.mkPen(muted))
            axis.setStyle(tickFont=ui_font(pixels=10), tickLength=-4, maxTickLevel=0)
        plot.getAxis("left").setWidth(52)
        if name == "memory":
            plot.plot(x, y, pen=pg.mkPen(theme().colour("network"), width=1.5))
        else:
            for rating, role in _ROLE.items():
                chosen = [at for at, row in enumerate(rows) if row.rating == rating]
                if chosen:
                    dots = pg.ScatterPlotItem(x[chosen], y[chosen], size=7, pen=None, brush=theme().colour(role))
                    plot.addItem(dots)
        title = pg.TextItem(
            f"{_TITLE.get(name, name)}{f' ({unit.strip()})' if unit else ''}",
            color=theme().colour("text"),
            anchor=(0, 0),
        )
        title.setFont(ui_font(bold=True, pixels=11))
        title.setParentItem(plot.vb)
        title.setPos(6, 2)
        if budget is not None:
            dashes = pg.mkPen(theme().colour("muted"), width=1, style=Qt.PenStyle.DashLine)
            plot.addItem(pg.InfiniteLine(budget / scale, 0, pen=dashes), ignoreBounds=True)
        self._now = pg.InfiniteLine(0, 90, pen=pg.mkPen(theme().colour("accent"), width=2))
        plot.addItem(self._now, ignoreBounds=True)
        plot.setYRange(0, top, padding=0)
        self.aim()
        self.set_now(playhead.t)

    def aim(self) -> None:
        """The axis covers the picked range, else the session."""
        low, high = self.playhead.range or (self.playhead.start, self.playhead.end)
        start = self.playhead.start
        self.getPlotItem().setXRange((low - start) / 1000.0, max(high - start, 1.0) / 1000.0, padding=0.01)

    def set_now(self, t: float) -> None:
        """Move the playhead's line."""
        self._now.setValue((t - self.playhead.start) / 1000.0)

    def drop(self) -> None:
        """Leave nothing behind."""
        self.close()
        self.setParent(None)
        self.deleteLater()

    def mousePressEvent(self, event: Any) -> None:
        """A click seeks; one on a point to that point, which is then `picked`."""
        where = self.getPlotItem().vb.mapSceneToView(self.mapToScene(event.position().toPoint()))
        event.accept()
        row = self._row_at(event.position())
        self.playhead.seek(row.t if row is not None else self.playhead.start + where.x() * 1000.0)
        if row is not None:
            self.picked.emit(row)

    def _row_at(self, position: Any) -> Vital | None:
        """The measure whose point is under the mouse."""
        box = self.getPlotItem().vb
        width, height = box.viewPixelSize()
        at = box.mapSceneToView(self.mapToScene(position.toPoint()))
        distance = np.hypot((self._points[:, 0] - at.x()) / width, (self._points[:, 1] - at.y()) / height)
        nearest = int(np.argmin(distance))
        return self.rows[nearest] if distance[nearest] <= _NEAR else None

    def wheelEvent(self, event: Any) -> None:
        """The wheel scrolls the list of charts."""
        event.ignore()

    def _bands(self, good: float, poor: float, top: float) -> None:
        for low, high, role in ((0.0, good, "good"), (good, poor, "warning"), (poor, max(top, poor), "failed")):
            if low < top:
                band = pg.LinearRegionItem(
                    (low, min(high, top)),
                    orientation="horizontal",
                    movable=False,
                    pen=pg.mkPen(None),
                    brush=theme().colour(role, 0.10),
                )
                band.setZValue(-10)
                self.addItem(band, ignoreBounds=True)

"""Lanes and charts as pictures, in both schemes, beside those kept in `pictures/`.

Only what is painted from data is compared, not text: fonts differ between machines. After a change that is meant,
look at the new pictures and keep them by KEEP_PICTURES=1 in the environment.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from replay_viewer.library import Library
from replay_viewer.qt.clock import Playhead
from replay_viewer.qt.lanes import Lanes, view_of
from replay_viewer.qt.lanes.axis import GUTTER
from replay_viewer.qt.lanes.drawing import RULER
from replay_viewer.qt.opened import load
from replay_viewer.qt.theme import Scheme, theme
from replay_viewer.qt.window import Window

KEPT = Path(__file__).parent / "pictures"
#: Share of pixels that may be off by more than a shade: the words of idle times, an antialiased edge.
MAY_DIFFER = 0.02


def pixels(image: QImage) -> np.ndarray:
    plain = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), plain.bytesPerLine())
    return rows[:, : plain.width() * 3].reshape(plain.height(), plain.width(), 3).astype(int).copy()


def compare(widget: QWidget, area: QRect, name: str) -> None:
    picture = widget.grab(area).toImage()
    path = KEPT / f"{name}.png"
    if os.environ.get("KEEP_PICTURES"):
        KEPT.mkdir(exist_ok=True)
        assert picture.save(str(path))
    kept = QImage(str(path))
    assert not kept.isNull(), f"{path} is missing: keep it with KEEP_PICTURES=1"
    ours, theirs = pixels(picture), pixels(kept.scaled(picture.size()))
    assert len(np.unique(ours.reshape(-1, 3), axis=0)) > 5, "something is painted"
    share = float((np.abs(ours - theirs).max(axis=2) > 40).mean())
    assert share <= MAY_DIFFER, f"{share:.1%} of {name} differ from {path}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lanes(filled: Library, styled: object, qtbot: QtBot, scheme: Scheme) -> None:
    theme().force(scheme)
    try:
        opened = load(filled, "5e55104a0000000000000001")
        playhead = Playhead()
        playhead.load(opened.session.start, opened.session.end, [], "UTC")
        lanes = Lanes(playhead)
        qtbot.addWidget(lanes)
        lanes.resize(1000, 260)
        lanes.set_view(view_of(opened))
        lanes.show()
        lanes.show_all()
        playhead.seek(opened.session.start + 40_000, remember=False)
        compare(lanes, QRect(GUTTER, RULER, 1000 - GUTTER, 260 - RULER), f"lanes-{scheme}")
    finally:
        theme().force("light")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts(session_window: Window, qtbot: QtBot, scheme: Scheme) -> None:
    theme().force(scheme)
    try:
        session_window.panels.show_panel("vitals")
        vitals = session_window.panels.panels["vitals"]
        qtbot.waitUntil(lambda: bool(vitals._charts), timeout=10_000)  # type: ignore[attr-defined]
        chart = vitals._charts[0]  # type: ignore[attr-defined]
        chart.setFixedSize(420, 120)
        qtbot.waitUntil(lambda: chart.width() == 420)
        box = chart.getPlotItem().vb.sceneBoundingRect().toAlignedRect()
        compare(chart, box.adjusted(2, 2, -2, -2), f"chart-{scheme}")
    finally:
        theme().force("light")

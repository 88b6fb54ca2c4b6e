"""Vitals through the real window: budgets, who is to blame, charts that seek."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QDialogButtonBox
from pytestqt.qtbot import QtBot

from replay_viewer.analysis.vitals import BUDGETS, budgets_of
from replay_viewer.domain.rows import NetworkRequest, Vital
from replay_viewer.library import Library
from replay_viewer.qt.panels.budgets import BudgetDialog
from replay_viewer.qt.window import Window
from replay_viewer.services.inspector import end_spares
from tests.qt.conftest import make_window
from tests.qt.player.engines import START, Recording
from tests.sessions import store_session


@pytest.fixture
def window(styled: QApplication, qtbot: QtBot, tmp_path: Path) -> Iterator[Window]:
    r = Recording()
    cards = [r.el("article", {"class": "card"}, r.el("img", {"src": f"/img/p{n}.svg"})) for n in range(3)]
    r.page(0, r.el("main", {"id": "root"}, *cards))
    r.incremental(20_000, 4, width=800, height=600)
    rows = [
        Vital(t=START + 900, tab=0, name="LCP", value=2_600, target="#root>article.card>img",
              detail={"url": "https://shop.test/img/p1.svg"}),
        Vital(t=START + 1_000, tab=0, name="FCP", value=1_600, rating="good"),
        Vital(t=START + 5_000, tab=0, name="INP", value=120, rating="good", nodes=[7]),
        Vital(t=START + 6_000, tab=0, name="memory", value=5e6),
        NetworkRequest(t=START + 400, end=START + 500, url="https://shop.test/app.js", kind="script", size=90_000),
        NetworkRequest(t=START + 600, end=START + 700, url="https://shop.test/a.png", kind="img", size=9_000),
    ]  # fmt: skip
    store_session(tmp_path / "home", r.raws, rows=rows)
    with Library.open(tmp_path / "home") as library:
        made = make_window(library, [], tmp_path)
        made.resize(1440, 900)
        with qtbot.waitExposed(made):
            made.show()
        with qtbot.waitSignal(made.opener.loaded):
            made.opener.open_session("s1", "")
        yield made
        made.close()
        made.deleteLater()
    end_spares()


@pytest.fixture
def vitals(window: Window, qtbot: QtBot) -> Any:
    window.panels.show_panel("vitals")
    panel: Any = window.panels.panels["vitals"]
    qtbot.waitUntil(lambda: len(panel._charts) > 0)
    return panel


def outlines(window: Window) -> list[Any]:
    return [call[1] for call in window.stage.player.calls if call[0] == "outline" and call[1]]


def test_budgets_are_marked_and_can_be_changed(vitals: Any, window: Window, qtbot: QtBot) -> None:
    assert vitals.table.item(0, 2).text() == "▲ 2.60 s"
    assert vitals.table.item(0, 5).text() == "▲ 1.60 s"
    assert vitals.table.item(0, 3).text() == "120 ms"
    assert "over the budget of 2.50 s" in vitals.table.item(0, 2).toolTip()
    assert vitals.hint.text().startswith("▲ 2 values over budget")
    qtbot.mouseClick(vitals.change, Qt.MouseButton.LeftButton)
    dialog = vitals.findChild(BudgetDialog)
    dialog.fields["LCP"].setValue(3_000)
    dialog.accept()
    qtbot.waitUntil(lambda: vitals.table.item(0, 2).text() == "2.60 s")
    assert budgets_of(window.context.library.setting("vitals.budgets"))["LCP"] == 3_000


def test_a_click_outlines_who_is_to_blame(vitals: Any, window: Window, qtbot: QtBot) -> None:
    vitals._clicked(0, 2)
    assert window.context.playhead.t == START + 900
    qtbot.waitUntil(lambda: len(outlines(window)) == 1, timeout=10_000)
    assert len(outlines(window)[0]) == 1, "of three pictures that fit, the one with the recorded address"
    assert vitals.hint.text() == "Outlined: article.card > img is to blame for LCP."
    vitals._clicked(0, 3)
    qtbot.waitUntil(lambda: outlines(window)[-1] == [7])
    vitals._clicked(0, 5)
    qtbot.waitUntil(lambda: vitals.hint.text().startswith("The SDK names no element"))


def test_charts_and_a_click_on_a_point(vitals: Any, window: Window, qtbot: QtBot) -> None:
    assert [chart.rows[0].name for chart in vitals._charts] == ["LCP", "INP", "FCP", "memory", "bundle", "resource"]
    chart = vitals._charts[1]
    box = chart.getPlotItem().vb
    x, y = chart._points[0]
    where = chart.mapFromScene(box.mapViewToScene(box.viewRect().center().__class__(x, y)))
    qtbot.mouseClick(chart.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(where.x() + 3, where.y()))
    assert window.context.playhead.t == START + 5_000, "to the point, not to the pixel"
    qtbot.waitUntil(lambda: bool(outlines(window)))


def test_the_dialog_restores_the_budgets(qtbot: QtBot, styled: QApplication) -> None:
    dialog = BudgetDialog({**BUDGETS, "CLS": 0.5})
    qtbot.addWidget(dialog)
    assert dialog.budgets()["CLS"] == 0.5
    box = dialog.findChild(QDialogButtonBox)
    assert box is not None
    box.button(QDialogButtonBox.StandardButton.RestoreDefaults).click()
    assert dialog.budgets() == BUDGETS


def test_a_damaged_setting_leaves_the_budgets() -> None:
    assert budgets_of("nonsense") == BUDGETS
    assert budgets_of({"LCP": -1, "INP": "x", "CLS": 0.2}) == {**BUDGETS, "CLS": 0.2}

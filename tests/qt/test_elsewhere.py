"""Pages of a session at other vendors: a button in the errors' details and in Health, nothing without a click."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from replay_viewer.domain.rows import CustomEvent, ErrorEvent
from replay_viewer.domain.session import Session, Tab
from replay_viewer.library import Library
from replay_viewer.qt import elsewhere
from replay_viewer.qt.elsewhere import ElsewhereRow
from replay_viewer.qt.window import Window
from tests.qt.conftest import make_window

START = 1_784_060_310_000.0
PAGE = "https://app.logrocket.com/acme/shop/s/6-0190c3f2-1111-7000-8000-000000000001/0?t=1784060311000"


@pytest.fixture
def window(styled: QApplication, qtbot: QtBot, tmp_path: Path) -> Iterator[Window]:
    links = [PAGE, PAGE, "https://evil.test/s/1", "http://app.logrocket.com/acme/shop/s/6-1/0", "file:///etc/passwd"]
    with Library.open(tmp_path / "home") as library:
        with library.writer("s1", "test") as writer:
            writer.rows([ErrorEvent(t=START + 1_000, tab=0, title="TypeError: x", id="e1")])
            writer.rows(
                [
                    CustomEvent(t=START + 1_000, name="LogRocket session", data={"url": one}, category="link")
                    for one in links
                ]
            )
            end = START + 10_000
            writer.finish(Session(id="s1", start=START, end=end, tabs=[Tab(index=0, start=START, end=end)]))
        made = make_window(library, [], tmp_path)
        with qtbot.waitExposed(made):
            made.show()
        with qtbot.waitSignal(made.opener.loaded):
            made.opener.open_session("s1", "")
        yield made
        made.close()
        made.deleteLater()


def test_an_error_that_names_logrocket_leads_there(
    window: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    went: list[str] = []
    monkeypatch.setattr(elsewhere, "open_page", went.append)
    for panel_id in ("errors", "health"):
        window.panels.show_panel(panel_id)
        panel: Any = window.panels.panels[panel_id]
        if panel_id == "errors":
            panel.reveal(0)

        def rows(panel: Any = panel) -> list[ElsewhereRow]:
            return [one for one in panel.findChildren(ElsewhereRow) if not one.isHidden()]

        qtbot.waitUntil(lambda rows=rows: len(rows()) == 1)  # type: ignore[misc]
        [row] = rows()
        assert row.open_button.text().strip() == "Open in LogRocket"
        assert row.open_button.toolTip() == PAGE
        before = len(went)
        assert before == (panel_id == "health"), "nothing opens without a click"
        row.open_button.click()
        assert went[before:] == [PAGE]

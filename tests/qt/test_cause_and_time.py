"""What led to an error is marked everywhere; times are typed; the palette finds actions, sessions and rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from replay_viewer.domain.errors import BadInput
from replay_viewer.qt.actions import key_table
from replay_viewer.qt.palette import Palette, score
from replay_viewer.qt.tails import TAIL
from replay_viewer.qt.typedtime import typed_time
from replay_viewer.qt.window import Window
from replay_viewer.qt.wording import TimeStyle, zone_named
from tests import factories

START = factories.START
NOON = 1_780_315_200_000.0  # 2026-06-01T12:00:00Z


@pytest.mark.parametrize(
    ("text", "style", "expected"),
    [
        ("-5s", "offset", 55_000),
        ("+10", "utc", 70_000),
        ("1:23", "offset", 83_000),
        ("12:14", "utc", 840_000),
        ("21:14:05", "customer", 845_000),
        ("12:14 utc", "customer", 840_000),
        ("83.5", "offset", 83_500),
        ("-9h", "offset", 0),
    ],
)
def test_typed_times(text: str, style: TimeStyle, expected: float) -> None:
    zone = zone_named("Asia/Tokyo")
    t = typed_time(text, start=NOON, end=NOON + 1_800_000, now=NOON + 60_000, style=style, zone=zone)
    assert t == NOON + expected


@pytest.mark.parametrize("text", ["soon", "25:00", "3:00:00", "1e9"])
def test_what_is_no_time_of_the_session_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        typed_time(text, start=NOON, end=NOON + 60_000, now=NOON, style="utc")


def test_an_error_marks_what_led_to_it(session_window: Window) -> None:
    window = session_window
    window.commands.next_error()
    cause, opened = window.context.cause, window.context.opened
    assert cause is not None
    assert opened is not None
    assert cause.count > 0
    assert window.lanes.cause is cause
    for kind, numbers in cause.rows.items():
        part = opened.columns[kind]
        assert (part.t[numbers] <= cause.end).all()
        assert (part.end[numbers].clip(part.t[numbers]) >= cause.end - 5_000).all()
    network = window.panels.panels["network"]
    marked = [at for at in range(network.model.rowCount()) if network.table.marked(at)]  # type: ignore[attr-defined]
    assert len(marked) == len(cause.rows["network"])
    assert sum(window.activity.table.marked(at) for at in range(window.activity.model.rowCount())) == cause.count
    window.close_session()
    assert window.lanes.cause is None


def test_going_to_a_typed_time(session_window: Window) -> None:
    assert session_window.commands.go_to("0:12.5")
    assert session_window.context.playhead.t == START + 12_500
    assert not session_window.commands.go_to("nonsense")
    assert session_window.context.playhead.t == START + 12_500
    assert "nonsense" in session_window.messages.text.text()


def test_letters_in_order_score_beginnings_higher() -> None:
    assert score("ne", "Next error") > score("ne", "Open file")
    assert score("nxe", "Next error")
    assert not score("xq", "Next error")


def test_palette_does_what_is_picked_and_finds_rows(session_window: Window, qtbot: QtBot) -> None:
    session_window.setFocus()
    qtbot.keyClick(session_window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = session_window.findChild(Palette)
    assert palette is not None
    palette.field.setText("network panel")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert session_window.panels.current_id == "network"
    session_window.commands.show_palette()
    palette = session_window.findChildren(Palette)[-1]
    palette.field.setText("TypeError")
    qtbot.waitUntil(lambda: any("errors" in palette.list.item(at).data(TAIL) for at in range(palette.list.count())))
    palette.close()


def test_the_page_of_keys_is_in_step_with_the_table() -> None:
    page = Path(__file__).parents[2] / "docs" / "keys.md"
    assert page.read_text(encoding="utf-8") == key_table(), "write key_table() of qt/actions.py into docs/keys.md"

"""Find on the page over time, in the window: typed, listed, gone through by keys; and places from the one box."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from replay_viewer.library import Library
from replay_viewer.qt.finder import _ANSWER
from replay_viewer.qt.window import Window
from replay_viewer.services.pagefind import shown
from tests.library.test_pages import _events
from tests.recording.test_mirror import T0
from tests.sessions import store_session


@pytest.fixture
def opened(window: Window, library: Library, qtbot: QtBot) -> Window:
    """The window with a session open whose page says Cart, Payment failed, Sorry, Payment failed, a second each."""
    store_session(library.home, _events("Cart", "Payment failed", "Sorry", "Payment failed", "Done"), "pages")
    with qtbot.waitSignal(window.opener.loaded):
        window.opener.open_session("pages")
    return window


def _find(window: Window, text: str, qtbot: QtBot) -> None:
    assert window.actions_table.run("find")
    window.find_bar.field.clear()
    qtbot.keyClicks(window.find_bar.field, text)


def _outlined(window: Window) -> list[list[int]]:
    return [call[1] for call in window.stage.player.calls if call[0] == "outline"]


def test_found_listed_and_gone_through(opened: Window, qtbot: QtBot) -> None:
    bar, head = opened.find_bar, opened.context.playhead
    assert not opened.commands.allows("found")
    _find(opened, "payment failed", qtbot)
    qtbot.waitUntil(lambda: bar.list.count() == 2, timeout=10_000)
    assert bar.said.text() == "2 times"
    assert "0:01.0 – 0:02.0   Payment failed" in bar.list.item(0).text()
    qtbot.keyClick(bar.field, Qt.Key.Key_Return)
    assert head.target == T0 + 1_000
    assert bar.said.text() == "1 of 2"
    assert _outlined(opened)[-1] == [11]
    opened.actions_table.press("F3")
    assert head.target == T0 + 3_000
    opened.actions_table.press("F3")
    assert head.target == T0 + 1_000
    opened.actions_table.press("Shift+F3")
    assert head.target == T0 + 3_000
    qtbot.keyClick(bar.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert head.target == T0 + 1_000
    qtbot.keyClick(bar.field, Qt.Key.Key_Escape)
    assert not bar.isVisible()
    assert _outlined(opened)[-1] == []


def test_enter_before_the_answer_goes_to_it_when_it_comes(opened: Window, qtbot: QtBot) -> None:
    _find(opened, "sorry", qtbot)
    qtbot.keyClick(opened.find_bar.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: opened.context.playhead.target == T0 + 2_000, timeout=10_000)


def test_what_was_never_there_and_another_session(opened: Window, qtbot: QtBot) -> None:
    bar = opened.find_bar
    _find(opened, "nowhere", qtbot)
    qtbot.waitUntil(lambda: bar.said.text() == "Never on the page", timeout=10_000)
    assert not bar.list.isVisible()
    bar.field.setText("cart")
    qtbot.waitUntil(lambda: bar.list.count() == 1, timeout=10_000)
    with qtbot.waitSignal(opened.opener.loaded):
        opened.opener.open_session("5e55104a0000000000000001")
    qtbot.waitUntil(lambda: bar.said.text() == "Never on the page", timeout=10_000)
    opened.close_session()
    assert not bar.isVisible()


def test_a_text_found_by_the_one_box_is_outlined(window: Window, library: Library, qtbot: QtBot) -> None:
    store_session(library.home, _events("Cart", "Payment failed"), "pages")
    library.read_pages()
    box, list = window.top.box, window.finder.list
    for _ in range(2):  # from elsewhere, then within the session
        box.setFocus()
        box.clear()
        qtbot.keyClicks(box, "payment failed")
        qtbot.waitUntil(window.finder.isVisible, timeout=10_000)
        qtbot.waitUntil(
            lambda: any("on the page" in list.item(n).data(_ANSWER).text for n in range(list.count())), timeout=10_000
        )
        at = next(n for n in range(list.count()) if "on the page" in list.item(n).data(_ANSWER).text)
        list.setCurrentRow(at)
        assert window.finder.take()
        qtbot.waitUntil(lambda: window.context.playhead.target == T0 + 1_000, timeout=10_000)
        qtbot.waitUntil(lambda: _outlined(window)[-1:] == [[11]], timeout=10_000)
        window.context.outline_asked.emit([])


def test_appearances_in_order(library: Library) -> None:
    store_session(library.home, _events("Cart", "Payment failed", "Cart", "Payment ok"), "pages")
    told: list[int] = []
    found = shown(library, "pages", "payment", lambda done, _total: told.append(done))
    assert [(one.start - T0, one.end, one.text) for one in found] == [
        (1_000, T0 + 2_000, "Payment failed"),
        (3_000, -1, "Payment ok"),
    ]
    assert told
    assert shown(library, "pages", "!") == []

"""The strip of tabs on a real recording of two windows: follow, pin, keys, what is hidden."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from replay_viewer.domain.rows import Interaction, Navigation
from replay_viewer.domain.session import Tab
from replay_viewer.library import Library
from replay_viewer.qt.window import Window
from replay_viewer.services.importer import import_paths
from tests import factories
from tests.data_dir import needs_shared, session_dir
from tests.qt.conftest import make_window
from tests.qt.stand_in import FakePlayer


@pytest.fixture
def two(styled: QApplication, qtbot: QtBot, library: Library, tmp_path: Path) -> Iterator[Window]:
    (id,) = import_paths(library.home, [session_dir("two_tabs_posthog")])
    window = make_window(library, [], tmp_path)
    with qtbot.waitExposed(window):
        window.show()
    with qtbot.waitSignal(window.opener.loaded):
        window.opener.open_session(id)
    yield window
    window.close()
    window.deleteLater()


@needs_shared
def test_the_tab_in_use_is_followed_until_one_is_pinned(two: Window, qtbot: QtBot) -> None:
    stage, playhead = two.stage, two.context.playhead
    player = stage.player
    assert isinstance(player, FakePlayer)
    assert stage.tabs.bar.count() == 2
    assert stage.tabs.follow.isChecked()
    for seconds, tab in ((1.0, 0), (4.5, 1), (6.0, 0), (12.0, 0)):  # page, second page, search, cart
        playhead.seek(playhead.start + seconds * 1000)
        assert player.calls[-1][:2] == ("seek", tab), seconds
        assert stage.tabs.bar.currentIndex() == tab
    assert stage.address.text().endswith("/shop/")
    stage.tabs.bar.tabBarClicked.emit(1)
    qtbot.waitUntil(lambda: player.calls[-1][:2] == ("seek", 1))
    assert stage.pinned
    assert not stage.tabs.follow.isChecked()
    assert "/mkdocs/" in stage.address.text()
    playhead.seek(playhead.start + 1000)
    assert player.calls[-1][:2] == ("seek", 1), "it stays"
    stage.tabs.follow.click()
    assert not stage.pinned
    assert player.calls[-1][:2] == ("seek", 0)


@needs_shared
def test_tabs_by_keys_and_by_arrows_in_the_strip(two: Window, qtbot: QtBot) -> None:
    stage = two.stage
    two.actions_table.press("Ctrl+PgDown")
    qtbot.waitUntil(lambda: stage.tab == 1)
    assert stage.pinned
    two.actions_table.press("Ctrl+PgUp")
    qtbot.waitUntil(lambda: stage.tab == 0)
    two.actions_table.press("y")
    assert not stage.pinned
    stage.tabs.bar.setFocus()
    qtbot.keyClick(stage.tabs.bar, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: stage.tab == 1)


@needs_shared
def test_the_strip_says_where_each_tab_is_and_was(two: Window) -> None:
    two.context.playhead.seek(two.context.playhead.start + 12_000)
    strip = two.stage.tabs
    strip._tell()
    assert "in the background" in strip.bar.tabToolTip(1) or "no more events" in strip.bar.tabToolTip(1)
    assert "in use" in strip.bar.tabToolTip(0)
    picture = strip.bar.grab().toImage()
    colours = {picture.pixelColor(x, picture.height() - 4).name() for x in range(picture.width())}
    assert len(colours) >= 4, "in use, open, not open, playhead"


def test_a_tab_that_was_left_is_said_to_be_hidden(
    styled: QApplication, qtbot: QtBot, library: Library, tmp_path: Path
) -> None:
    start = factories.START
    rows = [
        Navigation(t=start, tab=0, url="https://a.test/one"),
        Interaction(t=start + 10_000, tab=0, action="blur", words="Left the window"),
        Navigation(t=start + 10_500, tab=1, url="https://a.test/two"),
        Interaction(t=start + 30_000, tab=0, action="focus", words="Came back to the window"),
    ]
    tabs = [Tab(index=0, start=start, end=start + 60_000), Tab(index=1, start=start + 10_400, end=start + 50_000)]
    session = factories.add_session(library, rows, tabs=tabs, end=start + 60_000)
    window = make_window(library, [], tmp_path)
    with qtbot.waitExposed(window):
        window.show()
    with qtbot.waitSignal(window.opener.loaded):
        window.opener.open_session(session.id)
    window.context.playhead.seek(start + 20_000)
    assert window.stage.tab == 1
    window.stage.tabs._tell()
    assert window.stage.tabs.bar.tabText(0) == "/one · hidden"
    assert "hidden for 20 s in all" in window.stage.tabs.bar.tabToolTip(0)
    window.context.playhead.seek(start + 40_000)
    assert window.stage.tab == 0
    window.close()
    window.deleteLater()

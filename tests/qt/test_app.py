"""The real thing: window, engine process and Chromium together, on a real recording."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from replay_viewer.library import Library
from replay_viewer.qt import app
from replay_viewer.qt.window import Window
from replay_viewer.services import engine
from replay_viewer.services.importer import import_paths
from tests.data_dir import needs_shared, session_dir

pytestmark = [needs_shared, pytest.mark.webengine]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    import_paths(folder, [session_dir("shop_crash_rrweb") / "events.json.gz"])
    return folder


@pytest.fixture
def window(home: Path, qapp: QApplication, qtbot: QtBot) -> Iterator[Window]:
    app.application("light")
    with Library.open(home) as library:
        made = app.window(library, QSettings(str(home / "window.ini"), QSettings.Format.IniFormat))
        made.show()
        with qtbot.waitSignal(made.opener.loaded):
            made.opener.open_session(library.sessions()[0].id)
        qtbot.waitUntil(lambda: bool(made.stage.size_label.text()), timeout=20_000)
        yield made
        made.close()
        made.deleteLater()
        engine.end_spares()


def test_keys_work_with_the_focus_in_the_page(window: Window, qtbot: QtBot) -> None:
    page = window.stage.player._web.focusProxy()
    page.setFocus()
    playhead = window.context.playhead
    playhead.seek(playhead.start)
    qtbot.waitUntil(lambda: playhead.t == playhead.target)
    first = playhead.t
    assert first - playhead.start < 1_000, "the first picture, when it comes that soon"
    qtbot.keyClick(page, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert playhead.target == first + 1_000
    qtbot.waitUntil(lambda: playhead.t == first + 1_000)
    qtbot.keyClick(page, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: playhead.t > first + 1_200)
    qtbot.keyClick(page, Qt.Key.Key_Space)
    assert not playhead.playing
    qtbot.keyClick(page, Qt.Key.Key_N)
    assert window.context.selected == ("errors", 0)


def test_a_picture_of_the_window(home: Path, qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> None:
    with Library.open(home) as library:
        session = library.sessions()[0].id
    app.screenshot(home, session, tmp_path / "window.png", scheme="dark", size=(1366, 768), panel="errors")
    image = QImage(str(tmp_path / "window.png"))
    assert (image.width(), image.height()) == (1366, 768)
    # The recorded page is light, the window around it dark: both are in the middle of the picture.
    middle = [image.pixelColor(x, 250).lightness() for x in range(220, 1080, 4)]
    assert max(middle) > 240
    assert min(middle) < 40


def test_the_window_comes_without_what_nobody_needs_at_its_start() -> None:
    # Each is a quarter of a second and more: the HTTP client, the exports, the formats, migrations, the collector.
    heavy = ("httpx", "jinja2", "replay_viewer.export", "replay_viewer.formats", "alembic", "starlette", "pyqtgraph")
    code = f"import sys, replay_viewer.qt.app; print([name for name in {heavy!r} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.strip() == "[]"

"""The whole application in a window: real page, real engine and job processes, a library of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QEvent, QSettings
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from replay_viewer.library import Library
from replay_viewer.qt import app as application
from replay_viewer.qt.window import Window
from replay_viewer.services import engine, jobs


@contextmanager
def whole_window(qtbot: QtBot, folder: Path) -> Iterator[Window]:
    """A window, shown, over the library in `folder`/home; afterwards no process of it is left."""
    library = Library.open(folder / "home")
    made = application.window(library, QSettings(str(folder / "qt.ini"), QSettings.Format.IniFormat))
    made.resize(1440, 900)
    made.show()
    yield made
    made.opener.set_live(False)
    qtbot.waitUntil(lambda: not made.opener.live, timeout=20_000)
    player = made.stage.player
    if player is None:
        made.close()
    else:
        # Chromium's page goes first, then its profile, then the window.
        with qtbot.waitSignal(player.profile.destroyed, timeout=10_000):
            made.close()
    made.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()
    engine.end_spares()
    jobs.end_spares()
    library.close()

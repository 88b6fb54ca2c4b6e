"""Windows for tests, and a check that nothing is left behind: no thread, no running timer, no top-level widget."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QSettings, QThreadPool, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from replay_viewer.library import Library
from replay_viewer.qt import chromium
from replay_viewer.qt.theme import theme
from replay_viewer.qt.window import Window
from replay_viewer.services.jobs import AssetsJob, AttachJob, ImportJob, MapsJob, PullJob, RefreshJob, end_spares
from tests import factories
from tests.qt.stand_in import FakeEngine, FakeJob, FakePlayer

#: What the offscreen platform says of windows, and Chromium of a machine without graphics.
HARMLESS = (
    "This plugin does not support",
    "QRhiGles2",
    "Failed to create RHI",
    "GPUInfo not initialized",
    "Sandboxing disabled",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The offscreen platform's own messages are no failures."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.qt_log_ignore(*HARMLESS, extend=True))


@pytest.fixture(scope="session", autouse=True)
def _prepared() -> None:
    """Chromium wants its flags before the application exists, whichever test comes first."""
    chromium.prepare()


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    return ["replay-viewer-tests"]


@pytest.fixture(autouse=True)
def _nothing_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail the test that leaves threads, running timers or top-level widgets behind."""
    if "webengine" in request.keywords:  # Chromium's own threads and helpers outlive every test
        yield
        return
    threads = set(threading.enumerate())
    app = QApplication.instance()
    before = set(app.topLevelWidgets()) if isinstance(app, QApplication) else set()
    yield
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        return
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, int(QEvent.Type.DeferredDelete))
        app.processEvents()
    assert QThreadPool.globalInstance().activeThreadCount() == 0
    new = set(threading.enumerate()) - threads
    # A Qt thread that once logged something stays in this list as a dummy, long after it ended.
    left = [thread for thread in new if thread.is_alive() and not isinstance(thread, threading._DummyThread)]
    assert not left, f"threads left behind: {left}"
    widgets = [widget for widget in app.topLevelWidgets() if widget not in before and widget.isVisible()]
    assert not widgets, f"widgets left behind: {widgets}"
    timers = [timer for timer in app.findChildren(QTimer) if timer.isActive()]
    assert not timers, f"timers left running: {timers}"


@pytest.fixture
def styled(qapp: QApplication) -> QApplication:
    """The application in light colours."""
    theme().attach(qapp, "light")
    return qapp


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """An empty library."""
    with Library.open(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def filled(library: Library) -> Library:
    """A library with the failing checkout and six more sessions."""
    factories.add_session(library)
    factories.queue_sessions(library)
    return library


@pytest.fixture
def jobs() -> list[FakeJob]:
    """Imports that were started; append one to have it used for the next."""
    return []


def make_window(library: Library, jobs: list[FakeJob], folder: Path) -> Window:
    """A window with stand-ins for everything in other processes."""
    return Window(
        library,
        player_factory=FakePlayer,
        engine_factory=FakeEngine,
        start_import=lambda _home, _paths, _origin: jobs[-1],
        start_pull=lambda _home, _url: jobs[-1],
        settings=QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat),
    )


@pytest.fixture
def window(
    styled: QApplication, qtbot: QtBot, filled: Library, jobs: list[FakeJob], tmp_path: Path
) -> Iterator[Window]:
    """The window, shown, with its queue read."""
    made = make_window(filled, jobs, tmp_path)
    made.resize(1440, 900)
    with qtbot.waitExposed(made):
        made.show()
    qtbot.waitUntil(lambda: made.queue.model.rowCount() == 7)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def working(styled: QApplication, qtbot: QtBot, library: Library, tmp_path: Path) -> Iterator[Window]:
    """An empty window whose jobs run in processes of their own."""
    made = Window(
        library,
        player_factory=FakePlayer,
        engine_factory=FakeEngine,
        start_import=ImportJob,
        start_pull=PullJob,
        start_refresh=RefreshJob,
        start_attach=AttachJob,
        start_assets=AssetsJob,
        start_maps=MapsJob,
        settings=QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat),
    )
    made.resize(1366, 768)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.close()
    made.deleteLater()
    end_spares()


@pytest.fixture
def session_window(window: Window, qtbot: QtBot) -> Window:
    """The window with the failing checkout open."""
    with qtbot.waitSignal(window.opener.loaded):
        window.opener.open_session("5e55104a0000000000000001")
    return window

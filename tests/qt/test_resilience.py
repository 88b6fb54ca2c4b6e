"""What breaks around the window: page and engine killed, library busy, full, read-only, gone. Real parts."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSettings, QThreadPool
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy import event

from replay_viewer.domain.resources import resource as shipped
from replay_viewer.library import Library
from replay_viewer.qt import app
from replay_viewer.qt.panels.notes import NotesPanel
from replay_viewer.qt.player import view
from replay_viewer.qt.stage import ENGINE_DEATHS
from replay_viewer.qt.tasks import Tasks
from replay_viewer.qt.window import Window
from replay_viewer.services import engine
from replay_viewer.services.importer import import_paths
from replay_viewer.services.jobs import ImportJob, end_spares

SAMPLE = shipped("samples", "checkout-502")


# the page and the engine


@pytest.fixture(scope="module")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    import_paths(folder, [SAMPLE])
    return folder


@pytest.fixture
def real(sample_home: Path, qapp: QApplication, qtbot: QtBot) -> Iterator[Window]:
    """The whole application on the shipped sample: Chromium, engine process, page shown."""
    app.application("light")
    with Library.open(sample_home) as library:
        made = app.window(library, QSettings(str(sample_home / "window.ini"), QSettings.Format.IniFormat))
        made.show_thumbnails(False)
        made.show()
        with qtbot.waitSignal(made.opener.loaded):
            made.opener.open_session(library.sessions()[0].id)
        qtbot.waitUntil(lambda: bool(made.stage.size_label.text()), timeout=20_000)
        yield made
        made.close()
        made.deleteLater()
        engine.end_spares()


def kill_page(window: Window, qtbot: QtBot) -> None:
    """SIGKILL to the render process, once there is one that has painted."""
    player = window.stage.player
    qtbot.waitUntil(lambda: player.page.renderProcessPid() > 0 and player.is_ready, timeout=20_000)
    with qtbot.waitSignal(player.page.renderProcessTerminated, timeout=10_000):
        os.kill(player.page.renderProcessPid(), signal.SIGKILL)


@pytest.mark.webengine
def test_a_killed_page_comes_back_at_its_instant_and_at_last_asks(real: Window, qtbot: QtBot) -> None:
    player, playhead = real.stage.player, real.context.playhead
    playhead.seek(playhead.start + 12_000)
    qtbot.waitUntil(lambda: playhead.t == playhead.start + 12_000, timeout=10_000)
    real.commands.bookmark()
    for _ in range(view.DEATHS - 1):
        kill_page(real, qtbot)
        with qtbot.waitSignal(player.pictured, timeout=20_000):
            pass
        assert real.stage.shows_page
        assert playhead.t == playhead.target == playhead.start + 12_000
    kill_page(real, qtbot)
    qtbot.waitUntil(lambda: not real.stage.shows_page, timeout=10_000)
    assert real.stage.empty.title.text() == "The page keeps crashing at this moment."
    assert real.stage.retry_button.isVisible()
    assert real.context.opened is not None
    assert len(real.context.opened.notes) == 1
    with qtbot.waitSignal(player.pictured, timeout=20_000):
        real.stage.retry_button.click()
    assert real.stage.shows_page
    assert playhead.t == playhead.start + 12_000
    real.commands.undo()


@pytest.mark.webengine
def test_a_killed_engine_is_replaced_in_silence_and_at_last_asks(real: Window, qtbot: QtBot) -> None:
    player, playhead = real.stage.player, real.context.playhead
    playhead.seek(playhead.start + 9_000)
    qtbot.waitUntil(lambda: playhead.t == playhead.start + 9_000, timeout=10_000)

    def kill() -> None:
        process = real.stage._engine._process.process
        os.kill(process.pid, signal.SIGKILL)

    for _ in range(ENGINE_DEATHS - 1):
        with qtbot.waitSignal(player.pictured, timeout=20_000):
            kill()
        assert real.stage.shows_page
        assert playhead.t == playhead.start + 9_000
    kill()
    qtbot.waitUntil(lambda: not real.stage.shows_page, timeout=10_000)
    assert "has stopped" in real.stage.empty.title.text()
    with qtbot.waitSignal(player.pictured, timeout=20_000):
        real.stage.retry_button.click()
    assert real.stage.shows_page
    playhead.play()
    qtbot.waitUntil(lambda: playhead.t > playhead.start + 9_200, timeout=10_000)
    kill()
    here = playhead.t
    qtbot.waitUntil(lambda: playhead.t > here + 2_500, timeout=20_000)
    assert playhead.playing, "play goes on where it was"
    playhead.pause()


@pytest.mark.webengine
def test_a_library_folder_that_goes_away_under_an_open_session(
    qapp: QApplication, qtbot: QtBot, sample_home: Path, tmp_path: Path
) -> None:
    """Everything that was read stays usable; what cannot be read is one sentence, and comes back with the folder."""
    home = tmp_path / "home"
    shutil.copytree(sample_home, home)
    app.application("light")
    with Library.open(home) as library:
        made = app.window(library, QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat))
        made.show_thumbnails(False)
        made.show()
        with qtbot.waitSignal(made.opener.loaded):
            made.opener.open_session(library.sessions()[0].id)
        qtbot.waitUntil(lambda: bool(made.stage.size_label.text()), timeout=20_000)
        (home / "blobs").rename(tmp_path / "elsewhere")
        for name in made.panels.tabs:
            made.panels.show_panel(name)
            made.grab()
        playhead = made.context.playhead
        # somewhere the engine has not been: it must read
        made.stage._engine._process.process.kill()
        qtbot.waitUntil(lambda: not made.stage.shows_page, timeout=20_000)
        assert made.stage.retry_button.isVisible()
        assert made.stage.empty.title.text()
        playhead.seek(playhead.start + 4_000)
        assert playhead.t == playhead.start + 4_000, "lanes and lists work on"
        (tmp_path / "elsewhere").rename(home / "blobs")
        with qtbot.waitSignal(made.stage.player.pictured, timeout=20_000):
            made.stage.retry_button.click()
        assert playhead.t == playhead.start + 4_000
        made.close()
        made.deleteLater()
        engine.end_spares()


# the library


def notes_of(window: Window) -> NotesPanel:
    panel = window.panels.panels["notes"]
    assert isinstance(panel, NotesPanel)
    return panel


def write_comment(window: Window, text: str) -> None:
    window.commands.comment()
    notes_of(window).editor.setPlainText(text)
    notes_of(window).save()


def test_a_busy_library_keeps_what_was_written_and_retries(session_window: Window, qtbot: QtBot) -> None:
    window = session_window
    opened = window.context.opened
    assert opened is not None
    other = sqlite3.connect(window.context.library.home / "library.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    write_comment(window, "Reproduced twice")
    assert "busy" in window.messages.text.text()
    assert window.messages.retry_button.isVisible()
    assert opened.notes == []
    assert notes_of(window).editor.toPlainText() == "Reproduced twice"
    assert not window.context.undo_stack.canUndo(), "what did not happen cannot be taken back"
    other.execute("ROLLBACK")
    other.close()
    window.messages.retry_button.click()
    assert [note.text for note in opened.notes] == ["Reproduced twice"]
    assert [note.text for note in window.context.library.notes(opened.id)] == ["Reproduced twice"]
    window.commands.undo()
    assert window.context.library.notes(opened.id) == []


def limit(window: Window, pragma: str) -> None:
    """Give every connection of the window's library a pragma, from its next transaction on."""
    engine: Any = window.context.library.database._engine
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(pragma))


def test_a_full_disk_is_one_sentence_and_nothing_is_lost(session_window: Window) -> None:
    window = session_window
    assert window.context.opened is not None
    limit(window, "PRAGMA max_page_count = 1")  # the file may not grow: SQLite's own "disk full"
    text = "long " * 40_000
    write_comment(window, text)
    assert "is full" in window.messages.text.text()
    assert window.messages.retry_button.isVisible()
    assert notes_of(window).editor.toPlainText() == text
    limit(window, "PRAGMA max_page_count = 1073741823")
    window.messages.retry_button.click()
    assert len(window.context.opened.notes) == 1


def test_a_read_only_library_is_still_read(session_window: Window, qtbot: QtBot) -> None:
    window = session_window
    assert window.context.opened is not None
    limit(window, "PRAGMA query_only = ON")
    window.commands.bookmark()
    assert "cannot be written" in window.messages.text.text()
    assert window.context.opened.notes == []
    window.queue.change_marks(window.context.opened.id, tags=["seen"])
    assert "cannot be written" in window.messages.text.text()
    other = next(one.id for one in window.queue.model.sessions if one.id != window.context.opened.id)
    with qtbot.waitSignal(window.opener.loaded):
        window.opener.open_session(other)
    assert window.context.opened.id == other


def test_an_import_onto_a_full_disk_leaves_nothing_and_retries(
    window: Window, jobs: list[Any], qtbot: QtBot, tmp_path: Path
) -> None:
    """The importing process may write no file over 20 kB, as on a disk that fills up."""
    home = tmp_path / "full"
    Library.open(home).close()
    end_spares()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    window.opener._start_import = lambda _home, paths, origin: ImportJob(home, paths, origin)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        window.opener.open_paths([SAMPLE])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    qtbot.waitUntil(lambda: not window.opener.importing, timeout=30_000)
    assert window.messages.isVisible()
    said = window.messages.text.text()
    assert "is full" in said or "failed while" in said
    with Library.open(home) as library:
        assert library.sessions() == []
    assert window.messages.retry_button.isVisible()
    end_spares()
    window.messages.retry_button.click()
    qtbot.waitUntil(lambda: not window.opener.importing, timeout=60_000)
    with Library.open(home) as library:
        assert len(library.sessions()) == 1
    end_spares()


def test_work_that_outlives_its_tasks_ends_in_silence(qapp: QApplication, qtbot: QtBot, library: Library) -> None:
    import shiboken6

    tasks = Tasks(library.home)
    held, ended = threading.Event(), threading.Event()
    problems: list[BaseException] = []

    def work() -> None:
        held.wait(10)

    report = tasks._report

    def watched(*told: Any) -> None:
        try:
            report(*told)
        except BaseException as error:
            problems.append(error)
        ended.set()

    tasks._report = watched  # type: ignore[method-assign]
    pool = tasks._pool
    pool.setParent(None)
    tasks.run(work, lambda _: None)
    shiboken6.delete(tasks)
    held.set()
    assert ended.wait(10)
    assert pool.waitForDone(5_000)
    assert problems == []
    assert QThreadPool.globalInstance().activeThreadCount() == 0

"""Keys of dialogs, a ticket without the mouse, twenty sessions without a leak."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSettings, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QWidget,
)
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from replay_viewer.collector.run import start
from replay_viewer.collector.samples import FAILING, load_samples
from replay_viewer.library import Library
from replay_viewer.qt import app
from replay_viewer.qt.window import Window
from replay_viewer.services import engine, inspector, jobs


class Ran:
    """Notes which actions the keys asked for, instead of doing them."""

    def __init__(self, window: Window, monkeypatch: pytest.MonkeyPatch, *, takes: bool) -> None:
        self.ids: list[str] = []
        self.takes = takes
        monkeypatch.setattr(window.actions_table, "run", self._run)

    def _run(self, action_id: str) -> bool:
        self.ids.append(action_id)
        return self.takes

    def by(self, focus: QWidget, key: str) -> list[str]:
        """What one key asks for while a widget has the focus."""
        self.ids.clear()
        focus.setFocus()
        while (popup := QApplication.activePopupWidget()) is not None:  # what was typed may offer completions
            popup.close()
        combination = QKeySequence(key)[0]  # type: ignore[index]
        QTest.keyClick(focus, combination.key(), combination.keyboardModifiers())
        return list(self.ids)


def test_keys_of_the_window_are_not_those_of_a_dialog(
    session_window: Window, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    session_window.compose()
    composer = session_window.composer
    assert composer is not None
    qtbot.waitUntil(lambda: bool(composer.title.text()))
    ran = Ran(session_window, monkeypatch, takes=True)
    composer.activateWindow()
    for key in ("n", "p", "e", "Space", "1", "?", "["):
        assert ran.by(composer.title, key) == []
    composer.close()


def test_enter_alone_lets_nothing_out_of_a_review(
    qtmodeltester: ModelTester, session_window: Window, qtbot: QtBot
) -> None:
    from replay_viewer.qt.redaction import HitTable, ReviewDialog

    window = session_window
    window.compose()
    composer = window.composer
    assert composer is not None
    qtbot.waitUntil(lambda: "masked" in composer.removed.text())
    QTest.keyClick(composer, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    dialog = composer.findChild(ReviewDialog)
    assert dialog is not None
    qtbot.waitUntil(dialog.export_button.isEnabled)
    model = dialog.table.model()
    assert isinstance(model, HitTable)
    assert model.rowCount() > 0
    qtmodeltester.check(model)
    before = QApplication.clipboard().text()
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.isVisible(), "Enter alone lets nothing out"
    QTest.keyClick(dialog, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: QApplication.clipboard().text() != before)
    composer.close()


def test_the_source_s_own_link(session_window: Window) -> None:
    import msgspec

    window = session_window
    opened = window.context.opened
    assert opened is not None
    opened.session = msgspec.structs.replace(opened.session, origin="")
    assert not window.commands.allows("origin")
    window.context.playhead.seek(opened.session.start + 12_500)
    replay = "4dc395e328494c49a7ea6335849a6fbe"
    for origin, expected in (
        ("https://replay.acme.test/sessions/5e55", "https://replay.acme.test/sessions/5e55?t=12.5"),
        (
            f"https://acme.sentry.io/replays/{replay}/",
            f"https://sentry.io/organizations/acme/explore/replays/{replay}/?t=12.5",
        ),
        (
            "https://us.posthog.com/project/1/replay/01a1fa95-02f8",
            "https://us.posthog.com/project/1/replay/01a1fa95-02f8?t=12.5",
        ),
        # nobody knows how to name an instant there
        ("https://app.logrocket.com/a/b/s/1/0", "https://app.logrocket.com/a/b/s/1/0"),
    ):
        opened.session = msgspec.structs.replace(opened.session, origin=origin)
        assert window.actions_table.run("copy-source-link")
        assert QApplication.clipboard().text() == expected


def test_before_the_first_picture_there_is_a_word_and_a_way(session_window: Window) -> None:
    window = session_window
    start = window.context.playhead.start
    window.stage._firsts = {window.stage.tab: start + 4_200.0}
    window.context.playhead.seek(start)
    assert window.stage.early.isVisible()
    assert window.stage.early.why.text() == "The first picture comes at 0:04.2."
    window.stage.early.button.click()
    assert window.context.playhead.t == start + 4_200.0
    assert not window.stage.early.isVisible()


def test_a_first_picture_that_comes_at_once_is_shown_at_once(session_window: Window) -> None:
    window = session_window
    start = window.context.playhead.start
    window.stage._firsts = {window.stage.tab: start + 200.0}
    window.context.playhead.seek(start)
    assert window.context.playhead.t == start + 200.0, "the time says what is shown"
    assert not window.stage.early.isVisible()


@pytest.mark.webengine
def test_a_ticket_without_the_mouse(qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> None:
    """The benchmark's story, as a test: pasted URL of a real collector to Markdown on the clipboard."""
    from benchmarks.triage import story, wait

    app.application("light")
    collector = start(tmp_path / "collector")
    try:
        url = load_samples(collector.url)[FAILING]
        with Library.open(tmp_path / "home") as library:
            window = app.window(library, QSettings(str(tmp_path / "w.ini"), QSettings.Format.IniFormat))
            window.show_thumbnails(False)
            window.show()
            window.activateWindow()
            wait(lambda: QApplication.focusWidget() is not None, "the window")
            steps, text = story(window, url)
            app._take_down(window)
    finally:
        engine.end_spares()
        inspector.end_spares()
        jobs.end_spares()
        collector.stop()
    assert len(steps) == 6
    assert "Cannot read properties of undefined" in text
    assert "ada.marlow" not in text
    assert "## " in text


def _children() -> set[str]:
    """Process ids of this process's children, zombies left out."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[1] == str(os.getpid()) and fields[0] != "Z":
                found.add(entry.name)
    return found


def _objects(window: Window) -> int:
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, int(QEvent.Type.DeferredDelete))
        QApplication.processEvents()
    return len(window.findChildren(QObject))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="counts processes in /proc")
def test_twenty_sessions_leave_nothing_behind(window: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions opened and closed, the last three each with an engine process: no object, thread or process stays."""
    ids = [one.id for one in window.queue.model.sessions]

    def round_trip(n: int) -> None:
        with qtbot.waitSignal(window.opener.loaded):
            window.opener.open_session(ids[n % len(ids)])
        window.panels.show_panel("errors" if n % 2 else "console")
        window.close_session()
        qtbot.waitUntil(lambda: not window.context.tasks._waiting)

    for n in range(len(ids)):
        round_trip(n)
    objects, threads, processes = _objects(window), threading.active_count(), _children()
    for n in range(20):
        if n == 17:
            window.stage._make_engine = engine.EngineClient
        round_trip(n)
    assert _objects(window) <= objects + 2
    assert threading.active_count() <= threads
    assert len(_children()) <= len(processes)


def test_names_of_utc_are_not_said_twice(qapp: Any) -> None:
    from replay_viewer.qt.clock import Playhead

    playhead = Playhead()
    start = 1_784_060_310_000.0
    for zone in ("UTC", "Etc/UTC", "GMT", ""):
        playhead.load(start, start + 1000, [], zone)
        assert playhead.other_text(start) == "20:18:30.0 UTC"
    playhead.load(start, start + 1000, [], "Asia/Tokyo")
    assert playhead.other_text(start) == "20:18:30.0 UTC · 05:18:30.0 Tokyo"


def test_a_verdict_on_one_line_keeps_when_where_and_why(session_window: Window) -> None:
    line = session_window.stage.verdict.text
    line.setText("TypeError: Cannot read properties of undefined (reading 'total'), at 0:22.7, on /checkout.html, "
                 "501 ms after clicking button “Place order”, after POST /api/checkout → 502.")  # fmt: skip
    whole = line.fontMetrics().horizontalAdvance(line.text())
    assert line.fitting(whole + 10) == line.text()
    shown = line.fitting(round(whole * 0.85))
    assert shown.startswith("TypeError: Cannot")
    assert shown.endswith(
        "… · 0:22.7 · /checkout.html · 501 ms after clicking button “Place order” · POST /api/checkout → 502"
    )
    line.setText("A title, at best, and nothing more")
    assert line.fitting(90).endswith("…")

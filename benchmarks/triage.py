"""From a pasted URL to a pasteable note, without the mouse, with a stopwatch.

    python -m benchmarks.triage

A collector on loopback takes the shipped samples as they were recorded; the whole application (import process, engine
process, Chromium) opens the session by its pasted URL. Every step is a key given to whatever has the focus, and ends
when what it asked for is there. A person adds the time to look; the machine's share is what is printed.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QSettings, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from replay_viewer.collector.run import start
from replay_viewer.collector.samples import FAILING, load_samples
from replay_viewer.library import Library
from replay_viewer.qt import app as application
from replay_viewer.qt.redaction import ReviewDialog
from replay_viewer.qt.window import Window
from replay_viewer.services import engine, inspector, jobs

_PATIENCE = 60.0
NO = Qt.KeyboardModifier.NoModifier
CTRL = Qt.KeyboardModifier.ControlModifier


def wait(met: Callable[[], bool], what: str) -> None:
    """Run the event loop until `met`. Raises TimeoutError, naming `what`."""
    end = time.monotonic() + _PATIENCE
    loop = QEventLoop()
    tick = QTimer()
    tick.timeout.connect(loop.quit)
    tick.start(5)
    while not met():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come within {_PATIENCE:.0f} s")
        loop.exec()


def press(key: Qt.Key, modifiers: Qt.KeyboardModifier = NO) -> None:
    """A key for whatever has the focus."""
    target = QApplication.focusWidget() or QApplication.activeWindow()
    assert target is not None, "nothing has the focus"
    QTest.keyClick(target, key, modifiers)


def story(window: Window, url: str) -> tuple[list[tuple[str, float]], str]:
    """Do it; answers each step with the seconds since the start, and what lies on the clipboard."""
    steps: list[tuple[str, float]] = []
    since = time.perf_counter()

    def done(what: str) -> None:
        steps.append((what, time.perf_counter() - since))

    QApplication.clipboard().setText(url)
    press(Qt.Key.Key_Slash)
    press(Qt.Key.Key_V, CTRL)
    assert window.top.box.text() == url
    press(Qt.Key.Key_Return)
    wait(lambda: window.context.opened is not None, "the session")
    done("/, Ctrl V, Enter: the session is open, its verdict is on top")
    wait(lambda: window.stage.shows_page and window.stage.player.current > 0, "the page")
    done("the page is shown, just before the error")
    wait(lambda: not window.opener.importing, "the end of the pull")
    wait(lambda: window.context.selected is not None, "the error of a session that opened before its last rows")
    window.setFocus()
    press(Qt.Key.Key_E)
    opened = window.context.opened
    assert opened is not None
    assert opened.notes, "the selected error is evidence"
    done("E: the error is evidence")
    press(Qt.Key.Key_E, CTRL)
    composer = window.composer
    assert composer is not None
    wait(lambda: bool(composer.title.text()) and "masked" in composer.removed.text(), "the note")
    done("Ctrl E: the note is written")
    composer.activateWindow()
    QTest.keyClick(composer, Qt.Key.Key_Return, CTRL)
    dialogs: list[ReviewDialog] = []

    def reviewed() -> bool:
        dialogs[:] = [one for one in composer.findChildren(ReviewDialog) if one.isVisible()]
        return bool(dialogs) and dialogs[0].export_button.isEnabled()

    wait(reviewed, "the review of what is removed")
    done("Ctrl Enter: what is removed is listed")
    dialogs[0].activateWindow()
    QTest.keyClick(dialogs[0], Qt.Key.Key_Return, CTRL)
    wait(lambda: QApplication.clipboard().text() != url, "the copy")
    done("Ctrl Enter: the note is on the clipboard, as Markdown")
    return steps, QApplication.clipboard().text()


def main() -> None:
    """Run it and print the stopwatch."""
    application.application("light")
    with tempfile.TemporaryDirectory() as folder:
        collector = start(Path(folder) / "collector")
        try:
            url = load_samples(collector.url)[FAILING]
            with Library.open(Path(folder) / "home") as library:
                window = application.window(library, QSettings(f"{folder}/w.ini", QSettings.Format.IniFormat))
                window.show()
                window.activateWindow()
                wait(lambda: QApplication.focusWidget() is not None, "the window")
                engine.prewarm()
                jobs.prewarm()
                rested = time.monotonic() + 5.0  # a person has had the program open for a while
                wait(lambda: time.monotonic() > rested, "rest")
                steps, text = story(window, url)
                for what, seconds in steps:
                    print(f"{seconds:6.2f} s  {what}")
                print(f"{len(text):,} characters of Markdown; the goal is 30 s, the reading included")
                application._take_down(window)
        finally:
            engine.end_spares()
            inspector.end_spares()
            jobs.end_spares()
            collector.stop()


if __name__ == "__main__":
    main()

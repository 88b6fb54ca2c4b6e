"""A support engineer's story in the real window: real library, import process, engine process and page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from replay_viewer.domain.resources import resource
from replay_viewer.domain.rows import ErrorEvent
from replay_viewer.library import Library
from replay_viewer.qt.window import Window
from tests.e2e.windows import whole_window

pytestmark = pytest.mark.webengine


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[Window]:
    with whole_window(qtbot, tmp_path) as made:
        yield made


def read_page(window: Window, qtbot: QtBot) -> dict[str, Any]:
    """What the painted page holds now."""
    answers: list[dict[str, Any]] = []
    window.stage.player.read_page(answers.append)
    qtbot.waitUntil(lambda: bool(answers), timeout=10_000)
    return answers[0]


def page_text(window: Window, qtbot: QtBot) -> str:
    return str(read_page(window, qtbot)["text"])


def terms_accepted(window: Window, qtbot: QtBot) -> bool:
    return any(field.get("checked") for field in read_page(window, qtbot)["inputs"])


def settle(window: Window, qtbot: QtBot, shown: Callable[[], bool]) -> None:
    qtbot.waitUntil(shown, timeout=20_000)


def test_from_a_folder_to_the_cause(window: Window, qtbot: QtBot) -> None:
    window.opener.open_paths([resource("samples", "checkout-502")])
    settle(window, qtbot, lambda: window.stage.shows_page and window.context.opened is not None)
    opened = window.context.opened
    assert opened is not None
    with Library.open(window.context.library.home) as library:
        errors = [row for _, row in library.rows(opened.session.id, "errors") if isinstance(row, ErrorEvent)]
    first = errors[0]

    # It lands paused, three seconds before the first error.
    playhead = window.context.playhead
    settle(window, qtbot, lambda: abs(playhead.t - (first.t - 3000)) < 50)
    assert not playhead.playing
    settle(window, qtbot, lambda: "Place order" in page_text(window, qtbot))
    assert not terms_accepted(window, qtbot)

    # The next error by key, wherever the focus is.
    qtbot.keyClick(window, Qt.Key.Key_N)
    settle(window, qtbot, lambda: abs(playhead.t - first.t) < 50)
    settle(window, qtbot, lambda: terms_accepted(window, qtbot))

    # Seeking back gives the picture of a first visit to that instant.
    playhead.seek(opened.session.start + 500)
    settle(window, qtbot, lambda: "Place order" not in page_text(window, qtbot))

    # Play moves the clock, and the page with it.
    playhead.seek(first.t - 3000)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    settle(window, qtbot, lambda: playhead.t > first.t - 2000)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    settle(window, qtbot, lambda: not playhead.playing)

    # A bookmark lands in the library.
    qtbot.keyClick(window, Qt.Key.Key_M)

    def noted() -> bool:
        with Library.open(window.context.library.home) as library:
            return len(library.notes(opened.session.id)) == 1

    settle(window, qtbot, noted)


def test_what_cannot_be_opened_is_said_in_the_window(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("dear")
    window.opener.open_paths([path])
    settle(window, qtbot, lambda: "letter.txt" in window.messages.text.text())

"""The triage queue: watched marks, tags, saved filters, one history of what can be taken back."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from replay_viewer.collector.run import start
from replay_viewer.qt.saved import SETTING
from replay_viewer.qt.window import Window
from replay_viewer.services.pull import pull
from tests.collector.bodies import batch


def _settled(window: Window, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not window.context.tasks._waiting, timeout=10_000)


def test_an_opened_session_is_watched_and_that_can_be_taken_back(session_window: Window, qtbot: QtBot) -> None:
    window = session_window
    _settled(window, qtbot)
    id = window.context.opened.id  # type: ignore[union-attr]
    assert window.queue.model.marks[id].watched > 0
    assert id in window.context.library.marks.of([id])
    window.queue.change_marks(id, watched=0.0)
    assert window.context.library.marks.of([id]) == {}
    at = window.queue.model.index(window.queue.model.row_of(id))
    assert "not watched" in at.data(Qt.ItemDataRole.AccessibleTextRole)
    window.commands.undo()
    assert window.queue.model.marks[id].watched > 0


def test_tags_are_asked_for_and_filtered_by(
    session_window: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = session_window
    _settled(window, qtbot)
    id = window.context.opened.id  # type: ignore[union-attr]
    monkeypatch.setattr("replay_viewer.qt.queue.ask_line", lambda *_: ("Checkout vip", True))
    window.queue._ask_tags(id)
    assert window.context.library.marks.of([id])[id].tags == ["checkout", "vip"]
    window.queue.filter.setText("tag:vip")
    qtbot.waitUntil(lambda: [one.id for one in window.queue.model.sessions] == [id], timeout=10_000)
    monkeypatch.setattr("replay_viewer.qt.queue.ask_line", lambda *_: ("no%tag", True))
    window.queue._ask_tags(id)
    assert "is no tag" in window.messages.accessibleName()


def test_other_sessions_of_the_same_user(session_window: Window, qtbot: QtBot) -> None:
    window = session_window
    _settled(window, qtbot)
    session = window.context.opened.session  # type: ignore[union-attr]
    window.queue.same_user(session)
    qtbot.waitUntil(
        lambda: {one.facts.user.email for one in window.queue.model.sessions} == {session.facts.user.email},
        timeout=10_000,
    )


def test_filters_are_saved_used_and_taken_back(
    session_window: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = session_window
    saved = window.queue.saved
    _settled(window, qtbot)
    assert [one[0] for one in saved.saved] == ["With errors", "Not watched", "Kept"]
    assert saved.list.item(0).text().startswith("With errors")
    monkeypatch.setattr("replay_viewer.qt.saved.ask_line", lambda *_: ("Broken checkouts", True))
    window.queue.filter.setText("errors:>0 url:checkout")
    window.queue.save_button.click()
    assert window.context.library.setting(SETTING)[-1] == ["Broken checkouts", "errors:>0 url:checkout"]
    _settled(window, qtbot)
    window.queue.filter.clear()
    saved.list.itemClicked.emit(saved.list.item(3))
    assert window.queue.filter.text() == "errors:>0 url:checkout"
    window.context.undo_stack.setIndex(0)
    _settled(window, qtbot)
    assert [one[0] for one in saved.saved] == ["With errors", "Not watched", "Kept"]


def test_operators_are_offered_for_the_word_that_is_typed(session_window: Window) -> None:
    completer = session_window.queue.completer
    field = session_window.queue.filter
    field.setText("user:ada err")
    field.setCursorPosition(len("user:ada err"))
    assert completer.splitPath(field.text()) == ["err"]
    completer.setCompletionPrefix("err")
    assert completer.completionCount() == 1
    assert completer.pathFromIndex(completer.model().index(completer._codes.index("errors"), 0)) == "user:ada errors:"


def test_ranges_and_filters_are_taken_back_one_after_the_other(session_window: Window, qtbot: QtBot) -> None:
    window, head = session_window, session_window.context.playhead
    _settled(window, qtbot)
    window.context.undo_stack.clear()
    head.set_range(head.start + 1000, head.start + 9000)
    head.set_range(head.start + 2000, head.start + 3000)
    field = window.activity.filter
    field.setText("cart")
    qtbot.waitUntil(lambda: window.context.undo_stack.count() == 3, timeout=5_000)
    window.setFocus()
    window.commands.undo()
    assert field.text() == ""
    window.commands.undo()
    assert head.range == (head.start + 1000, head.start + 9000)
    window.commands.undo()
    assert head.range is None
    assert not window.commands.allows("undo")
    window.commands.redo()
    window.commands.redo()
    window.commands.redo()
    assert head.range_path == [
        (head.start + 1000, head.start + 9000),
        (head.start + 2000, head.start + 3000),
    ]
    assert field.text() == "cart"
    assert window.context.undo_stack.count() == 3, "taking back is no change of its own"


def test_marks_are_shared_with_the_collector_a_session_came_from(
    session_window: Window, qtbot: QtBot, tmp_path: Path
) -> None:
    window = session_window
    _settled(window, qtbot)
    with start(tmp_path / "collector") as running:
        httpx.post(f"{running.url}/api/replay/s1/events?key=k", content=batch("s1"), trust_env=False)
        marks = f"{running.url}/api/v1/sessions/s1/marks"
        pull(window.context.library.home, f"{running.url}/sessions/s1")
        window.queue.reload()
        qtbot.waitUntil(lambda: window.queue.model.row_of("s1") >= 0, timeout=10_000)
        _settled(window, qtbot)
        host = running.url.removeprefix("http://")
        assert window.queue._shares_with("s1") == host
        assert window.queue._shares_with(window.context.opened.id) == ""  # type: ignore[union-attr]
        httpx.post(marks, json={"add": ["theirs"]}, trust_env=False)
        window.queue.change_marks("s1", tags=["mine"])
        window.queue.share_marks("s1", host)
        qtbot.waitUntil(lambda: window.queue.model.marks["s1"].tags == ["mine", "theirs"], timeout=20_000)
        assert httpx.get(marks, trust_env=False).json()["tags"] == ["mine", "theirs"]
    window.queue.share_marks("s1", host)
    qtbot.waitUntil(lambda: "cannot be reached" in window.messages.accessibleName(), timeout=20_000)

"""The one box: library and sources side by side, chosen by keyboard; and the service behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from replay_viewer.library import Library
from replay_viewer.qt.finder import _ANSWER, Answer
from replay_viewer.qt.window import Window
from replay_viewer.services import connections
from replay_viewer.services.connections import Connection
from replay_viewer.services.find import find
from tests.keyrings import memory_keyring
from tests.sources.desks import SENTRY_TOKEN, SentryDesk
from tests.sources.server import Faulty, serving


@pytest.fixture
def sentry(library: Library) -> Iterator[Faulty]:
    with memory_keyring(), serving(SentryDesk().reply) as server:
        made = connections.save(library.home, Connection(name="shop", kind="sentry", url=server.url, account="acme"))
        connections.keep_token(made, SENTRY_TOKEN)
        yield server


def answers(window: Window) -> list[Answer]:
    list = window.finder.list
    return [list.item(row).data(_ANSWER) for row in range(list.count())]


def type_in(window: Window, text: str, qtbot: QtBot) -> None:
    window.top.box.setFocus()
    window.top.box.clear()
    qtbot.keyClicks(window.top.box, text)


def test_the_library_answers_while_one_types(window: Window, qtbot: QtBot) -> None:
    type_in(window, "ada", qtbot)
    qtbot.waitUntil(window.finder.isVisible, timeout=10_000)
    found = answers(window)
    assert found[0].text == "ada.lovelace@acme.test"
    assert "Filter the queue" in found[-1].text
    assert window.finder.list.currentRow() == -1
    assert "Enter asks" in window.finder.foot.text()
    qtbot.keyClick(window.top.box, Qt.Key.Key_Down)
    assert window.finder.list.currentRow() == 0
    qtbot.keyClick(window.top.box, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.context.opened is not None, timeout=10_000)
    assert not window.finder.isVisible()


def test_a_row_is_found_by_what_it_says_and_gone_to(window: Window, qtbot: QtBot) -> None:
    type_in(window, "total", qtbot)
    qtbot.waitUntil(
        lambda: any(one.place and one.text.startswith("errors:") for one in answers(window)), timeout=10_000
    )
    at = next(n for n, one in enumerate(answers(window)) if one.text.startswith("errors:"))
    window.finder.list.setCurrentRow(at)
    assert window.finder.take()
    qtbot.waitUntil(lambda: window.context.opened is not None, timeout=10_000)
    head = window.context.playhead
    assert head.target > head.start


def test_enter_asks_every_source_too(window: Window, qtbot: QtBot, sentry: Faulty) -> None:
    type_in(window, "ada", qtbot)
    qtbot.keyClick(window.top.box, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: any("· shop" in one.text for one in answers(window)), timeout=15_000)
    found = [one for one in answers(window) if not one.place]
    assert any("ada.lovelace@acme.test" in one.text for one in found), "the library's stand beside them"
    assert [one.started for one in found] == sorted((one.started for one in found), reverse=True)
    asked: list[str] = []
    window.finder.url_asked.disconnect()
    window.finder.url_asked.connect(asked.append)
    at = next(n for n, one in enumerate(answers(window)) if "· shop" in one.text)
    window.finder.list.setCurrentRow(at)
    qtbot.keyClick(window.top.box, Qt.Key.Key_Return)
    assert asked
    assert asked[0].startswith(sentry.url)


def test_a_source_that_fails_says_so_and_the_rest_stands(window: Window, qtbot: QtBot, library: Library) -> None:
    with memory_keyring():
        made = connections.save(
            library.home, Connection(name="gone", kind="sentry", url="http://127.0.0.1:9", account="acme")
        )
        connections.keep_token(made, SENTRY_TOKEN)
        type_in(window, "ada", qtbot)
        qtbot.keyClick(window.top.box, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: "gone: " in window.finder.foot.text(), timeout=20_000)
    assert "cannot be reached" in window.finder.foot.text()
    assert any("ada.lovelace" in one.text for one in answers(window))


def test_nothing_found_says_so_and_the_queue_can_be_filtered(window: Window, qtbot: QtBot) -> None:
    type_in(window, "zzzznothing", qtbot)
    qtbot.waitUntil(window.finder.isVisible, timeout=10_000)
    assert "Nothing found" in window.finder.foot.text()
    qtbot.keyClick(window.top.box, Qt.Key.Key_Down)
    qtbot.keyClick(window.top.box, Qt.Key.Key_Return)
    assert window.queue.filter.text() == "zzzznothing"


def test_escape_puts_it_away_and_a_url_never_brings_it(window: Window, qtbot: QtBot) -> None:
    type_in(window, "ada", qtbot)
    qtbot.waitUntil(window.finder.isVisible, timeout=10_000)
    qtbot.keyClick(window.top.box, Qt.Key.Key_Escape)
    assert not window.finder.isVisible()
    type_in(window, "https://sentry.io/x", qtbot)
    qtbot.wait(300)
    assert not window.finder.isVisible()


def test_find_in_words(filled: Library, tmp_path: Path) -> None:
    assert find(filled, "a") == []
    assert find(filled, "errors:") == [] or all(one.t < 0 for one in find(filled, "errors:"))
    whole = find(filled, "ada.lovelace")
    assert whole[0].session.facts.user.email == "ada.lovelace@acme.test"
    rows = [one for one in find(filled, "total") if one.kind]
    assert rows
    assert all(one.t >= one.session.start for one in rows)
    assert find(filled, "is:nonsense") == []


def test_a_search_tells_the_status_line_too(session_window: Window, qtbot: QtBot, library: Library) -> None:
    """That the open session's own source cannot be reached, whoever asked it; another's is another's."""
    window = session_window
    opened = window.context.opened
    assert opened is not None
    with memory_keyring():
        for name, url in (("own", "http://127.0.0.1:9"), ("other", "http://localhost:9")):
            made = connections.save(library.home, Connection(name=name, kind="sentry", url=url, account="acme"))
            connections.keep_token(made, SENTRY_TOKEN)
        opened.session = msgspec.structs.replace(opened.session, origin="https://elsewhere.test/sessions/1")
        type_in(window, "ada", qtbot)
        qtbot.keyClick(window.top.box, Qt.Key.Key_Return)
        qtbot.waitUntil(
            lambda: all(f"{one}: " in window.finder.foot.text() for one in ("own", "other")), timeout=20_000
        )
        assert "everything here is local" in window.status.offline.text()
        opened.session = msgspec.structs.replace(
            opened.session, origin="http://127.0.0.1:9/organizations/acme/replays/1/"
        )
        window.opener.live_changed.emit()
        assert "source unreachable" in window.status.offline.text()
        window.opener.reached("http://localhost:9")
        assert "source unreachable" in window.status.offline.text()
        window.opener.reached("http://127.0.0.1:9/api/0/")
        assert "everything here is local" in window.status.offline.text()

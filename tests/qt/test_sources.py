"""Connections and sessions at sources in the application: real HTTP, a keyring in memory, links that ask first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLineEdit
from pytestqt.qtbot import QtBot

from replay_viewer.domain.links import AddressLink
from replay_viewer.qt.connections import ConnectionsDialog
from replay_viewer.qt.remote import SourcesDialog
from replay_viewer.qt.window import Window
from replay_viewer.services import addresses, connections, search_sources
from replay_viewer.services.connections import Connection
from replay_viewer.sources import Http
from tests import factories
from tests.keyrings import MemoryKeyring, memory_keyring, no_keyring
from tests.qt.stand_in import FakeJob
from tests.sources.desks import SENTRY_TOKEN, E, SentryDesk
from tests.sources.server import Faulty, serving

T = TypeVar("T", bound=QDialog)


@pytest.fixture(autouse=True)
def ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryKeyring]:
    monkeypatch.delenv("REPLAY_VIEWER_TOKEN", raising=False)
    for module in (addresses, search_sources):
        monkeypatch.setattr(module, "Http", partial(Http, pause=0.01, timeout=2.0))
    with memory_keyring() as made:
        yield made


@pytest.fixture
def sentry() -> Iterator[Faulty]:
    with serving(SentryDesk(frozenset({"org:read", "project:read"})).reply) as server:
        yield server


def _dialog(window: Window, run: str, kind: type[T]) -> T:
    assert window.actions_table.run(run)
    return next(child for child in window.findChildren(kind) if child.isVisible())


def _connect(home: Path, server: Faulty) -> Connection:
    made = connections.save(home, Connection(name="shop", kind="sentry", url=server.url, account="acme"))
    connections.keep_token(made, SENTRY_TOKEN)
    return made


def test_a_connection_is_written_tested_kept_and_removed(
    window: Window, qtbot: QtBot, sentry: Faulty, ring: MemoryKeyring
) -> None:
    home = window.context.library.home
    dialog = _dialog(window, "connections", ConnectionsDialog)
    dialog.address.setText(f"{sentry.url}/organizations/acme/issues/4711/")
    dialog.address.editingFinished.emit()
    assert (dialog.address.text(), dialog.account.text(), dialog.name.text()) == (sentry.url, "acme", "acme")
    assert dialog.token.echoMode() == QLineEdit.EchoMode.Password
    dialog.token.setText(SENTRY_TOKEN)
    dialog.test_button.click()
    qtbot.waitUntil(lambda: "lacks event:read" in dialog.outcome.text())
    assert "✗  Issues" in dialog.outcome.text()
    with qtbot.waitSignal(dialog.changed):
        dialog.save_button.click()
    assert (dialog.list.count(), dialog.token.text()) == (1, "")
    assert list(ring.kept.values()) == [SENTRY_TOKEN]
    assert not any(SENTRY_TOKEN.encode() in path.read_bytes() for path in home.rglob("*") if path.is_file())
    with qtbot.waitSignal(dialog.changed):
        dialog.remove_button.click()
    assert not ring.kept
    assert connections.connections(home) == []
    dialog.add_button.click()
    dialog.save_button.click()
    qtbot.waitUntil(lambda: dialog.messages.isVisible())
    assert "no name" in dialog.messages.text.text()
    dialog.close()


def test_without_a_keyring_the_dialog_says_so(window: Window, qtbot: QtBot, sentry: Faulty) -> None:
    with no_keyring():
        dialog = _dialog(window, "connections", ConnectionsDialog)
        qtbot.waitUntil(lambda: "no keyring" in dialog.ring.text())
        dialog.address.setText(f"{sentry.url}/organizations/acme/issues/4711/")
        dialog.address.editingFinished.emit()
        dialog.token.setText(SENTRY_TOKEN)
        with qtbot.waitSignal(dialog.changed):
            dialog.save_button.click()
        assert "until the program ends" in dialog.messages.text.text()
        assert connections.token_of(connections.connection(window.context.library.home, "acme")) == SENTRY_TOKEN
        dialog.close()


def test_sessions_at_a_source_open_by_enter(
    window: Window, qtbot: QtBot, sentry: Faulty, jobs: list[FakeJob]
) -> None:
    dialog = _dialog(window, "sources", SourcesDialog)
    assert dialog.empty.title.text() == "No source is connected"
    dialog.close()
    _connect(window.context.library.home, sentry)
    dialog = _dialog(window, "sources", SourcesDialog)
    qtbot.waitUntil(lambda: dialog.rows.topLevelItemCount() == 2)
    dialog.query.setText("user.email:ada@example.com")
    qtbot.keyClick(dialog.query, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.rows.topLevelItemCount() == 1)
    dialog.what.chips["issues"].click()
    qtbot.waitUntil(lambda: dialog.empty.isVisible() and "refuses" in dialog.empty.title.text())
    assert "event:read" in dialog.empty.why.text()
    dialog.what.chips["sessions"].click()
    qtbot.waitUntil(lambda: dialog.rows.topLevelItemCount() == 1)
    jobs.append(FakeJob(["5e55104a0000000000000001"]))
    with qtbot.waitSignals([window.opener.import_began, window.opener.loaded]):
        qtbot.keyClick(dialog.rows, Qt.Key.Key_Return)


def test_the_address_of_an_error_opens_its_session_there(
    window: Window, qtbot: QtBot, sentry: Faulty, jobs: list[FakeJob]
) -> None:
    _connect(window.context.library.home, sentry)
    url = f"{sentry.url}/organizations/acme/events/{E}/"
    jobs.append(FakeJob(["5e55104a0000000000000001"]))
    with qtbot.waitSignal(window.opener.loaded):
        window.enter(url)
    session = window.context.opened.session
    at = min(max(1795205437_000.0, session.start), session.end)  # 3 s before the error, within what was recorded
    assert window.context.playhead.t == at


def test_one_that_leads_nowhere_says_why(window: Window, qtbot: QtBot, sentry: Faulty) -> None:
    _connect(window.context.library.home, sentry)
    with qtbot.waitSignal(window.opener.failed):
        window.enter(f"{sentry.url}/organizations/acme/issues/999/")
    assert "127.0.0.1" in window.messages.text.text()


def test_asking_can_be_cancelled(window: Window, qtbot: QtBot) -> None:
    release = threading.Event()

    def reply(*_: object) -> None:
        release.wait(10)

    with serving(reply) as server:
        with qtbot.waitSignal(window.opener.import_began):
            window.enter(f"{server.url}/organizations/acme/issues/1/")
        with qtbot.waitSignal(window.opener.import_ended):
            window.progress.cancel_button.click()
        release.set()
    assert not window.messages.isVisible()


def test_a_link_to_a_new_host_asks_first(window: Window, qtbot: QtBot, jobs: list[FakeJob]) -> None:
    pulled: list[str] = []
    window.opener._start_pull = lambda _home, url: pulled.append(url) or FakeJob(["5e55104a0000000000000001"])  # type: ignore[func-returns-value,assignment]
    url = "https://who.test/sessions/a?t=5"
    window.enter(str(AddressLink(url)))
    assert window.messages.isVisible()
    assert "who.test" in window.messages.text.text()
    assert window.messages.retry_button.text().strip() == "Connect"
    assert not pulled
    with qtbot.waitSignal(window.opener.loaded):
        window.messages.retry_button.click()
    assert pulled == [url]
    session = window.context.opened.session
    assert window.context.playhead.t == session.start + 5_000
    with qtbot.waitSignal(window.opener.import_ended):
        window.enter(str(AddressLink(url)))  # agreed to once
    assert len(pulled) == 2


@pytest.mark.parametrize("moved", [False, True])
def test_an_instant_that_has_not_come_yet_is_gone_to_when_it_has(window: Window, qtbot: QtBot, moved: bool) -> None:
    library, opener = window.context.library, window.opener
    whole = sorted(factories.checkout_rows(), key=lambda row: row.t)
    first = [row for row in whole if row.t < factories.START + 20_000]
    name = {"id": "00000000000000000000000000000009", "origin": "https://sentry.test/9"}
    aim = factories.START + 30_000
    with library.writer(name["id"], name["origin"]) as writer:
        early = factories.session(first, **name, state="importing")
        writer.update(early)
        writer.rows(first)
        writer.commit()
        with qtbot.waitSignal(opener.loaded):
            opener.open_session(name["id"], str(aim), "e41")
        assert window.context.playhead.target == early.end
        if moved:
            window.context.playhead.seek(early.start)
        writer.rows(whole[len(first) :])
        writer.finish(factories.session(whole, **name))
    with qtbot.waitSignal(opener.grown):
        opener._read_grown()
    qtbot.waitUntil(lambda: window.context.playhead.target == (early.start if moved else aim))
    if not moved:
        kind, n = window.context.selected
        assert (kind, window.context.opened.row(kind, n).id) == ("errors", "e41")


def _entries(window: Window) -> list[str]:
    there = window.sources.list
    return [str(there.item(at).data(Qt.ItemDataRole.AccessibleTextRole)) for at in range(there.count())]


def test_the_dock_lists_sources_and_what_can_be_done_with_them(window: Window, qtbot: QtBot, sentry: Faulty) -> None:
    home, dock = window.context.library.home, window.sources
    assert _entries(window) == ["Files, open or drop", "Add a connection…"]
    dock.list.itemActivated.emit(dock.list.item(1))
    dialog = next(child for child in window.findChildren(ConnectionsDialog) if child.isVisible())
    assert dialog.current() is None
    dialog.close()
    made = _connect(home, sentry)
    connections.save(home, Connection(name="events", kind="posthog", url=sentry.url, account="7"))
    connections.save(home, Connection(name="own", kind="collector", url=sentry.url))
    dock.reload()
    qtbot.waitUntil(
        lambda: (
            _entries(window)[:3]
            == ["events, PostHog · no token", "own, Collector · open", "shop, Sentry · connected"]
        )
    )
    dock.files_asked.disconnect()  # the file dialog is the system's
    with qtbot.waitSignal(dock.files_asked):
        dock.list.itemClicked.emit(dock.list.item(3))
    dock.list.itemClicked.emit(dock.list.item(2))
    browsing = next(child for child in window.findChildren(SourcesDialog) if child.isVisible())
    assert browsing.source.currentText() == "shop"
    qtbot.waitUntil(lambda: browsing.rows.topLevelItemCount() == 2)
    browsing.close()
    menu = dock.menu_of(made)
    entries = {entry.text(): entry for entry in menu.actions() if entry.text()}
    assert list(entries) == ["Sessions…", "Test", "Edit…", "Remove, with its token"]
    entries["Edit…"].trigger()
    dialog = next(child for child in window.findChildren(ConnectionsDialog) if child.isVisible())
    assert dialog.name.text() == "shop"
    dialog.close()
    entries["Test"].trigger()
    qtbot.waitUntil(lambda: "lacks event:read" in window.messages.text.text())
    entries["Remove, with its token"].trigger()
    qtbot.waitUntil(lambda: "are removed" in window.messages.text.text())
    assert [one.name for one in connections.connections(home)] == ["events", "own"]
    assert not connections.token_of(made)
    menu.deleteLater()
    qtbot.waitUntil(lambda: _entries(window)[1] == "own, Collector · open")

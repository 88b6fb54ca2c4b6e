"""Sessions that grow, clocks of what is attached, sessions without a page: a window over real jobs."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from replay_viewer.library import Library
from replay_viewer.qt.attached import AttachedRow
from replay_viewer.qt.panels.base import ListPanel
from replay_viewer.qt.window import Window
from replay_viewer.services.attaching import attach_files
from replay_viewer.services.importer import import_paths
from tests.services.pulling import START, backend, body

COUNT = 12
#: A folder for pictures of the states, to be looked at; none are made without it.
PICTURES = os.environ.get("REPLAY_VIEWER_PICTURES", "")


@pytest.fixture
def window(working: Window) -> Window:
    return working


def picture(window: Window, name: str) -> None:
    """A picture of the window, when somebody wants to look."""
    if PICTURES:
        QApplication.processEvents()
        window.grab().save(str(Path(PICTURES) / f"{name}.png"))


def test_a_pull_opens_early_and_grows(window: Window, qtbot: QtBot) -> None:
    """The page is open while the last segment is still held back; then the whole is there, and gaps are told."""
    release = threading.Event()
    with backend(COUNT) as source:

        def fault(n: int, _asked: int) -> object:
            if n == COUNT - 1:
                assert release.wait(30)
            return None if n == -1 else ...

        source.fault = fault
        window.opener.open_url(source.url)
        qtbot.waitUntil(lambda: window.context.opened is not None, timeout=20_000)
        assert window.context.opened is not None
        early = window.context.opened.session
        assert early.events < 2 + 3 * COUNT + 3
        assert window.progress.isVisible()
        assert f"of {COUNT} segments" in window.progress.text.text()
        picture(window, "growing")
        release.set()
        qtbot.waitUntil(lambda: not window.opener.importing, timeout=20_000)
        qtbot.waitUntil(lambda: window.context.opened.session.events == 2 + 3 * COUNT + 3, timeout=10_000)  # type: ignore[union-attr]
        assert window.context.playhead.end > early.end or early.end == window.context.playhead.end
        picture(window, "grown")


def test_a_lost_segment_is_seen_and_refreshed(window: Window, qtbot: QtBot) -> None:
    from tests.sources.server import answer

    with backend(COUNT) as source:
        source.fault = lambda n, _asked: answer(404) if n in (4, 5) else ...
        window.opener.open_url(source.url)
        qtbot.waitUntil(lambda: window.context.opened is not None and not window.opener.importing, timeout=20_000)
        qtbot.waitUntil(lambda: window.context.opened.session.events > 25, timeout=10_000)  # type: ignore[union-attr]
        window.panels.show_panel("health")
        assert window.context.opened is not None
        assert any(one.code == "lost-segment" for one in window.context.opened.session.health)
        assert window.lanes.data.lost == [(START + 3750, START + 6250)]
        picture(window, "gap")
        source.fault = lambda _n, _asked: ...
        assert window.actions_table.run("refresh")
        qtbot.waitUntil(lambda: window.context.opened.session.events == 2 + 3 * COUNT + 3, timeout=20_000)  # type: ignore[union-attr]
        assert "Came: 7 events, 1 console." in window.messages.text.text()
        picture(window, "refreshed")


def test_a_network_that_is_gone(window: Window, qtbot: QtBot) -> None:
    """What came is open; the sentence says how much is here, and what to do."""
    with backend(COUNT) as source:
        source.fault = lambda n, _asked: None if n == 6 else ...
        window.opener.open_url(source.url)
        qtbot.waitUntil(lambda: window.messages.isVisible(), timeout=30_000)
        assert "broke off" in window.messages.text.text()
        qtbot.waitUntil(lambda: window.context.playhead.end == START + 5_900, timeout=10_000)
        picture(window, "failing")


def test_the_status_bar_says_when_the_source_cannot_be_reached(window: Window, qtbot: QtBot) -> None:
    """Quietly, as long as it is so; what is here works."""
    with backend(COUNT) as source:
        window.opener.open_url(source.url)
        qtbot.waitUntil(lambda: window.context.opened is not None and not window.opener.importing, timeout=20_000)
        assert "everything here is local" in window.status.offline.text()
    # the server is gone
    assert window.actions_table.run("refresh")
    qtbot.waitUntil(lambda: "source unreachable, working offline" in window.status.offline.text(), timeout=40_000)
    with backend(COUNT) as other:  # another backend answers: that says nothing of this one
        window.opener.reached(other.url)
    assert "source unreachable" in window.status.offline.text()
    window.opener.reached(source.url)
    assert "everything here is local" in window.status.offline.text()


def test_following_goes_with_the_end(window: Window, qtbot: QtBot) -> None:
    with backend(COUNT) as source:
        source.listed = list(range(6))
        window.opener.open_url(source.url)
        qtbot.waitUntil(lambda: window.context.opened is not None and not window.opener.importing, timeout=20_000)
        assert window.actions_table.run("live")
        assert window.opener.live
        assert "live" in window.status.offline.text()
        before = window.context.playhead.end
        source.listed = list(range(COUNT))
        qtbot.waitUntil(lambda: window.context.playhead.end > before, timeout=30_000)
        assert window.context.playhead.target == window.context.playhead.end
        picture(window, "live")
        window.context.playhead.seek(START + 1000)  # who looks elsewhere is left alone
        assert window.actions_table.run("live")
        qtbot.waitUntil(lambda: not window.opener.live, timeout=20_000)
        assert window.context.playhead.target == START + 1000


def test_clocks_are_set_and_taken_back(window: Window, qtbot: QtBot, library: Library, tmp_path: Path) -> None:
    with backend(10) as source:
        recording = tmp_path / "recording.json"
        events = [event for n in range(10) for event in json.loads(source.bodies[n])["events"]]
    recording.write_text(json.dumps(events))
    log = tmp_path / "app.jsonl"
    log.write_text(json.dumps({"time": START + 3000, "level": "error", "msg": "payment refused"}) + "\n")
    [id] = import_paths(library.home, [recording])
    attach_files(library.home, id, [log])
    with qtbot.waitSignal(window.opener.loaded):
        window.opener.open_session(id)
    window.panels.show_panel("health")
    [row] = window.panels.panels["health"].findChildren(AttachedRow)
    row.field.setText("1.5s")
    row.field.returnPressed.emit()

    def at() -> float:
        rows = [one for _, one in library.rows(id, "console") if one.message == "payment refused"]  # type: ignore[attr-defined]
        return rows[0].t - START

    qtbot.waitUntil(lambda: at() == 4500.0, timeout=10_000)
    qtbot.waitUntil(
        lambda: (window.context.opened.attached or [None])[0].offset == 1500.0,  # type: ignore[union-attr]
        timeout=10_000,
    )
    picture(window, "attached")
    assert window.actions_table.run("undo")
    qtbot.waitUntil(lambda: at() == 3000.0, timeout=10_000)


def test_a_session_without_a_page(window: Window, qtbot: QtBot, library: Library, tmp_path: Path) -> None:
    log = tmp_path / "app.jsonl"
    lines = [
        {"time": START + 700 * n, "level": "error" if n % 7 == 0 else "info", "msg": f"step {n}"} for n in range(60)
    ]
    log.write_text("\n".join(map(json.dumps, lines)))
    [id] = import_paths(library.home, [log])
    with qtbot.waitSignal(window.opener.loaded):
        window.opener.open_session(id)
    window.panels.show_panel("console")
    assert not window.stage.shows_page
    assert "rows only" in window.stage.empty.why.text()
    library.extras.keep(id, True)
    window.queue.reload()
    qtbot.waitUntil(lambda: id in window.queue.model.kept, timeout=10_000)
    picture(window, "rows-only")


def test_what_somebody_does_stays_while_it_grows(window: Window, qtbot: QtBot) -> None:
    """A line comes late, before the one that is selected: playhead, filter and selection stay where they are."""
    late = json.loads(body(7))
    log = {"level": "log", "payload": ['"said late"'], "trace": []}
    plugin = {"plugin": "rrweb/console@1", "payload": log}
    late["events"].insert(0, {"type": 6, "timestamp": START + 2500, "data": plugin})
    with backend(COUNT, s7=json.dumps(late).encode()) as source:
        source.listed = list(range(7))
        window.opener.open_url(source.url)
        qtbot.waitUntil(lambda: window.context.opened is not None and not window.opener.importing, timeout=20_000)
        window.context.select("console", 1)
        panel = window.panels.panels["console"]
        assert isinstance(panel, ListPanel)
        panel.filter.setText("said")
        qtbot.waitUntil(lambda: panel.table.rows.rowCount() == 2, timeout=10_000)
        # all seven segments are shown, so that the place below is not at the end, which would be followed
        qtbot.waitUntil(lambda: window.context.playhead.end > START + 6000, timeout=10_000)
        assert window.actions_table.run("live")
        window.context.playhead.seek(START + 1000)
        source.listed = list(range(COUNT))

        def lines() -> int:
            opened = window.context.opened
            return len(opened.columns["console"]) if opened is not None else 0

        qtbot.waitUntil(lambda: lines() == 4, timeout=30_000)
        assert window.context.playhead.target == START + 1000
        assert panel.filter.text() == "said"
        qtbot.waitUntil(lambda: panel.table.rows.rowCount() == 4, timeout=10_000)
        assert window.context.selected is not None
        kind, n = window.context.selected
        assert "said 5" in str(window.context.opened.row(kind, n))  # type: ignore[union-attr]
        assert window.actions_table.run("live")
        qtbot.waitUntil(lambda: not window.opener.live, timeout=20_000)
        assert window.context.playhead.target == START + 1000

"""Source maps in the window: what a stack without any says, a bundle's, keeping those of a folder, the composer."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from replay_viewer.collector.run import start
from replay_viewer.domain.rows import ConsoleEntry, Frame
from replay_viewer.library import Library
from replay_viewer.qt.composer import Composer
from replay_viewer.qt.window import Window
from replay_viewer.services import maps
from replay_viewer.services.bundle import import_bundle, write_bundle
from replay_viewer.services.redacting import redactor_for
from tests.collector.bodies import captured, sample
from tests.qt.conftest import make_window
from tests.sourcemaps import MAPS, SOURCE, failing, small_map

APP, VENDOR = "https://shop.test/js/app.min.js", "https://shop.test/js/vendor.js"
Open = Callable[[str], Window]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A library with a failing session; beside it the folder `build` with the map of one of its two files."""
    failing(tmp_path / "home", VENDOR, APP)
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "app.min.js.map").write_bytes(small_map())
    return tmp_path / "home"


@pytest.fixture
def show(styled: QApplication, qtbot: QtBot, home: Path, tmp_path: Path) -> Iterator[Open]:
    made: list[tuple[Window, Library]] = []

    def opened(session: str) -> Window:
        library = Library.open(home)
        window = make_window(library, [], tmp_path)
        made.append((window, library))
        window.resize(1366, 768)
        with qtbot.waitExposed(window):
            window.show()
        with qtbot.waitSignal(window.opener.loaded):
            window.opener.open_session(session, "")
        window.panels.show_panel("errors")
        window.panels.panels["errors"].reveal(0)
        return window

    yield opened
    for window, library in made:
        window.close()
        window.deleteLater()
        library.close()


def errors(window: Window) -> Any:
    return window.panels.panels["errors"]


def lines(window: Window) -> list[str]:
    """The frames of the stack, with the code below each."""
    model = errors(window).stack.model()
    head = model.index(0, 0)
    found = []
    for at in range(model.rowCount(head)):
        frame = model.index(at, 0, head)
        found += [frame.data(), *(model.index(n, 0, frame).data() for n in range(model.rowCount(frame)))]
    return found


def test_a_stack_without_maps_says_where_they_come_from(show: Open, qtbot: QtBot) -> None:
    window = show("s1")
    hint = errors(window).hint
    qtbot.waitUntil(lambda: hint.text() == "No source map fits vendor.js, app.min.js.")
    model = errors(window).stack.model()
    foot = model.index(1, 0)
    assert "may come from" in foot.data()
    told = " ".join(model.index(at, 0, foot).data() for at in range(model.rowCount(foot)))
    for place in ("folder or a zip", "bundle", "Sentry or the collector", "Capture the page's assets"):
        assert place in told
    actions = errors(window).choose.menu().actions()
    errors(window).choose.menu().aboutToShow.emit()
    assert [action.isEnabled() for action in actions if action.text()][2:] == [False, False]


def test_maps_of_a_folder_are_shown_kept_and_taken_along(
    show: Open, qtbot: QtBot, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = show("s1")
    errors(window).use_maps(str(tmp_path / "build"))
    hint = errors(window).hint
    qtbot.waitUntil(lambda: hint.text().startswith("Original files and lines"))
    assert hint.text().endswith("No source map fits vendor.js.")
    assert lines(window)[:3] == ["f src/pay.ts:2:1", "      1  line one", "▸     2  throw broken"]
    errors(window).choose.menu().aboutToShow.emit()
    assert errors(window).keep_maps.isEnabled()
    errors(window).keep_maps.trigger()
    qtbot.waitUntil(lambda: "kept with the session" in window.messages.accessibleName())
    with Library.open(home) as library:
        assert [one.name for one in library.extras.maps("s1")] == ["js/app.min.js"]

    window.compose()
    composer = window.findChild(Composer)
    assert composer is not None
    qtbot.waitUntil(lambda: "Review" in composer.removed.text())
    assert "src/pay.ts" in composer.preview.toPlainText()
    assert not composer.with_maps.isChecked(), "source code leaves only when somebody says so"
    redactor = redactor_for(window.context.library, "s1")
    for wanted in (False, True):
        composer.with_maps.setChecked(wanted)
        out = tmp_path / f"{wanted}.replay"
        with qtbot.waitSignal(composer.exported):
            composer.save_session("bundle", out, redactor)
        with zipfile.ZipFile(out) as archive:
            assert ("maps.json" in archive.namelist()) is wanted
    composer.close()


def test_a_session_of_a_bundle_shows_its_source(show: Open, qtbot: QtBot, home: Path, tmp_path: Path) -> None:
    with Library.open(tmp_path / "theirs") as theirs:
        failing(theirs.home, APP, session="s2")
        chosen = maps.of_session(theirs, "s2", tmp_path / "build")
        write_bundle(theirs, "s2", tmp_path / "s2.replay", maps=chosen)
    with Library.open(home) as library:
        import_bundle(library, tmp_path / "s2.replay")
    window = show("s2")
    qtbot.waitUntil(lambda: errors(window).hint.text() == "Original files and lines, from source maps.")
    assert "▸     2  throw broken" in lines(window)
    with qtbot.waitSignal(window.opener.loaded):
        window.opener.open_session("s1", "")
    errors(window).reveal(0)
    qtbot.waitUntil(lambda: errors(window).hint.text().startswith("No source map fits"))
    assert "throw broken" not in " ".join(lines(window)), "maps of one session are not another's"


def test_stacks_of_the_console_are_mapped_too(show: Open, qtbot: QtBot, home: Path, tmp_path: Path) -> None:
    stack = [Frame(function="f", file=APP, line=1, column=1)]
    with Library.open(home) as library, library.writer("s3", "test") as writer:
        session = library.session("s1")
        writer.rows([ConsoleEntry(t=session.start + 5, tab=0, level="error", message="no", stack=stack)])
        writer.finish(type(session)(id="s3", start=session.start, end=session.end, tabs=session.tabs,
                                    counts={"console": 1}))  # fmt: skip
    window = show("s3")
    console: Any = window.panels.panels["console"]
    window.panels.show_panel("console")
    console.reveal(0)
    model = console.stack.model()
    assert model.index(0, 0, model.index(0, 0)).data() == "f app.min.js:1:1"
    errors(window).use_maps(str(tmp_path / "build"))
    qtbot.waitUntil(lambda: model.index(0, 0, model.index(0, 0)).data() == "f src/pay.ts:2:1")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a collector with the session that fails at the checkout."""
    folder = tmp_path_factory.mktemp("collector")
    with start(folder) as running:
        for url, headers, body in captured(sample("checkout-502")):
            httpx.post(running.url + url, content=body, headers=headers, trust_env=False).raise_for_status()
    return folder


def test_maps_uploaded_after_the_pull_come_when_asked_for(kept: Path, working: Window, qtbot: QtBot) -> None:
    """In a process of its own, from a real collector: the stack shows the source without opening anything anew."""
    with start(kept) as collector, httpx.Client(base_url=collector.url, trust_env=False) as client:
        [session] = client.get("/api/v1/sessions").json()["data"]
        with qtbot.waitSignal(working.opener.loaded, timeout=30_000):
            working.opener.open_url(f"{collector.url}/sessions/{session['id']}")
        qtbot.waitUntil(lambda: not working.progress.isVisible(), timeout=30_000)
        working.panels.show_panel("errors")
        errors(working).reveal(0)
        hint = errors(working).hint
        qtbot.waitUntil(lambda: hint.text() == "No source map fits shop.min.js.")
        asked = {"project": "1", "release": session["release"], "name": "shop.min.js"}
        data = (MAPS / "shop.min.js.map").read_bytes()
        client.put("/api/v1/maps", params=asked, content=data).raise_for_status()
        errors(working).choose.menu().aboutToShow.emit()
        errors(working).ask_maps.trigger()
        qtbot.waitUntil(lambda: hint.text() == "Original files and lines, from source maps.", timeout=30_000)
        assert f"{SOURCE}:" in " ".join(lines(working))
        assert "1 source map came." in working.messages.accessibleName()

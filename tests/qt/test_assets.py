"""Capturing the page's assets from the window: real jobs, a real site on loopback, the health report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from replay_viewer.library import Library
from replay_viewer.qt.window import Window
from replay_viewer.services.importer import import_paths
from tests.qt.player.engines import Recording
from tests.services import pulling
from tests.services.pulling import backend
from tests.sites import Site, png, site


@pytest.fixture
def there() -> Iterator[Site]:
    with site({"/one.png": (200, "image/png", png(4, 4, (255, 0, 0)))}) as made:
        yield made


@pytest.fixture
def window(working: Window) -> Window:
    return working


def test_capture_from_the_menu(window: Window, qtbot: QtBot, library: Library, tmp_path: Path, there: Site) -> None:
    r = Recording()
    r.page(0, r.el("img", {"src": f"{there.url}/one.png"}), r.el("img", {"src": f"{there.url}/gone.png"}))
    r.change(3000)
    path = tmp_path / "r.json"
    path.write_bytes(b"[" + b",".join(r.raws) + b"]")
    id = import_paths(library.home, [path])[0]
    window.opener.open_session(id)
    qtbot.waitUntil(lambda: window.context.opened is not None, timeout=10_000)
    window.panels.show_panel("health")

    def findings() -> list[str]:
        assert window.context.opened is not None
        return [one.message for one in window.context.opened.session.health]

    assert any("pull with assets" in text for text in findings())
    assert window.actions_table.run("assets")
    qtbot.waitUntil(lambda: any("private network" in text for text in findings()), timeout=20_000)
    assert not there.asked
    assert window.actions_table.run("assets-private")
    qtbot.waitUntil(lambda: any("1 file was captured" in text for text in findings()), timeout=20_000)
    assert any("HTTP 404 (first:" in text for text in findings())
    assert "1 file captured" in window.messages.text.text()
    assert "1 could not be had" in window.messages.text.text()


def test_with_every_pull(
    window: Window, qtbot: QtBot, library: Library, there: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = pulling.page()
    picture = {"type": 2, "id": 9, "tagName": "img", "attributes": {"src": f"{there.url}/one.png"}, "childNodes": []}
    shown["data"]["node"]["childNodes"][0]["childNodes"][0]["childNodes"].append(picture)  # type: ignore[index]
    monkeypatch.setattr(pulling, "page", lambda: shown)
    action = window.actions_table.action("assets-always")
    assert not action.isChecked()
    assert window.actions_table.run("assets-always")
    assert action.isChecked()
    assert library.setting("pull.assets") is True
    with backend(2) as source:
        window.opener.open_url(source.url)
        qtbot.waitUntil(lambda: "1 could not be had" in window.messages.text.text(), timeout=20_000)
        qtbot.waitUntil(lambda: window.context.opened is not None, timeout=10_000)
        assert not there.asked
    assert window.actions_table.run("assets-always")
    assert not action.isChecked()

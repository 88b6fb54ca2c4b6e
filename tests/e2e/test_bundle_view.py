"""A bundle double-clicked: its own window, the page painted, nothing in the library, nothing left behind."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from replay_viewer.cli import main
from replay_viewer.domain.resources import resource
from replay_viewer.library import Library
from replay_viewer.qt import app as application
from replay_viewer.qt.window import Window
from replay_viewer.services import engine, jobs
from replay_viewer.services.importer import import_paths

pytestmark = pytest.mark.webengine


def test_a_bundle_is_looked_at_without_importing_it(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    [session] = import_paths(tmp_path / "theirs", [resource("samples", "checkout-502")])
    bundle = tmp_path / "ticket.replay"
    arguments = ["export", session, "--home", str(tmp_path / "theirs"), "--format", "bundle", "-o", str(bundle)]
    maps = str(resource("samples", "sourcemaps"))
    assert main([*arguments, "--maps", maps, "--with-maps"]) == 0

    library = Library.open(tmp_path / "mine")
    first = application.window(library, QSettings(str(tmp_path / "qt.ini"), QSettings.Format.IniFormat))
    first.show()
    first.open_targets([str(bundle)])

    def shown() -> Window | None:
        return next((one for one in QApplication.topLevelWidgets()
                     if isinstance(one, Window) and one is not first and one.isVisible()), None)  # fmt: skip

    qtbot.waitUntil(lambda: shown() is not None, timeout=20_000)
    view = shown()
    assert view is not None
    qtbot.waitUntil(lambda: view.stage.shows_page, timeout=20_000)
    assert view.windowTitle().startswith("ticket.replay (read-only)")
    assert view.context.opened is not None
    assert view.context.opened.session.facts.user.label.startswith("[e-mail")
    view.panels.show_panel("errors")
    errors: Any = view.panels.panels["errors"]
    errors.reveal(0)
    qtbot.waitUntil(lambda: errors.hint.text() == "Original files and lines, from source maps.", timeout=20_000)
    frames = errors.stack.model().index(0, 0)
    assert "shop/checkout.js:" in errors.stack.model().index(0, 0, frames).data()
    view.commands.bookmark()
    assert "cannot be written to" in view.messages.text.text()
    assert library.sessions() == []

    with qtbot.waitSignal(view.stage.player.profile.destroyed, timeout=10_000):
        view.close()
    view.deleteLater()
    first.close()
    first.deleteLater()
    QApplication.processEvents()
    jobs.end_spares()
    engine.end_spares()
    assert not list(scratch.glob("replay-viewer-bundle-*"))
    assert library.sessions() == []
    library.close()


def test_what_is_no_bundle_is_said(qtbot: QtBot, tmp_path: Path) -> None:
    broken = tmp_path / "broken.replay"
    broken.write_bytes(b"PK\x03\x04 and no more")
    library = Library.open(tmp_path / "mine")
    window = application.window(library, QSettings(str(tmp_path / "qt.ini"), QSettings.Format.IniFormat))
    window.show()
    window.open_targets([str(broken)])
    qtbot.waitUntil(lambda: "broken.replay" in window.messages.text.text(), timeout=20_000)
    window.close()
    window.deleteLater()
    QApplication.processEvents()
    jobs.end_spares()
    engine.end_spares()
    library.close()

"""The dialog before anything leaves: what it shows, what one allows and adds, and that nothing leaves without it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from replay_viewer.qt.composer import Composer
from replay_viewer.qt.redaction import ReviewDialog
from replay_viewer.qt.window import Window
from replay_viewer.services import redacting
from replay_viewer.services.bundle import read_bundle


@pytest.fixture
def composer(session_window: Window, qtbot: QtBot) -> Iterator[Composer]:
    session_window.commands.add_evidence()
    session_window.compose()
    made = session_window.findChild(Composer)
    assert made is not None
    qtbot.waitUntil(lambda: "Review" in made.removed.text())
    yield made
    made.close()


def opened(composer: Composer, qtbot: QtBot) -> ReviewDialog:
    [dialog] = [one for one in composer.findChildren(ReviewDialog) if one.isVisible()]
    qtbot.waitUntil(lambda: dialog.export_button.isEnabled())
    return dialog


def befores(dialog: ReviewDialog) -> list[str]:
    return [dialog.model.line(row).before for row in range(dialog.model.rowCount())]


def select(dialog: ReviewDialog, before: str) -> None:
    dialog.table.selectRow(befores(dialog).index(before))


def test_every_hit_before_and_after(composer: Composer, qtbot: QtBot) -> None:
    composer.removed.click()
    dialog = opened(composer, qtbot)
    assert "replaced before the note leaves" in dialog.summary.text()
    assert "ada.lovelace@acme.test" in befores(dialog)
    assert dialog.counts.item(0).text().startswith("All")
    dialog.counts.setCurrentRow(1)
    assert 0 < dialog.model.rowCount() <= len(befores(dialog))
    dialog.counts.setCurrentRow(0)

    select(dialog, "ada.lovelace@acme.test")
    dialog.allow_value.click()
    qtbot.waitUntil(lambda: dialog.export_button.isEnabled())
    assert "ada.lovelace@acme.test" not in befores(dialog)
    assert dialog.changed.text() == "1 change"
    dialog.undo_button.click()
    qtbot.waitUntil(lambda: dialog.export_button.isEnabled())
    assert "ada.lovelace@acme.test" in befores(dialog)

    dialog.what.setText("TypeError")
    dialog.add_button.click()
    qtbot.waitUntil(lambda: dialog.export_button.isEnabled())
    assert "TypeError" in befores(dialog)
    dialog.kind.setCurrentIndex(1)
    dialog.what.setText("(")
    dialog.add_button.click()
    assert "regular expression" in dialog.messages.text.text()

    dialog.keep.setChecked(True)
    dialog.export_button.click()
    qtbot.waitUntil(lambda: "TypeError" not in composer.preview.toPlainText())
    assert [rule.what for rule in redacting.rules_of(composer.context.library.home).rules] == ["TypeError"]


def test_nothing_leaves_unseen(
    composer: Composer, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "note.md"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(out), ""))
    composer.buttons["md"].click()
    assert not out.exists()
    dialog = opened(composer, qtbot)
    dialog.cancel_button.click()
    assert not out.exists()
    composer.buttons["md"].click()
    opened(composer, qtbot).export_button.click()
    assert out.exists()
    assert "ada.lovelace@acme.test" not in out.read_text()
    # The same was looked at: its other forms leave without asking again, changed words do not.
    QApplication.clipboard().clear()
    composer.copies.actions()[1].trigger()
    qtbot.waitUntil(lambda: "P2" in QApplication.clipboard().text())
    composer.cause.setPlainText("Call +44 20 7946 0958")
    composer.buttons["json"].click()
    assert "+44 20 7946 0958" in befores(opened(composer, qtbot))


def test_a_bundle_from_the_composer(
    composer: Composer, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "session.replay"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(out), ""))
    next(action for action in composer.more.actions() if "Bundle" in action.text()).trigger()
    dialog = opened(composer, qtbot)
    assert "the Bundle" in dialog.summary.text()
    with qtbot.waitSignal(composer.exported):
        dialog.export_button.click()
    with read_bundle(out) as bundle:
        assert bundle.manifest.redacted

"""Signals in the activity list: their chip, their evidence, their thresholds."""

from __future__ import annotations

from PySide6.QtWidgets import QDialogButtonBox
from pytestqt.qtbot import QtBot

from replay_viewer.analysis.frustration import adjusted
from replay_viewer.domain.rows import Interaction
from replay_viewer.qt.frustration import ThresholdDialog
from replay_viewer.qt.window import Window
from tests import factories
from tests.factories import START


def _open(window: Window, qtbot: QtBot) -> None:
    rows = factories.checkout_rows()
    rows += [
        Interaction(
            t=START + 50_000 + n * 150, tab=0, action="click", words="Clicked button “Again”", node=5, x=4, y=4
        )
        for n in range(4)
    ]
    session = factories.add_session(window.context.library, rows, id="5e55104a00000000000000ff")
    with qtbot.waitSignal(window.activity.finder.changed):
        window.opener.open_session(session.id)


def test_signals_are_rows_of_their_own_with_their_evidence_marked(window: Window, qtbot: QtBot) -> None:
    _open(window, qtbot)
    activity = window.activity
    activity.chips["frustration"].click()
    words = [activity.model.index(row, 1).data() for row in range(activity.model.rowCount())]
    rage = next(at for at, text in enumerate(words) if "4 clicks in" in text)
    activity.all_chip.click()
    assert activity.model.rowCount() > len(words)
    words = [activity.model.index(row, 1).data() for row in range(activity.model.rowCount())]
    rage = next(at for at, text in enumerate(words) if "4 clicks in" in text)
    activity.table.select(rage)
    marked = [at for at in range(activity.model.rowCount()) if activity.table.marked(at)]
    assert len([at for at in marked if words[at].startswith("Clicked button “Again”")]) == 4
    activity.table.seek_asked.emit(rage)
    assert window.context.playhead.t == START + 50_000
    assert list(activity.model.times) == sorted(activity.model.times)


def test_other_thresholds_find_other_signals(window: Window, qtbot: QtBot) -> None:
    _open(window, qtbot)
    before = [one for one in window.activity.finder.signals if "4 clicks" in one.words]
    assert len(before) == 1
    with qtbot.waitSignal(window.activity.finder.changed):
        window.commands.set_frustration(adjusted(["rage_clicks=6"]))
    assert not [one for one in window.activity.finder.signals if "4 clicks" in one.words]


def test_the_dialog_gives_what_its_fields_say(window: Window) -> None:
    dialog = ThresholdDialog(adjusted(["rage_clicks=6"]), window)
    dialog.fields["dead_wait"].setValue(900)
    assert dialog.thresholds() == adjusted(["rage_clicks=6", "dead_wait=900"])
    dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.RestoreDefaults).click()  # type: ignore[union-attr]
    assert dialog.thresholds() == adjusted([])
    dialog.deleteLater()

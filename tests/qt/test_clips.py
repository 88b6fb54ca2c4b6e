"""Clips of a real recording, painted by the real page: from the command line's parts and from the dialog."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from replay_viewer.cli.main import main
from replay_viewer.domain.resources import resource
from replay_viewer.library import Library
from replay_viewer.qt.clipdialog import ClipDialog
from replay_viewer.qt.context import Context
from replay_viewer.qt.opened import load
from replay_viewer.qt.redaction import ReviewDialog
from replay_viewer.redaction import Redactor
from replay_viewer.services.importer import import_paths

pytestmark = pytest.mark.webengine


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with the checkout that fails, one of the shipped samples."""
    home = tmp_path_factory.mktemp("clips")
    import_paths(home, [resource("samples", "checkout-502")])
    return home


@pytest.fixture(scope="module")
def session(home: Path) -> str:
    with Library.open(home) as library:
        return library.sessions()[0].id


def _frames(path: Path) -> tuple[list[float], list[np.ndarray]]:
    with av.open(str(path)) as made:
        found = [(float(one.pts * one.time_base), one.to_ndarray(format="rgb24")) for one in made.decode(video=0)]
    return [t for t, _ in found], [pixels for _, pixels in found]


@pytest.fixture
def _qt_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")


@pytest.mark.usefixtures("_qt_platform", "qapp")
def test_a_clip_by_command(home: Path, session: str, tmp_path: Path) -> None:
    out = tmp_path / "checkout.gif"
    given = [
        "export",
        session,
        "--home",
        str(home),
        "--format",
        "gif",
        "-o",
        str(out),
        "--fps",
        "4",
        "--width",
        "480",
    ]
    assert main([*given, "--range", "2..4.5"]) == 0
    times, frames = _frames(out)
    assert times == pytest.approx([n / 4 for n in range(11)], abs=0.006)
    assert frames[0].shape[1] == 480
    # The page is there (more than the empty ground), and something moves in it.
    assert len(np.unique(frames[0].reshape(-1, 3), axis=0)) > 20
    assert any(np.abs(a.astype(int) - b).max() > 60 for a, b in pairwise(frames))
    assert not list(tmp_path.glob(".*"))


@pytest.mark.usefixtures("_qt_platform", "qapp")
def test_a_strip_needs_no_encoder(home: Path, session: str, tmp_path: Path) -> None:
    out = tmp_path / "strip.png"
    assert main(["export", session, "--home", str(home), "--format", "strip", "-o", str(out), "--pictures", "6"]) == 0
    sheet = QImage(str(out))
    assert sheet.width() > 4 * 300
    assert sheet.height() > 2 * 150


def test_a_range_outside_is_said(
    home: Path, session: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "none.gif"
    told = ["export", session, "--home", str(home), "--format", "gif", "-o", str(out), "--range", "9000..9010"]
    assert main(told) == 1
    assert "Nothing was recorded in this range" in capsys.readouterr().err
    assert not out.exists()


@pytest.fixture
def dialog(home: Path, session: str, qtbot: QtBot) -> Iterator[ClipDialog]:
    library = Library.open(home)
    context = Context(library)
    opened = load(library, session)
    opened.library = library
    context.playhead.load(opened.session.start, opened.session.end, [], "")
    context.set_opened(opened)
    made = ClipDialog(context, 0)
    qtbot.addWidget(made)
    made.show()
    yield made
    context.tasks.close()
    library.close()


def reviewed(dialog: ClipDialog, qtbot: QtBot) -> ReviewDialog:
    [review] = [one for one in dialog.findChildren(ReviewDialog) if one.isVisible()]
    qtbot.waitUntil(lambda: review.export_button.isEnabled(), timeout=30_000)
    return review


def test_the_dialog_makes_one(
    dialog: ClipDialog, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "made.webm"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(out), ""))
    dialog.end.setText("0:02.0")
    dialog.start.setText("0:00.5")
    dialog.fps.setValue(4)
    assert dialog.save_button.isEnabled()
    assert "1.5 s, 7 pictures" in dialog.summary.text()
    dialog.save_button.click()
    review = reviewed(dialog, qtbot)
    assert "the clip" in review.summary.text()
    review.cancel_button.click()
    assert not out.exists()
    dialog.save_button.click()
    with qtbot.waitSignal(dialog.exported, timeout=60_000):
        reviewed(dialog, qtbot).export_button.click()
    assert len(_frames(out)[0]) == 7
    assert dialog.save_button.isEnabled()


def _painted_over(path: Path) -> int:
    """How many pixels of a picture are those of an element painted over."""
    image = QImage(str(path)).convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    pixels = rows[:, : image.width() * 3].reshape(-1, 3)
    return int((pixels == np.array([0x59, 0x63, 0x6E])).all(axis=1).sum())


def test_what_is_added_in_the_review_is_what_the_clip_is_painted_by(
    dialog: ClipDialog, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "strip.png"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(out), ""))
    dialog.format.setCurrentIndex(dialog.format.findData("strip"))
    dialog.pictures.setValue(2)
    dialog.save_button.click()
    with qtbot.waitSignal(dialog.exported, timeout=60_000):
        reviewed(dialog, qtbot).export_button.click()
    plain = _painted_over(out)

    dialog.pictures.setValue(3)  # other pictures: asked again
    dialog.save_button.click()
    review = reviewed(dialog, qtbot)
    review.kind.setCurrentIndex(3)
    review.what.setText("body > *")
    review.add_button.click()
    qtbot.waitUntil(lambda: review.export_button.isEnabled(), timeout=30_000)
    told = [review.model.line(row) for row in range(review.model.rowCount())]
    assert "painted over" in {line.after for line in told if line.rule == "element"}
    with qtbot.waitSignal(dialog.exported, timeout=60_000):
        review.export_button.click()
    assert _painted_over(out) > plain + 10_000


@pytest.mark.usefixtures("_qt_platform", "qapp")
def test_own_rules_by_command(home: Path, session: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = tmp_path / "rules.json"
    rules.write_text('{"version": 1, "profiles": {"vendor": {"rules": [{"kind": "element", "what": "body > *"}]}}}')
    out = tmp_path / "strip.png"
    told = ["export", session, "--home", str(home), "--format", "strip", "--pictures", "2", "--rules", str(rules)]
    assert main([*told, "--redact", "vendor", "--preview", "--json"]) == 0
    told_of = json.loads(capsys.readouterr().out)
    assert told_of["counts"]["element"] > 3
    assert not out.exists()
    assert main([*told, "--redact", "vendor", "-o", str(out)]) == 0
    assert _painted_over(out) > 10_000
    assert main([*told, "--redact", "partner", "-o", str(out)]) == 1
    assert "no redaction profile" in capsys.readouterr().err


def test_cancelled_nothing_is_left(dialog: ClipDialog, qtbot: QtBot, tmp_path: Path) -> None:
    dialog.fps.setValue(30)
    dialog.save(tmp_path / "never.webm", Redactor("strict"))
    qtbot.waitUntil(lambda: "picture" in dialog.progress.text.text(), timeout=60_000)
    dialog.progress.cancel_button.click()
    qtbot.waitUntil(lambda: "Cancelled" in dialog.messages.accessibleName(), timeout=60_000)
    assert list(tmp_path.iterdir()) == []


def test_the_dialog_says_what_cannot_be(dialog: ClipDialog) -> None:
    dialog.start.setText("0:03.0")
    dialog.end.setText("0:01.0")
    assert not dialog.save_button.isEnabled()
    assert dialog.summary.text()
    dialog.start.setText("nonsense")
    assert not dialog.save_button.isEnabled()

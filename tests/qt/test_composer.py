"""The composer: steps in a person's order, what the note includes, pictures that can be cancelled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from replay_viewer.cli.main import main
from replay_viewer.library import Library
from replay_viewer.qt.composer import Composer, _PlainPreview
from replay_viewer.qt.drawing import png_of_svg, with_pins
from replay_viewer.qt.evidence import Evidence
from replay_viewer.qt.window import Window
from replay_viewer.services.bundle import write_bundle
from replay_viewer.services.incident import Shoot
from tests.export.notes import PNG


@pytest.fixture
def composer(session_window: Window, qtbot: QtBot) -> Iterator[Composer]:
    session_window.compose()
    made = session_window.findChild(Composer)
    assert made is not None
    qtbot.waitUntil(lambda: "Review" in made.removed.text())
    yield made
    made.close()


def test_steps_are_a_persons_own(composer: Composer, qtbot: QtBot) -> None:
    list = composer.steps
    first = list.steps()[0]
    assert len(list.steps()) > 2
    assert not list.reset_button.isEnabled()
    list.list.setCurrentRow(0)
    list.down_button.click()
    assert list.steps()[1] == first
    list.remove_button.click()
    assert first not in list.steps()
    list.add_button.click()
    list.list.currentItem().setText("Wait for the courier, ada.lovelace@acme.test")
    qtbot.waitUntil(lambda: "Wait for the courier" in composer.preview.toPlainText())
    assert "ada.lovelace@acme.test" not in composer.preview.toPlainText()
    composer.context.notes_changed.emit()  # the evidence is put together again: what was written stays
    qtbot.waitUntil(lambda: "Review" in composer.removed.text())
    assert "Wait for the courier, ada.lovelace@acme.test" in composer.note().steps
    list.reset_button.click()
    assert composer.note().steps[0] == first


def test_charts_are_left_out(composer: Composer, tmp_path: Path) -> None:
    assert composer.note().charts[0].name == "requests"
    composer.parts["requests"].trigger()
    assert "requests" not in [one.name for one in composer.note().charts]
    composer.save("html", tmp_path / "note.html")
    assert 'aria-label="Requests' not in (tmp_path / "note.html").read_text()


def test_pictures_are_cancelled(session_window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    taken: list[int] = []
    dialogs: list[Composer] = []

    def shooter(_library: Library, _session: str, step: Callable[[int, int], None]) -> Shoot:
        def shoot(_tab: int, instants: Sequence[float], redact: Callable[[str], str] | None) -> list[bytes]:
            if redact is not None:
                redact("a text of the page")
            for n in range(len(instants)):
                step(n, len(instants))
                taken.append(n)
                if dialogs[0].property("stop"):
                    assert f"picture {n + 1} of {len(instants)}" in dialogs[0].progress.text.text()
                    dialogs[0].progress.cancel_button.click()
            return [PNG] * len(instants)

        return shoot

    made = Composer(
        session_window.context,
        session_window,
        evidence=Evidence(shooter, lambda _html, _out: None, _PlainPreview, png_of_svg, with_pins),
    )
    dialogs.append(made)
    made.setProperty("stop", True)
    made.show()
    qtbot.waitUntil(lambda: "Pictures are left out" in made.messages.accessibleName())
    assert taken == [0], "the second was not taken"
    assert not made.note().pictures
    assert made.buttons["md"].isEnabled()
    made.save("md", tmp_path / "note.md")
    assert "# TypeError" in (tmp_path / "note.md").read_text()
    assert not (tmp_path / "note-1.png").exists()
    assert (tmp_path / "note-requests.png").read_bytes().startswith(b"\x89PNG")

    made.setProperty("stop", False)
    made.parts["pictures"].trigger()
    qtbot.waitUntil(lambda: len(made.note().pictures) == 2)
    made.close()


def test_steps_by_command(filled: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session, home = filled.sessions()[0].id, ["--home", str(filled.home)]
    own = tmp_path / "steps.txt"
    own.write_text("1. Open the shop\n\n2) Pay twice\n- Wait\n")
    out = tmp_path / "note.html"
    told = ["export", session, *home, "--format", "html", "-o", str(out), "--no-pictures", "--steps", str(own)]
    assert main([*told, "--no-charts"]) == 0
    text = out.read_text()
    assert "<li>Open the shop</li>\n<li>Pay twice</li>\n<li>Wait</li>" in text
    assert "<svg" not in text
    assert main(told) == 0
    assert 'aria-label="Requests' in out.read_text()
    own.write_text("\n")
    assert main(told) == 1
    assert "no step" in capsys.readouterr().err


def test_a_single_bundle_is_looked_at(
    session_window: Window, filled: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File, Open does with one bundle what a double click does; nothing is imported."""
    bundle = tmp_path / "one.replay"
    write_bundle(filled, filled.sessions()[0].id, bundle)
    looked: list[Path] = []
    session_window.view_bundle = lambda _parent, path: looked.append(path)
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_args: ([str(bundle)], ""))
    session_window.actions_table.run("open")
    assert looked == [bundle]

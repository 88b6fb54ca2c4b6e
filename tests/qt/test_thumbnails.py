"""Small pictures made in the background through a real page, and what the lanes do with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from replay_viewer.cli import main
from replay_viewer.library import Library
from replay_viewer.qt.context import Context
from replay_viewer.qt.opened import load
from replay_viewer.qt.player.view import PlayerView
from replay_viewer.qt.thumbnails import Thumbnails
from replay_viewer.qt.window import Window
from replay_viewer.services.stills import StillEngine
from replay_viewer.services.thumbnails import WIDTH
from tests.factories import START
from tests.qt.player.engines import Recording
from tests.sessions import store_session


def _colours() -> Recording:
    """A page that is red, then green from 3 s on, then blue from 6 s on."""
    r = Recording()
    box = r.el("div", {"style": "position: absolute; inset: 0; background: rgb(255, 0, 0)"})
    r.page(0, box)
    for t, colour in ((3_000, "rgb(0, 255, 0)"), (6_000, "rgb(0, 0, 255)")):
        style = f"position: absolute; inset: 0; background: {colour}"
        r.change(t, attributes=[{"id": box["id"], "attributes": {"style": style}}])
    r.change(8_000, attributes=[{"id": box["id"], "attributes": {"data-end": "1"}}])
    return r


@pytest.mark.webengine
def test_pictures_are_made_while_the_player_rests_and_kept(styled: QApplication, qtbot: Any, tmp_path: Path) -> None:
    home = tmp_path / "home"
    session = store_session(home, _colours().raws)
    with Library.open(home) as library:
        context = Context(library)
        made = Thumbnails(context, PlayerView, lambda home, id: StillEngine(library, id))
        made.on = True
        opened = load(library, session.id)
        context.playhead.load(session.start, session.end, [])
        context.playhead.set_driven(True)
        context.set_opened(opened)
        qtbot.wait(900)  # the first picture of the session is not shown yet
        assert made.pictures() == []
        assert made._now is None
        context.playhead.report(session.start)
        context.playhead.play()  # nothing is made now
        qtbot.wait(900)
        assert made.pictures() == []
        context.playhead.pause()
        context.playhead.seek(session.start + 4_000)  # on its way: the main page comes first
        qtbot.wait(900)
        assert made.pictures() == []
        context.playhead.report(session.start + 4_000)
        qtbot.waitUntil(lambda: bool(made._times) and not made._wanted, timeout=30_000)
        pictures = dict(made.pictures())
        assert len(pictures) >= 7
        qtbot.waitUntil(lambda: len(library.thumbnails(session.id)) == len(pictures))
        for t, image in pictures.items():
            assert image.width() == WIDTH
            colour = image.pixelColor(WIDTH // 2, image.height() // 2)
            at = t - session.start
            wanted = (255, 0, 0) if at < 3_000 else (0, 255, 0) if at < 6_000 else (0, 0, 255)
            parts = (colour.red(), colour.green(), colour.blue())
            assert max(abs(a - b) for a, b in zip(parts, wanted, strict=True)) < 40, at
        assert QImage.fromData(made.nearest(session.start + 4_500)).pixelColor(10, 10).green() > 200
        qtbot.waitUntil(lambda: made._engine is None, timeout=5_000)  # it goes when all are there
        made.close()
        context.tasks.close()


@pytest.mark.webengine
def test_the_command_writes_them(styled: QApplication, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "home"
    session = store_session(home, _colours().raws)
    arguments = ["thumbnails", session.id, "--home", str(home), "--every", "4", "-o", str(tmp_path / "out")]
    for _ in range(2):  # the second time from the library
        assert main(arguments) == 0
        names = sorted(path.name for path in (tmp_path / "out").iterdir())
        assert names == ["0000000.0-tab0.jpg", "0000004.0-tab0.jpg", "0000008.0-tab0.jpg"]
        assert "0000004.0-tab0.jpg" in capsys.readouterr().out
    assert QImage(str(tmp_path / "out" / names[1])).pixelColor(80, 50).green() > 200
    assert main([*arguments[:5], "0", *arguments[6:]]) == 1


def test_the_lanes_show_them_where_there_is_room_and_under_the_pointer(session_window: Window) -> None:
    lanes = session_window.lanes
    image = QImage(160, 100, QImage.Format.Format_RGB32)
    image.fill(0xFF00AA77)
    lanes.pictures = lambda: [(START + n * 10_000.0, image) for n in range(10)]
    plain = lanes.sizeHint().height()
    lanes.show_strip(True)
    assert lanes.sizeHint().height() > plain
    asked: list[bool] = []
    lanes.lanes_changed.connect(lambda: asked.append(True))
    lanes.pictures_changed()
    lanes.pictures_changed()
    assert asked == [True], "more of them need no more room"
    lanes.resize(lanes.width(), lanes.sizeHint().height())
    picture = lanes.grab().toImage()
    x = round(lanes.x_of(START + 50_000) + 8)
    assert picture.pixelColor(x, 24 + 20).name() == "#00aa77"
    assert lanes.lane_at(lanes.top + 2) == lanes.visible_lanes()[0]
    lanes.show_strip(False)
    assert "data:image" not in lanes.tip(QPointF(lanes.x_of(START + 5_000), lanes.top + 2))

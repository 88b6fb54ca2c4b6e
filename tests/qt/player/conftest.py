"""A player over the real QtWebEngine, offscreen. Chromium must be prepared before any QApplication exists."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from replay_viewer.qt import chromium

chromium.prepare()

from replay_viewer.qt.player.view import PlayerView  # noqa: E402
from tests.qt.player.engines import START, StageEngine  # noqa: E402

#: What Chromium says on a machine without a display, a bus or a graphics card.
HARMLESS = ("QRhiGles2", "Failed to create RHI", "GPUInfo not initialized", "Sandboxing disabled")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The messages of a Chromium without graphics are no failures of the tests here."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.qt_log_ignore(*HARMLESS))


class Bench:
    """A view with waiting forms of its questions."""

    def __init__(self, view: PlayerView, qtbot: Any) -> None:
        self.view = view
        self.qtbot = qtbot
        self.engine: StageEngine | None = None

    def use(self, raws: list[bytes], step: int = 0) -> StageEngine:
        self.close_engine()
        self.engine = StageEngine(raws, step)
        self.view.set_engine(self.engine)
        return self.engine

    def close_engine(self) -> None:
        if self.engine is not None:
            self.view.set_engine(None)
            self.engine.close()
            self.engine = None

    def _wait(self, ask: Callable[[Callable[[Any], None]], None]) -> Any:
        got: list[Any] = []
        ask(got.append)
        self.qtbot.waitUntil(lambda: bool(got), timeout=20_000)
        return got[0]

    def seek(self, offset: float, tab: int = 0) -> dict[str, Any]:
        """Seek to START + offset, wait for the picture, read the page."""
        return self.seek_to(START + offset, tab)

    def seek_to(self, t: float, tab: int = 0) -> dict[str, Any]:
        with self.qtbot.waitSignal(self.view.pictured, timeout=20_000):
            self.view.seek(tab, t)
        return self.read()

    def read(self) -> dict[str, Any]:
        return self._wait(self.view.read_page)

    def settle(self) -> None:
        self._wait(self.view.settle)

    def picture(self) -> QImage:
        return self._wait(self.view.take_picture)


@pytest.fixture
def bench(qtbot: Any) -> Iterator[Bench]:
    view = PlayerView()
    view.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    view.resize(1280, 800)
    view.show()
    qtbot.waitUntil(lambda: view.is_ready, timeout=20_000)
    made = Bench(view, qtbot)
    yield made
    made.close_engine()
    view.shutdown()
    with qtbot.waitSignal(view.profile.destroyed, timeout=5_000):
        pass
    view.deleteLater()


def save(image: QImage, name: str) -> Path:
    """Keep a picture for a person to look at."""
    folder = Path(os.environ.get("REPLAY_VIEWER_PICTURES", "/tmp/replay-viewer-pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    image.save(str(path))
    return path

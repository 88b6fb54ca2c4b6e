#!/usr/bin/env python3
"""A folder of pictures of every view: `python packaging/screenshots.py DIR [SESSION FILE…]`.

Empty, loading, full and failing, light and dark, 1366 × 768 and 1440 × 900, and the dialogs. Without files it uses
the shipped sample of a failing checkout; with files, the first of them. `sheet-*.png` put the pictures of one scheme
and width side by side.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtCore import QEventLoop, QRect, QSettings, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from replay_viewer.domain.resources import resource
from replay_viewer.library import Library
from replay_viewer.qt import app as application
from replay_viewer.qt.actions import BY_ID, PANEL_IDS
from replay_viewer.qt.theme import Scheme, theme
from replay_viewer.qt.window import Window
from replay_viewer.services.importer import import_paths

SIZES = ((1440, 900), (1366, 768))
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
#: Actions that open a dialog or a sheet over the full window.
OVERLAYS = ("palette", "keys", "incident", "clip", "go-to", "connections", "send")
_PATIENCE = 20.0


def wait(met: Callable[[], bool] = lambda: False, seconds: float = 0.7) -> bool:
    """Run the event loop until `met`, at most so long; whether it was."""
    end = time.monotonic() + seconds
    loop = QEventLoop()
    tick = QTimer()
    tick.timeout.connect(loop.quit)
    tick.start(20)
    while not (done := met()) and time.monotonic() < end:
        loop.exec()
    return done


class Camera:
    """Takes pictures into a folder, and remembers them for the sheets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.taken: dict[str, list[Path]] = {}

    def take(self, widget: QWidget, name: str) -> None:
        """A picture of a widget as it is now, under the scheme and the size of its window."""
        wait()
        scheme = theme().scheme
        path = self.folder / f"{name}-{scheme}-{widget.width()}x{widget.height()}.png"
        widget.grab().save(str(path))
        self.taken.setdefault(f"{scheme}-{widget.window().width()}", []).append(path)
        print(path)

    def sheets(self) -> None:
        """One picture per scheme and width with all of its pictures."""
        for name, paths in self.taken.items():
            images = [QImage(str(path)) for path in paths]
            columns = max(1, math.ceil(math.sqrt(len(images))))
            width, height = 720, 460
            rows = -(-len(images) // columns)
            sheet = QImage(columns * width, rows * height, QImage.Format.Format_RGB888)
            sheet.fill(QColor("#808080"))
            painter = QPainter(sheet)
            for n, image in enumerate(images):
                small = image.scaled(
                    width - 10,
                    height - 10,
                    Qt.AspectRatioMode.KeepAspectRatio,
                    Qt.TransformationMode.SmoothTransformation,
                )
                place = QRect((n % columns) * width + 5, (n // columns) * height + 5, small.width(), small.height())
                painter.drawImage(place, small)
            painter.end()
            sheet.save(str(self.folder / f"sheet-{name}.png"))


def settings(folder: Path) -> QSettings:
    """A layout of its own."""
    return QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)


def each_look(window: Window) -> Iterator[None]:
    """Every scheme at every size."""
    for size in SIZES:
        window.resize(*size)
        window.arrange()
        for scheme in SCHEMES:
            theme().force(scheme)
            yield


def empty_and_failing(camera: Camera, scratch: Path) -> None:
    """A library without sessions, and a file that is none."""
    with Library.open(scratch / "empty") as library:
        window = application.window(library, settings(scratch / "empty"))
        window.show()
        for _ in each_look(window):
            camera.take(window, "empty")
        broken = scratch / "broken.json"
        broken.write_text('{"this is": "no recording"}')
        window.opener.open_paths([broken])
        wait(lambda: window.messages.isVisible(), _PATIENCE)
        for _ in each_look(window):
            camera.take(window, "failing-file")
        application._take_down(window)


def full(camera: Camera, scratch: Path, files: list[Path]) -> None:
    """A session: loading, every panel, every overlay, then what fails while it is open."""
    home = scratch / "full"
    ids = import_paths(home, files)
    with Library.open(home) as library:
        window = application.window(library, settings(home))
        window.show()
        window.opener.open_session(ids[0])
        wait(lambda: window.context.opened is not None, _PATIENCE)
        theme().force("light")
        window.grab().save(str(camera.folder / "loading-light.png"))
        wait(lambda: window.stage.shows_page and bool(window.stage.size_label.text()), _PATIENCE)
        wait(seconds=2.0)
        for _ in each_look(window):
            for panel in PANEL_IDS:
                window.panels.show_panel(panel)
                camera.take(window, f"panel-{panel}")
        overlays(camera, window)
        fail(camera, window, home)
        application._take_down(window)


def overlays(camera: Camera, window: Window) -> None:
    """The dialogs and sheets, over one size."""
    window.resize(*SIZES[0])
    for scheme in SCHEMES:
        theme().force(scheme)
        for action in OVERLAYS:
            if action not in BY_ID:
                continue
            before = set(QApplication.topLevelWidgets())
            # An action may run an event loop of its own (a modal dialog): the picture is taken from within.
            QTimer.singleShot(1200, lambda action=action, before=before: shoot_new(camera, window, action, before))
            window.actions_table.run(action)
            wait(seconds=2.4)


def shoot_new(camera: Camera, window: Window, action: str, before: set[QWidget]) -> None:
    """Picture what an action brought up, and close it again."""
    found = [one for one in QApplication.topLevelWidgets() if one.isVisible() and one is not window]
    fresh = [one for one in found if one not in before] or found
    camera.take(fresh[0] if fresh else window, f"overlay-{action}")
    for one in found:
        if isinstance(one, QDialog):
            one.reject()
        else:
            one.close()
    window.setFocus()


def fail(camera: Camera, window: Window, home: Path) -> None:
    """The recording's files go, then the session is opened again."""
    session = window.context.opened.id if window.context.opened else ""
    window.close_session()
    for blob in (home / "blobs").rglob("*"):
        if blob.is_file():
            blob.unlink()
    window.opener.open_session(session)
    wait(seconds=3.0)
    for _ in each_look(window):
        camera.take(window, "failing-blobs")


def main() -> int:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("files", type=Path, nargs="*")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="replay-viewer-screens-"))
    application.application("light")
    camera = Camera(options.folder)
    try:
        empty_and_failing(camera, scratch)
        full(camera, scratch, options.files or [resource("samples", "checkout-502")])
        camera.sheets()
    finally:
        from replay_viewer.services import engine, inspector

        engine.end_spares()
        inspector.end_spares()
        application._end_spare_jobs()
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

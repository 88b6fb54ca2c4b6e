#!/usr/bin/env python3
"""A folder of pictures of every view: `python packaging/screenshots.py DIR [SESSION FILE…] [--only WORD]`.

Empty, loading, full and failing, light and dark, 1366 × 768 and 1440 × 900, and every dialog and sheet (`scenes.py`)
light over the large window and dark over the small one. Without files it uses the shipped sample of a failing
checkout; with files, the first of them. `sheet-*.png` put the pictures of one scheme and width side by side. What is
larger than the window it is over is named at the end, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtCore import QRect, QSettings, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication, QWidget
from scenes import PATIENCE, SCENES, Scene, put_away, wait

from replay_viewer.domain.resources import resource
from replay_viewer.library import Library
from replay_viewer.qt import app as application
from replay_viewer.qt.actions import PANEL_IDS
from replay_viewer.qt.theme import Scheme, theme
from replay_viewer.qt.window import Window
from replay_viewer.services.importer import import_paths

SAMPLE = resource("samples", "checkout-502")
SIZES = ((1440, 900), (1366, 768))
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
#: The looks dialogs and sheets are pictured in.
LOOKS: tuple[tuple[Scheme, tuple[int, int]], ...] = (("light", SIZES[0]), ("dark", SIZES[1]))


class Camera:
    """Takes pictures into a folder, and remembers them for the sheets."""

    def __init__(self, folder: Path, only: str = "") -> None:
        self.folder, self.only = folder, only
        self.too_large: list[str] = []
        self.taken: dict[str, list[Path]] = {}

    def wants(self, name: str) -> bool:
        """Whether this picture was asked for."""
        return any(word in name for word in self.only.split(","))

    def take(self, widget: QWidget, name: str, *, now: bool = False, over: QWidget | None = None) -> None:
        """A picture of a widget, under the scheme and its size; `now`: without waiting for what is on its way."""
        if not self.wants(name):
            return
        if not now:
            wait()
        scheme = theme().scheme
        if (
            over is not None
            and over is not widget
            and (widget.width() > over.width() or widget.height() > over.height())
        ):
            self.too_large.append(f"{name}: {widget.width()} x {widget.height()}")
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
        wait(lambda: window.progress.isVisible(), PATIENCE)
        for _ in each_look(window):
            camera.take(window, "loading-file", now=True)
        wait(lambda: window.messages.isVisible(), PATIENCE)
        for _ in each_look(window):
            camera.take(window, "failing-file")
        application._take_down(window)


def bare(camera: Camera, scratch: Path) -> None:
    """A session of a page and nothing else: every panel says why it is empty."""
    body = {"type": 2, "tagName": "body", "attributes": {}, "id": 4, "childNodes": [
        {"type": 3, "textContent": "A page, and nothing besides.", "id": 5}]}  # fmt: skip
    root = {"type": 2, "tagName": "html", "attributes": {}, "id": 3, "childNodes": [body]}
    node = {"type": 0, "id": 1, "childNodes": [{"type": 1, "name": "html", "id": 2}, root]}
    t = 1_784_060_310_000
    events = [
        {"type": 4, "timestamp": t, "data": {"href": "https://shop.example/", "width": 1280, "height": 720}},
        {"type": 2, "timestamp": t + 5, "data": {"node": node, "initialOffset": {"left": 0, "top": 0}}},
        {"type": 3, "timestamp": t + 9_000, "data": {"source": 3, "id": 1, "x": 0, "y": 1}},
    ]
    path = scratch / "bare.json"
    path.write_text(json.dumps(events))
    home = scratch / "bare"
    ids = import_paths(home, [path])
    with Library.open(home) as library:
        window = application.window(library, settings(home))
        window.show()
        open_session(window, ids[0])
        for _ in each_look(window):
            for panel in PANEL_IDS:
                window.panels.show_panel(panel)
                camera.take(window, f"bare-{panel}")
        application._take_down(window)


def open_session(window: Window, session: str) -> None:
    """Open a session and wait for its page."""
    window.opener.open_session(session)
    wait(lambda: window.context.opened is not None and window.context.opened.id == session, PATIENCE)
    wait(lambda: window.stage.shows_page and bool(window.stage.size_label.text()), PATIENCE)


def full(camera: Camera, scratch: Path, files: list[Path]) -> None:
    """A session: loading, every panel, every overlay, then what fails while it is open."""
    home = scratch / "full"
    ids = import_paths(home, files)
    with Library.open(home) as library:
        window = application.window(library, settings(home))
        window.show()
        wait(lambda: window.queue.model.rowCount() > 0, PATIENCE)
        for _ in each_look(window):
            window.close_session()
            wait(seconds=0.3)
            window.opener.open_session(ids[0])
            camera.take(window, "loading", now=True)
            wait(lambda: window.context.opened is not None, PATIENCE)
        wait(lambda: window.stage.shows_page and bool(window.stage.size_label.text()), PATIENCE)
        if files == [SAMPLE]:
            window.context.maps = resource("samples", "sourcemaps")
            window.context.maps_changed.emit()
        if camera.wants("panel-"):
            wait(seconds=12.0)  # the small pictures are made while nobody does anything
        for _ in each_look(window):
            for panel in PANEL_IDS:
                window.panels.show_panel(panel)
                if panel == "dom" and camera.wants("panel-dom"):
                    wait(seconds=2.0)
                camera.take(window, f"panel-{panel}")
        for scheme, size in LOOKS:
            window.resize(*size)
            window.arrange()
            theme().force(scheme)
            for scene in SCENES:
                if camera.wants(scene.name):
                    put_away(window)
                    shoot(camera, window, scene)
            put_away(window)
        if camera.wants("failing-"):
            fail(camera, window, home)
        application._take_down(window)


def shoot(camera: Camera, window: Window, scene: Scene) -> None:
    """One scene."""
    before = set(QApplication.topLevelWidgets())

    def fresh() -> QWidget:
        found = [one for one in QApplication.topLevelWidgets() if one.isVisible() and one is not window]
        return next((one for one in found if one not in before), found[0] if found else window)

    def from_within() -> None:
        camera.take(fresh(), scene.name, over=window)
        put_away(window)

    if scene.modal:
        QTimer.singleShot(900, from_within)
        scene.prepare(window)
        return
    shown = scene.prepare(window)
    camera.take(shown or fresh(), scene.name, now=scene.name.endswith("loading"), over=window)


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
        window.panels.show_panel("dom")
        wait(seconds=1.0)
        camera.take(window, "failing-blobs")


def main() -> int:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--only", default="", metavar="WORD", help="only pictures named so (a,b)")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="replay-viewer-screens-"))
    application.application("light")
    camera = Camera(options.folder, options.only)
    try:
        empty_and_failing(camera, scratch)
        bare(camera, scratch)
        full(camera, scratch, options.files or [SAMPLE])
        camera.sheets()
    finally:
        from replay_viewer.services import engine, inspector

        engine.end_spares()
        inspector.end_spares()
        application._end_spare_jobs()
        shutil.rmtree(scratch, ignore_errors=True)
    for one in camera.too_large:
        print(f"larger than its window: {one}", file=sys.stderr)
    return 1 if camera.too_large else 0


if __name__ == "__main__":
    sys.exit(main())

"""The README's main job, as a fresh user runs it: a process of its own, an empty home, no display."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from replay_viewer.library import Library
from replay_viewer.services.bundle import read_bundle
from replay_viewer.services.importer import import_paths
from replay_viewer.services.states import TabStates


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `demo --headless` filled, with its home beside."""
    folder = tmp_path_factory.mktemp("demo")
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    environment |= {"HOME": str(folder), "REPLAY_VIEWER_HOME": str(folder / "home")}
    done = subprocess.run(
        [sys.executable, "-m", "replay_viewer", "demo", "--headless", str(folder / "out")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert str(folder / "out" / "screenshot.png") in done.stdout
    return folder


@pytest.mark.webengine
def test_everything_is_there(demo: Path) -> None:
    names = {path.name for path in (demo / "out").iterdir()}
    assert {"screenshot.png", "incident.md", "incident.html", "incident.pdf", "session.replay"} <= names
    assert (demo / "out" / "incident.pdf").read_bytes().startswith(b"%PDF-")


@pytest.mark.webengine
def test_the_note_tells_the_story_with_original_sources_and_nobodys_data(demo: Path) -> None:
    text = (demo / "out" / "incident.md").read_text()
    assert "Cannot read properties of undefined (reading 'total')" in text
    assert "checkout.js:66" in text
    assert "→ 502" in text
    assert "Click button “Place order”" in text
    page = (demo / "out" / "incident.html").read_text()
    for private in ("ada.marlow", "Ada Marlow", "Quay Lane"):
        assert private not in text
        assert private not in page
    assert "data:image/png;base64," in page


@pytest.mark.webengine
def test_the_screenshot_is_a_picture_of_the_application(demo: Path) -> None:
    from PySide6.QtGui import QImage

    image = QImage(str(demo / "out" / "screenshot.png"))
    assert (image.width(), image.height()) == (1440, 900)
    colours = {image.pixel(x, y) for x in range(0, 1440, 7) for y in range(0, 900, 7)}
    assert len(colours) > 50


@pytest.mark.webengine
def test_the_bundle_opens_elsewhere(demo: Path, tmp_path: Path) -> None:
    bundle = demo / "out" / "session.replay"
    with read_bundle(bundle) as opened:
        assert opened.manifest.redacted
    (id,) = import_paths(tmp_path / "elsewhere", [bundle])
    with Library.open(tmp_path / "elsewhere") as there, Library.open(demo / "home" / "demo") as here:
        (original,) = here.sessions()
        session = there.session(id)
        assert session.counts == original.counts
        assert [note.t for note in there.notes(id)] == [note.t for note in here.notes(original.id)]
        t = original.start + original.duration / 2
        assert TabStates(there, id, 0).seek(t).nodes.keys() == TabStates(here, original.id, 0).seek(t).nodes.keys()

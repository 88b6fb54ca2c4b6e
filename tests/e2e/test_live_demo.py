"""The live demo: somebody visits the shop in real Chromium, and the window shows it as it happens."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pytestqt.qtbot import QtBot

from replay_viewer.collector.samples import RunningDemo, start_demo
from replay_viewer.domain.resources import resource
from replay_viewer.library import Library
from replay_viewer.qt.visitors import Visitors
from replay_viewer.qt.window import Window
from tests.e2e.windows import whole_window

sys.path.append(str(Path(__file__).resolve().parents[2] / "packaging"))
chromium = pytest.importorskip("chromium")

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.webengine,
    pytest.mark.skipif(chromium.executable() is None, reason="chromium is not installed"),
    pytest.mark.skipif(not resource("demo", "dist", "index.html").is_file(), reason="the demo shop is not built"),
]

SHOP = "shop.localhost"


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[RunningDemo]:
    with start_demo(tmp_path / "demo") as running:
        yield running


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[Window]:
    with whole_window(qtbot, tmp_path) as made:
        yield made


class Visit(threading.Thread):
    """A visitor in a browser of their own: looks around until told to put something into the cart, then to leave."""

    def __init__(self, site: str) -> None:
        super().__init__()
        self._site = site
        self.buy = threading.Event()
        self.leave = threading.Event()
        self.problem: Exception | None = None

    def run(self) -> None:
        try:
            with chromium.Chromium({SHOP: urlsplit(self._site).netloc}, pace=0.25) as browser:
                page = browser.open()
                page.go(f"http://{SHOP}/?as=noor")
                page.until("document.querySelectorAll('.card').length === 8")
                while not self.buy.is_set():
                    page.wait(1.0)
                page.click("[data-product=comet]")
                page.until("document.querySelector('#add') !== null")
                page.click("#add")
                page.until("document.querySelector('#added a') !== null")
                while not self.leave.is_set():
                    page.wait(1.0)
        except Exception as problem:
            self.problem = problem


def test_what_a_visitor_does_shows_as_it_happens(demo: RunningDemo, window: Window, qtbot: QtBot) -> None:
    assert demo.visitors() == []  # the samples are none
    Visitors(window, demo.visitors)
    visit = Visit(demo.site)
    visit.start()

    def words() -> str:
        opened = window.context.opened
        if opened is None:
            return ""
        with Library.open(window.context.library.home) as library:
            return "\n".join(getattr(row, "words", "") for _, row in library.rows(opened.id, "interactions"))

    try:
        # It opens by itself and is followed.
        qtbot.waitUntil(lambda: visit.problem is not None or window.opener.live, timeout=40_000)
        assert visit.problem is None
        qtbot.waitUntil(lambda: window.stage.shows_page, timeout=20_000)
        opened = window.context.opened
        assert opened is not None
        first, events = opened.session.end, opened.session.events
        assert "Comet" not in words()
        # What they do from now on appears while they are still there.
        visit.buy.set()
        qtbot.waitUntil(lambda: visit.problem is not None or "Add to cart" in words(), timeout=40_000)
        assert visit.problem is None
        grown = window.context.opened
        assert grown is not None
        qtbot.waitUntil(lambda: window.context.opened.session.end > first, timeout=20_000)
        assert window.context.opened.session.events > events
        assert window.context.opened.id == opened.id
        assert window.opener.live
        # The picture goes along with the end.
        qtbot.waitUntil(lambda: window.context.playhead.target > first, timeout=20_000)
    finally:
        visit.buy.set()
        visit.leave.set()
        visit.join(30)

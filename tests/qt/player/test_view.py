"""The player widget: newest seek wins, play by the page's clock, pictures, and a page that dies."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest

from replay_viewer.qt.headless import HeadlessPlayer, png
from replay_viewer.qt.player.director import LATE
from tests.qt.player.conftest import Bench
from tests.qt.player.engines import START, Recording, StageEngine

pytestmark = pytest.mark.webengine


def counting(until: int = 3000, step: int = 50) -> Recording:
    """A page whose text tells the time, with a new document half way."""
    r = Recording()
    p = r.el("p", {}, "0")
    text = p["childNodes"][0]["id"]
    r.page(0, p, r.el("div", {"style": "width: 800px; height: 300px; background: rgb(10, 200, 30)"}))
    for t in range(step, until + 1, step):
        r.change(t, texts=[{"id": text, "value": str(t)}])
    r.event(until + 1000, 5, {"tag": "end", "payload": {}})
    return r


def documents(count: int = 6) -> Recording:
    """One document after the other, 100 ms each, with nothing in common."""
    r = Recording()
    for n in range(count):
        r._next += 1000
        r.page(n * 100.0, r.el("p", {"class": f"doc{n}"}, f"document {n}"), *[r.el("i", {}, "x") for _ in range(50)])
    return r


def test_newest_seek_wins(bench: Bench) -> None:
    engine = bench.use(counting().raws)
    bench.seek(10)
    engine.hold = True
    before = len(engine.asked)
    for n in range(50):
        bench.view.seek(0, START + 100 + n * 50)
    assert len(engine.asked) - before == 1
    engine.release()
    bench.qtbot.waitUntil(lambda: bench.view.current == START + 100 + 49 * 50, timeout=5_000)
    assert bench.read()["text"] == str(100 + 49 * 50)
    assert len(engine.asked) - before <= 3


def test_play_shows_what_it_claims(bench: Bench) -> None:
    bench.use(counting().raws)
    bench.view.set_end(START + 1500)
    bench.seek(0)
    claims: list[float] = []
    bench.view.instant.connect(claims.append)
    with bench.qtbot.waitSignal(bench.view.ended, timeout=10_000):
        bench.view.play()
    assert not bench.view.is_playing
    assert claims == sorted(claims)
    assert len(claims) > 8
    assert bench.read()["text"] == "1500"
    assert claims[-1] == pytest.approx(START + 1500, abs=20)


def test_speed_and_seek_during_play(bench: Bench) -> None:
    bench.use(counting().raws)
    bench.seek(0)
    bench.view.set_speed(4.0)
    bench.view.play()
    bench.qtbot.waitUntil(lambda: bench.view.current > START + 400, timeout=5_000)
    bench.view.seek(0, START + 2000)
    bench.qtbot.waitUntil(lambda: START + 2000 <= bench.view.current < START + 2900, timeout=5_000)
    bench.view.seek(0, START + 100)
    bench.qtbot.waitUntil(lambda: bench.view.current < START + 900, timeout=5_000)
    bench.view.pause()
    assert not bench.view.is_playing
    bench.qtbot.wait(60)
    shown = int(bench.read()["text"])
    assert abs(bench.view.current - START - shown) < 120


def test_clock_waits_for_frames(bench: Bench) -> None:
    """What has not arrived is not claimed."""
    engine = bench.use(counting().raws)
    bench.seek(0)
    engine.hold = True
    with bench.qtbot.waitSignal(bench.view.waiting, timeout=5_000):
        bench.view.play()
    bench.qtbot.wait(200)
    assert bench.view.current == START
    engine.release()
    bench.qtbot.waitUntil(lambda: bench.view.current > START + 200, timeout=5_000)
    bench.view.pause()


def test_old_picture_stays_until_the_new_one_is_complete(bench: Bench) -> None:
    bench.use(documents().raws)
    bench.seek(10)
    script = (
        "window.seen = []; (function look() {"
        " const frames = [...document.querySelectorAll('iframe')];"
        " const shown = frames.filter(f => getComputedStyle(f).visibility === 'visible');"
        " const text = shown[0]?.contentDocument.body?.innerText.slice(0, 8) ?? '';"
        " window.seen.push(shown.length === 1 ? text : 'none');"
        " requestAnimationFrame(look) })()"
    )
    bench.view.page.runJavaScript(script)
    for n in (1, 4, 2, 0, 5, 3):
        assert f"document {n}" in bench.seek(n * 100 + 10)["text"]
    got: list[Any] = []
    bench.view.page.runJavaScript("window.seen.filter(s => s !== 'document').length", got.append)
    bench.qtbot.waitUntil(lambda: bool(got))
    assert got == [0]


def test_picture_is_whole_at_any_scale(bench: Bench) -> None:
    bench.use(counting().raws)
    bench.seek(100)
    for size in ((1280, 800), (400, 300)):
        bench.view.resize(*size)
        image = bench.picture()
        assert (image.width(), image.height()) == (800, 600)
        assert image.pixelColor(700, 200).getRgb()[:3] == (10, 200, 30)
        assert bench.view._web.size() == bench.view.size()


def test_page_that_dies_comes_back_where_it_was(bench: Bench) -> None:
    bench.use(counting().raws)
    bench.seek(1000)
    with bench.qtbot.waitSignals([bench.view.ready, bench.view.pictured], timeout=15_000):
        os.kill(bench.view.page.renderProcessPid(), signal.SIGKILL)
    assert bench.read()["text"] == "1000"
    assert bench.view.current == START + 1000


def test_lost_base_begins_anew(bench: Bench) -> None:
    engine = bench.use(counting().raws)
    bench.seek(500)
    # The engine makes a patch that never reaches the page: the next one stands on what is not there.
    engine.stage.seek(0, START + 700, engine.stage.rev)
    assert bench.seek(900)["text"] in ("500", "900")
    bench.qtbot.waitUntil(lambda: bench.read()["text"] == "900", timeout=5_000)


def test_blank_before_the_first_snapshot(bench: Bench) -> None:
    r = Recording()
    r.event(0, 4, {"href": r.url, "width": 800, "height": 600})
    r.incremental(10, 1, positions=[{"x": 1, "y": 1, "id": 1, "timeOffset": 0}])
    r.page(100, r.el("p", {}, "there"))
    bench.use(r.raws)
    assert bench.seek(50)["text"] == ""
    assert bench.seek(150)["text"] == "there"
    assert bench.seek(50)["text"] == ""
    assert bench.seek(160)["text"] == "there"


def test_headless_pictures(qapp: Any) -> None:
    player = HeadlessPlayer()
    engine = StageEngine(counting().raws)
    try:
        player.use(engine)
        player.seek(0, START + 150)
        assert player.read()["text"] == "150"
        assert png(player.picture()).startswith(b"\x89PNG")
    finally:
        player.close()
        engine.close()


def busy(until: int = 40_000, step: int = 10) -> Recording:
    """A page on which 300 nodes are replaced every `step` ms: more than can be painted at sixteen times its speed."""
    r = Recording()
    p = r.el("p", {}, "0")
    text = p["childNodes"][0]["id"]
    box = r.el("div", {})
    r.page(0, p, box)
    old: list[int] = []
    for t in range(step, until + 1, step):
        new = [r.el("i", {}) for _ in range(3)]
        adds = [{"parentId": box["id"], "nextId": None, "node": node} for node in new]
        removes = [{"parentId": box["id"], "id": id} for id in old]
        r.change(t, texts=[{"id": text, "value": str(t)}], adds=adds, removes=removes)
        old = [node["id"] for node in new]
    return r


@pytest.mark.parametrize("speed", [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0])
def test_what_is_shown_advances_with_the_clock_at_any_speed(bench: Bench, speed: float) -> None:
    """Each claim is held against the wall clock; how closely is measured by benchmarks/play, here it must not run
    ahead, never go back, and what the page has is what is claimed."""
    bench.use(counting(30_000, 20).raws)
    bench.view.set_end(START + 30_000)
    bench.seek(1000)
    bench.view.set_speed(speed)
    began = time.monotonic()
    claims: list[tuple[float, float]] = []
    bench.view.instant.connect(lambda t: claims.append(((time.monotonic() - began) * 1000.0, t - START)))
    bench.view.play()
    bench.qtbot.waitUntil(lambda: len(claims) >= 6, timeout=10_000)
    bench.view.pause()
    assert [t for _, t in claims] == sorted(t for _, t in claims)
    for wall, t in claims:
        assert t <= 1000 + wall * speed + 1.0, "it ran ahead of the clock"
    bench.qtbot.waitUntil(lambda: abs(int(bench.read()["text"]) - (bench.view.current - START)) <= 20, timeout=5_000)


def test_late_play_leaves_pictures_out_instead_of_lagging(bench: Bench) -> None:
    """An engine whose read-ahead never comes in time still shows the newest pictures: by seeks."""
    engine = bench.use(busy().raws)
    bench.view.set_end(START + 40_000)
    bench.seek(0)

    # As the engine does with a read-ahead that a seek has made pointless: no answer.
    engine.frames = lambda *_: -1  # type: ignore[method-assign]
    bench.view.set_speed(4.0)
    bench.view.play()
    bench.qtbot.waitUntil(lambda: bench.view.director.dropped >= 2, timeout=15_000)
    director = bench.view.director
    shown = bench.view.current
    assert shown > START + 2 * LATE
    assert director.due - shown < 4.0 * 3_000, "behind the clock by no more than a few seeks"
    assert abs(int(bench.read()["text"]) - (shown - START)) <= 10
    bench.view.pause()


def test_the_next_event_is_found_without_waiting(bench: Bench) -> None:
    bench.use(counting().raws)
    bench.seek(100)
    with bench.qtbot.waitSignal(bench.view.found) as found:
        bench.view.find_event(0, START + 100, 1)
    assert found.args == [START + 150]
    with bench.qtbot.waitSignal(bench.view.found) as found:
        bench.view.find_event(0, START + 100, -1)
    assert found.args == [START + 50]
    with bench.qtbot.waitSignal(bench.view.found) as found:
        bench.view.find_event(0, START + 9_000, 1)
    assert found.args == [None]

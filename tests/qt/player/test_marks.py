"""What a recording does not hold, in the real page: videos, blocked boxes, frames of other sites."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from tests.qt.player.conftest import Bench
from tests.qt.player.engines import START, Recording
from tests.qt.player.test_painter import ask, colour

pytestmark = pytest.mark.webengine


def poster(bench: Bench) -> str:
    return unquote(str(ask(bench, "d.querySelector('video').getAttribute('poster')")))


def test_a_video_that_is_not_there_says_where_it_was(bench: Bench) -> None:
    r = Recording()
    video = r.el("video", {"src": "http://shop.test/v.webm", "width": "320"})
    r.page(0, video)
    r.incremental(1_000, 7, id=video["id"], type=0, currentTime=3, playbackRate=1.5)
    r.incremental(5_000, 7, id=video["id"], type=1, currentTime=9)
    bench.use(r.raws)
    wanted = {500: ">Video not", 3_000: "▶ 0:06 ×1.5", 6_000: "‖ 0:09"}
    for offset in (500, 3_000, 6_000, 3_000, 500):
        said = wanted[offset]
        bench.seek(offset)
        assert said in poster(bench), offset
    assert ask(bench, "d.querySelector('video').getBoundingClientRect().height") == 180
    assert ask(bench, "d.querySelector('video').hasAttribute('src')") is False


def test_labels_follow_play(bench: Bench) -> None:
    r = Recording()
    video = r.el("video", {"src": "x.webm"})
    r.page(0, video)
    r.incremental(100, 7, id=video["id"], type=0, currentTime=0)
    r.incremental(60_000, 4, width=800, height=600)
    bench.use(r.raws)
    bench.seek(200)
    bench.view.set_speed(8)
    with bench.qtbot.waitSignal(
        bench.view.instant, timeout=10_000, check_params_cb=lambda t: t > START + 8_000, raising=True
    ):
        bench.view.play()
    bench.view.pause()
    bench.qtbot.waitUntil(lambda: "▶ 0:0" in poster(bench) and "0:00" not in poster(bench), timeout=5_000)


def test_a_video_the_recording_holds_is_given_its_source_only_as_data(bench: Bench) -> None:
    r = Recording()
    data = "data:video/webm;base64,GkXfow=="
    r.page(0, r.el("video", {"src": data}), r.el("audio", {"src": "http://127.0.0.1:9/a.mp3"}))
    bench.use(r.raws)
    bench.seek(50)
    assert ask(bench, "d.querySelector('video').getAttribute('src')") == data
    assert ask(bench, "d.querySelector('audio').hasAttribute('src')") is False


def test_blocked_boxes_and_foreign_frames_are_marked(bench: Bench) -> None:
    r = Recording()
    frame = r.el("iframe", {"src": "http://elsewhere.test/", "id": "f"})
    hidden = r.el("div", {"rr_width": "200px", "rr_height": "50px", "class": "rr-block"}, needBlock=True)
    r.page(0, hidden, frame)
    inner = {"type": 0, "id": 9000, "childNodes": [r.el("html", {}, r.el("head"), r.el("body", {}, "inside"))]}
    r.change(100, isAttachIframe=True, adds=[{"parentId": frame["id"], "nextId": None, "node": inner}])
    bench.use(r.raws)
    bench.seek(50)
    assert "recorder" in colour(bench, "div", "background-image")
    assert "recorded" in colour(bench, "iframe", "background-image")
    assert ask(bench, "d.querySelector('div').getBoundingClientRect().height") == 50
    bench.view.show_marks(False)
    bench.qtbot.waitUntil(lambda: colour(bench, "div", "background-image") == "none", timeout=5_000)
    bench.view.show_marks(True)
    bench.qtbot.waitUntil(lambda: colour(bench, "div", "background-image") != "none", timeout=5_000)
    bench.seek(150)
    assert colour(bench, "iframe", "background-image") == "none"
    bench.seek(50)
    assert "recorded" in colour(bench, "iframe", "background-image")


def test_images_masked_text_and_style_sheets_that_are_missing_are_marked(bench: Bench) -> None:
    r = Recording()
    picture = r.el("img", {"src": "http://shop.test/logo.png", "width": "40", "height": "30"})
    here = r.el("img", {"src": "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"})
    sheet = r.el("link", {"rel": "stylesheet", "href": "http://shop.test/site.css"})
    r.page(
        0, sheet, picture, here, r.el("p", {}, "***** **"), r.el("p", {}, "2 * 3"), r.el("input", {"value": "****"})
    )
    bench.use(r.raws)
    bench.seek(50)
    marks = ask(
        bench, "[...d.querySelectorAll('[rr-mark]')].map((e) => e.localName + ':' + e.getAttribute('rr-mark')).join()"
    )
    assert marks == "img:image,p:masked,input:masked"
    said = "document.getElementById('missing').textContent"
    assert ask(bench, said) == "1 style sheet not recorded"
    assert "Image" in colour(bench, "img", "background-image")
    bench.view.show_marks(False)
    bench.qtbot.waitUntil(lambda: colour(bench, "img", "background-image") == "none", timeout=5_000)
    assert ask(bench, "getComputedStyle(document.getElementById('missing')).visibility") == "hidden"

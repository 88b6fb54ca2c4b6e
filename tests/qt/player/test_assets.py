"""Captured files in the real page: shown by the recording's own URLs, and harmless whatever they hold."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from replay_viewer.qt.player.scheme import ORIGIN
from tests.qt.player.conftest import Bench
from tests.qt.player.engines import Recording
from tests.qt.player.listeners import Listeners
from tests.qt.player.test_walls import answer
from tests.sites import png

pytestmark = pytest.mark.webengine

BASE = "http://files.test"
INNER = "[...document.querySelectorAll('#stage > iframe')].pop().contentDocument"


def picture(bench: Bench, selector: str) -> Any:
    return answer(bench, f"{INNER}.querySelector('{selector}').naturalWidth + 0.5") - 0.5


def style(bench: Bench, selector: str, name: str) -> Any:
    found = f"{INNER}.querySelector('{selector}')"
    return answer(bench, f"{INNER}.defaultView.getComputedStyle({found}).{name}")


def page() -> Recording:
    r = Recording(f"{BASE}/cart/")
    r.page(
        0,
        r.el("img", {"id": "one", "src": f"{BASE}/one.png#part"}),
        r.el("img", {"id": "gone", "src": f"{BASE}/gone.png"}),
        r.el("img", {"id": "set", "src": f"{BASE}/gone.png", "srcset": f"{BASE}/gone.png 1x, {BASE}/two.png 2x"}),
        r.el(
            "picture",
            {},
            r.el("source", {"srcset": f"{BASE}/two.png"}),
            r.el("img", {"id": "source", "src": "x.png"}),
        ),
        r.el("p", {"id": "linked"}, "linked"),
        r.el("p", {"id": "imported"}, "imported"),
        r.el("p", {"id": "inline", "style": f"background-image: url({BASE}/one.png)"}, "inline"),
        r.el("input", {"id": "button", "type": "image", "src": f"{BASE}/two.png"}),
        r.el("table", {"id": "table", "background": f"{BASE}/one.png"}),
        r.el("video", {"id": "film", "poster": f"{BASE}/two.png", "src": f"{BASE}/film.mp4"}),
        r.el("img", {"id": "sign", "src": f"{BASE}/sign.svg"}),
        head=(
            r.el("link", {"rel": "stylesheet", "href": f"{BASE}/css/shop.css", "crossorigin": "use-credentials"}),
            r.el("style", {}, f"@import url('{BASE}/more.css') screen; #inline {{ color: rgb(1, 2, 3) }}"),
        ),
    )
    r.change(1000, texts=[], attributes=[{"id": 2, "attributes": {"src": f"{BASE}/one.png"}}])
    return r


def test_captured_files_are_shown(bench: Bench) -> None:
    engine = bench.use(page().raws)
    engine.store.capture(f"{BASE}/one.png", "image/png", png(7, 5, (255, 0, 0)))
    engine.store.capture(f"{BASE}/two.png", "image/png", png(20, 6, (0, 255, 0)))
    engine.store.capture(f"{BASE}/sign.svg", "image/svg+xml", SVG)
    engine.store.capture(
        f"{BASE}/css/shop.css",
        "text/css",
        b"@import '/more.css'; #linked{color:rgb(9,8,7);background:url(../two.png)} @media (min-device-width:1px)"
        b"{#linked{margin-left:33px}}",
    )
    engine.store.capture(f"{BASE}/more.css", "text/css", b"#imported{color:rgb(4,5,6)}")
    bench.seek(10)
    bench.settle()
    assert picture(bench, "#one") == 7
    assert picture(bench, "#set") == 10  # 20 pixels at 2x
    assert picture(bench, "#source") == 20
    assert picture(bench, "#sign") == 9
    assert style(bench, "#linked", "color") == "rgb(9, 8, 7)"
    assert style(bench, "#linked", "marginLeft") == "33px"
    assert style(bench, "#linked", "backgroundImage").startswith('url("replay://asset/i')
    assert style(bench, "#imported", "color") == "rgb(4, 5, 6)"
    assert style(bench, "#inline", "color") == "rgb(1, 2, 3)"
    assert style(bench, "#inline", "backgroundImage").startswith('url("replay://asset/i')
    assert style(bench, "#table", "backgroundImage").startswith('url("replay://asset/i')
    assert answer(bench, f"{INNER}.querySelector('#button').offsetWidth") == 20
    assert answer(bench, f"{INNER}.querySelector('#film').poster").startswith("replay://asset/i")
    # only what is not there is marked
    marked = f"[...{INNER}.querySelectorAll('[rr-mark=image]')].map(e => e.id).join()"
    assert answer(bench, marked) == "gone"
    assert answer(bench, "document.getElementById('missing').textContent + '.'") == "."
    assert answer(bench, "window.ran === undefined") is True
    shown = bench.picture()
    inline = answer(bench, f"JSON.stringify({INNER}.querySelector('#inline').getBoundingClientRect())")
    assert "height" in inline
    colours = {shown.pixelColor(x, y).getRgb()[:3] for x in range(0, 300, 3) for y in range(0, 300, 3)}
    assert {(255, 0, 0), (0, 255, 0)} <= colours


def test_captured_while_open(bench: Bench) -> None:
    engine = bench.use(page().raws)
    bench.seek(10)
    assert answer(bench, f"{INNER}.querySelector('#one').src").startswith("data:image/svg+xml")
    assert answer(bench, "document.getElementById('missing').textContent") == "1 style sheet not recorded"
    engine.store.capture(f"{BASE}/one.png", "image/png", png(7, 5, (255, 0, 0)))
    engine.stage.reload()
    bench.seek(20)
    bench.settle()
    assert picture(bench, "#one") == 7


SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="top.ran=1"><script>top.ran=1</script>'
    b'<image href="http://127.0.0.1:PORT/inside"/><rect width="9" height="9"/></svg>'
)


def test_hostile_files(bench: Bench) -> None:
    """A captured file is what a stranger's server sent, or what a stranger wrote into a bundle."""
    with Listeners() as listeners:
        out = f"http://127.0.0.1:{listeners.port}"
        r = page()
        engine = bench.use(r.raws)
        engine.store.capture(f"{BASE}/sign.svg", "image/svg+xml", SVG.replace(b"PORT", str(listeners.port).encode()))
        engine.store.capture(
            f"{BASE}/css/shop.css",
            "text/css",
            f"@import url({out}/a.css);@import '{out}/b.css';@im\\port '{out}/c.css';"
            f"#linked{{color:red;background:url({out}/d),u\\72l({out}/e),image-set('{out}/f' 1x)}}"
            f"@font-face{{font-family:F;src:url({out}/g)}}#linked{{font-family:F;list-style:url(//127.0.0.1:"
            f"{listeners.port}/h);cursor:url('{out}/i'),auto;behavior:url({out}/j)}}".encode(),
        )
        engine.store.capture(f"{BASE}/one.png", "text/html", b"<script>top.ran=1</script>")
        engine.store.capture(f"{BASE}/two.png", "image/png", b"<html><script>top.ran=1</script>")
        engine.store.capture(f"{BASE}/more.css", "text/javascript", b"top.ran=1")
        bench.seek(10)
        bench.settle()
        assert style(bench, "#linked", "color") == "rgb(255, 0, 0)"
        assert picture(bench, "#sign") == 9
        assert answer(bench, f"{INNER}.querySelector('#one').src").startswith("data:")
        keys = engine.stage.shelf.table()
        assert sorted(keys) == [f"{BASE}/css/shop.css", f"{BASE}/sign.svg", f"{BASE}/two.png"]
        svg, sheet = (f"replay://asset/{keys[f'{BASE}/{name}']}" for name in ("sign.svg", "css/shop.css"))
        # opened as anything but what it is, an image, it is nothing
        answer(
            bench,
            "(() => { const all = [['iframe', 'src'], ['object', 'data'], ['embed', 'src'], ['script', 'src']];"
            " for (const [tag, name] of all)"
            f" for (const d of [document, {INNER}]) for (const u of ['{svg}', '{sheet}']) {{"
            " const e = d.createElement(tag); e.setAttribute(name, u); d.body.append(e) }; return 1 })()",
        )
        bench.qtbot.wait(300)
        assert answer(bench, "window.ran === undefined") is True
        assert answer(bench, "[...document.querySelectorAll('iframe')].length") >= 1
        assert listeners.total == 0, listeners.lines


def load(bench: Bench, url: str) -> bool:
    """Whether an <img> of the recorded page could load it."""
    answer(
        bench,
        f"(() => {{ window.loaded = ''; const i = {INNER}.createElement('img');"
        " i.onload = () => window.loaded = 'yes'; i.onerror = () => window.loaded = 'no';"
        f" i.src = '{url}'; return 1 }})()",
    )
    bench.qtbot.waitUntil(lambda: answer(bench, "window.loaded + '.'") != ".", timeout=10_000)
    return bool(answer(bench, "window.loaded") == "yes")


def test_only_this_sessions_files(bench: Bench) -> None:
    red = png(7, 5, (255, 0, 0))
    first = bench.use(page().raws)
    first.store.capture(f"{BASE}/one.png", "image/png", red)
    bench.seek(10)
    key = first.stage.shelf.table()[f"{BASE}/one.png"]
    digest = first.store.captured[0].digest
    assert load(bench, f"replay://asset/{key}")
    second = bench.use(page().raws)
    second.store.capture(f"{BASE}/two.png", "image/png", red)
    bench.seek(10)
    own = second.stage.shelf.table()[f"{BASE}/two.png"]
    assert load(bench, f"replay://asset/{own}")
    for path in (
        key,
        digest,
        f"../asset/{digest}",
        "..%2f..%2flibrary.db",
        f"{own}/../{own}x",
        f"{own}?x=1",
        f"c{own[1:]}",
        "",
        "%00",
    ):
        assert not load(bench, f"replay://asset/{path}"), path
    assert not load(bench, f"replay://data/{own}")
    assert not load(bench, f"{ORIGIN}/{own}")
    fetched = "fetch('replay://asset/" + own + "').then(() => window.got = 'yes', () => window.got = 'no'); 1"
    answer(bench, fetched)
    bench.qtbot.waitUntil(lambda: answer(bench, "(window.got || '') + '.'") != ".", timeout=10_000)
    assert answer(bench, "window.got") == "no"


def test_raw_urls_of_our_scheme_in_a_recording(bench: Bench) -> None:
    """A recording that names our scheme itself gets nothing of it."""
    r = Recording()
    inside = base64.b64encode(b"x").decode()
    r.page(
        0,
        r.el("img", {"id": "one", "src": "replay://asset/i" + "0" * 32}),
        r.el("p", {"style": "background:url(replay://asset/i" + "0" * 32 + ")"}, inside),
    )
    bench.use(r.raws)
    bench.seek(10)
    bench.settle()
    assert answer(bench, f"{INNER}.querySelector('#one').src").startswith("data:")
    assert bench.view.scheme.refused == 0

"""A page with sheets, fonts and images of another host, under the real recorder in a real browser: captured, its site
gone, the painted page has them all, in a picture, and in a bundle opened elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from replay_viewer.library import Library
from replay_viewer.qt.headless import HeadlessPlayer
from replay_viewer.services.assets import capture
from replay_viewer.services.bundle import write_bundle
from replay_viewer.services.engine import EngineClient, end_spares
from replay_viewer.services.importer import import_paths
from replay_viewer.services.stills import StillEngine
from tests.e2e.dom_programs import RECORDER, ROOT
from tests.sites import png, site

sys.path.append(str(ROOT / "packaging"))
chromium = pytest.importorskip("chromium")

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.webengine,
    pytest.mark.skipif(chromium.executable() is None, reason="chromium is not installed"),
    pytest.mark.skipif(not RECORDER.is_file(), reason="the recorder is not installed (npm ci in resources/player)"),
]

FONTS = sorted(Path("/usr/share/fonts").rglob("*.ttf"))

PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>Shop</title>
<link rel="stylesheet" href="{cdn}/css/shop.css">
<style>@import url("{cdn}/imported.css"); #own {{ background: url({cdn}/own.png) }}</style></head>
<body><h1 id="title">Shop</h1><p id="nested">nested</p><p id="imported">imported</p><p id="own">own</p>
<img id="plain" src="{cdn}/plain.png"><img id="set" srcset="{cdn}/set.png 1x"><img id="later" alt="">
<svg width="40" height="40"><use id="use" href="/sprite.svg#cart"/><use id="use2"/></svg>
<div id="host"></div>
<svg width="30" height="30"><image id="svg" href="{cdn}/plain.png" width="30" height="30"/></svg></body></html>"""

#: The part that is used refers to another; the third would run a script, were it taken.
SPRITE = b"""<svg xmlns="http://www.w3.org/2000/svg"><defs><linearGradient id="shade">
<stop offset="0" stop-color="red"/></linearGradient></defs>
<symbol id="cart" viewBox="0 0 20 10" width="20" height="10"><rect width="20" height="10" fill="url(#shade)"
onclick="top.ran=1"/><use href="#dot"/></symbol><circle id="dot" r="2" cx="5" cy="5"/>
<script id="bad">top.ran = 1</script></svg>"""

#: What a page has of its look; `d`: its document.
LOOK = """(d => {
  const css = (id, name) => d.defaultView.getComputedStyle(d.getElementById(id))[name];
  return JSON.stringify({
    plain: d.getElementById("plain").naturalWidth, set: d.getElementById("set").naturalWidth,
    later: d.getElementById("later").naturalWidth, title: css("title", "color"), nested: css("nested", "color"),
    imported: css("imported", "color"), family: css("title", "fontFamily"),
    width: Math.round(d.getElementById("title").firstChild ? (r => (r.selectNodeContents(d.getElementById("title")),
      r.getBoundingClientRect().width))(d.createRange()) : 0),
    used: ["use", "use2"].map(id => d.getElementById(id))
      .concat(d.getElementById("host").shadowRoot.querySelector("use")).map(u => u.getBBox())
      .map(r => Math.round(r.width) + "x" + Math.round(r.height)).join(),
    bad: d.querySelectorAll("#bad, [id$=-bad], [onclick]").length,
    own: /url/.test(css("own", "backgroundImage")), back: /url/.test(css("nested", "backgroundImage")),
    fonts: [...d.fonts].map(f => f.family.replaceAll('"', "") + " " + f.status).join(),
  });
})"""


@dataclass
class Recorded:
    home: Path
    session: str
    look: dict[str, Any]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """Recorded, captured; the site is gone when this hands over."""
    if not FONTS:
        pytest.skip("no font file on this machine to serve")
    folder = tmp_path_factory.mktemp("assets")
    cors = {"Access-Control-Allow-Origin": "*"}
    with site() as page, site(host="127.0.0.2") as cdn:
        page.pages["/sprite.svg"] = (200, "image/svg+xml", SPRITE)
        page.pages["/"] = (200, "text/html; charset=utf-8", PAGE.format(cdn=cdn.url).encode())
        cdn.pages |= {
            "/css/shop.css": (
                200,
                "text/css",
                b'@import "nested.css"; @font-face{font-family:Own;src:url("../own.ttf")}'
                b"#title{color:rgb(10,20,30);font:40px Own}",
            ),
            "/css/nested.css": (200, "text/css", b"#nested{color:rgb(40,50,60);background:url(../back.png)}"),
            "/imported.css": (200, "text/css", b"#imported{color:rgb(70,80,90)}"),
            "/own.ttf": (200, "font/ttf", FONTS[0].read_bytes(), cors),
            "/own.png": (200, "image/png", png(9, 9, (0, 0, 255))),
            "/back.png": (200, "image/png", png(8, 8, (0, 255, 0))),
            "/plain.png": (200, "image/png", png(30, 20, (255, 0, 0))),
            "/set.png": (200, "image/png", png(31, 21, (255, 255, 0))),
            "/later.png": (200, "image/png", png(32, 22, (255, 0, 255))),
        }
        with chromium.Chromium() as browser:
            tab = browser.open(page.url + "/")
            tab.until("document.readyState === 'complete' && document.fonts.size > 0", 20.0)
            tab.until("[...document.fonts].every(f => f.status === 'loaded')", 20.0)
            tab.evaluate(
                "document.getElementById('host').attachShadow({mode: 'open'}).innerHTML = "
                "'<svg><use href=\"/sprite.svg#cart\"/></svg>'; 0"
            )
            tab.evaluate(
                RECORDER.read_text()
                + "\n;window.said = []; rrweb.record({emit: e => said.push(JSON.stringify(e))}); 0"
            )
            tab.evaluate("document.getElementById('use2').setAttribute('href', '/sprite.svg#dot'); 0")
            tab.until("document.getElementById('use2').getBBox().width > 0", 20.0)
            tab.evaluate(f"document.getElementById('later').src = '{cdn.url}/later.png'; 0")
            tab.until("document.getElementById('later').naturalWidth > 0 && said.length > 2", 20.0)
            look = orjson.loads(tab.evaluate(f"{LOOK}(document)"))
            said = tab.evaluate("'[' + said.join() + ']'")
            tab.close()
        assert "rgb(10" not in said, "the recorder could read what it should not"
        path = folder / "recording.json"
        path.write_text(said)
        session = import_paths(folder / "home", [path])[0]
        came = capture(folder / "home", session, allow_private=True)
        assert (came.missing, came.had) == (0, 10)
    yield Recorded(folder / "home", session, look)
    end_spares()


def shown(engine: Any, home: Path, session: str, path: Path) -> dict[str, Any]:
    """The look of the painted page at its end, by an engine; its picture goes to `path`."""
    with Library.open(home) as library:
        end = library.session(session).end
    player = HeadlessPlayer()
    try:
        player.use(engine)
        player.seek(0, end)
        player.read()
        player.picture().save(str(path))
        found: list[str] = []
        inner = "[...document.querySelectorAll('#stage > iframe')].pop().contentDocument"
        player._until(
            lambda quit: player.view.page.runJavaScript(f"{LOOK}({inner})", lambda r: (found.append(r), quit()))
        )
        assert player.view.scheme.refused == 0
        result: dict[str, Any] = orjson.loads(found[0])
        return result
    finally:
        player.close()


def test_the_page_looks_as_it_did(recorded: Recorded, tmp_path: Path, qtbot: Any) -> None:
    assert recorded.look["fonts"] == "Own loaded"
    assert (recorded.look["used"], recorded.look["bad"]) == ("20x10,4x4,20x10", 0)
    assert [recorded.look[name] for name in ("plain", "set", "later")] == [30, 31, 32]
    engine = EngineClient(recorded.home, recorded.session)
    try:
        assert shown(engine, recorded.home, recorded.session, tmp_path / "page.png") == recorded.look
    finally:
        engine.close()
    assert (tmp_path / "page.png").stat().st_size > 2_000


def test_stills_and_bundles_too(recorded: Recorded, tmp_path: Path, qtbot: Any) -> None:
    """Masked as for a strict export, from a bundle opened in a library that never saw the site."""
    path, other = tmp_path / "shop.replay", tmp_path / "other"
    with Library.open(recorded.home) as library:
        write_bundle(library, recorded.session, path)
    id = import_paths(other, [path])[0]
    with Library.open(other) as library:
        engine = StillEngine(library, id, lambda text: text)
        try:
            assert shown(engine, other, id, tmp_path / "still.png") == recorded.look
        finally:
            engine.close()

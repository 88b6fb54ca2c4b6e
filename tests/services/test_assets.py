"""Capturing what a recording refers to: real HTTP on loopback, a real library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from replay_viewer.cli.main import main
from replay_viewer.domain.errors import Cancelled
from replay_viewer.library import Library
from replay_viewer.services.assets import Captured, capture, listing, look
from replay_viewer.services.importer import import_paths
from replay_viewer.services.shelf import Shelf
from tests.qt.player.engines import Recording
from tests.sites import Site, png, site

RED, BLUE = png(4, 3, (255, 0, 0)), png(5, 5, (0, 0, 255))
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>top.ran=1</script></svg>'
FONT = b"wOF2" + bytes(40)


@pytest.fixture
def there() -> Iterator[Site]:
    with site() as made:
        made.pages |= {
            "/css/shop.css": (
                200,
                "text/css",
                b"@charset 'utf-8'; @import 'more.css' screen; @font-face{font-family:F;src:url(../f.woff2)}"
                b" .a{background:url('/red.png?x=1')} /* url(/comment.png) */",
            ),
            "/css/more.css": (200, "text/css; charset=utf-8", b"@import url(more.css); .b{background:url(blue.png)}"),
            "/css/blue.png": (200, "image/png", BLUE),
            "/red.png": (200, "image/png", RED),
            "/f.woff2": (200, "application/octet-stream", FONT),
            "/sign.svg": (200, "image/svg+xml", SVG),
            "/page.png": (200, "text/html; charset=utf-8", b"<html>not found, but politely</html>"),
            "/script.png": (200, "text/javascript", b"alert(1)"),
            "/odd.png": (200, "image/png", b"<html><script>alert(1)</script>"),
            "/moved.css": (302, "", b"", {"Location": "/css/moved.css"}),
            "/css/moved.css": (200, "text/css", b".c{background:url(blue.png)}"),
        }
        yield made


def recorded(home: Path, base: str) -> str:
    """A session that refers to all kinds of files; the page goes on to load some later."""
    r = Recording(f"{base}/cart/")
    image = r.el("img", {"src": f"{base}/red.png?x=1"})
    later = r.el("img", {})
    style = r.el("style", {}, f"@import url({base}/moved.css); body{{background:url({base}/odd.png)}}")
    r.page(
        0,
        image,
        later,
        r.el("img", {"srcset": f"{base}/red.png 1x, {base}/gone.png 2x", "rr_dataURL": "data:image/png;base64,AA"}),
        r.el("div", {"style": f"background-image: url('{base}/page.png')"}),
        r.el("table", {"background": f"{base}/script.png"}),
        r.el("input", {"type": "image", "src": "../red.png"}),
        r.el("a", {"href": f"{base}/link.html"}),
        r.el("iframe", {"rr_src": f"{base}/frame.html"}),
        head=(r.el("link", {"rel": "stylesheet", "href": f"{base}/css/shop.css"}), style),
    )
    r.change(1000, attributes=[{"id": later["id"], "attributes": {"src": f"{base}/sign.svg"}}])
    late = r.text(f".x{{background:url({base}/late.png)}}")
    r.change(1500, adds=[{"parentId": style["id"], "nextId": None, "node": late}])
    r.incremental(2000, 8, id=style["id"], adds=[{"rule": f".y{{background:url({base}/rule.png)}}", "index": 0}])
    path = home.parent / "recording.json"
    path.write_bytes(b"[" + b",".join(r.raws) + b"]")
    return import_paths(home, [path])[0]


def test_capture(tmp_path: Path, there: Site) -> None:
    home, base = tmp_path / "home", there.url
    id = recorded(home, base)
    refused = capture(home, id)
    assert (refused.had, refused.missing, there.asked) == (0, 11, [])
    came = capture(home, id, allow_private=True)
    with Library.open(home) as library:
        assets = {asset.url.removeprefix(base): asset for asset in library.extras.assets(id)}
        had = {url: asset.type for url, asset in assets.items() if asset.digest}
        assert had == {
            "/css/shop.css": "text/css",
            "/css/more.css": "text/css; charset=utf-8",
            "/css/blue.png": "image/png",
            "/red.png": "image/png",
            "/red.png?x=1": "image/png",
            "/f.woff2": "font/woff2",
            "/sign.svg": "image/svg+xml",
            "/moved.css": "text/css",
        }
        assert {url: asset.why for url, asset in assets.items() if asset.why} == {
            "/gone.png": "HTTP 404",
            "/late.png": "HTTP 404",
            "/rule.png": "HTTP 404",
            "/page.png": "it came as text/html",
            "/script.png": "it came as text/javascript",
            "/odd.png": "it is no image or font (image/png)",
        }
        assert library.blob(assets["/red.png"].digest) == RED
        health = {(one.code, one.message.partition("(first")[0].strip()) for one in library.session(id).health}
        assert ("asset-not-had", "3 files of the page's look could not be had: HTTP 404") in health
        assert "missing-asset" not in {code for code, _ in health}
        assert "missing-style" not in {code for code, _ in health}
        assert [one.url for one in listing(library, id)] == sorted(asset.url for asset in assets.values())
    assert came == Captured(session=id, had=8, fetched=8, missing=6, bytes=came.bytes)
    # each once, and a second run asks only for what is missing
    assert len(there.paths()) == len(set(there.paths())) == 15
    asked = len(there.asked)
    again = capture(home, id, allow_private=True)
    assert (again.fetched, again.had) == (0, 8)
    assert sorted(set(there.paths()[asked:])) == sorted(
        ["/gone.png", "/late.png", "/rule.png", "/page.png", "/script.png", "/odd.png"]
    )


def test_health_stays_when_imported_anew(tmp_path: Path, there: Site) -> None:
    home = tmp_path / "home"
    id = recorded(home, there.url)
    capture(home, id, allow_private=True)
    with Library.open(home) as library:
        before = library.session(id).health
    assert recorded(home, there.url) == id
    with Library.open(home) as library:
        assert library.session(id).health == before
        assert sum(one.digest != "" for one in library.extras.assets(id)) == 8


def test_limits(tmp_path: Path, there: Site) -> None:
    home = tmp_path / "home"
    there.pages["/red.png"] = (200, "image/png", RED + bytes(5_000))
    id = recorded(home, there.url)
    capture(home, id, allow_private=True, largest=4_000)
    with Library.open(home) as library:
        why = {asset.url: asset.why for asset in library.extras.assets(id)}
        assert why[f"{there.url}/red.png"] == "it is larger than 0 MB"
    total = capture(home, id, allow_private=True, total=6_000)
    with Library.open(home) as library:
        assets = library.extras.assets(id)
        assert sum(asset.size for asset in assets) <= 6_000
        assert any("together" in asset.why for asset in assets)
    assert total.missing > 6


def test_cancelled_keeps_what_came(tmp_path: Path, there: Site) -> None:
    home = tmp_path / "home"
    id = recorded(home, there.url)
    done: list[int] = []
    with pytest.raises(Cancelled):
        capture(
            home,
            id,
            allow_private=True,
            progress=lambda now: done.append(now.done) if now.stage == "fetch" else None,
            cancelled=lambda: len(done) >= 2,
        )
    with Library.open(home) as library:
        kept = library.extras.assets(id)
    assert len(kept) >= 2
    assert capture(home, id, allow_private=True).had == 8


def test_shelf(tmp_path: Path, there: Site) -> None:
    """What the page may ask for: by keys of this session only; sheets refer to keys, or to nothing."""
    home, base = tmp_path / "home", there.url
    id = recorded(home, base)
    capture(home, id, allow_private=True)
    with Library.open(home) as library:
        shelf, other = Shelf(library, id), Shelf(library, id)
        table = shelf.table()
        assert len(table) == 8
        sheet = shelf.read(table[f"{base}/css/shop.css"])
        assert sheet is not None
        text = sheet.body.decode()
        assert f'@import url("replay://asset/{table[f"{base}/css/more.css"]}") screen;' in text
        assert f'src:url("replay://asset/{table[f"{base}/f.woff2"]}")' in text
        assert f'background:url("replay://asset/{table[f"{base}/red.png?x=1"]}")' in text
        assert "http" not in text
        moved = shelf.read(table[f"{base}/moved.css"])
        assert moved is not None
        assert table[f"{base}/css/blue.png"] in moved.body.decode()
        for key in (*other.table().values(), "", "..", "../../library.db", "i" * 33, next(iter(table))):
            assert shelf.read(key) is None


def test_command_line(tmp_path: Path, there: Site, capsys: pytest.CaptureFixture[str]) -> None:
    home, base = tmp_path / "home", there.url
    recorded(home, base)
    capsys.readouterr()
    source = tmp_path / "recording.json"
    other = tmp_path / "other"
    assert main(["import", str(source), "--assets", "--allow-private", "--home", str(other)]) == 0
    printed = capsys.readouterr()
    id = printed.out.strip()
    assert "8 files captured" in printed.err
    assert main(["assets", id, "--home", str(home)]) == 0
    assert capsys.readouterr().out.count("not captured yet") == 11
    assert main(["assets", id, "--fetch", "--home", str(home), "--json"]) == 0
    said = orjson.loads(capsys.readouterr().out)
    assert {one["why"] for one in said["assets"]} == {"it lies in a private network"}
    assert main(["assets", id, "--fetch", "--allow-private", "--home", str(home)]) == 0
    out = capsys.readouterr().out
    assert "image/svg+xml" in out
    assert "HTTP 404" in out


def test_nothing_to_capture(tmp_path: Path) -> None:
    r = Recording()
    r.page(0, r.el("p", {}, "text"), r.el("img", {"src": "data:image/png;base64,AA"}))
    path = tmp_path / "recording.json"
    path.write_bytes(b"[" + b",".join(r.raws) + b"]")
    id = import_paths(tmp_path / "home", [path])[0]
    assert capture(tmp_path / "home", id).words == "The recording refers to no files on the web."
    with Library.open(tmp_path / "home") as library:
        assert look(library, id) == {}

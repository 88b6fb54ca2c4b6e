"""Canvases and `:hover` in the real page, looked at as pixels."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QColor, QImage

from tests.qt.player.conftest import Bench
from tests.qt.player.engines import Recording
from tests.qt.player.test_painter import ask, colour

pytestmark = pytest.mark.webengine


def call(name: str, *args: Any) -> dict[str, Any]:
    return {"property": name, "args": list(args)}


def setter(name: str, value: Any) -> dict[str, Any]:
    return {"property": name, "args": [value], "setter": True}


def box(x: int, y: int, fill: str) -> list[dict[str, Any]]:
    return [setter("fillStyle", fill), call("fillRect", x, y, 20, 20)]


def near(image: QImage, x: int, y: int, wanted: str) -> bool:
    got, want = image.pixelColor(x, y), QColor(wanted)
    return max(abs(got.red() - want.red()), abs(got.green() - want.green()), abs(got.blue() - want.blue())) < 12


def png(fill: str) -> str:
    image = QImage(100, 60, QImage.Format.Format_RGB32)
    image.fill(QColor(fill))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return base64.b64encode(bytes(buffer.data().data())).decode()


def canvas_page(r: Recording, **attrs: Any) -> dict[str, Any]:
    canvas = r.el("canvas", {"width": "100", "height": "60", "style": "position: fixed; left: 0; top: 0", **attrs})
    r.page(0, canvas)
    return canvas


def test_commands_are_drawn_forward_and_backward(bench: Bench) -> None:
    r = Recording()
    canvas = canvas_page(r, rr_dataURL="data:image/png;base64," + png("#ffff00"))
    r.incremental(100, 9, id=canvas["id"], type=0, commands=box(0, 0, "#ff0000"))
    r.incremental(200, 9, id=canvas["id"], type=0, commands=box(40, 0, "#00ff00"))
    clear = [call("clearRect", 0, 0, 100, 60), *box(0, 0, "#0000ff")]
    r.incremental(300, 9, id=canvas["id"], type=0, commands=clear)
    r.change(400, attributes=[{"id": canvas["id"], "attributes": {"width": "50"}}])
    bench.use(r.raws)
    wanted = {
        50: ("#ffff00", "#ffff00", "#ffff00"),
        150: ("#ff0000", "#ffff00", "#ffff00"),
        250: ("#ff0000", "#00ff00", "#ffff00"),
        350: ("#0000ff", "#ffffff", "#ffffff"),
        450: ("#ffffff", "#ffffff", "#ffffff"),
    }
    for offset in (50, 150, 250, 350, 450, 250, 150, 350, 50, 250, 450, 150):
        bench.seek(offset)
        image = bench.picture()
        for x, fill in zip((10, 50, 90), wanted[offset], strict=True):
            assert near(image, x, 10, fill), (offset, x, image.pixelColor(x, 10).name(), fill)


def test_a_reported_picture_is_the_drawn_one(bench: Bench) -> None:
    """`pictured` comes after the drawing was run, encoded and decoded."""
    r = Recording()
    canvas = canvas_page(r)
    for n in range(20):
        r.incremental(100 + n, 9, id=canvas["id"], type=0, commands=box(0, 0, f"#00{n:02x}ff"))
    bench.use(r.raws)
    seen = set()
    for n in range(20):
        bench.seek(100 + n)
        seen.add(ask(bench, "getComputedStyle(d.querySelector('canvas')).content"))
    assert len(seen) == 20
    assert all(url.startswith('url("blob:') for url in seen)


def test_text_whose_width_is_undefined_and_images(bench: Bench) -> None:
    r = Recording()
    canvas = canvas_page(r)
    blob = {"rr_type": "Blob", "type": "image/png", "data": [{"rr_type": "ArrayBuffer", "base64": png("#00ffff")}]}
    pixels = base64.b64encode(bytes([255, 0, 255, 255] * 100)).decode()
    array = {"rr_type": "Uint8ClampedArray", "args": [{"rr_type": "ArrayBuffer", "base64": pixels}]}
    data = {"rr_type": "ImageData", "args": [array, 10, 10]}
    element = {"rr_type": "HTMLImageElement", "src": "data:image/png;base64," + png("#ff8000")}
    r.incremental(100, 9, id=canvas["id"], type=0, commands=[
        setter("font", "bold 40px sans-serif"), call("fillText", "\u2588\u2588", 0, 40, None),
        call("drawImage", element, 60, 0, 20, 20), call("putImageData", data, 80, 0),
    ])  # fmt: skip
    r.incremental(200, 9, id=canvas["id"], type=0, commands=[
        call("clearRect", 0, 0, 100, 60), call("drawImage", {"rr_type": "ImageBitmap", "args": [blob]}, 0, 0),
    ])  # fmt: skip
    bench.use(r.raws)
    bench.seek(150)
    image = bench.picture()
    assert near(image, 10, 30, "#000000")
    assert near(image, 70, 10, "#ff8000")
    assert near(image, 85, 5, "#ff00ff")
    bench.seek(250)
    assert near(bench.picture(), 50, 30, "#00ffff")


def test_webgl_is_a_labelled_box_in_its_clear_colour(bench: Bench) -> None:
    r = Recording()
    canvas = canvas_page(r)
    cleared = [call("clearColor", 1, 0, 0, 1), call("clear", 0x4000)]
    r.incremental(100, 9, id=canvas["id"], type=1, commands=cleared)
    r.incremental(200, 9, id=canvas["id"], type=1, commands=[call("drawArrays", 4, 0, 3)])
    bench.use(r.raws)
    for offset, labelled in ((150, False), (250, True), (150, False)):
        bench.seek(offset)
        assert near(bench.picture(), 5, 5, "#ff0000")
        content = ask(bench, "getComputedStyle(d.querySelector('canvas')).content")
        assert ("WebGL%20drawing" in content) is labelled


def test_hostile_commands_do_nothing(bench: Bench) -> None:
    r = Recording()
    canvas = canvas_page(r)
    endless = {"rr_type": "ImageData", "args": [{"rr_type": "Uint8ClampedArray", "args": [[0] * 4]}, 1e9, 1e9]}
    r.incremental(100, 9, id=canvas["id"], type=0, commands=[
        *box(0, 0, "#ff0000"),
        call("constructor", "alert(1)"), call("__proto__"), setter("__proto__", {}), setter("canvas", 1),
        setter("filter", "url(http://127.0.0.1:9/f.svg#a)"), setter("fillStyle", "url(http://127.0.0.1:9/x)"),
        setter("fillStyle", {"rr_type": "CanvasGradient", "index": 0}), setter("font", "x" * 1_000_000),
        call("drawImage", {"rr_type": "HTMLImageElement", "src": "http://127.0.0.1:9/i.png"}, 0, 0),
        call("drawImage", {"rr_type": "Function", "args": ["return 1"]}, 0, 0), call("drawImage", "canvas", 0, 0),
        call("putImageData", endless, 0, 0), call("stroke", {"rr_type": "Path2D", "index": 3}),
        call("fillText", {"toString": 1}, 0, 0), call("setLineDash", ["a"]),
        call("roundRect", 0, 0, 5, 5, [None, {}]),
        call("transferToImageBitmap"), call("getImageData", 0, 0, 1e9, 1e9), *[call("save")] * 15_000,
        *box(40, 0, "#00ff00"),
    ])  # fmt: skip
    huge = r.el("canvas", {"width": "2000000000", "height": "2000000000"})
    r.change(110, adds=[{"parentId": canvas["id"] + 1, "nextId": None, "node": huge}])
    r.incremental(120, 9, id=huge["id"], type=0, commands=box(0, 0, "#ff0000"))
    bench.use(r.raws)
    bench.seek(150)
    image = bench.picture()
    assert near(image, 10, 10, "#ff0000")
    assert near(image, 50, 10, "#00ff00")


def test_hover_follows_the_recorded_pointer_only(bench: Bench) -> None:
    r = Recording()
    rule = "* { margin: 0 } b, i { display: block; height: 20px }"
    rule += ".a:hover b, .x\\:hover { color: rgb(9, 0, 0) } i:hover:not(.no) { color: rgb(8, 0, 0) }"
    b, i = r.el("b", {}, "b"), r.el("i", {}, "i")
    r.page(0, r.el("p", {"class": "a"}, b), i, r.el("u", {"class": "x:hover"}, "u"), head=(r.el("style", {}, rule),))
    r.incremental(100, 1, positions=[{"x": 5, "y": 5, "id": b["id"], "timeOffset": 0}])
    r.incremental(200, 1, positions=[{"x": 5, "y": 25, "id": i["id"], "timeOffset": 0}])
    r.change(300, removes=[{"id": i["id"], "parentId": i["id"]}])
    bench.use(r.raws)
    for offset, wanted in ((50, (0, 0)), (150, (9, 0)), (250, (0, 8)), (150, (9, 0)), (50, (0, 0)), (250, (0, 8))):
        bench.seek(offset)
        assert (colour(bench, "b"), colour(bench, "i")) == tuple(f"rgb({n}, 0, 0)" for n in wanted), offset
        assert colour(bench, "u") == "rgb(9, 0, 0)"


def test_hover_is_what_stands_under_the_pointer_when_its_node_has_moved(bench: Bench) -> None:
    r = Recording()
    rule = "* { margin: 0 } p { height: 40px } p:hover { color: rgb(9, 0, 0) }"
    first, second = r.el("p", {"id": "a"}, "a"), r.el("p", {"id": "b"}, "b")
    r.page(0, first, second, head=(r.el("style", {}, rule),))
    r.incremental(100, 1, positions=[{"x": 9, "y": 60, "id": second["id"], "timeOffset": 0}])
    r.change(200, removes=[{"id": first["id"], "parentId": r._next - 1}])
    r.change(300, removes=[{"id": second["id"], "parentId": r._next - 1}])
    r.change(400, adds=[{"parentId": r._next - 1, "nextId": None, "node": r.el("p", {"style": "height: 90px"}, "c")}])
    bench.use(r.raws)
    for offset, wanted in ((150, "b"), (250, ""), (450, "c"), (150, "b"), (450, "c"), (50, "")):
        bench.seek(offset)
        found = ask(bench, "[...d.querySelectorAll('p[rr-hover]')].map(p => p.textContent).join()")
        assert found == wanted, offset

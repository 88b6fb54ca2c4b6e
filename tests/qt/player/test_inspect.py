"""Outlines and picking in the real page: through frames, shadow roots and scale."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from replay_viewer.domain.session import Spot
from tests.qt.player.conftest import Bench
from tests.qt.player.engines import Recording
from tests.qt.player.test_painter import ask

pytestmark = pytest.mark.webengine


def boxes(bench: Bench) -> list[list[float]]:
    found = ask(
        bench,
        "JSON.stringify([...document.querySelectorAll('.outline')].map((o) => [+o.dataset.node,"
        " parseFloat(o.style.left), parseFloat(o.style.top), parseFloat(o.style.width)]))",
    )
    return list(json.loads(found))


def page(r: Recording) -> tuple[int, int, int]:
    """A button, a frame with a paragraph in it, a shadow root with a box; their ids."""
    style = "position:absolute;margin:0;border:0;"
    button = r.el("button", {"style": f"{style}left:100px;top:50px;width:80px;height:30px"}, "Pay")
    frame = r.el("iframe", {"style": f"{style}left:300px;top:200px;width:200px;height:100px"})
    inner = r.el("div", {"style": f"{style}left:0;top:0;width:60px;height:20px", "id": "inner"}, "in")
    inner["isShadow"] = True
    host = r.el("x-box", {"style": f"{style}left:20px;top:400px;width:100px;height:40px;display:block"})
    host["isShadowHost"] = True
    host["childNodes"].append(inner)
    r.page(0, button, frame, host)
    told = r.el("p", {"style": f"{style}left:10px;top:20px;width:50px;height:30px"}, "x")
    document = {"type": 0, "id": 9000, "childNodes": [r.el("html", {}, r.el("head"), r.el("body", {}, told))]}
    r.change(10, isAttachIframe=True, adds=[{"parentId": frame["id"], "nextId": None, "node": document}])
    return button["id"], told["id"], inner["id"]


def test_outlines_stand_where_the_nodes_are(bench: Bench) -> None:
    r = Recording()
    button, told, inner = page(r)
    bench.use(r.raws)
    bench.seek(50)
    bench.view.outline([button, told, inner, 12_345])
    bench.qtbot.waitUntil(lambda: len(boxes(bench)) == 3, timeout=10_000)
    assert boxes(bench) == [[button, 100, 50, 80], [told, 310, 220, 50], [inner, 20, 400, 60]]
    bench.view.outline([])
    bench.qtbot.waitUntil(lambda: not boxes(bench), timeout=10_000)


def test_numbered_spots_stand_where_they_were_set(bench: Bench) -> None:
    r = Recording()
    page(r)
    bench.use(r.raws)
    bench.seek(50)
    bench.view.pin([Spot(2, 140.5, 65), Spot(3, 20, 400)])
    read = (
        "JSON.stringify([...document.querySelectorAll('.pin')].map((o) => {"
        " const p = o.getBoundingClientRect(), b = document.getElementById('stage').getBoundingClientRect();"
        " const scale = b.width / 800; return [o.textContent, Math.round((p.left + p.width / 2 - b.left) / scale),"
        " Math.round((p.top + p.height / 2 - b.top) / scale), Math.round(p.width)]; }))"
    )
    wanted = [["2", 141, 65, 22], ["3", 20, 400, 22]]
    bench.qtbot.waitUntil(lambda: json.loads(ask(bench, read)) == wanted, timeout=10_000)
    bench.view.pin([])
    bench.qtbot.waitUntil(lambda: json.loads(ask(bench, read)) == [], timeout=10_000)


def test_a_click_picks_the_innermost_node(bench: Bench) -> None:
    r = Recording()
    button, told, inner = page(r)
    bench.use(r.raws)
    bench.seek(50)
    bench.settle()
    bench.view.set_picking(True)
    bench.qtbot.waitUntil(
        lambda: ask(bench, "getComputedStyle(document.getElementById('shield')).display") == "block", timeout=10_000
    )
    left, top, scale = json.loads(ask(
        bench, "(() => { const b = document.getElementById('stage').getBoundingClientRect();"
        " return JSON.stringify([b.left, b.top, b.width / 800]); })()",
    ))  # fmt: skip
    target = bench.view._web.focusProxy()
    assert target is not None
    for wanted, x, y in ((button, 140, 65), (told, 320, 230), (inner, 40, 410)):
        with bench.qtbot.waitSignal(bench.view.picked, timeout=10_000) as picked:
            QTest.mouseClick(
                target, Qt.MouseButton.LeftButton, pos=QPoint(round(left + x * scale), round(top + y * scale))
            )
        assert picked.args == [wanted]
    bench.view.set_picking(False)
    bench.qtbot.waitUntil(
        lambda: ask(bench, "getComputedStyle(document.getElementById('shield')).display") == "none", timeout=10_000
    )

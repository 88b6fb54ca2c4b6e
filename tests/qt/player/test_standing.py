"""Documents that stand by out of sight: shown before, or built ahead while nobody asks for anything."""

from __future__ import annotations

from typing import Any

import pytest

from tests.qt.player.conftest import Bench
from tests.qt.player.engines import Recording

pytestmark = pytest.mark.webengine

_SPIN = "@keyframes turn{to{transform:rotate(1turn)}} .turns{animation:turn 3s linear infinite}"


def documents(count: int) -> Recording:
    """One document after the other, 100 ms each: a text, a field, a box that scrolls and something that turns."""
    r = Recording()
    for n in range(count):
        r._next += 1000
        p, field = r.el("p", {}, f"document {n}"), r.el("input", {"value": "as it came"})
        box = r.el("div", {"style": "height: 50px; overflow: auto"}, r.el("div", {"style": "height: 900px"}))
        turns = r.el("div", {"class": "turns"}, "o")
        r.page(n * 100.0, p, field, box, turns, head=(r.el("style", {"_cssText": _SPIN}),))
        r.incremental(n * 100 + 20, 5, id=field["id"], text=f"typed {n}", isChecked=False)
        r.incremental(n * 100 + 20, 3, id=box["id"], x=0, y=100 + n)
        r.change(n * 100 + 40, texts=[{"id": p["childNodes"][0]["id"], "value": f"document {n}, later"}])
    return r


def ask(bench: Bench, script: str) -> Any:
    got: list[Any] = []
    bench.view.page.runJavaScript(script, got.append)
    bench.qtbot.waitUntil(lambda: bool(got), timeout=5_000)
    return got[0]


_FRAMES = """[...document.querySelectorAll('#stage > iframe')].map(f => [
    f.style.visibility, f.contentDocument.getAnimations().map(a => a.playState).join()].join(' ')).join(';')"""


def check(bench: Bench, n: int, later: bool) -> None:
    page = bench.read()
    assert page["text"].startswith(f"document {n}, later" if later else f"document {n}\n")
    assert [field["value"] for field in page["inputs"]] == [f"typed {n}"]
    assert [xy[1] for xy in page["scrolls"].values()] == [100 + n]
    assert page["problems"] == 0


def test_a_document_seen_before_comes_back_as_it_was_at_that_instant(bench: Bench) -> None:
    bench.use(documents(3).raws)
    for n, later in [(0, False), (1, True), (2, False), (0, True), (1, False), (2, True), (0, False)]:
        bench.seek(n * 100 + (60 if later else 30))
        check(bench, n, later)
    # One of them moves; what stands by does not.
    assert sorted(ask(bench, _FRAMES).split(";")) == ["hidden paused", "hidden paused", "visible running"]


def test_nothing_stands_by_before_the_first_picture_and_all_comes_back_after(bench: Bench) -> None:
    bench.use(documents(2).raws)
    bench.seek(30)
    bench.seek(130)
    assert bench.seek(-50)["text"] == ""
    assert "visible" not in ask(bench, _FRAMES)
    bench.seek(60)
    check(bench, 0, True)


def test_pages_near_are_built_while_nobody_asks(bench: Bench) -> None:
    engine = bench.use(documents(3).raws, step=2)
    bench.view.director.prepares = True
    bench.seek(30)
    bench.qtbot.waitUntil(lambda: engine.asked.count(("prepare",)) == 3, timeout=10_000)
    assert len(ask(bench, _FRAMES).split(";")) == 3
    sent = engine.stage._pictures
    for n in (2, 1, 2):
        bench.seek(n * 100 + 30)
        check(bench, n, False)
    assert engine.stage._pictures == sent


def test_another_session_takes_the_place_of_all(bench: Bench) -> None:
    bench.use(documents(3).raws)
    for n in range(3):
        bench.seek(n * 100 + 30)
    bench.use(documents(1).raws)
    bench.seek(60)
    check(bench, 0, True)
    bench.qtbot.waitUntil(lambda: len(ask(bench, _FRAMES).split(";")) == 1, timeout=5_000)

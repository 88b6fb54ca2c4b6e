"""Which map fits a frame: layers, folders of the same name, links, what is read and when."""

from __future__ import annotations

import json
import tracemalloc
import zipfile
from functools import partial
from pathlib import Path

import pytest

from replay_viewer.analysis.mapset import MapSet, inline_map, marks_of, place_of
from replay_viewer.analysis.sourcemap import IndexedMap
from replay_viewer.analysis.symbols import needs_map, symbolicate
from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.rows import ErrorEvent, Frame, Raised
from replay_viewer.formats.sentry.events import error_of
from tests.sourcemaps import small_map


def source(maps: MapSet, url: str, debug_id: str = "") -> str:
    found = maps.find(Frame(file=url, line=1, column=1, debug_id=debug_id))
    return found[1].source if found else ""


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for folder in ("cart", "pay", "deep/pay"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "index.js.map").write_bytes(small_map(f"{folder}.ts"))
    maps = MapSet.open(tmp_path)
    for url, wanted in (("cart", "cart.ts"), ("x/pay", "pay.ts"), ("deep/pay", "deep/pay.ts")):
        assert source(maps, f"https://shop.test/{url}/index.js?v=1") == wanted
    assert [one.name for one in maps.files()] == ["cart/index.js", "deep/pay/index.js", "pay/index.js"]


def test_files_go_by_what_built_files_say(tmp_path: Path) -> None:
    """What is uploaded has the path of the built file, though its map lies elsewhere under another name."""
    id = "85314830-023f-4cf1-a267-535f4e37bb17"
    (tmp_path / "js").mkdir()
    (tmp_path / "js" / "app.js").write_text(f"x()\n//# debugId={id}\n//# sourceMappingURL=../maps/a1.map")
    (tmp_path / "a1.map").write_bytes(small_map())
    with zipfile.ZipFile(tmp_path / "build.zip", "w") as archive:
        for name in ("js/app.js", "a1.map"):
            archive.write(tmp_path / name, f"dist/{name}")
    for path in (tmp_path, tmp_path / "build.zip"):
        maps = MapSet.open(path)
        [held] = maps.files()
        assert (held.name.removeprefix("dist/"), held.debug_id) == ("js/app.js", id)
        assert held.data() == small_map()
        assert source(maps, "https://shop.test/other.js", id.upper()) == "src/pay.ts"


def test_layers(tmp_path: Path) -> None:
    below, upper = MapSet(), MapSet()
    below.put("a.js", partial(bytes, small_map("below.ts")))
    below.put("b.js", partial(bytes, small_map("below.ts")))
    upper.put("a.js", partial(bytes, small_map("upper.ts")))
    upper.put("b.js", partial(bytes, b"{damaged"))
    both = upper.over(below)
    assert [source(both, f"https://x/{name}.js") for name in "abc"] == ["upper.ts", "below.ts", ""]
    assert (both.count, upper.count, source(upper, "https://x/b.js")) == (4, 2, "")
    third = MapSet().over(both)
    assert third.has(Frame(file="https://x/a.js", line=1))
    assert not third.has(Frame(file="https://x/c.js", line=1))


def test_a_file_that_goes_away_is_no_map(tmp_path: Path) -> None:
    (tmp_path / "a.js.map").write_bytes(small_map())
    maps = MapSet.open(tmp_path)
    (tmp_path / "a.js.map").unlink()
    assert source(maps, "https://x/a.js") == ""


def test_opening_a_folder_keeps_none_of_it_in_memory(tmp_path: Path) -> None:
    for n in range(4):
        (tmp_path / f"{n}.js.map").write_bytes(small_map(code="x" * 5_000_000))
    tracemalloc.start()
    try:
        maps = MapSet.open(tmp_path)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert maps.count == 4
    assert held < 2_000_000


@pytest.mark.parametrize(
    ("frame", "wanted"),
    [
        (Frame(file="https://x/a.js", line=1), True),
        (Frame(file="app:///main.js?platform=ios", line=1), True),
        (Frame(file="https://x/chunk", line=1, debug_id="1"), True),
        (Frame(file="https://x/a.js", line=1, context=[(1, "{snip} a(b)")]), True),
        (Frame(file="https://x/a.js", line=1, context=[(1, "pay(order)")]), False),
        (Frame(file="https://x/a.js"), False),
        (Frame(file="https://x/checkout", line=3), False),
        (Frame(file="webpack:///./src/a.js", line=3), False),
        (Frame(file="/srv/app/server.js", line=3), False),
        (Frame(file="chrome-extension://x/a.js", line=3), False),
        (Frame(file="https://[x/a.js", line=3), False),
    ],
)
def test_frames_that_need_a_map(frame: Frame, wanted: bool) -> None:
    assert needs_map(frame) is wanted


def test_what_a_backend_mapped_stays() -> None:
    maps = MapSet()
    maps.put("a.js", partial(bytes, small_map()))
    frame = Frame(file="https://x/a.js", line=1, column=1, context=[(1, "pay(order)")])
    error = ErrorEvent(t=1, exceptions=[Raised(type="E", value="v", frames=[frame])])
    assert symbolicate(error, maps) is error


def test_sentry_says_debug_ids() -> None:
    image = {"type": "sourcemap", "code_file": "https://x/a.js", "debug_id": "85314830023f4cf1a267535f4e37bb17"}
    frames = [{"abs_path": "https://x/a.js", "lineno": 1}, {"abs_path": "https://x/b.js", "lineno": 1}]
    values = {"values": [{"type": "E", "stacktrace": {"frames": frames}}]}
    sent = {"exception": values, "debug_meta": {"images": [image]}}
    answered = {
        "entries": [{"type": "exception", "data": values}, {"type": "debugmeta", "data": {"images": [image, 1]}}]
    }
    for event in (sent, answered):
        found = [frame.debug_id for frame in error_of(event).exceptions[0].frames]
        assert found == [image["debug_id"], ""]


def test_comments_of_built_files() -> None:
    data = "data:application/json;charset=utf-8,%7B%7D"
    assert marks_of(f"//# sourceMappingURL=old.map\n//@ sourceMappingURL={data}".encode()) == ("", data)
    assert inline_map(data) == b"{}"
    assert inline_map("data:application/json;base64,#") is None
    assert inline_map("app.js.map") is None
    assert marks_of(b"x()") == ("", "")
    assert place_of("https://x/a%20b\\c.js?d#e") == "a b/c.js"


def test_hostile_maps_are_none() -> None:
    for names in ("[[[]]]", '[{"a":1}]'):
        with pytest.raises(BadInput):
            IndexedMap(f'{{"version":3,"sources":["a"],"names":{names},"mappings":"AAAA"}}'.encode())
    kept = json.dumps({"version": 3, "sources": ["a"], "names": [1, None, "x"], "mappings": "AAAAE"}).encode()
    found = IndexedMap(kept).find(1, 1)
    assert found is not None
    assert found.name == "x"

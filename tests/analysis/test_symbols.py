"""Source maps: decoding, sections, finding maps, and the stacks of the shop."""

from __future__ import annotations

import base64
import gzip
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_viewer.analysis.mapset import MapSet
from replay_viewer.analysis.merge import merge
from replay_viewer.analysis.sourcemap import IndexedMap, decode_line, decode_vlq
from replay_viewer.analysis.symbols import clean_source, context_lines, map_frame, symbolicate
from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.rows import ErrorEvent, Frame, Raised
from tests.analysis.recordings import recorded
from tests.data_dir import SHARED, needs_shared

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def vlq(*numbers: int) -> str:
    """An encoder of our own, to test the decoder with."""
    text = ""
    for number in numbers:
        rest = (abs(number) << 1) | (number < 0)
        while True:
            digit, rest = rest & 31, rest >> 5
            text += DIGITS[digit | (32 if rest else 0)]
            if not rest:
                break
    return text


@given(st.lists(st.integers(-(2**31), 2**31), max_size=8))
def test_vlq_round_trip(numbers: list[int]) -> None:
    assert decode_vlq(vlq(*numbers)) == numbers


@pytest.mark.parametrize("text", ["g", "!", "gggggggggggggggggggA"])
def test_vlq_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"VLQ|cut|large"):
        decode_vlq(text)


def simple(**more: object) -> dict[str, object]:
    """Line 1: column 0 → a.js 1:0 `one`, column 10 → a.js 3:4; line 2: nothing; line 3: column 2 → b.js 1:0."""
    mappings = f"{vlq(0, 0, 0, 0, 0)},{vlq(10, 0, 2, 4)};;{vlq(2, 1, -2, -4)},{vlq(5)}"
    return {"version": 3, "sources": ["a.js", "b.js"], "names": ["one"], "mappings": mappings, **more}


def load(**more: object) -> IndexedMap:
    return IndexedMap(json.dumps(simple(**more)).encode())


def test_positions() -> None:
    found = load()
    at = found.find(1, 5)
    assert at is not None
    assert (at.source, at.line, at.column, at.name) == ("a.js", 1, 0, "one")
    at = found.find(1, 4000)
    assert at is not None
    assert (at.source, at.line, at.column, at.name) == ("a.js", 3, 4, "")
    at = found.find(3, 3)
    assert at is not None
    assert at.source == "b.js"
    assert found.find(3, 1) is None, "before the first segment"
    assert found.find(3, 9) is None, "a segment without a source ends the one before"
    assert found.find(2, 1) is None
    assert found.find(99, 1) is None


def test_sections_roots_and_ignored_sources() -> None:
    found = IndexedMap(
        json.dumps(
            {
                "version": 3,
                "sections": [
                    {"offset": {"line": 0, "column": 0}, "map": simple(sourceRoot="/src/", x_google_ignoreList=[0])},
                    {"offset": {"line": 10, "column": 20}, "map": simple(sources=["c.js", "d.js"])},
                ],
            }
        ).encode()
    )
    first, second, below = found.find(1, 1), found.find(11, 21), found.find(13, 3)
    assert first is not None
    assert second is not None
    assert below is not None
    assert (first.source, first.ignored) == ("/src/a.js", True)
    assert (second.source, second.line) == ("c.js", 1), "the column offset counts on the first line"
    assert below.source == "d.js", "and not below"


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"version": 2, "mappings": "A"}', b"<html>"])
def test_what_is_no_map(data: bytes) -> None:
    with pytest.raises(BadInput):
        IndexedMap(data)


@given(st.text(alphabet=DIGITS + ",;!", max_size=60), st.integers(0, 8), st.integers(0, 50))
def test_damaged_mappings_never_raise(mappings: str, line: int, column: int) -> None:
    IndexedMap(json.dumps(simple(mappings=mappings or "A")).encode()).find(line, column)


SEGMENTS = st.lists(
    st.lists(
        st.one_of(
            st.tuples(st.integers(0, 40)),
            st.tuples(st.integers(0, 40), st.integers(0, 3), st.integers(0, 99), st.integers(0, 99)),
            st.tuples(st.integers(0, 40), *[st.integers(0, 99)] * 3, st.integers(0, 9)),
        ),
        max_size=6,
    ),
    max_size=4,
)


@given(SEGMENTS, st.booleans())
def test_lines_decode_as_the_format_says(lines: list[list[tuple[int, ...]]], damaged: bool) -> None:
    """Against a reading of the specification field by field; with a damaged segment too, which is left out."""
    state, text, expected = [0, 0, 0, 0], [], []
    for line in lines:
        column, parts, wanted = 0, [], []
        for segment in line:
            parts.append(vlq(segment[0], *(value - state[i] for i, value in enumerate(segment[1:]))))
            state[: len(segment) - 1] = segment[1:]
            column += segment[0]
            if len(segment) > 1:
                wanted.append((column, *segment[1:4], segment[4] if len(segment) > 4 else -1))
            else:
                wanted.append((column, -1, -1, -1, -1))
        text.append(",".join([*parts, "!!"] if damaged else parts))
        expected.append(wanted)
    running = (0, 0, 0, 0)
    for mappings, wanted in zip(text, expected, strict=True):
        found, running = decode_line(mappings, running)
        fields = (found.columns, found.source, found.line, found.column, found.name)
        assert list(zip(*(field.tolist() for field in fields), strict=True)) == wanted


def frame(file: str, line: int = 1, column: int = 1) -> Frame:
    return Frame(function="x", file=file, line=line, column=column)


def test_maps_are_found_by_name_comment_debug_id_and_hash(tmp_path: Path) -> None:
    data = json.dumps(simple()).encode()
    (tmp_path / "js").mkdir()
    (tmp_path / "js" / "app.min.js.map").write_bytes(data)
    (tmp_path / "vendor.js.map.gz").write_bytes(gzip.compress(data))
    inline = base64.b64encode(data).decode()
    (tmp_path / "inline.js").write_text(
        f"x();\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,{inline}"
    )
    (tmp_path / "named.js").write_text("x();\n//# sourceMappingURL=../maps/other.js.map?v=2")
    (tmp_path / "other.js.map").write_bytes(data)
    (tmp_path / "main.0a1b2c3d.js.map").write_bytes(data)
    (tmp_path / "d.js.map").write_text(json.dumps(simple(debugId="85314830-023f-4cf1-a267-535f4e37bb17")))
    maps = MapSet.open(tmp_path)
    for url in ("https://a.test/js/app.min.js?v=1", "https://a/vendor.js", "https://a/inline.js", "https://a/named.js",
                "https://a/main.ffffffff.js"):  # fmt: skip
        assert maps.find(frame(url)) is not None, url
    assert maps.find(frame("https://a/unknown.js")) is None
    said = Frame(file="https://a/unknown.js", line=1, column=1, debug_id="85314830-023F-4CF1-A267-535F4E37BB17")
    assert maps.find(said) is not None
    assert maps.find(frame("https://[broken/app.min.js")) is None


def test_a_zip_of_maps(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "maps.zip", "w") as archive:
        archive.writestr("dist/app.js.map", json.dumps(simple(sourcesContent=["a\nb\nc", None])))
        archive.writestr("../../evil.txt", "no")
    maps = MapSet.open(tmp_path / "maps.zip")
    assert maps.count == 1
    mapped = map_frame(frame("https://a/app.js", 1, 11), maps)
    assert mapped is not None
    assert (mapped.file, mapped.line, mapped.column) == ("a.js", 3, 5)
    assert mapped.context == [(1, "a"), (2, "b"), (3, "c")]


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no source maps"):
        MapSet.open(tmp_path)
    with pytest.raises(BadInput, match="cannot be read"):
        MapSet.open(tmp_path / "gone")
    (tmp_path / "app.js.map").write_bytes(b"not json")
    assert MapSet.open(tmp_path).find(frame("https://a/app.js")) is None, "a damaged map is no map"


@pytest.mark.parametrize(
    ("source", "clean"),
    [
        ("webpack://shop/./src/a.js?1f2e", "src/a.js"),
        ("../../shop/src/errors.js", "shop/src/errors.js"),
        ("webpack:///src/a.js", "src/a.js"),
        ("/abs/a.js", "/abs/a.js"),
    ],
)
def test_source_names(source: str, clean: str) -> None:
    assert clean_source(source) == clean


def test_context_is_bounded() -> None:
    assert context_lines("\n".join("abcdefghij"), 2) == [
        (1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e"), (6, "f"), (7, "g"),
    ]  # fmt: skip
    assert context_lines("x" * 900, 1) == [(1, "x" * 500)]
    assert context_lines("a", 50) == []


def test_an_error_without_a_map_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.js.map").write_text(json.dumps(simple()))
    error = ErrorEvent(t=1, exceptions=[Raised(type="E", value="v", frames=[frame("https://a/other.js")])])
    assert symbolicate(error, MapSet.open(tmp_path)) is error


@pytest.fixture(scope="module")
def shop() -> MapSet:
    assert SHARED is not None
    return MapSet.open(SHARED / "sourcemaps" / "shop")


@needs_shared
@pytest.mark.parametrize("name", ["shop_redux_rrweb", "shop_crash_rrweb", "shop_rrweb_0_9_14", "shop_rrweb_1_1_3"])
def test_stacks_of_the_shop_land_where_the_calls_are(shop: MapSet, name: str) -> None:
    """Each frame of our own code lies in src, on a line that calls the next frame's function."""
    assert SHARED is not None
    sources = {path.name: path.read_text().split("\n") for path in (SHARED / "sourcemaps/shop/src").iterdir()}
    checked = 0
    for error in (row for row in merge(recorded(name)) if isinstance(row, ErrorEvent)):
        frames = symbolicate(error, shop).exceptions[-1].frames
        for here, called in zip(frames, [*frames[1:], None][: len(frames)], strict=True):
            if "/src/" not in here.file or "node_modules" in here.file:
                continue
            line = sources[here.file.rpartition("/")[2]][here.line - 1]
            assert dict(here.context)[here.line] == line[:500]
            assert here.in_app
            if called is not None and "/src/" in called.file and called.function in line:
                assert line[here.column - 1 :].removeprefix("await ").startswith(called.function), (here, called)
            checked += 1
    assert checked or name in ("shop_crash_rrweb",), "React alone is on the stack of the crash"


@needs_shared
def test_functions_get_their_names_back(shop: MapSet) -> None:
    errors = [row for row in merge(recorded("shop_redux_rrweb")) if isinstance(row, ErrorEvent)]
    frames = symbolicate(errors[0], shop).exceptions[-1].frames
    names = [frame.function for frame in frames if "errors.js" in frame.file]
    assert names[:3] == ["throwDeep", "validateCart", "computeTotals"]
    assert not frames[0].in_app, "React is not the application"
    timer = symbolicate(errors[2], shop).exceptions[-1].frames[-1]
    assert timer.function == "delayedRender"
    assert "classList.add" in dict(timer.context)[timer.line][timer.column - 1 :]

"""Reading in windows equals reading whole, whatever the strings contain."""

from __future__ import annotations

import io
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_viewer.formats.base import Cursor, Malformed, Truncated
from replay_viewer.formats.base.scan import shape_of, split_point, value_end
from tests.formats.made import dumps

NASTY = st.sampled_from(
    ['},{', '","', '\\', '\\"', '"}],[{"', '"timestamp":1},{"type":3', ']', '[{',
     "\u2028", "\x00", "é", "😀", '}\n,\n{', ""]
)  # fmt: skip
TEXT = st.lists(NASTY | st.text(max_size=6), max_size=5).map("".join)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(-1e9, 1e9) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
EVENT = st.builds(
    lambda data, order: {key: {"type": 3, "data": data, "timestamp": 1795205172000}[key] for key in order},
    VALUE,
    st.permutations(["type", "data", "timestamp"]),
)
STYLE = st.sampled_from([(",", ":"), (", ", ": "), (" ,\r\n\t", " : ")])


def cursor(data: bytes, window: int) -> Cursor:
    return Cursor(io.BytesIO(data), "test", window, window)


@settings(max_examples=300, deadline=None)
@given(st.lists(EVENT | VALUE, max_size=12), st.integers(1, 90), STYLE, st.booleans())
def test_windows_equal_the_whole(values: list[Any], window: int, style: tuple[str, str], ascii: bool) -> None:
    text = json.dumps(values, separators=style, ensure_ascii=ascii).encode()
    read = cursor(text + b" \n", window)
    found = [msgspec.json.decode(raw) for _, raws in read.elements() for raw in raws]
    assert found == json.loads(text)
    assert read.peek() == b""


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(TEXT, VALUE, max_size=6), st.integers(1, 60), STYLE, st.data())
def test_members_equal_the_whole(
    members: dict[str, Any], window: int, style: tuple[str, str], data: st.DataObject
) -> None:
    read = cursor(json.dumps(members, separators=style).encode() + b"   ", window)
    found = {}
    for key in read.members():
        if read.peek() == b"[" and data.draw(st.booleans()):
            found[key] = [msgspec.json.decode(raw) for _, raws in read.elements() for raw in raws]
        elif data.draw(st.booleans()):
            found[key] = msgspec.json.decode(read.value())
        else:
            read.skip()
            found[key] = members[key]
    assert found == members


@settings(max_examples=200, deadline=None)
@given(st.lists(EVENT, min_size=1, max_size=8), st.integers(1, 90), st.data())
def test_cut_anywhere_is_truncated_and_what_came_before_is_right(
    values: list[Any], window: int, data: st.DataObject
) -> None:
    text = dumps(values)
    read = cursor(text[: data.draw(st.integers(1, len(text) - 1))], window)
    found: list[Any] = []
    with pytest.raises(Truncated):
        found.extend(msgspec.json.decode(raw) for _, raws in read.elements() for raw in raws)
    assert found == json.loads(text)[: len(found)]


@settings(max_examples=200, deadline=None)
@given(VALUE, STYLE)
def test_value_end_is_where_the_value_ends(value: Any, style: tuple[str, str]) -> None:
    text = json.dumps(value, separators=style).encode()
    assert value_end(text + b",{", 0) == len(text)
    for cut in range(len(text)):
        if text[:1] in (b"{", b"[", b'"'):
            assert value_end(text[:cut], 0) == -1


@pytest.mark.parametrize("bad", [b'[{"a":1,,"b":2}]', b"[1 2]", b"[{]}", b"[01]", b'["\x01"]', b'[{"a":1}}]'])
def test_malformed_is_said(bad: bytes) -> None:
    with pytest.raises(Malformed, match="not valid JSON"):
        list(cursor(bad, 4).elements())


def test_split_point_names_the_end() -> None:
    text = b'{"a":[1,2]},"x,]"],[9]'
    assert split_point(text, 0) == (text.index(b"],["), True)
    assert split_point(b'{"a":[1,2]},{"b":', 0) == (11, False)
    assert split_point(b'{"a":"},{', 0) == (-1, False)


def test_a_string_of_many_escapes_takes_no_memory_to_scan() -> None:
    text = b'["' + b"\\n" * 2_000_000 + b'",1]'
    assert value_end(text, 0) == len(text)


def test_shape_survives_a_cut() -> None:
    shape = shape_of(b'{"version":"1","data":{"id":"x","person":{},"snapshots":[{"type":2,"data":{"no')
    assert list(shape.keys) == ["version", "data"]
    assert shape.at("data.snapshots").item.keys["type"].first == "2"
    assert shape.at("data.nothing").first == ""


def test_lines_come_whole() -> None:
    lines = [b"a" * n for n in (3, 900, 1, 0, 40)]
    runs = list(cursor(b"\n".join(lines), 16).lines())
    assert b"".join(runs).split(b"\n") == lines
    assert all(run.endswith(b"\n") for run in runs[:-1])

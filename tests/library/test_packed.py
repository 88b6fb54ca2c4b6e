from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_viewer.domain.errors import NewerVersion, StorageProblem
from replay_viewer.library import packed


def _texts(lines: list[str]) -> packed.Texts:
    return packed.Texts(packed.pack_texts([packed.fold(lines[:2]), packed.fold(lines[2:])]))


def test_columns_come_back_in_time_order() -> None:
    columns = packed.sort_columns([30, 10, 20, 10], [31, 11, 21, 12], [0, 1, 2, -1], [3, -1, 2, 1], [0, 1, 2, 0])
    assert columns.t.tolist() == [10, 10, 20, 30]
    assert columns.order.tolist() == [1, 3, 2, 0]
    assert columns.tab.tolist() == [1, -1, 2, 0]
    assert packed.unpack_columns(packed.pack_columns(columns)) == columns
    empty = packed.sort_columns([], [], [], [], [])
    assert len(packed.unpack_columns(packed.pack_columns(empty))) == 0


def test_damage_and_the_future() -> None:
    blob = packed.pack_columns(packed.sort_columns([1], [1], [0], [0], [0]))
    for damaged in (b"", b"x" * 100, blob[:-1], blob + b"x"):
        with pytest.raises(StorageProblem):
            packed.unpack_columns(damaged)
    with pytest.raises(NewerVersion):
        packed.unpack_columns(blob[:7] + b"\x09" + blob[8:])
    with pytest.raises(NewerVersion):
        packed.Texts(packed.pack_texts([])[:7] + b"\x09")


def test_too_few_texts_are_noticed_when_they_are_read() -> None:
    with pytest.raises(StorageProblem):
        packed.Texts(packed.pack_texts([packed.fold(["a", "b"])]), 3).containing("a")


_line = st.text(st.sampled_from("abßAB \n😀"), max_size=8)


@given(
    st.lists(_line, max_size=12), st.text(st.sampled_from("abßAB \n😀"), max_size=3), st.booleans(), st.integers(1, 9)
)
def test_containing_is_what_a_loop_finds(lines: list[str], needle: str, often: bool, size: int) -> None:
    limit, packed._FREQUENT_EVERY = packed._FREQUENT_EVERY, 1 << 30 if often else packed._FREQUENT_EVERY
    try:
        found = _texts(lines).containing(needle)
        blob = packed.pack_texts([packed.fold(lines)])
        parts = [blob[:8], *(blob[at : at + size] for at in range(8, len(blob), size))]
        in_parts = packed.Texts(iter(parts), len(lines))
        assert [in_parts.containing(needle).tolist() for _ in range(2)] == [found.tolist()] * 2
    finally:
        packed._FREQUENT_EVERY = limit

    def folded(text: str) -> str:
        return text.replace("\n", " ").casefold()

    assert found.tolist() == [folded(needle) in folded(line) for line in lines]


def test_matching() -> None:
    texts = _texts(["Order 12", "order x", "no"])
    assert texts.matching(re.compile(r"order \d", re.IGNORECASE)).tolist() == [True, False, False]
    assert _texts([]).matching(re.compile("")).tolist() == []
    assert np.array_equal(_texts(["a"]).containing(""), [True])


def test_endings_tell_with_which_word_a_text_ends() -> None:
    texts = _texts(["boot log", "x warn", "log", "", "a log b", "catalog"])
    assert texts.endings([" log", " WARN"]).tolist() == [1, 2, 0, 0, 0, 0]


def test_repeats_are_told_in_the_order_given() -> None:
    texts = _texts(["a", "b", "a", "bb", "a"])
    assert texts.repeats(np.array([0, 2, 4, 1, 3], np.uint32)).tolist() == [False, True, True, False, False]
    assert texts.repeats(np.array([0, 1, 2, 3, 4], np.uint32)).tolist() == [False] * 5

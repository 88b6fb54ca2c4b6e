"""Which tab somebody was in."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from replay_viewer.analysis.tabs import stretches, turn_at, turns, unseen


def test_the_tab_used_last_has_the_turn() -> None:
    found = turns([(10, 0), (20, 1), (25, 1), (30, 0), (31, 7)], {0: 0.0, 1: 5.0})
    assert found == [(0, 0), (5, 1), (10, 0), (20, 1), (30, 0)]
    assert [turn_at(found, t) for t in (-5, 4, 5, 19, 20, 29, 99)] == [0, 0, 1, 0, 1, 1, 0]
    assert stretches(found, 1, 40) == [(5, 10), (20, 30)]
    assert turn_at([], 3) == 0


def test_a_tab_that_is_left_gives_its_turn_back() -> None:
    assert turns([(10, 0), (20, 1)], {0: 0.0, 1: 15.0}, {1: [(25.0, 40.0)]}) == [(0, 0), (15, 1), (25, 0)]
    alone = turns([(10, 0)], {0: 0.0}, {0: [(20.0, 30.0)]})
    assert alone == [(0, 0)], "nobody else to take it"


def test_unseen_is_where_all_are_hidden() -> None:
    assert unseen({0: [(10, 30)], 1: [(20, 40)]}, [0, 1]) == [(20, 30)]
    assert unseen({0: [(10, 30)]}, [0, 1]) == []
    assert unseen({0: [(10, 30)]}, [0]) == [(10, 30)]


@given(
    st.lists(st.tuples(st.floats(0, 1000), st.integers(0, 3)), max_size=30),
    st.dictionaries(st.integers(0, 3), st.floats(0, 1000), min_size=1),
)
def test_turns_are_in_order_and_cover_every_tab_once_it_began(
    marks: list[tuple[float, int]], starts: dict[int, float]
) -> None:
    found = turns(marks, starts)
    assert found == sorted(found, key=lambda turn: turn[0])
    assert all(a[1] != b[1] for a, b in pairwise(found))
    assert {tab for _, tab in found} <= set(starts)
    total = sum(high - low for tab in starts for low, high in stretches(found, tab, 2000.0))
    assert abs(total - (2000.0 - found[0][0])) < 1e-6

"""Signals of frustration: each by hand, real recordings, and what holds whatever happens."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_viewer.analysis.frustration import DEFAULTS, Facts, Pointer, adjusted, signals
from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.rows import Interaction, Navigation


def click(
    t: float, x: float = 10.0, y: float = 10.0, words: str = "Clicked button “Pay”", **more: object
) -> Interaction:
    return Interaction(t=t, tab=0, action="click", words=words, x=x, y=y, **more)  # type: ignore[arg-type]


def facts(
    *rows: Interaction,
    navigation: tuple[Navigation, ...] = (),
    errors: tuple[float, ...] = (),
    changes: tuple[float, ...] = (),
    requests: tuple[float, ...] = (),
    pointer: tuple[tuple[float, float, float], ...] = (),
    end: float = 60_000.0,
) -> Facts:
    moves = np.asarray(pointer, np.float64).reshape(-1, 3)
    return Facts(
        interactions=list(enumerate(rows)),
        navigation=list(enumerate(navigation)),
        errors=[(n, t, "TypeError") for n, t in enumerate(errors)],
        requests=np.asarray(requests, np.float64),
        changes={0: np.asarray(changes, np.float64)},
        pointers={0: Pointer(moves[:, 0], moves[:, 1], moves[:, 2])},
        end=end,
    )


def kinds(made: Facts) -> list[str]:
    return [one.kind for one in signals(made)]


def test_many_clicks_at_one_place_are_rage_with_each_click_as_evidence() -> None:
    clicks = [click(1000 + n * 200, x=10 + n) for n in range(5)]
    (rage,) = signals(facts(*clicks))
    assert (rage.kind, rage.t, rage.end) == ("rage-click", 1000, 1800)
    assert [one.n for one in rage.evidence] == [0, 1, 2, 3, 4]
    changes = tuple(row.t + 50 for row in clicks)
    assert kinds(facts(*clicks, changes=changes)) == ["rage-click"], "rage is rage even if something changes"
    apart = [click(1000 + n * 200, x=n * 100.0) for n in range(5)]
    assert "rage-click" not in kinds(facts(*apart, changes=changes))
    slow = [click(1000 + n * 900) for n in range(5)]
    assert "rage-click" not in kinds(facts(*slow, changes=tuple(row.t + 50 for row in slow)))


def test_a_click_without_any_answer_is_dead() -> None:
    (dead,) = signals(facts(click(1000)))
    assert (dead.kind, dead.evidence[0].n) == ("dead-click", 0)
    assert kinds(facts(click(1000), changes=(1200,))) == []
    assert kinds(facts(click(1000), requests=(1200,))) == []
    assert kinds(facts(click(1000), navigation=(Navigation(t=3000, tab=0, url="https://a.test/"),))) == []
    assert kinds(facts(click(1000), end=2000)) == [], "nobody can know"
    assert kinds(facts(click(1000, words="Clicked field “Name”"))) == [], "a field takes the focus"
    assert kinds(facts(click(1000), changes=(4000,))) == ["dead-click"], "too late"


def test_an_error_right_after_a_click() -> None:
    (one,) = signals(facts(click(1000), errors=(1300, 1400), changes=(1200,)))
    assert one.kind == "error-click"
    assert [(evidence.kind, evidence.n) for evidence in one.evidence] == [
        ("interactions", 0),
        ("errors", 0),
        ("errors", 1),
    ]
    assert kinds(facts(click(1000), errors=(2500,), changes=(1200,))) == []


def test_a_pointer_that_turns_again_and_again() -> None:
    back_and_forth = tuple((1000.0 + n * 100, 300.0 if n % 2 else 0.0, 50.0) for n in range(12))
    (one,) = signals(facts(pointer=back_and_forth))
    assert one.kind == "thrashed-cursor"
    assert len(one.evidence) >= DEFAULTS.thrash_turns
    assert kinds(facts(pointer=tuple((t, x / 10, y) for t, x, y in back_and_forth))) == [], "small tremors"
    assert kinds(facts(pointer=tuple((1000.0 + n * 100, n * 50.0, 50.0) for n in range(12)))) == [], "straight on"


def test_a_page_left_for_the_one_before() -> None:
    pages = tuple(
        Navigation(t=t, tab=0, url=f"https://a.test/{name}") for t, name in ((0, "a"), (5000, "b"), (7000, "a"))
    )
    (one,) = signals(facts(navigation=pages))
    assert (one.kind, one.t, one.end) == ("quick-back", 5000, 7000)
    assert len(one.evidence) == 3


def test_what_the_sdk_said_is_not_told_twice() -> None:
    clicks = [click(1000 + n * 100) for n in range(4)]
    said = Interaction(t=1500, tab=-1, action="rage-click", words="Rage click on “Pay”")
    (one,) = signals(facts(*clicks, said))
    assert (one.kind, one.said_by) == ("rage-click", "import")
    slow = Interaction(t=8000, tab=0, action="slow-click", words="Slow click")
    assert [one.said_by for one in signals(facts(click(1000), slow)) if one.kind == "dead-click"] == ["import"]


def test_thresholds_are_adjusted_by_name() -> None:
    limits = adjusted(["rage_clicks=5", "dead-wait=800"])
    assert (limits.rage_clicks, limits.dead_wait) == (5, 800.0)
    clicks = [click(1000 + n * 200) for n in range(4)]
    assert "rage-click" not in [one.kind for one in signals(facts(*clicks), limits)]
    for wrong in ("nonsense=1", "rage_clicks=many", "rage_clicks=-1", "rage_clicks"):
        with pytest.raises(BadInput):
            adjusted([wrong])


@given(
    st.lists(st.tuples(st.floats(0, 50_000), st.floats(0, 500), st.floats(0, 500)), max_size=30),
    st.lists(st.floats(0, 60_000), max_size=10),
    st.lists(st.floats(0, 60_000), max_size=10),
    st.lists(st.tuples(st.floats(0, 60_000), st.floats(0, 800), st.floats(0, 800)), max_size=40),
)
def test_every_signal_has_its_evidence_inside_its_time(
    clicks: list[tuple[float, float, float]],
    errors: list[float],
    changes: list[float],
    moves: list[tuple[float, float, float]],
) -> None:
    made = facts(
        *(click(t, x, y) for t, x, y in sorted(clicks)),
        errors=tuple(sorted(errors)),
        changes=tuple(sorted(changes)),
        pointer=tuple(sorted(moves)),
    )
    found = signals(made)
    assert found == sorted(found, key=lambda one: one.t)
    for one in found:
        assert one.evidence
        assert one.t <= one.end
        assert all(one.t <= evidence.t <= one.end for evidence in one.evidence)
        if one.kind == "dead-click":
            assert not any(one.t < t <= one.end for t in changes)
    rage = [one for one in found if one.kind == "rage-click"]
    used = [evidence.n for one in rage for evidence in one.evidence]
    assert len(used) == len(set(used)), "no click is counted twice"

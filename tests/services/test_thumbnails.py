"""Where small pictures are taken, and that the library keeps them, gives them up and forgets them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_viewer.library import Library, trails
from replay_viewer.services.inactivity import Trails
from replay_viewer.services.thumbnails import LEAST, MOST, coarse_to_fine, instants
from tests import factories


@given(st.floats(1, 1e8), st.integers(1, 300))
def test_never_more_than_asked_for_never_too_close(length: float, most: int) -> None:
    found = sorted(t for _, t in instants(Trails(0.0, length, {}, [], {}), most=most))
    assert 1 <= len(found) <= most + 1
    assert found[0] == 0
    assert found[-1] <= length
    assert all(b - a >= LEAST - 1e-6 for a, b in pairwise(found))


@given(st.integers(0, 200))
def test_coarse_to_fine_is_all_of_them_once(count: int) -> None:
    times = [float(n) for n in range(count)]
    assert sorted(coarse_to_fine(times)) == times


def test_idle_time_has_only_its_beginning_and_each_the_tab_in_use() -> None:
    quiet = {0: ((0.0, 600_000.0), [(100_000.0, 500_000.0)])}
    made = Trails(0.0, 600_000.0, quiet, [], {}, [(0.0, 0), (550_000.0, 1)])
    found = instants(made, 10_000.0)
    assert not [t for _, t in found if 120_000 < t < 480_000]
    assert {tab for tab, t in found if t >= 550_000} == {1}
    assert len(instants(Trails(0.0, 1e9, {}, [], {}))) <= MOST + 1


def test_pictures_go_with_their_session_and_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trails, "ROOM", 25)
    with Library.open(tmp_path) as library:
        one = factories.add_session(library, id="a" * 24)
        two = factories.add_session(library, id="b" * 24)
        library.put_thumbnail(one.id, 0, 5.0, b"0123456789")
        library.put_thumbnail(one.id, 0, 5.0, b"0123456789")
        library.put_thumbnail(one.id, 1, 2.0, b"0123456789")
        assert library.thumbnails(one.id) == [(0, 5.0), (1, 2.0)]
        assert library.thumbnail(one.id, 0, 5.0) == b"0123456789"
        library.put_thumbnail(two.id, 0, 1.0, b"0123456789")
        assert library.thumbnails(one.id) == [], "the older ones made room"
        assert library.thumbnail(two.id, 0, 1.0) == b"0123456789"
        library.delete(two.id)
        with library.database.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM thumbnails").scalar() == 0

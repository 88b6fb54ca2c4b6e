"""The playhead: seeking, the way back, ranges, idle time, readings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from replay_viewer.qt.clock import Playhead

START = 1_784_060_310_000.0


@pytest.fixture
def playhead(qapp: QApplication) -> Iterator[Playhead]:
    made = Playhead()
    made.load(START, START + 100_000, [(START + 40_000, START + 70_000)], "Asia/Tokyo")
    yield made
    made.pause()


def test_seek_is_shown_at_once_without_a_player(playhead: Playhead, qtbot: QtBot) -> None:
    with qtbot.waitSignal(playhead.moved) as moved:
        playhead.seek(START + 5_000)
    assert moved.args == [START + 5_000]


def test_label_waits_for_the_player(playhead: Playhead) -> None:
    playhead.set_driven(True)
    playhead.seek(START + 5_000)
    assert (playhead.t, playhead.target) == (START, START + 5_000)
    playhead.report(START + 5_000)
    assert playhead.t == START + 5_000


def test_when_the_player_dies_the_playhead_stays_where_it_was_asked_to_be(playhead: Playhead) -> None:
    playhead.set_driven(True)
    playhead.seek(START + 9_000)
    playhead.set_driven(False)
    assert playhead.t == START + 9_000


def test_seek_stays_inside_the_session(playhead: Playhead) -> None:
    playhead.seek(0)
    assert playhead.t == START
    playhead.seek(START * 2)
    assert playhead.t == START + 100_000


def test_steps_add_up_while_the_player_works(playhead: Playhead) -> None:
    playhead.set_driven(True)
    for _ in range(3):
        playhead.step(5_000)
    assert playhead.target == START + 15_000


def test_back_returns_from_jumps_but_not_from_steps(playhead: Playhead) -> None:
    playhead.seek(START + 30_000)
    playhead.step(5_000)
    playhead.seek(START + 80_000)
    assert playhead.back()
    assert playhead.t == START + 35_000
    assert playhead.back()
    assert playhead.t == START
    assert not playhead.back()


def test_idle_time_is_skipped_only_while_playing(playhead: Playhead) -> None:
    playhead.seek(START + 50_000)
    assert playhead.t == START + 50_000
    playhead.set_driven(True)
    playhead.play()
    skipped: list[tuple[float, float]] = []
    playhead.skipped.connect(lambda start, end: skipped.append((start, end)))
    playhead.report(START + 50_010)
    assert playhead.target == START + 70_000
    assert len(skipped) == 1


def test_idle_time_can_be_watched(playhead: Playhead) -> None:
    playhead.set_driven(True)
    playhead.skip_idle = False
    playhead.play()
    playhead.report(START + 50_000)
    assert playhead.t == START + 50_000


def test_plays_by_itself_without_a_player(playhead: Playhead, qtbot: QtBot) -> None:
    playhead.set_speed(16)
    playhead.play()
    qtbot.waitUntil(lambda: playhead.t > START + 200)
    playhead.pause()
    assert not playhead.playing


def test_play_stops_at_the_end(playhead: Playhead) -> None:
    playhead.set_driven(True)
    playhead.seek(START + 99_000)
    playhead.play()
    playhead.report(START + 100_000)
    assert not playhead.playing


def test_ranges_are_climbed_out_of(playhead: Playhead) -> None:
    playhead.set_range(START + 50_000, START + 10_000)
    playhead.set_range(START + 20_000, START + 30_000)
    assert playhead.range == (START + 20_000, START + 30_000)
    playhead.leave_range()
    assert playhead.range == (START + 10_000, START + 50_000)
    playhead.leave_range()
    assert playhead.range is None


def test_range_by_keys(playhead: Playhead) -> None:
    playhead.seek(START + 10_000)
    playhead.begin_range()
    playhead.seek(START + 20_000)
    playhead.end_range()
    assert playhead.range == (START + 10_000, START + 20_000)


def test_readings(playhead: Playhead) -> None:
    t = START + 33_000
    assert playhead.text(t) == "0:33.0"
    playhead.set_style("utc")
    assert playhead.text(t) == "20:19:03.0"
    playhead.set_style("customer")
    assert playhead.text(t) == "05:19:03.0"
    assert "Tokyo" in playhead.other_text(t)


def test_customer_zone_unknown_reads_utc(playhead: Playhead) -> None:
    playhead.load(START, START + 1000, [], "Nowhere/Land")
    playhead.set_style("customer")
    assert playhead.style == "utc"


def test_speeds(playhead: Playhead) -> None:
    playhead.change_speed(1)
    assert playhead.speed == 2.0
    for _ in range(20):
        playhead.change_speed(-1)
    assert playhead.speed == 0.25


def test_what_was_skipped_can_be_looked_into(playhead: Playhead) -> None:
    playhead.set_driven(True)
    assert not playhead.look_into_gap()
    playhead.seek(START + 39_000)
    playhead.report(START + 39_000)
    playhead.play()
    playhead.report(START + 40_100)
    assert playhead.target == START + 70_000
    assert playhead.last_skip is not None
    playhead.report(START + 40_200)  # still on its way
    assert playhead.target == START + 70_000
    playhead.report(START + 70_000)
    assert playhead.look_into_gap()
    assert playhead.target == START + 40_000
    playhead.report(START + 41_000)
    assert playhead.t == START + 41_000, "played, not skipped"
    playhead.report(START + 71_000)
    playhead.seek(START + 45_000)
    playhead.report(START + 45_000)
    assert playhead.target == START + 70_000, "only once"


def test_a_range_is_played_over_and_over(playhead: Playhead) -> None:
    playhead.set_driven(True)
    playhead.set_range(START + 10_000, START + 20_000)
    playhead.set_loop(True)
    assert playhead.target == START + 10_000
    assert playhead.stop == START + 20_000
    playhead.play()
    asked: list[bool] = []
    playhead.playing_changed.connect(asked.append)
    playhead.report(START + 20_000)
    assert playhead.playing
    assert playhead.target == START + 10_000
    assert asked == [True], "the player has stopped at the end of what it was to play"
    playhead.report(START + 20_000)
    assert playhead.target == START + 10_000, "a late report does not count"
    playhead.leave_range()
    assert not playhead.loop
    assert playhead.stop == START + 100_000


def test_other_stretches_count_as_idle(playhead: Playhead) -> None:
    playhead.set_driven(True)
    playhead.set_idle([])
    playhead.play()
    playhead.report(START + 50_000)
    assert playhead.t == START + 50_000

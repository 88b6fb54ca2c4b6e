"""Playing through the window: idle time, loops, single steps, thresholds."""

from __future__ import annotations

from typing import Any

from pytestqt.qtbot import QtBot

from replay_viewer.qt.window import Window
from replay_viewer.services import inactivity
from tests.factories import START
from tests.qt.stand_in import FakePlayer


def _player(window: Window) -> FakePlayer:
    assert isinstance(window.stage.player, FakePlayer)
    return window.stage.player


def test_skipped_time_is_printed_and_can_be_looked_into(session_window: Window) -> None:
    window = session_window
    playhead, transport = window.context.playhead, window.transport
    assert playhead.idle, "the checkout has quiet stretches"
    low, high = playhead.idle[0]
    playhead.seek(low - 300)
    assert not window.actions_table.run("look-into-gap")
    playhead.play()
    _player(window).instant.emit(low + 5)
    assert playhead.t == high
    assert transport.skipped.isVisibleTo(window)
    assert transport.skipped.text().startswith("skipped ")
    transport.skipped.click()
    assert playhead.t == low
    assert playhead.playing
    _player(window).instant.emit(low + 900)
    assert playhead.t == low + 900
    playhead.pause()


def test_the_threshold_changes_what_is_idle_here_and_on_the_command_line(session_window: Window) -> None:
    window = session_window
    before = len(window.context.playhead.idle)
    window.commands.set_threshold(60.0)
    assert len(window.context.playhead.idle) < before
    assert window.lanes.data.idle == window.context.playhead.idle
    assert inactivity.threshold(window.context.library) == 60.0
    window.commands.set_threshold(0.5)
    assert window.messages.isVisibleTo(window)
    assert inactivity.threshold(window.context.library) == 60.0


def test_a_loop_stops_the_player_at_its_end_and_begins_again(session_window: Window) -> None:
    window = session_window
    playhead, player = window.context.playhead, _player(session_window)
    assert not window.actions_table.run("loop"), "only with a range"
    playhead.skip_idle = False
    playhead.set_range(START + 10_000, START + 20_000)
    assert window.transport.loop.isVisibleTo(window)
    window.transport.loop.click()
    assert playhead.loop
    assert player.calls[-1] == ("seek", 0, START + 10_000) or ("end", START + 20_000) in player.calls
    playhead.play()
    player.calls.clear()
    player.ended.emit()
    assert [call[0] for call in player.calls if call[0] in ("seek", "play")] == ["seek", "play"]
    assert playhead.playing
    playhead.leave_range()
    assert player.calls[-1][0] == "end"
    assert player.calls[-1][1] > START + 20_000
    playhead.pause()


def test_single_steps_go_by_events_of_the_recording(session_window: Window) -> None:
    window = session_window
    playhead = window.context.playhead
    playhead.seek(START + 10_500)
    for _ in range(3):
        window.actions_table.run("next-event")
    assert playhead.t == START + 13_000
    window.actions_table.run("previous-event")
    assert playhead.t == START + 12_000


def test_rows_are_stepped_by_another_key(session_window: Window, qtbot: QtBot) -> None:
    window = session_window
    window.context.playhead.seek(START + 14_000)
    window.actions_table.press("Alt+Down")
    assert START + 14_000 < window.context.playhead.t <= START + 14_900
    window.actions_table.press("Alt+Up")
    assert window.context.playhead.t < START + 14_000


def drawn(player: Any) -> Any:
    """What the page was last told about the pointer."""
    return [call for call in player.calls if call[0] == "pointer"][-1]


def test_pointer_and_clicks_are_drawn_or_not_also_by_a_page_that_begins_anew(session_window: Window) -> None:
    player = _player(session_window)
    session_window.actions_table.run("pointer")
    assert drawn(player) == ("pointer", False)
    player.ready.emit()
    assert drawn(player) == ("pointer", False)
    assert session_window.settings.value("pointer", True, type=bool) is False
    session_window.actions_table.run("pointer")
    assert drawn(player) == ("pointer", True)

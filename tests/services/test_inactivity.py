"""Idle and hidden time of whole sessions, as stored by the import and as worked out afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete

from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.rows import Interaction, Navigation
from replay_viewer.library import Library, schema
from replay_viewer.services import inactivity
from replay_viewer.services.importer import import_paths
from tests import factories
from tests.data_dir import needs_shared, session_dir


@needs_shared
def test_the_idle_recording_is_idle_where_its_driver_slept(tmp_path: Path) -> None:
    (id,) = import_paths(tmp_path, [session_dir("shop_idle_rrweb")])
    with Library.open(tmp_path) as library:
        session = library.session(id)
        stored = inactivity.read_trails(library, session)
        idle = stored.idle(5.0)
        long = [round((high - low) / 1000) for low, high in idle if high - low > 30_000]
        assert len(long) == 2, "the driver slept 120 s and 75 s"
        assert long[0] > 110
        assert long[1] > 65
        for t in library.columns(id, "interactions").t:
            assert not any(low < t < high for low, high in idle)
        with library.database.write() as connection:
            connection.execute(delete(schema.quiet))
        assert library.quiet(id) == {}
        assert inactivity.read_trails(library, session).idle(5.0) == idle, "of an older library it is worked out"
        assert library.quiet(id) == stored.quiets, "and kept"


@needs_shared
def test_a_playing_video_is_not_idle(tmp_path: Path) -> None:
    (id,) = import_paths(tmp_path, [session_dir("video_rrweb")])
    with Library.open(tmp_path) as library:
        session = library.session(id)
        ((_, spans),) = library.quiet(id).values()
    for begin, stop in ((3_635, 13_941), (14_935, 19_293)):  # as the recording's media events say
        assert not any(low < session.start + stop and high > session.start + begin for low, high in spans)


def test_hidden_stretches_are_what_the_sdk_said(tmp_path: Path) -> None:
    start = factories.START
    rows = [
        Navigation(t=start, tab=0, url="https://a.test/"),
        Interaction(t=start + 10_000, tab=0, action="blur", words="Left the window"),
        Interaction(t=start + 15_000, tab=0, action="focus", words="Came back to the window"),
        Interaction(t=start + 60_000, tab=0, action="blur", words="Left the window"),
        Interaction(t=start + 61_000, tab=0, action="blur", words="Left field “window”", node=7),
    ]
    with Library.open(tmp_path) as library:
        session = factories.add_session(library, rows)
        end = session.tabs[0].end
        assert inactivity.hidden(library, session) == {0: [(start + 10_000, start + 15_000), (start + 60_000, end)]}


def test_the_threshold_is_the_librarys(tmp_path: Path) -> None:
    with Library.open(tmp_path) as library:
        assert inactivity.threshold(library) == inactivity.DEFAULT
        inactivity.set_threshold(library, 30.0)
        assert inactivity.threshold(library) == 30.0
        with pytest.raises(BadInput):
            inactivity.set_threshold(library, 1.0)

from __future__ import annotations

from pathlib import Path

from replay_viewer.domain.rows import ConsoleEntry
from replay_viewer.library import Library, fulltext
from tests.library.samples import START, files, fill, session


def test_equal_texts_are_indexed_once_by_their_first_row(library: Library) -> None:
    with library.writer("s1", "") as writer:
        writer.rows([ConsoleEntry(t=START + 9 - i, level="log", message=f"tick {i % 2}") for i in range(10)])
        writer.finish(session())
    # in time order the messages are 1 0 1 0 …
    assert [(hit.text, hit.n, hit.count) for hit in library.search("tick 1")] == [("tick 1 log", 0, 5)]
    assert [(hit.n, hit.count) for hit in library.search("tick 0")] == [(1, 5)]


def test_an_index_a_kill_left_unfinished_is_finished(library: Library) -> None:
    fill(library)
    with library.database.write() as connection:
        fulltext.remove_texts(connection, 1, 2)
        connection.exec_driver_sql("UPDATE sessions SET indexed = 0")
    library.tidy()
    assert len(library.search("order")) == 2
    with library.database.read() as connection:
        assert connection.exec_driver_sql("SELECT indexed FROM sessions").scalar() == 1
        assert connection.exec_driver_sql("SELECT count(*) FROM texts").scalar() == 7


def test_a_purge_that_was_broken_off_goes_on(library: Library, home: Path) -> None:
    fill(library, "s1", mark=b"1")
    fill(library, "s2", mark=b"2")
    with library.database.write() as connection:
        fulltext.remove_session(
            connection, connection.exec_driver_sql("SELECT rank FROM sessions WHERE sid = 's1'").scalar_one()
        )
        connection.exec_driver_sql("UPDATE sessions SET visible = 0, dead = 1 WHERE sid = 's1'")
    (library.blobs.folder / "ab").mkdir(exist_ok=True)
    (library.blobs.folder / "ab" / "tmp-left").write_bytes(b"half")
    library.put_setting("library.sweep", True)
    with Library.open(home) as other:
        other.tidy()
    assert "tmp-left" not in files(library)
    assert len(files(library)) == 4 + 1 + 8
    assert [one.id for one in library.sessions()] == ["s2"]
    assert library.setting("library.sweep") is None

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from replay_viewer.domain.errors import BadInput, NewerVersion, NotFound, StorageProblem
from replay_viewer.domain.rows import ConsoleEntry, NetworkRequest
from replay_viewer.domain.session import Note
from replay_viewer.library import Library
from tests.library.samples import START, files, fill, rows, session


def test_what_is_written_is_read(library: Library) -> None:
    written = fill(library, origin="https://x.test/1")
    assert written.state == "ready"
    assert written.counts == {"console": 3, "network": 2, "errors": 1, "interactions": 1}
    assert written.failed == {"console": 1, "network": 1, "errors": 1}
    assert library.find_by_origin("https://x.test/1") == "s1"
    assert library.find_by_origin("https://x.test/2") is None
    assert library.find_by_origin("") is None
    assert library.session("s") == written
    chunks = library.chunks("s1", 0)
    assert [(one.index, one.first, one.events, one.t0, one.t1) for one in chunks] == [
        (0, 0, 100, START, START + 30),
        (1, 100, 100, START + 30, START + 60),
    ]
    assert library.blob(chunks[1].blob) == b"chunk 1 " + b"a" * 1000
    assert chunks[1].size == 1008
    assert [one.event for one in library.keyframes("s1", 0)] == [0, 100]
    assert library.keyframes("s1", 1) == []
    start, bucket, counts = library.activity("s1")
    assert (start, bucket, counts.tolist()) == (START, 1000.0, [3, 0, 5])


def test_rows_are_numbered_in_time_order(library: Library) -> None:
    fill(library)
    console = library.rows("s1", "console")
    assert [(n, row.t - START) for n, row in console] == [(0, 10), (1, 20), (2, 30)]
    assert library.row("s1", "console", 2) == rows()[0]
    columns = library.columns("s1", "network")
    assert columns.n.tolist() == [0, 1]
    assert (columns.end - START).tolist() == [2, 25]
    assert columns.severity.tolist() == [0, 2]
    assert columns.tab.dtype == np.int32
    assert library.fetch("s1", "console", [2, 0, 2]) == [console[2][1], console[0][1], console[2][1]]
    assert library.summaries("s1", "network", [1]) == ["POST https://shop.test/api/pay"]
    assert library.fetch("s1", "vitals", []) == []
    assert library.filter("s1", "vitals", "x").tolist() == []


def test_rows_are_narrowed(library: Library) -> None:
    fill(library)

    def found(**given: object) -> list[int]:
        return [n for n, _ in library.rows("s1", "console", **given)]  # type: ignore[arg-type]

    assert found(start=START + 15) == [1, 2]
    assert found(end=START + 15) == [0]
    assert found(tab=1) == [1]
    assert found(text="ORDER") == [1, 2]
    assert found(text="order", min_severity=2) == [2]
    assert found(limit=1, offset=1) == [1]
    assert [n for n, _ in library.rows("s1", "network", start=START + 20)] == [1], "a request that still runs counts"


def test_filter_folds_case_and_lines(library: Library) -> None:
    fill(library)
    assert library.filter("s1", "console", "STRASSE").tolist() == [0]
    assert library.filter("s1", "console", "failed\nfor").tolist() == [2]
    assert library.filter("s1", "console", "failed for").tolist() == [2]
    assert library.filter("s1", "console", "hello.*slow", regex=True).tolist() == [], "a row never reaches the next"
    assert library.filter("s1", "console", r"ORDER \d+", regex=True).tolist() == [2]
    assert library.filter("s1", "network", "502").tolist() == [1]
    assert library.filter("s1", "console", "", min_severity=1).tolist() == [1, 2]
    with pytest.raises(BadInput, match="regular expression"):
        library.filter("s1", "console", "(", regex=True)


def test_what_is_not_there(library: Library) -> None:
    fill(library)
    fill(library, "s2")
    with pytest.raises(NotFound, match="no session x"):
        library.session("x")
    with pytest.raises(NotFound, match="More than one"):
        library.session("s")
    with pytest.raises(NotFound):
        library.session("")
    for n in (3, -1):
        with pytest.raises(NotFound, match="no console row"):
            library.row("s1", "console", n)
    with pytest.raises(BadInput, match="not a kind"):
        library.columns("s1", "nothing")
    with pytest.raises(StorageProblem, match="missing"):
        library.blob("0" * 64)


def test_search_across_sessions(library: Library) -> None:
    fill(library)
    fill(library, "s2")
    hits = library.search("order pay")
    assert [(hit.session, hit.kind, hit.n) for hit in hits] == [("s2", "console", 2), ("s1", "console", 2)]
    assert library.search("type total", kind="network") == []
    assert library.search('"') == []
    assert library.search(" ") == []
    library.delete("s2")
    assert [hit.session for hit in library.search("order pay")] == ["s1"]


def test_the_same_content_is_stored_once_and_goes_with_its_last_session(library: Library) -> None:
    fill(library, "s1")
    before = files(library)
    fill(library, "s2")
    assert files(library) == before
    library.delete("s1")
    assert files(library) == before
    assert library.blob(library.chunks("s2", 0)[0].blob)
    library.put_note(Note(id="n", session="s2", t=START))
    library.delete("s2")
    assert files(library) == []
    assert library.sessions() == []
    with library.database.read() as connection:
        for table in (
            "sessions",
            "rows",
            "texts",
            "chunks",
            "keyframes",
            "packed",
            "activity",
            "notes",
            "page_texts",
            "page_reads",
        ):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0, table
        for index in ("text_index", "session_index", "page_index"):
            connection.exec_driver_sql(f"INSERT INTO {index}({index}) VALUES ('integrity-check')")


def test_damage_is_seen_and_mended_by_another_import(library: Library) -> None:
    fill(library)
    digest = library.chunks("s1", 0)[0].blob
    path = library.blobs.path(digest)
    for damage in (b"", path.read_bytes()[:-3], b"x" * 50, path.read_bytes()[::-1]):
        path.write_bytes(damage)
        with pytest.raises(StorageProblem, match="damaged") as error:
            library.blob(digest)
        assert error.value.advice
    fill(library)
    assert library.blob(digest)


def test_notes(library: Library) -> None:
    fill(library)
    later = Note(id="b", session="s1", t=START + 5, text="here", evidence=False)
    first = Note(id="a", session="s1", t=START + 1)
    for note in (later, first):
        library.put_note(note)
    assert library.notes("s1") == [first, later]
    moved = Note(id="a", session="s1", t=START + 9)
    library.put_note(moved)
    assert library.notes("s1") == [later, moved]
    library.remove_note("b")
    library.remove_note("b")
    fill(library)
    assert library.notes("s1") == [moved], "notes outlive a re-import"
    with pytest.raises(NotFound):
        library.put_note(Note(id="c", session="s", t=0.0))


def test_settings(library: Library) -> None:
    assert library.setting("recent", []) == []
    library.put_setting("recent", ["s1", 2])
    assert library.setting("recent") == ["s1", 2]
    library.put_setting("recent", None)
    assert library.setting("recent") is None


def test_a_library_is_private_and_opens_again(home: Path) -> None:
    with Library.open(home) as library:
        fill(library)
    assert home.stat().st_mode & 0o777 == 0o700
    with Library.open(home) as library:
        assert library.session("s1").counts["console"] == 3
        assert isinstance(library.row("s1", "network", 0), NetworkRequest)


def test_a_newer_library_says_so(home: Path) -> None:
    Library.open(home).close()
    with sqlite3.connect(home / "library.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(NewerVersion, match="newer Replay Viewer"):
        Library.open(home)


def test_other_files_are_refused(home: Path) -> None:
    home.mkdir()
    (home / "library.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StorageProblem, match="damaged"):
        Library.open(home)
    (home / "library.db").unlink()
    with sqlite3.connect(home / "library.db") as connection:
        connection.execute("CREATE TABLE sessions (x)")
    connection.close()
    with pytest.raises(StorageProblem, match="not a Replay Viewer library"):
        Library.open(home)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageProblem):
        Library.open(tmp_path / "file" / "home")


def test_half_characters_of_a_recording(library: Library) -> None:
    with library.writer("s1", "") as writer:
        writer.rows(
            [ConsoleEntry(t=START, level="log", message="ok"), ConsoleEntry(t=START, level="log", message="x\0y")]
        )
        writer.finish(session())
    assert library.filter("s1", "console", "x\0").tolist() == [1]

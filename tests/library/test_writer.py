from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from replay_viewer.domain.errors import NotFound, StorageProblem
from replay_viewer.domain.rows import ConsoleEntry
from replay_viewer.domain.session import Note
from replay_viewer.library import Library
from tests.library.samples import START, files, fill, rows, session

_spawn = multiprocessing.get_context("spawn")


def test_nothing_is_seen_before_the_first_commit_and_growth_after(library: Library, home: Path) -> None:
    with Library.open(home) as reader, library.writer("s1", "o") as writer:
        writer.rows(rows())
        assert reader.sessions() == []
        writer.update(session(end=START + 1))
        writer.commit()
        seen = reader.session("s1")
        assert (seen.state, seen.end, seen.origin) == ("importing", START + 1, "o")
        assert reader.count("is:importing") == 1
        assert len(reader.columns("s1", "console")) == 3
        assert reader.filter("s1", "console", "order").tolist() == [1, 2]
        writer.rows([ConsoleEntry(t=START, tab=0, level="log", message="earlier order")])
        writer.chunk(0, 0, 1, START, START, b"late")
        writer.commit()
        assert reader.filter("s1", "console", "order").tolist() == [0, 2, 3]
        assert reader.row("s1", "console", 0).t == START
        assert reader.blob(reader.chunks("s1", 0)[0].blob) == b"late"
        writer.update(session(start=START + 5, facts=session().facts))
        writer.commit()
        writer.finish(session())
        assert reader.session("s1").state == "ready"
        assert reader.filter("s1", "console", "order").tolist() == [0, 2, 3]
        assert reader.count("shop") == 1


def test_growing_columns_equal_the_finished(library: Library, home: Path) -> None:
    with Library.open(home) as reader, library.writer("s1", "") as writer:
        for i in range(5):
            writer.rows([ConsoleEntry(t=START - 10 * i + k, level="log", message=f"{i} {k}") for k in range(20)])
            writer.commit()
            assert len(reader.columns("s1", "console")) == 20 * (i + 1)
        growing = reader.columns("s1", "console")
        found = reader.rows("s1", "console")
        writer.finish(session())
        assert reader.columns("s1", "console") == growing
        assert reader.rows("s1", "console") == found


def test_rows_of_a_kind_are_replaced(library: Library, home: Path) -> None:
    with Library.open(home) as reader, library.writer("s1", "") as writer:
        writer.rows(rows())
        writer.commit()
        assert len(reader.columns("s1", "console")) == 3
        writer.rows([ConsoleEntry(t=START, level="log", message="buffered")])
        writer.replace_rows("console", [ConsoleEntry(t=START + 2, level="log", message="instead")])
        writer.commit()
        assert reader.summaries("s1", "console", [0]) == ["instead"]
        assert len(reader.columns("s1", "console")) == 1
        writer.replace_rows("errors", [])
        writer.finish(session())
        for _ in range(2):
            assert [row for _, row in reader.rows("s1", "console")] == [
                ConsoleEntry(t=START + 2, level="log", message="instead")
            ]
            assert reader.rows("s1", "errors") == []
            assert len(reader.rows("s1", "network")) == 2
        assert reader.session("s1").counts == {"console": 1, "network": 2, "interactions": 1}


def test_an_older_copy_stays_until_the_new_one_is_whole(library: Library, home: Path) -> None:
    fill(library, mark=b"old")
    library.put_note(Note(id="n", session="s1", t=START))
    with Library.open(home) as reader:
        with library.writer("s1", "") as writer:
            writer.chunk(0, 0, 1, START, START, b"new")
            writer.rows([ConsoleEntry(t=START, level="log", message="new")])
            writer.update(session(browser="new"))
            writer.commit()
            assert reader.session("s1").browser == "Firefox 143"
            assert len(reader.rows("s1", "console")) == 3
            writer.finish(session(browser="new"))
        assert reader.session("s1").browser == "new"
        assert reader.summaries("s1", "console", [0]) == ["new"]
        assert reader.count() == 1
        assert reader.count("firefox") == 0
        assert len(reader.notes("s1")) == 1
    # the new chunk, packed columns and texts: nothing of the old
    assert len(files(library)) == 3


def test_an_aborted_import_leaves_nothing(library: Library) -> None:
    fill(library, mark=b"kept")
    before = files(library)
    with pytest.raises(ZeroDivisionError), library.writer("s2", "") as writer:  # noqa: PT012
        writer.chunk(0, 0, 1, START, START, b"gone")
        writer.rows(rows())
        writer.update(session("s2"))
        writer.commit()
        assert library.count() == 2
        raise ZeroDivisionError
    with library.writer("s3", "") as writer:
        writer.chunk(0, 0, 1, START, START, b"not finished")
    with pytest.raises(ZeroDivisionError), library.writer("s1", "") as writer:  # noqa: PT012
        writer.commit()
        raise ZeroDivisionError
    assert [one.id for one in library.sessions()] == ["s1"]
    assert files(library) == before
    assert list(library.leases.iterdir()) == []
    with library.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sessions").scalar() == 1
        assert connection.exec_driver_sql("SELECT count(*) FROM rows").scalar() == 7


def test_two_imports_of_one_session(library: Library, home: Path) -> None:
    with library.writer("s1", "") as writer, Library.open(home) as other:
        with pytest.raises(StorageProblem, match="being imported by another"):
            other.writer("s1", "")
        with other.writer("s2", "") as second:
            second.finish(session("s2"))
        writer.finish(session())
    assert library.count() == 2


def test_deleted_while_imported(library: Library, home: Path) -> None:
    with Library.open(home) as other, pytest.raises(NotFound, match="deleted"), library.writer("s1", "") as writer:  # noqa: PT012
        writer.chunk(0, 0, 1, START, START, b"one")
        writer.commit()
        other.delete("s1")
        assert other.count() == 0
        writer.chunk(0, 1, 1, START, START, b"two")
        writer.commit()
    assert library.count() == 0
    assert files(library) == []


def test_blobs_a_living_writer_relies_on_stay(library: Library, home: Path) -> None:
    fill(library, "s1", mark=b"shared")
    with Library.open(home) as other, library.writer("s2", "") as writer:
        writer.chunk(0, 0, 100, START, START + 30, b"chunk 0 " + b"shared" * 1000)  # is there already
        other.delete("s1")
        writer.finish(session("s2"))
    assert library.blob(library.chunks("s2", 0)[0].blob) == b"chunk 0 " + b"shared" * 1000
    library.tidy()
    # the chunk alone: what only s1 had could not go while the writer lived
    assert len(files(library)) == 1


def _import_slowly(home: str, steps: Any, go: Any) -> None:
    """Import s1 over an older copy or anew, telling where it is and waiting to be killed."""
    with Library.open(Path(home)) as library, library.writer("s1", "") as writer:
        for i in range(3):
            writer.chunk(0, i, 1, START, START, os.urandom(200_000))
            writer.rows(rows())
            writer.update(session(browser="new"))
            steps.put(f"given {i}")
            go.get()
            writer.commit()
            steps.put(f"committed {i}")
            go.get()
        writer.finish(session(browser="new"))
        steps.put("finished")
        go.get()


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("at", ["given 0", "committed 0", "given 2", "finished"])
def test_kill_at_any_point_is_harmless(home: Path, at: str, older: bool) -> None:
    with Library.open(home) as library:
        if older:
            fill(library)
    steps, go = _spawn.Queue(), _spawn.Queue()
    process = _spawn.Process(target=_import_slowly, args=(str(home), steps, go))
    process.start()
    try:
        with Library.open(home) as reader:
            while (step := steps.get(timeout=60)) != at:
                go.put(None)
            if step.startswith("committed"):
                assert reader.session("s1").state == ("ready" if older else "importing")
            assert process.pid
            os.kill(process.pid, signal.SIGKILL)
    finally:
        process.join()
    for queue in (steps, go):
        queue.close()
        queue.join_thread()
    with Library.open(home) as library:
        if at == "finished":
            assert library.session("s1").browser == "new"
        elif older:
            assert library.session("s1").browser == "Firefox 143"
            assert len(library.rows("s1", "console")) == 3
        else:
            assert library.sessions() == []
        library.tidy()
        expected = {"finished": 3 + 8}.get(at, 13 if older else 0)
        assert len(files(library)) == expected
        assert library.count() == (1 if older or at == "finished" else 0)
        with library.database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        fill(library)
        assert library.session("s1").browser == "Firefox 143"


def _import_much(home: str, count: int) -> None:
    with Library.open(Path(home)) as library, library.writer("s1", "") as writer:
        for i in range(count):
            writer.chunk(0, i, 1, START + i, START + i, b"%d" % i * 1000)
            writer.rows([ConsoleEntry(t=START + i, level="log", message=f"{i} {k}") for k in range(500)])
            writer.update(session(end=START + i))
            writer.commit()
        writer.finish(session())


def test_reading_and_noting_while_another_process_writes(home: Path) -> None:
    with Library.open(home) as library:
        fill(library, "s0")
        process = _spawn.Process(target=_import_much, args=(str(home), 40))
        process.start()
        last = 0
        while process.is_alive():
            if library.count() == 2:
                ours = library.columns("s1", "console")
                assert len(ours) >= last
                assert len(ours) % 500 == 0
                last = len(ours)
                if last:
                    assert len(library.fetch("s1", "console", [0, last - 1])) == 2
                for chunk in library.chunks("s1", 0):
                    assert library.blob(chunk.blob)
            library.put_note(Note(id="n", session="s0", t=time.time()))
        process.join()
        assert process.exitcode == 0
        assert len(library.columns("s1", "console")) == 20_000


def test_two_processes_create_a_library_at_once(home: Path) -> None:
    problems: list[BaseException] = []

    def create() -> None:
        try:
            Library.open(home).close()
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []

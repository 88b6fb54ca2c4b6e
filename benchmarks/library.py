"""The library at full size: 1,000,000 rows in a session, 100,000 sessions, against DESIGN's numbers.

    python -m benchmarks.library [--rows N] [--sessions N]

The peer for row reads is what a viewer without packed columns does: the same rows by plain SELECT and LIKE.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.timing import timed
from tests.library.test_query import many, put_many

from replay_viewer.domain.rows import ConsoleEntry, Row
from replay_viewer.domain.session import Facts, Session
from replay_viewer.library import Library
from replay_viewer.library.schema import row_id

START = 1_785_000_000_000.0


def _rows(count: int) -> list[Row]:
    pick = random.Random(1)
    return [
        ConsoleEntry(
            t=START + i * 3 + pick.random() * 10,
            tab=0,
            event=i,
            level="error" if i % 50 == 0 else "log",
            message=f"tick {i} order #{i * 7919 % count} price {i % 100}",
            arguments=[i],
        )
        for i in range(count)
    ]


def rows(home: Path, count: int) -> None:
    """One session of `count` rows."""
    print(f"{count:,} rows in one session")
    given = _rows(count)
    with Library.open(home) as library, library.writer("big", "") as writer:
        begin = time.perf_counter()
        for at in range(0, count, 5000):
            writer.rows(given[at : at + 5000])
        writer.commit()
        took = time.perf_counter() - begin
        verdict = "yes" if count / took >= 100_000 else "NO"
        print(f"  {'written':44} {count / took:,.0f} rows/s  must be ≥ 100,000: {verdict}")
        begin = time.perf_counter()
        writer.finish(Session(id="big", facts=Facts(title="Big"), start=START, end=given[-1].t))
        print(f"  {'finished, text index filled':44} {time.perf_counter() - begin:.1f} s")
    del given

    def opened() -> None:
        with Library.open(home) as fresh:
            fresh.columns("big", "console")

    ours = timed("library opened and columns read", opened, 100)
    with Library.open(home) as library:
        begin = time.perf_counter()
        library.filter("big", "console", "nothing")
        print(f"  {'first filter (reads the texts)':44} {(time.perf_counter() - begin) * 1000:.1f} ms")
        for word in ("e", "order", "tick 77", "price 99", "nowhere"):
            timed(f"filter “{word}”", lambda word=word: library.filter("big", "console", word), 100)  # type: ignore[misc]
        pick = random.Random(2)
        timed(
            "50 rows that stand together",
            lambda: library.fetch("big", "console", range(count // 2, count // 2 + 50)),
            16,
        )
        timed("50 rows from anywhere", lambda: library.fetch("big", "console", pick.sample(range(count), 50)), 16)
        timed("search in all texts", lambda: library.search("tick 77"), 200)
        gen = library.database.read()
        number = gen.exec_driver_sql("SELECT gen FROM sessions").scalar()
        gen.close()
    low, high = row_id(int(number or 0), "console", 0), row_id(int(number or 0), "console", 0xFFFFFFFF)
    plain = sqlite3.connect(home / "library.db")
    select = "SELECT t, t1, tab, event, severity FROM rows WHERE id BETWEEN ? AND ? ORDER BY t"
    peer = timed("peer: the same columns by SELECT", lambda: plain.execute(select, (low, high)).fetchall(), times=3)
    like = "SELECT id FROM rows WHERE id BETWEEN ? AND ? AND text LIKE '%tick 77%'"
    timed("peer: filter “tick 77” by LIKE", lambda: plain.execute(like, (low, high)).fetchall(), times=3)
    plain.close()
    print(f"  columns take {ours / peer:.3f} of the peer's time")


def sessions(home: Path, count: int) -> None:
    """A library of `count` sessions."""
    print(f"{count:,} sessions")
    with Library.open(home) as library:
        put_many(library, many(count))
        queries = (
            "",
            "user007",
            "user:user007 firefox",
            "chrome",
            "errors:>0",
            "chrome errors:>0",
            "release:1.3",
            "v2",
            "e",
        )
        for query in queries:
            timed(f"list “{query}”", lambda query=query: library.sessions(query), 50)  # type: ignore[misc]
            timed(f"count “{query}”", lambda query=query: library.count(query), 50)  # type: ignore[misc]
        timed("one session by the start of its id", lambda: library.session("00000000000"), 50)


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--sessions", type=int, default=100_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows(Path(folder) / "rows", arguments.rows)
        sessions(Path(folder) / "sessions", arguments.sessions)


if __name__ == "__main__":
    main()

"""Bodies that come at once are kept in one transaction, and are as they would be one after the other."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, event, insert, select

from replay_viewer.collector.blobs import FileBlobs
from replay_viewer.collector.database import default_url, open_database, writing
from replay_viewer.collector.incoming import Fact, Incoming
from replay_viewer.collector.moved import erase_moved
from replay_viewer.collector.schema import linked, moved, segments, sessions, strays, traces
from replay_viewer.collector.writing import Writing
from replay_viewer.domain.errors import BadInput

T = 1.795e12


def _body(text: str, session: str = "", project: str = "1", **more: object) -> Incoming:
    given: dict[str, object] = {
        "project": project, "url": "/x", "headers": {}, "body": text.encode(), "received": T, "session": session,
        "source": "rrweb", **more,
    }  # fmt: skip
    return Incoming(**given)


def _group(engine: Engine, blobs: FileBlobs, *bodies: Incoming) -> list[bool]:
    with writing(engine) as connection:
        fresh = Writing(connection, blobs, set()).keep(bodies)
        blobs.sync()
    return fresh


def test_everything_in_one_group(tmp_path: Path, db: str | None) -> None:
    engine = open_database(db or default_url(tmp_path))
    blobs = FileBlobs(tmp_path / "bodies")
    fact = Fact(kind="log", t=T, name="waited")
    bodies = [
        _body("stray of a trace", traces=["t1"], linked=[fact]),
        _body("stray of none"),
        _body("stray of none"),
        _body("first", "a", owns=["t1", "t1"], first=T, last=T + 5, events=1),
        _body("first", "a"),
        _body("second", "a", first=T - 5, last=T, events=1),
        _body("by trace", traces=["t1"]),
        _body("other", "b", project="2"),
    ]
    assert _group(engine, blobs, *bodies) == [True, True, False, True, False, True, True, True]
    assert [body.session for body in bodies] == ["", "", "", "a", "a", "a", "a", "b"]
    with engine.connect() as connection:
        kept = connection.execute(select(segments).order_by(segments.c.session, segments.c.n)).all()
        assert [(row.session, row.n, blobs.read(row.blob, row.offset, row.bytes).decode()) for row in kept] == [
            ("a", 0, "first"),
            ("a", 1, "stray of a trace"),
            ("a", 2, "second"),
            ("a", 3, "by trace"),
            ("b", 0, "other"),
        ]
        row = connection.execute(select(sessions).where(sessions.c.id == "a")).one()
        assert (row.segments, row.events, row.started, row.ended) == (4, 2, T - 5, T + 5)
        assert connection.execute(select(linked.c.session)).scalars().all() == ["a"]
        assert connection.execute(select(traces.c.trace, traces.c.session)).all() == [("t1", "a")]
        assert len(connection.execute(select(strays)).all()) == 1
    # Sent again, alone: nothing of it is new.
    assert [_group(engine, blobs, _body("first", "a")), _group(engine, blobs, _body("stray of none"))] == [
        [False]
    ] * 2
    engine.dispose()


def test_a_foreign_session_fails_and_nothing_of_its_transaction_stays(tmp_path: Path, db: str | None) -> None:
    engine = open_database(db or default_url(tmp_path))
    blobs = FileBlobs(tmp_path / "bodies")
    with pytest.raises(BadInput, match="another project"):
        _group(engine, blobs, _body("mine", "a"), _body("theirs", "a", project="2"))
    blobs.forget()
    with engine.connect() as connection:
        assert connection.execute(select(sessions.c.id)).all() == []
    engine.dispose()


def test_as_many_statements_for_one_body_as_for_fifty(tmp_path: Path, db: str | None) -> None:
    engine = open_database(db or default_url(tmp_path))
    blobs = FileBlobs(tmp_path / "bodies")
    _group(engine, blobs, *(_body(f"begin {n}", f"s{n}") for n in range(5)))
    counted: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: counted.append(args[2]))

    def statements(count: int) -> int:
        counted.clear()
        bodies = [_body(f"{count} {n}", f"s{n % 5}", linked=[Fact(kind="log", t=T, name="x")]) for n in range(count)]
        assert all(_group(engine, blobs, *bodies))
        return len(counted)

    assert statements(1) == statements(50) <= 8
    engine.dispose()


def test_a_moved_body_is_erased_by_the_next_start(tmp_path: Path, db: str | None) -> None:
    engine = open_database(db or default_url(tmp_path))
    blobs = FileBlobs(tmp_path / "bodies")
    _group(engine, blobs, _body("the secret", traces=["t1"]), _body("it is mine", "a", owns=["t1"]))
    place = tmp_path / "bodies" / blobs.name("")
    assert place.read_bytes() == b"the secret"  # killed after the commit, before it was erased
    assert erase_moved(engine, blobs) == 1
    assert place.read_bytes() == bytes(10)
    assert (tmp_path / "bodies" / blobs.name("a")).read_bytes() == b"it is minethe secret"
    with engine.begin() as connection:  # erased, but killed before that was noted; the file may be gone by then
        connection.execute(insert(moved).values(blob="00/none", offset=0, bytes=3))
    assert (erase_moved(engine, blobs), erase_moved(engine, blobs)) == (1, 0)
    engine.dispose()

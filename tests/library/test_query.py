from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select
from sqlalchemy.dialects import sqlite

from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.session import Facts, Session, User
from replay_viewer.library import Library, fulltext, query, schema
from replay_viewer.library.database import bulk_insert
from tests.library.samples import START


def put_many(library: Library, sessions: list[Session]) -> None:
    """Enter finished sessions without rows, as `SessionWriter` would, but all at once."""
    with library.database.write() as connection:
        lines, texts = [], []
        for gen, one in enumerate(sessions, 1):
            rank = schema.session_rank(one.start, gen)
            record = msgspec.json.encode(one)
            lines.append(
                (
                    *(gen, one.id, 1, 0, one.state, "", 1, 1, rank, one.origin, 0.0),
                    *(one.start, one.end, one.errors, one.events, record),
                )
            )
            texts.append((rank, *fulltext.session_fields(one).values()))
        bulk_insert(connection, schema.sessions, lines)
        bulk_insert(connection, schema.session_texts, texts)
        connection.exec_driver_sql("INSERT INTO session_index(session_index) VALUES ('rebuild')")


def many(count: int) -> list[Session]:
    """Sessions of a hundred users on ten pages."""
    return [
        Session(
            id=f"{i * 2654435761 % 2**32:08x}{i:08x}",
            facts=Facts(
                url=f"https://shop.test/page/{i % 10}?q={i}",
                title=f"Page {i % 10}",
                release=f"shop@1.{i % 7}.0",
                user=User(email=f"user{i % 100:03}@example.com"),
            ),
            start=START + (i * 7919 % count) * 1000.0,
            end=START + (i * 7919 % count) * 1000.0 + i % 100 * 1000,
            counts={"errors": 5} if i % 500 == 0 else {},
            browser=("Chrome 140", "Firefox 143", "Safari 19")[i % 3],
        )
        for i in range(count)
    ]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library of 3,000 sessions."""
    with Library.open(Path(tmp_path_factory.mktemp("full"))) as library:
        put_many(library, many(3000))
        yield library


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 3000),
        ("user007", 30),
        ("USER007@example.com", 30),
        ("ser00", 300),
        ("user:user007 firefox", 10),
        ("user:firefox", 0),
        ("browser:firefox", 1000),
        ("errors:>0", 6),
        ("errors:5 chrome", 2),
        ("errors:>=6", 0),
        ("release:1.3 url:page/2", 43),
        ('title:"page 4"', 300),
        ("https://shop.test/page/3", 300),
        ("is:importing", 0),
        ("is:ready duration:>=99", 30),
        ("after:2026-07-25T17:25:00Z", 2700),
        ("before:2026-07-25T17:25:00Z safari", 100),
        ("id:0000000000000000", 1),
        ("7", None),
        ("e 43", None),
        ('" user', 0),
        ("user:", 3000),
        ("%_", 0),
    ],
)
def test_queries(full: Library, text: str, expected: int | None) -> None:
    found = full.sessions(text, limit=10_000)
    if expected is not None:
        assert len(found) == expected
    else:
        assert 0 < len(found) < 3000
    assert full.count(text) == len(found)
    assert [one.start for one in found] == sorted((one.start for one in found), reverse=True)
    assert full.sessions(text, limit=7, offset=2) == found[2:9]


@pytest.mark.parametrize("text", ["errors:many", "is:lost", "after:teatime", "duration:>"])
def test_what_cannot_be_read_is_said(full: Library, text: str) -> None:
    with pytest.raises(BadInput) as error:
        full.sessions(text)
    assert error.value.advice


def test_every_operator_explains_itself() -> None:
    assert all(code == one.code and one.help for code, one in query.OPERATORS.items())


def _plan(library: Library, statement: object) -> str:
    compiled = statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})  # type: ignore[attr-defined]
    with library.database.read() as connection:
        return " | ".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}"))


_LISTS = [
    "",
    "user007",
    "firefox errors:>0",
    "errors:>0",
    "is:ready",
    "after:2026-01-01",
    "e",
    "e errors:>0",
    "e chrome",
]


@pytest.mark.parametrize("text", _LISTS)
def test_lists_walk_an_index_and_never_sort(full: Library, text: str) -> None:
    plan = _plan(full, query.listing(text, 200, 0))
    assert "TEMP B-TREE" not in plan
    assert "SCAN sessions |" not in f"{plan} |"
    assert "ix_sessions_list (visible=?" in plan, "records are found by rank"
    words = any(len(word) > 2 and ":" not in word for word in text.split())
    assert ("VIRTUAL TABLE INDEX" in plan) == words
    counted = _plan(full, query.counting(text))
    assert "SCAN sessions |" not in f"{counted} |"
    if text == "":
        assert "COVERING INDEX ix_sessions" in counted


def test_a_session_is_found_by_id_prefix_through_the_index(full: Library) -> None:
    id = full.sessions()[17].id
    assert full.session(id[:9]).id == id
    s = schema.sessions.c
    found = select(s.gen).where(s.visible == 1, s.sid >= id[:9], s.sid < id[:8] + "~")
    assert "ix_sessions_sid (visible=? AND sid>? AND sid<?)" in _plan(full, found)
    assert "ix_sessions_origin" in _plan(full, select(s.sid).where(s.visible == 1, s.origin != "", s.origin == "x"))

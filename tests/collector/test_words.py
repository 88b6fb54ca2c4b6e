"""Sessions by words: the index of trigrams answers what reading every session's words would."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from replay_viewer.collector import wordsearch
from replay_viewer.collector.blobs import FileBlobs
from replay_viewer.collector.database import default_url, open_database
from replay_viewer.collector.filters import Filters
from replay_viewer.collector.incoming import Incoming
from replay_viewer.collector.queries import Queries
from replay_viewer.collector.schema import session_words, sessions
from replay_viewer.collector.store import Store
from replay_viewer.domain.session import Facts, User

T = 1.795e12
USERS = [
    "ada@example.com",
    "ada",
    "100%_sure",
    'quo"ted',
    "ÄRGER Straße",
    "日本語の人",
    "o'neil",
    "back\\slash",
    "a*b",
]
WORDS = [
    "ada",
    "ADA@example",
    "%",
    "0%_s",
    '"',
    'o"t',
    "ärger",
    "straße",
    "本語の",
    "'n",
    "k\\s",
    "*",
    "a*b",
    "da e",
    "x",
]


def _body(n: int, user: str) -> Incoming:
    return Incoming(
        project="1", url="/x", headers={}, body=f"{n} {user}".encode(), received=T + n, session=f"s{n}",
        source="rrweb", first=T + n, last=T + n, events=1, facts=Facts(user=User(id=user)),
    )  # fmt: skip


def _filled(tmp_path: Path, db: str | None) -> tuple[Engine, Queries]:
    engine = open_database(db or default_url(tmp_path))
    blobs = FileBlobs(tmp_path / "bodies")
    store = Store(engine, blobs)
    for future in [store.put(_body(n, user)) for n, user in enumerate(USERS)]:
        assert future.result(10)
    store.close()
    return engine, Queries(engine, blobs)


def _naive(engine: Engine, q: str) -> list[str]:
    with engine.connect() as connection:
        rows = connection.execute(select(sessions.c.id, sessions.c.words).order_by(sessions.c.started.desc())).all()
    return [row.id for row in rows if all(word in row.words for word in q.lower().split())]


@pytest.mark.parametrize("few", [1000, 1], ids=["index", "walk"])
def test_any_word_is_found_as_it_stands(
    tmp_path: Path, db: str | None, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wordsearch, "FEW", few)
    engine, queries = _filled(tmp_path, db)
    found = {}
    for word in WORDS:
        page = queries.sessions(Filters(q=word), limit=2)
        found[word] = [one["id"] for one in page["data"]]
        while page["next"]:
            page = queries.sessions(Filters(q=word), limit=2, cursor=page["next"])
            found[word] += [one["id"] for one in page["data"]]
    assert found == {word: _naive(engine, word) for word in WORDS}
    assert (found["ada"], found["本語の"], found["x"]) == (["s1", "s0"], ["s5"], ["s0"])
    engine.dispose()


def test_the_index_follows_changes_and_deletion(tmp_path: Path, db: str | None) -> None:
    engine, queries = _filled(tmp_path, db)

    def ids(q: str) -> list[str]:
        return [one["id"] for one in queries.sessions(Filters(q=q))["data"]]

    with engine.begin() as connection:
        connection.execute(sessions.update().where(sessions.c.id == "s1").values(words="s1\ngrace"))
        connection.execute(sessions.update().where(sessions.c.id == "s2").values(bytes=5))
        connection.exec_driver_sql("DELETE FROM segments WHERE session = 's0'")
        connection.execute(sessions.delete().where(sessions.c.id == "s0"))
    assert (ids("ada"), ids("grace"), ids("sure")) == ([], ["s1"], ["s2"])
    with engine.connect() as connection:
        assert "s0" not in connection.execute(select(session_words.c.session)).scalars().all()
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql(
                "INSERT INTO session_words_index(session_words_index, rank) VALUES ('integrity-check', 1)"
            )
    engine.dispose()


def test_the_index_is_used(tmp_path: Path, db: str | None) -> None:
    engine, _ = _filled(tmp_path, db)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            plan = (
                "EXPLAIN QUERY PLAN SELECT rowid FROM session_words_index WHERE session_words_index MATCH '\"ada\"'"
            )
            wanted = "VIRTUAL TABLE INDEX"
        else:
            connection.execute(text("SET enable_seqscan = off"))  # of nine rows it would be the better plan
            plan = "EXPLAIN SELECT session FROM session_words WHERE words LIKE '%ada%'"
            wanted = "ix_session_words_words"
        assert wanted in "\n".join(str(row[-1]) for row in connection.execute(text(plan)))
    engine.dispose()


def test_sessions_of_before_are_found_after_the_migration(tmp_path: Path, db: str | None) -> None:
    from alembic import command

    from replay_viewer.collector.database import _config

    engine, queries = _filled(tmp_path, db)
    for step, target in ((command.downgrade, "0003"), (command.upgrade, "head")):
        with engine.begin() as connection:
            config = _config()
            config.attributes["connection"] = connection
            step(config, target)
    assert [one["id"] for one in queries.sessions(Filters(q="ada"))["data"]] == ["s1", "s0"]
    engine.dispose()

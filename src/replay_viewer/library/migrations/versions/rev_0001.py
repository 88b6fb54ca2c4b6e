"""The first schema."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _partial(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _column(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _gen() -> sa.Column[int]:
    return sa.Column("gen", _Id, sa.ForeignKey("sessions.gen"), primary_key=True, autoincrement=False)


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, primary_key=True, autoincrement=False)


def upgrade() -> None:
    """Create everything."""
    op.create_table(
        "sessions",
        sa.Column("gen", _Id, primary_key=True),
        _column("sid", sa.Text),
        _column("visible", sa.SmallInteger),
        _column("dead", sa.SmallInteger),
        _column("state", sa.Text),
        _column("lease", sa.Text),
        _column("indexed", sa.SmallInteger),
        _column("revision", sa.Integer),
        _column("rank", sa.BigInteger),
        _column("origin", sa.Text),
        _column("imported", sa.Float),
        _column("t0", sa.Float),
        _column("t1", sa.Float),
        _column("errors", sa.Integer),
        _column("events", sa.Integer),
        _column("record", sa.LargeBinary),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sessions_sid", "sessions", ["visible", "sid"], unique=True, **_partial("visible = 1"))
    op.create_index(
        "ix_sessions_list", "sessions", ["visible", "rank", "errors", "state", "t0", "t1"], **_partial("visible = 1")
    )
    op.create_index("ix_sessions_origin", "sessions", ["origin"], **_partial("visible = 1 AND origin <> ''"))
    op.create_index("ix_sessions_lease", "sessions", ["lease"], **_partial("lease <> ''"))
    op.create_index("ix_sessions_dead", "sessions", ["dead"], **_partial("dead = 1"))
    op.create_table(
        "session_texts",
        sa.Column("rank", _Id, primary_key=True),
        *(_column(name, sa.Text) for name in ("user", "url", "title", "release", "browser", "sid")),
    )
    op.create_table(
        "chunks",
        _gen(),
        _key("tab"),
        _key("number"),
        _column("first", sa.BigInteger),
        _column("events", sa.Integer),
        _column("t0", sa.Float),
        _column("t1", sa.Float),
        _column("blob", sa.Text),
        _column("size", sa.BigInteger),
    )
    op.create_index("ix_chunks_blob", "chunks", ["blob"])
    op.create_table(
        "keyframes",
        _gen(),
        _key("tab"),
        _key("number"),
        _column("event", sa.BigInteger),
        _column("t", sa.Float),
        _column("blob", sa.Text),
        _column("nodes", sa.Integer),
    )
    op.create_index("ix_keyframes_blob", "keyframes", ["blob"])
    op.create_table(
        "activity",
        _gen(),
        _column("start", sa.Float),
        _column("bucket", sa.Float),
        _column("counts", sa.LargeBinary),
    )
    op.create_table(
        "rows",
        sa.Column("id", _Id, primary_key=True, autoincrement=False),
        _column("t", sa.Float),
        _column("t1", sa.Float),
        _column("tab", sa.Integer),
        _column("event", sa.BigInteger),
        _column("severity", sa.SmallInteger),
        _column("text", sa.Text),
        _column("data", sa.LargeBinary),
    )
    op.create_table(
        "packed",
        _gen(),
        sa.Column("kind", sa.Text, primary_key=True),
        _column("rows", sa.BigInteger),
        _column("first", sa.BigInteger),
        _column("columns", sa.Text),
        _column("texts", sa.Text),
    )
    op.create_index("ix_packed_columns", "packed", ["columns"])
    op.create_index("ix_packed_texts", "packed", ["texts"])
    op.create_table(
        "texts",
        sa.Column("id", _Id, primary_key=True),
        _column("gen", sa.BigInteger),
        _column("kind", sa.Text),
        _column("number", sa.BigInteger),
        _column("count", sa.Integer),
        _column("text", sa.Text),
    )
    op.create_index("ix_texts_gen", "texts", ["gen"])
    op.create_table(
        "notes",
        sa.Column("id", sa.Text, primary_key=True),
        _column("session", sa.Text),
        _column("t", sa.Float),
        _column("record", sa.LargeBinary),
    )
    op.create_index("ix_notes_session", "notes", ["session"])
    op.create_table("settings", sa.Column("key", sa.Text, primary_key=True), _column("value", sa.LargeBinary))
    if op.get_bind().dialect.name == "sqlite":
        # substrings of three letters and more, so that half an address or a release finds its session
        op.execute(
            "CREATE VIRTUAL TABLE session_index USING fts5(user, url, title, release, browser, sid, "
            "content='session_texts', content_rowid='rank', tokenize='trigram')"
        )
        op.execute(
            "CREATE VIRTUAL TABLE text_index USING fts5(text, content='texts', content_rowid='id', "
            "tokenize='unicode61 remove_diacritics 2')"
        )

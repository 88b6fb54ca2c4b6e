"""The words of sessions in an index of trigrams, vitals by release, and what moved and is to be erased."""

from __future__ import annotations

import logging

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_log = logging.getLogger(__name__)

#: The database keeps the words itself, in the transaction that changes a session.
_SQLITE = (
    "CREATE VIRTUAL TABLE session_words_index USING fts5(words, content='session_words', content_rowid='id', "
    "tokenize='trigram case_sensitive 1')",
    "CREATE TRIGGER session_words_added AFTER INSERT ON session_words BEGIN "
    "INSERT INTO session_words_index(rowid, words) VALUES (new.id, new.words); END",
    "CREATE TRIGGER session_words_gone AFTER DELETE ON session_words BEGIN "
    "INSERT INTO session_words_index(session_words_index, rowid, words) VALUES ('delete', old.id, old.words); END",
    "CREATE TRIGGER session_words_changed AFTER UPDATE ON session_words BEGIN "
    "INSERT INTO session_words_index(session_words_index, rowid, words) VALUES ('delete', old.id, old.words); "
    "INSERT INTO session_words_index(rowid, words) VALUES (new.id, new.words); END",
    "CREATE TRIGGER sessions_added AFTER INSERT ON sessions BEGIN "
    "INSERT INTO session_words(session, words) VALUES (new.id, new.words); END",
    "CREATE TRIGGER sessions_changed AFTER UPDATE OF words ON sessions WHEN old.words <> new.words BEGIN "
    "UPDATE session_words SET words = new.words WHERE session = new.id; END",
    "CREATE TRIGGER sessions_gone AFTER DELETE ON sessions BEGIN "
    "DELETE FROM session_words WHERE session = old.id; END",
)
_POSTGRESQL = (
    "CREATE FUNCTION keep_session_words() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF TG_OP = 'INSERT' THEN INSERT INTO session_words(session, words) VALUES (NEW.id, NEW.words); "
    "ELSIF TG_OP = 'UPDATE' THEN UPDATE session_words SET words = NEW.words WHERE session = NEW.id; "
    "ELSE DELETE FROM session_words WHERE session = OLD.id; END IF; RETURN NULL; END $$",
    "CREATE TRIGGER sessions_added AFTER INSERT OR DELETE ON sessions FOR EACH ROW "
    "EXECUTE FUNCTION keep_session_words()",
    "CREATE TRIGGER sessions_changed AFTER UPDATE OF words ON sessions FOR EACH ROW "
    "WHEN (OLD.words <> NEW.words) EXECUTE FUNCTION keep_session_words()",
)
_MAY = """SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') OR (
    EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm')
    AND has_database_privilege(current_database(), 'CREATE'))"""


def upgrade() -> None:
    """Create tables, triggers and the index, and fill them with what is there."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "session_words",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("session", sa.String(length=128), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_words")),
        sa.UniqueConstraint("session", name=op.f("uq_session_words_session")),
    )
    op.create_table(
        "moved",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("blob", sa.Text(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moved")),
    )
    only = sa.text("kind = 'vital'")
    op.create_index(
        "ix_linked_vitals_release_t", "linked", ["release", "t"], sqlite_where=only, postgresql_where=only
    )
    connection = op.get_bind()
    postgresql = connection.dialect.name == "postgresql"
    for statement in _POSTGRESQL if postgresql else _SQLITE:
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql("INSERT INTO session_words(session, words) SELECT id, words FROM sessions")
    if postgresql and connection.exec_driver_sql(_MAY).scalar_one():
        connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        connection.exec_driver_sql(
            "CREATE INDEX ix_session_words_words ON session_words USING gin (words gin_trgm_ops)"
        )
    elif postgresql:
        _log.warning("pg_trgm cannot be installed by this user: the search for words reads every session's")


def downgrade() -> None:
    """Drop what `upgrade` made; the extension stays, others may use it."""
    connection = op.get_bind()
    for trigger in ("sessions_added", "sessions_changed") + (
        () if connection.dialect.name == "postgresql" else ("sessions_gone",)
    ):
        on = " ON sessions" if connection.dialect.name == "postgresql" else ""
        connection.exec_driver_sql(f"DROP TRIGGER {trigger}{on}")
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("DROP FUNCTION keep_session_words()")
    op.drop_index("ix_linked_vitals_release_t", table_name="linked")
    op.drop_table("moved")
    op.drop_table("session_words")
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("DROP TABLE session_words_index")

"""Tables of the collector's own database, one schema for SQLite and PostgreSQL.

Times are epoch ms. Everything of a session is keyed by the session's id first, so that it can be spread by session.
Raw bodies are not in here but in append-only blobs (`blobs.py`); a row names the file, offset and length.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: SQLite numbers rows itself only when the column is spelled INTEGER.
_Number = BigInteger().with_variant(Integer(), "sqlite")

projects = Table(
    "projects",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("created", Float, nullable=False),
)

#: Project keys may only write and stand in every page's source, so they are kept as they are.
project_keys = Table(
    "project_keys",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("project", String(32), ForeignKey("projects.id"), nullable=False),
    Column("created", Float, nullable=False),
    Column("revoked", Float),
)

#: Personal tokens read; only their SHA-256 is kept (they are 256 random bits, so a slow hash would add nothing).
tokens = Table(
    "tokens",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("created", Float, nullable=False),
    Column("revoked", Float),
)

#: `started`/`ended`: first and last recorded instant, null until a recording is there; `received`: last body's time.
#: `tabs` and `urls` are JSON lists; `words` is what the list's filter looks through, in lower case.
sessions = Table(
    "sessions",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("project", String(32), nullable=False),
    Column("source", String(16), nullable=False),
    Column("started", Float),
    Column("ended", Float),
    Column("created", Float, nullable=False),
    Column("received", Float, nullable=False),
    Column("events", Integer, nullable=False),
    Column("errors", Integer, nullable=False),
    Column("segments", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("user_email", Text, nullable=False),
    Column("user_name", Text, nullable=False),
    Column("release", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("sdk", Text, nullable=False),
    Column("tabs", Text, nullable=False),
    Column("urls", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("user_role", Text, nullable=False, server_default=""),
    Index(None, "started", "id"),
    Index(None, "project", "received"),
    Index(None, "user_id", "started"),
    Index(None, "user_email", "started"),
    Index(None, "release", "started"),
    Index(
        "ix_sessions_errors_started",
        "started",
        "id",
        sqlite_where=text("errors > 0"),
        postgresql_where=text("errors > 0"),
    ),
)

#: `sessions.words` again, kept by triggers, with an index of trigrams that only migrations know how to make: FTS5 on
#: SQLite (`session_words_index`), pg_trgm on PostgreSQL. Apart, so that counting a session's bytes leaves it alone.
session_words = Table(
    "session_words",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("session", String(128), nullable=False),
    Column("words", Text, nullable=False),
    UniqueConstraint("session"),
)

#: One request body of a session, numbered from 0 in the order of arrival. The same bytes are kept once.
segments = Table(
    "segments",
    metadata,
    Column("session", String(128), ForeignKey("sessions.id"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("received", Float, nullable=False),
    Column("url", Text, nullable=False),
    Column("headers", Text, nullable=False),
    Column("tab", Text, nullable=False),
    Column("events", Integer, nullable=False),
    Column("first", Float),
    Column("last", Float),
    Column("digest", String(64), nullable=False),
    Column("blob", Text, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("bytes", Integer, nullable=False),
    UniqueConstraint("session", "digest"),
)

#: Bodies that belong to no session: session pings, errors without a replay, client reports. Kept raw.
#: `trace`: the trace they name; when a session turns out to have it, they become segments of that session.
strays = Table(
    "strays",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("project", String(32), nullable=False),
    Column("received", Float, nullable=False),
    Column("url", Text, nullable=False),
    Column("headers", Text, nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("blob", Text, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("trace", String(64), nullable=False, server_default=""),
    Index(None, "trace"),
)

#: Places of bodies that were moved from there to their session's and are not erased there yet.
moved = Table(
    "moved",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("blob", Text, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("bytes", Integer, nullable=False),
)

#: Errors, with or without a session (''). `issue`: their fingerprint; the same in one project is one issue.
errors = Table(
    "errors",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("session", String(128), nullable=False),
    Column("project", String(32), nullable=False),
    Column("event_id", String(64), nullable=False),
    Column("t", Float, nullable=False),
    Column("title", Text, nullable=False),
    Column("level", String(16), nullable=False),
    Column("source", String(32), nullable=False),
    Column("url", Text, nullable=False),
    Column("release", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("user_id", Text, nullable=False, server_default=""),
    Column("user_email", Text, nullable=False, server_default=""),
    Column("trace", String(64), nullable=False, server_default=""),
    Column("issue", String(16), nullable=False, server_default=""),
    Index(None, "session", "t"),
    Index(None, "t", "id"),
    Index(None, "project", "issue", "t"),
    Index(None, "issue", "session"),
    Index(None, "issue", "user_id", "user_email"),
    Index(None, "event_id"),
    Index(None, "trace"),
)

#: What else was sent beside the recordings, one row a fact. `kind`: vital, action, metric, rum, security, alert,
#: feedback, log, transaction, navigation, interaction, custom. `session` is '' for what belongs to none. `value`:
#: the number, when it has one (ms, a score, a count). `level`: a vital's rating, a log's or an alert's severity.
#: `data`: the rest as JSON.
linked = Table(
    "linked",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("project", String(32), nullable=False),
    Column("session", String(128), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("t", Float, nullable=False),
    Column("received", Float, nullable=False),
    Column("name", String(200), nullable=False),
    Column("value", Float),
    Column("level", String(32), nullable=False),
    Column("source", String(32), nullable=False),
    Column("page", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("user_email", Text, nullable=False),
    Column("release", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("event_id", String(64), nullable=False),
    Column("trace", String(64), nullable=False),
    Column("data", Text, nullable=False),
    Index(None, "session", "kind", "t"),
    Index(None, "kind", "t", "id"),
    Index(None, "kind", "name", "t"),
    Index(
        "ix_linked_vitals_release_t",
        "release",
        "t",
        sqlite_where=text("kind = 'vital'"),
        postgresql_where=text("kind = 'vital'"),
    ),
    Index(None, "trace"),
)

#: Which session a trace belongs to, as the recordings say.
traces = Table(
    "traces",
    metadata,
    Column("project", String(32), primary_key=True),
    Column("trace", String(64), primary_key=True),
    Column("session", String(128), nullable=False),
    Index(None, "session"),
)

#: Items of envelopes that are kept apart: attachments (`type` is "attachment") and what is of no known kind.
items = Table(
    "items",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("project", String(32), nullable=False),
    Column("session", String(128), nullable=False),
    Column("received", Float, nullable=False),
    Column("type", String(64), nullable=False),
    Column("event_id", String(64), nullable=False),
    Column("trace", String(64), nullable=False),
    Column("filename", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("sdk", Text, nullable=False),
    Column("blob", Text, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("bytes", Integer, nullable=False),
    Index(None, "session"),
    Index(None, "project", "type", "id"),
    Index(None, "trace"),
)

#: Source maps of releases; the content is the file `blob` in the folder `maps`. `name`: path of the built file.
source_maps = Table(
    "source_maps",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("project", String(32), nullable=False),
    Column("release", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("debug_id", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("uploaded", Float, nullable=False),
    Column("by", Text, nullable=False),
    Column("blob", String(64), nullable=False),
    UniqueConstraint("project", "release", "name"),
    Index(None, "debug_id"),
    sqlite_autoincrement=True,  # a number is never given to another map
)

#: What people mark sessions with while they triage. `watched`: epoch ms, 0 when not; `tags`: each between blanks.
marks = Table(
    "marks",
    metadata,
    Column("session", String(128), ForeignKey("sessions.id"), primary_key=True),
    Column("watched", Float, nullable=False),
    Column("tags", Text, nullable=False),
    Column("changed", Float, nullable=False),
    Column("by", Text, nullable=False),
)

#: How long a project's sessions are kept, in days; `environment` '' stands for those without a rule of their own.
retention = Table(
    "retention",
    metadata,
    Column("project", String(32), primary_key=True),
    Column("environment", String(200), primary_key=True),
    Column("days", Float, nullable=False),
)

#: Who did what, when. Rows are added and never changed; the collector has no statement that would.
#: `actor`: name of the token, "cli" or "collector"; `what`: the session, user, token or list it was done to.
audit = Table(
    "audit",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("t", Float, nullable=False),
    Column("actor", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("action", String(32), nullable=False),
    Column("what", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index(None, "t", "id"),
    Index(None, "action", "t"),
)

"""The tables. Types are portable; what is SQLite's alone (full text) lies in `fulltext.py`.

A session is written under a *generation* number (`sessions.gen`), never used twice. At most one generation of a
session id is visible; re-importing writes another one beside it and swaps. A generation that is `dead` is invisible
and waits to be purged.

Rows carry one 64-bit id made of generation, kind and number (`row_id`), so that all rows of a kind lie together, are
read by a range of ids and appended without a second index.
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
    SmallInteger,
    Table,
    Text,
    text,
)

from replay_viewer.domain.rows import KINDS

#: The newest revision in `migrations/versions`; a test holds the two together.
HEAD = "0006"

metadata = MetaData()

# BIGINT primary keys are not SQLite's rowid; INTEGER ones are.
_Id = BigInteger().with_variant(Integer(), "sqlite")

sessions = Table(
    "sessions",
    metadata,
    Column("gen", _Id, primary_key=True),
    Column("sid", Text, nullable=False),
    Column("visible", SmallInteger, nullable=False),
    Column("dead", SmallInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("lease", Text, nullable=False),  # name of the writer's lease; '' when nobody writes
    Column("indexed", SmallInteger, nullable=False),  # whether `texts` is complete
    Column("revision", Integer, nullable=False),  # grows with every commit of the writer
    Column("rank", BigInteger, nullable=False),  # start and generation in one number: newest first by one index
    Column("origin", Text, nullable=False),
    Column("imported", Float, nullable=False),
    Column("t0", Float, nullable=False),
    Column("t1", Float, nullable=False),
    Column("errors", Integer, nullable=False),
    Column("events", Integer, nullable=False),
    Column("record", LargeBinary, nullable=False),  # domain.session.Session as JSON
    Index(
        "ix_sessions_sid",
        "visible",
        "sid",
        unique=True,
        sqlite_where=text("visible = 1"),
    ),
    Index(
        "ix_sessions_list",
        "visible",
        "rank",
        "errors",
        "state",
        "t0",
        "t1",
        sqlite_where=text("visible = 1"),
    ),
    Index(
        "ix_sessions_origin",
        "origin",
        sqlite_where=text("visible = 1 AND origin <> ''"),
    ),
    Index("ix_sessions_lease", "lease", sqlite_where=text("lease <> ''")),
    Index("ix_sessions_dead", "dead", sqlite_where=text("dead = 1")),
    sqlite_autoincrement=True,
)

#: What words and operators of a query match, case-folded; only visible generations. Content of the full text index.
session_texts = Table(
    "session_texts",
    metadata,
    Column("rank", _Id, primary_key=True),
    Column("user", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("release", Text, nullable=False),
    Column("browser", Text, nullable=False),
    Column("sid", Text, nullable=False),
)

chunks = Table(
    "chunks",
    metadata,
    Column("gen", _Id, ForeignKey("sessions.gen"), primary_key=True, autoincrement=False),
    Column("tab", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("first", BigInteger, nullable=False),
    Column("events", Integer, nullable=False),
    Column("t0", Float, nullable=False),
    Column("t1", Float, nullable=False),
    Column("blob", Text, nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
)

keyframes = Table(
    "keyframes",
    metadata,
    Column("gen", _Id, ForeignKey("sessions.gen"), primary_key=True, autoincrement=False),
    Column("tab", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("event", BigInteger, nullable=False),
    Column("t", Float, nullable=False),
    Column("blob", Text, nullable=False, index=True),
    Column("nodes", Integer, nullable=False),
)

activity = Table(
    "activity",
    metadata,
    Column("gen", _Id, ForeignKey("sessions.gen"), primary_key=True, autoincrement=False),
    Column("start", Float, nullable=False),
    Column("bucket", Float, nullable=False),
    Column("counts", LargeBinary, nullable=False),  # little-endian int64
)

#: Per tab when it was active first and last, and between them where it was quiet (see analysis.timeline.quiet).
quiet = Table(
    "quiet",
    metadata,
    Column("gen", _Id, ForeignKey("sessions.gen"), primary_key=True, autoincrement=False),
    Column("tab", Integer, primary_key=True, autoincrement=False),
    Column("first", Float, nullable=False),
    Column("last", Float, nullable=False),
    Column("spans", LargeBinary, nullable=False),  # little-endian float64: from, to, from, to, …
)

#: Small pictures along the timeline. In the database, because a few kilobytes are read faster from it than from a
#: file of their own, and go with their generation.
thumbnails = Table(
    "thumbnails",
    metadata,
    Column("gen", _Id, ForeignKey("sessions.gen"), primary_key=True, autoincrement=False),
    Column("tab", Integer, primary_key=True, autoincrement=False),
    Column("t", Float, primary_key=True, autoincrement=False),
    Column("made", Float, nullable=False),  # epoch ms: those not looked at for longest go first
    Column("size", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),  # JPEG
)

rows = Table(
    "rows",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),  # see row_id
    Column("t", Float, nullable=False),
    Column("t1", Float, nullable=False),
    Column("tab", Integer, nullable=False),
    Column("event", BigInteger, nullable=False),
    Column("severity", SmallInteger, nullable=False),
    Column("text", Text, nullable=False),  # what search and filters look at
    Column("data", LargeBinary, nullable=False),  # domain.rows as JSON
)

#: The columns and texts of a kind packed as two blobs, written when the import finishes (see packed.py).
packed = Table(
    "packed",
    metadata,
    Column("gen", _Id, ForeignKey("sessions.gen"), primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("rows", BigInteger, nullable=False),
    Column("first", BigInteger, nullable=False),  # number of the kind's first row id
    Column("columns", Text, nullable=False, index=True),
    Column("texts", Text, nullable=False, index=True),
)

#: Each different text of the rows of a generation and kind, once, with the first row that has it; for search.
texts = Table(
    "texts",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("gen", BigInteger, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("number", BigInteger, nullable=False),  # of the first row, in time order
    Column("count", Integer, nullable=False),
    Column("text", Text, nullable=False),
)

#: Each different text the page of a tab showed, and when; content of the full text index of pages. A text may have
#: several lines, because a long recording is read in portions.
page_texts = Table(
    "page_texts",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),  # see page_text_block
    Column("gen", BigInteger, nullable=False, index=True),
    Column("tab", Integer, nullable=False),
    Column("kind", Text, nullable=False),  # recording.texts.KINDS
    Column("masked", SmallInteger, nullable=False),
    Column("count", Integer, nullable=False),  # of its intervals, those not kept included
    Column("intervals", LargeBinary, nullable=False),  # see pagetexts.py
    Column("text", Text, nullable=False),
)

#: Generations whose pages were read to their end, by which version of the reader, and what was found.
page_reads = Table(
    "page_reads",
    metadata,
    Column("gen", _Id, ForeignKey("sessions.gen"), primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("texts", BigInteger, nullable=False),
    Column("masked", BigInteger, nullable=False),
    Column("dropped", BigInteger, nullable=False),  # texts beyond what a session may have
)

notes = Table(
    "notes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("session", Text, nullable=False, index=True),  # the session's id: notes outlive a re-import
    Column("t", Float, nullable=False),
    Column("record", LargeBinary, nullable=False),  # domain.session.Note as JSON
)

#: Beside a session, by its id: whether clean-up leaves it alone, when its backend deletes it, its last pull.
extras = Table(
    "extras",
    metadata,
    Column("session", Text, primary_key=True),
    Column("kept", SmallInteger, nullable=False),
    Column("expires", Float, nullable=False),  # epoch ms, 0 when unknown
    Column("pulled", LargeBinary, nullable=False),  # domain.pulled.Pulled as JSON, or empty
)

#: Rows of other sources on a session's timeline; under the name '' its own rows, as they were without the others.
attached = Table(
    "attached",
    metadata,
    Column("session", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("record", LargeBinary, nullable=False),  # domain.pulled.Attached as JSON
    Column("rows", LargeBinary, nullable=False),  # a JSON array of domain.rows, zstd
)

#: Files a recording refers to, had (a blob) or not (why).
assets = Table(
    "assets",
    metadata,
    Column("session", Text, primary_key=True),
    Column("url", Text, primary_key=True),
    Column("blob", Text, nullable=False, index=True),
    Column("type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("why", Text, nullable=False),
)

#: Source maps kept with a session, had (a blob) or asked for in vain (why).
maps = Table(
    "maps",
    metadata,
    Column("session", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("debug_id", Text, nullable=False),
    Column("blob", Text, nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("why", Text, nullable=False),
)

#: What people mark sessions with, by the session's id. `tags`: each between blanks, or empty.
marks = Table(
    "marks",
    metadata,
    Column("session", Text, primary_key=True),
    Column("watched", Float, nullable=False),  # epoch ms, 0 when not
    Column("tags", Text, nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),  # JSON
)

#: Position of each kind in row ids. Never reorder; new kinds are appended.
KIND_CODES = {
    kind: code
    for code, kind in enumerate(
        ("interactions", "navigation", "console", "network", "errors", "vitals", "state", "custom")
    )
}
if KIND_CODES.keys() != KINDS.keys():
    raise RuntimeError("library.schema.KIND_CODES and domain.rows.KINDS differ")


def row_id(gen: int, kind: str, number: int) -> int:
    """The id of row `number` (order of arrival) of a kind: 27 bits generation, 4 bits kind, 32 bits number."""
    return (gen << 36) | (KIND_CODES[kind] << 32) | number


def page_text_block(start: float) -> int:
    """The least id of texts of sessions that start (epoch ms) in the same second: newest first by the ids alone."""
    seconds = int(start / 1000.0) if start == start else 0
    return min(max(seconds, 0), (1 << 32) - 1) << PAGE_TEXT_BITS


#: Texts of sessions of one second share this many bits of ids.
PAGE_TEXT_BITS = 31


def session_rank(start: float, gen: int) -> int:
    """The number that sorts sessions by start (epoch ms) and tells equal starts apart."""
    ms = int(start) if start == start else 0
    return (min(max(ms, 0), (1 << 42) - 1) << 20) | (gen & 0xFFFFF)

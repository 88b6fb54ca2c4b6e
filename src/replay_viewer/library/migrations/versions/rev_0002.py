"""Text over time: what pages showed, and when."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _column(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    """Add the texts of pages; sessions that are there already are read by the next tidy or search."""
    op.create_table(
        "page_texts",
        sa.Column("id", _Id, primary_key=True, autoincrement=False),
        _column("gen", sa.BigInteger),
        _column("tab", sa.Integer),
        _column("kind", sa.Text),
        _column("masked", sa.SmallInteger),
        _column("count", sa.Integer),
        _column("intervals", sa.LargeBinary),
        _column("text", sa.Text),
    )
    op.create_index("ix_page_texts_gen", "page_texts", ["gen"])
    op.create_table(
        "page_reads",
        sa.Column("gen", _Id, sa.ForeignKey("sessions.gen"), primary_key=True, autoincrement=False),
        _column("version", sa.Integer),
        _column("texts", sa.BigInteger),
        _column("masked", sa.BigInteger),
        _column("dropped", sa.BigInteger),
    )
    if op.get_bind().dialect.name == "sqlite":
        # whole words only: positions are not needed to find a text that has them all, but phrases are
        op.execute(
            "CREATE VIRTUAL TABLE page_index USING fts5(text, content='page_texts', content_rowid='id', "
            "tokenize='unicode61 remove_diacritics 2')"
        )

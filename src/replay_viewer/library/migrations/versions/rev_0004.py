"""Quiet stretches of tabs, and small pictures along the timeline."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _column(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _gen() -> sa.Column[Any]:
    return sa.Column("gen", _Id, sa.ForeignKey("sessions.gen"), primary_key=True, autoincrement=False)


def upgrade() -> None:
    """Add both; of sessions that are there already they are worked out when somebody opens one."""
    op.create_table(
        "quiet",
        _gen(),
        sa.Column("tab", sa.Integer, primary_key=True, autoincrement=False),
        _column("first", sa.Float),
        _column("last", sa.Float),
        _column("spans", sa.LargeBinary),
    )
    op.create_table(
        "thumbnails",
        _gen(),
        sa.Column("tab", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("t", sa.Float, primary_key=True, autoincrement=False),
        _column("made", sa.Float),
        _column("size", sa.Integer),
        _column("data", sa.LargeBinary),
    )

"""Beside a session: its last pull, whether it is kept, what is attached to it, its assets."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _column(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    """Add three tables by the session's id."""
    op.create_table(
        "extras",
        sa.Column("session", sa.Text, primary_key=True),
        _column("kept", sa.SmallInteger),
        _column("expires", sa.Float),
        _column("pulled", sa.LargeBinary),
    )
    op.create_table(
        "attached",
        sa.Column("session", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        _column("record", sa.LargeBinary),
        _column("rows", sa.LargeBinary),
    )
    op.create_table(
        "assets",
        sa.Column("session", sa.Text, primary_key=True),
        sa.Column("url", sa.Text, primary_key=True),
        _column("blob", sa.Text),
        _column("type", sa.Text),
        _column("size", sa.BigInteger),
        _column("why", sa.Text),
    )
    op.create_index("ix_assets_blob", "assets", ["blob"])

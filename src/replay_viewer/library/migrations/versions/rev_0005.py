"""Marks of sessions: watched, and tags."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; nothing is marked yet."""
    op.create_table(
        "marks",
        sa.Column("session", sa.Text, primary_key=True),
        sa.Column("watched", sa.Float, nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
    )

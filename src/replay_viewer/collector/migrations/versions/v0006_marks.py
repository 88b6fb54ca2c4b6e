"""Marks of sessions: watched, and tags."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "marks",
        sa.Column("session", sa.String(length=128), nullable=False),
        sa.Column("watched", sa.Float(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("changed", sa.Float(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["session"], ["sessions.id"], name=op.f("fk_marks_session")),
        sa.PrimaryKeyConstraint("session", name=op.f("pk_marks")),
    )


def downgrade() -> None:
    """Drop what `upgrade` made."""
    op.drop_table("marks")

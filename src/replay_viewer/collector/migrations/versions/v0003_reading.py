"""What the read API and operations need: issues of errors, indexes for filters, retention, the audit log."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_INDEXES = (
    ("sessions", ("user_id", "started")),
    ("sessions", ("user_email", "started")),
    ("sessions", ("release", "started")),
    ("errors", ("project", "issue", "t")),
    ("errors", ("issue", "session")),
    ("errors", ("issue", "user_id", "user_email")),
)


def upgrade() -> None:
    """Create the tables, the column and the indexes; older errors are grouped by their titles."""
    op.add_column("errors", sa.Column("issue", sa.String(length=16), server_default="", nullable=False))
    errors = sa.table("errors", sa.column("title", sa.Text()), sa.column("issue", sa.String()))
    connection = op.get_bind()
    for title in connection.execute(sa.select(errors.c.title).distinct()).scalars().all():
        group = hashlib.sha256(title.encode("utf-8", "replace")).hexdigest()[:16]
        connection.execute(sa.update(errors).where(errors.c.title == title).values(issue=group))
    for table, columns in _INDEXES:
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))
    some = sa.text("errors > 0")
    op.create_index(
        "ix_sessions_errors_started", "sessions", ["started", "id"], sqlite_where=some, postgresql_where=some
    )
    op.create_table(
        "retention",
        sa.Column("project", sa.String(length=32), nullable=False),
        sa.Column("environment", sa.String(length=200), nullable=False),
        sa.Column("days", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("project", "environment", name=op.f("pk_retention")),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("t", sa.Float(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_t_id"), "audit", ["t", "id"])
    op.create_index(op.f("ix_audit_action_t"), "audit", ["action", "t"])


def downgrade() -> None:
    """Drop what `upgrade` made."""
    op.drop_table("audit")
    op.drop_table("retention")
    op.drop_index("ix_sessions_errors_started", table_name="sessions")
    for table, columns in _INDEXES:
        op.drop_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table_name=table)
    op.drop_column("errors", "issue")

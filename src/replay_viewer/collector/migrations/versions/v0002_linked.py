"""What is sent beside recordings: linked rows, items kept apart, traces; user and trace of errors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _trace() -> sa.Column[str]:
    return sa.Column("trace", sa.String(length=64), server_default="", nullable=False)


def _number() -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("id", kind, autoincrement=True, nullable=False)


def upgrade() -> None:
    """Create the tables, add the columns."""
    op.create_table(
        "linked",
        _number(),
        sa.Column("project", sa.String(length=32), nullable=False),
        sa.Column("session", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("t", sa.Float(), nullable=False),
        sa.Column("received", sa.Float(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("level", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("user_email", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("trace", sa.String(length=64), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_linked")),
    )
    op.create_index(op.f("ix_linked_session_kind_t"), "linked", ["session", "kind", "t"])
    op.create_index(op.f("ix_linked_kind_t_id"), "linked", ["kind", "t", "id"])
    op.create_index(op.f("ix_linked_kind_name_t"), "linked", ["kind", "name", "t"])
    op.create_index(op.f("ix_linked_trace"), "linked", ["trace"])
    op.create_table(
        "traces",
        sa.Column("project", sa.String(length=32), nullable=False),
        sa.Column("trace", sa.String(length=64), nullable=False),
        sa.Column("session", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("project", "trace", name=op.f("pk_traces")),
    )
    op.create_index(op.f("ix_traces_session"), "traces", ["session"])
    op.create_table(
        "items",
        _number(),
        sa.Column("project", sa.String(length=32), nullable=False),
        sa.Column("session", sa.String(length=128), nullable=False),
        sa.Column("received", sa.Float(), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("trace", sa.String(length=64), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("sdk", sa.Text(), nullable=False),
        sa.Column("blob", sa.Text(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
    )
    op.create_index(op.f("ix_items_session"), "items", ["session"])
    op.create_index(op.f("ix_items_project_type_id"), "items", ["project", "type", "id"])
    op.create_index(op.f("ix_items_trace"), "items", ["trace"])
    op.add_column("sessions", sa.Column("user_role", sa.Text(), server_default="", nullable=False))
    op.create_index(op.f("ix_sessions_project_received"), "sessions", ["project", "received"])
    op.add_column("strays", _trace())
    op.create_index(op.f("ix_strays_trace"), "strays", ["trace"])
    op.add_column("errors", sa.Column("user_id", sa.Text(), server_default="", nullable=False))
    op.add_column("errors", sa.Column("user_email", sa.Text(), server_default="", nullable=False))
    op.add_column("errors", _trace())
    op.create_index(op.f("ix_errors_event_id"), "errors", ["event_id"])
    op.create_index(op.f("ix_errors_trace"), "errors", ["trace"])


def downgrade() -> None:
    """Drop what `upgrade` made."""
    for table, index in (
        ("errors", "ix_errors_trace"),
        ("errors", "ix_errors_event_id"),
        ("strays", "ix_strays_trace"),
        ("sessions", "ix_sessions_project_received"),
    ):
        op.drop_index(op.f(index), table_name=table)
    for table, columns in (
        ("errors", ("trace", "user_email", "user_id")),
        ("strays", ("trace",)),
        ("sessions", ("user_role",)),
    ):
        for column in columns:
            op.drop_column(table, column)
    for table in ("items", "traces", "linked"):
        op.drop_table(table)

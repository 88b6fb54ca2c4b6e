"""Alembic's entry: migrate over the connection (and inside the transaction) the program hands over."""

from __future__ import annotations

from alembic import context

from replay_viewer.library.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()

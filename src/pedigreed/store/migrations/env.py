"""Runs the migrations on the connection that `pedigreed.store.migrate` opened."""

from __future__ import annotations

from alembic import context

from pedigreed.store.partial_indexes import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()

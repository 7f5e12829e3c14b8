"""Alembic's entry: migrations run on the connection that `serving.store.upgrade` gives."""

from alembic import context

from serving.store.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()

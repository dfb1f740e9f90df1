"""alembic's environment: runs on the connection that `database.upgrade` (or a test) hands over, in its transaction."""

from alembic import context

from mailfax.spool.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter most things in place
)
with context.begin_transaction():
    context.run_migrations()

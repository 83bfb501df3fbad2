"""Unused: `ticketctl.store.migrate` runs the revisions on a connection of its own. Alembic wants the file."""

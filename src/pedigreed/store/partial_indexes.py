"""The tables with the indexes that hold some of their rows. Migrations make these, and nothing else needs them.

They are apart from the tables since naming a condition for PostgreSQL loads all that SQLAlchemy has for it.
An index is used where a query repeats its condition, and each database has its own word for true.
"""

from sqlalchemy import Index, text

from pedigreed.store.tables import (
    are_kept_longest,
    deliveries,
    is_as_before,
    is_given_up,
    is_open,
    metadata,
    products,
)

__all__ = ["metadata"]

Index(
    "ix_products_restricted",
    products.c.program,
    sqlite_where=text("is_restricted IS 1"),
    postgresql_where=text("is_restricted IS true"),
)
_is_missed = products.c.missed_since.is_not(None)
Index("ix_products_missed", products.c.program, sqlite_where=_is_missed, postgresql_where=_is_missed)
# What is to be sent is found at the same cost, however much was sent already.
Index(
    "ix_deliveries_open",
    deliveries.c.channel,
    deliveries.c.next_attempt_at,
    deliveries.c.id,
    sqlite_where=is_open,
    postgresql_where=is_open,
)
Index(
    "ix_deliveries_given_up",
    deliveries.c.finished_at,
    sqlite_where=is_given_up,
    postgresql_where=is_given_up,
)
_is_sent = text("state = 'sent'")
Index(
    "ix_deliveries_sent",
    deliveries.c.channel,
    deliveries.c.recipient,
    deliveries.c.finished_at,
    sqlite_where=_is_sent,
    postgresql_where=_is_sent,
)
Index("ix_deliveries_as_before", deliveries.c.id, sqlite_where=is_as_before, postgresql_where=is_as_before)
Index(
    "ix_deliveries_kept_longest",
    deliveries.c.finished_at,
    sqlite_where=are_kept_longest,
    postgresql_where=are_kept_longest,
)

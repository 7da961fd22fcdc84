"""Brings an older store to the newest shape, and refuses one that this version can't write."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from pedigreed.model.failure import StoreError, StoreTooNew
from pedigreed.store.tables import metadata

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

NEWEST = "0024"
"""The revision that this version writes. A test holds it to the newest file in `migrations/versions`."""

MIGRATIONS = Path(__file__).parent / "migrations"

_OURS = re.compile(r"[0-9]{4}")
_VERSION_TABLE = "alembic_version"


def revision_of(connection: Connection, name: str) -> str | None:
    """The revision of a store; None for one that has no tables yet. Changes nothing.

    Raises:
        StoreTooNew: a newer version of pedigreed has written it.
        StoreError: another program has.
    """
    tables = set(inspect(connection).get_table_names())
    revision = None
    if _VERSION_TABLE in tables:
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if revision is None:
        others = tables - {_VERSION_TABLE}
        if connection.dialect.name != "sqlite":
            # A server's database may well hold the tables of others too.
            others &= metadata.tables.keys()
        if others:
            raise _is_not_ours(name, min(others))
    elif not is_revision(revision):
        raise _is_not_ours(name, _VERSION_TABLE)
    elif revision > NEWEST:
        raise StoreTooNew(
            f"{name} has the schema {revision}, and this pedigreed knows schemas up to {NEWEST}. "
            "Use the newer pedigreed that wrote it, or point `store` elsewhere"
        )
    return revision


def is_revision(text: str) -> bool:
    """Whether a text is of the form that this project numbers its revisions in."""
    return _OURS.fullmatch(text) is not None


def to_newest(connection: Connection) -> None:
    """Migrate the store as a whole or not at all, in a writing transaction that no other process is in."""
    # Alembic takes a third of a second to import, and is needed once in a store's life for each revision.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _is_not_ours(name: str, table: str) -> StoreError:
    return StoreError(
        f"{name} has a table {table!r} that pedigreed did not make. Point `store` at a place of its own"
    )

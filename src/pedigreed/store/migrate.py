"""Bringing an older store to the newest shape, and refusing a newer one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from pedigreed.model.failure import StoreTooNew

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

NEWEST = "0001"
"""The revision that this version writes. A test holds it to the newest file in `migrations/versions`."""

_MIGRATIONS = Path(__file__).parent / "migrations"


def to_newest(engine: Engine, name: str) -> None:
    """Migrate the store, in one transaction.

    Raises:
        StoreTooNew: a newer version of pedigreed has written it.
    """
    with engine.connect() as connection, connection.begin():
        revision = _revision(connection)
    if revision == NEWEST:
        return
    # Alembic takes a third of a second to import, and is needed once in a store's life for each revision.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise StoreTooNew(
            f"{name} has the schema {revision}, and this pedigreed knows schemas up to {NEWEST}. "
            "Use the newer pedigreed that wrote it, or point `store` elsewhere"
        )
    with engine.connect().execution_options(pedigreed_writes=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            # Several daemons may start at once. The lock ends with the transaction.
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('pedigreed migration'))"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()

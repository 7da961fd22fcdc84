"""What a store's tables hold, from a copy of its file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from benchmarks.figures import TableSize

if TYPE_CHECKING:
    from pathlib import Path

_SIZES = """
    SELECT tbl_name, SUM(pgsize), SUM(payload) FROM dbstat JOIN sqlite_schema USING (name)
    WHERE tbl_name NOT LIKE 'sqlite_%' GROUP BY tbl_name ORDER BY tbl_name
"""


def can_tell() -> bool:
    """Whether this SQLite can say what its pages hold."""
    with closing(sqlite3.connect(":memory:")) as connection:
        return ("ENABLE_DBSTAT_VTAB",) in connection.execute("PRAGMA compile_options").fetchall()


def copy(store: Path, to: Path) -> None:
    """Copy a store, page by page and with what is not yet written back, while it is in use."""
    with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)


def table_sizes(copied: Path) -> dict[str, TableSize]:
    """The tables of a copied store, each with its indexes."""
    with closing(sqlite3.connect(copied)) as connection:
        return {
            name: TableSize(
                rows=connection.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0], pages=pages, data=data
            )
            for name, pages, data in connection.execute(_SIZES)
        }

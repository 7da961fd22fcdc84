"""Keep the disks of several machines apart, and remember SDP_VER, damage and the places of files.

Revision ID: 0015
Revises: 0014
"""

from __future__ import annotations

import socket

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

PATH = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.BigInteger()


def upgrade() -> None:
    """What is known is of the one machine there was. An SQLite store belongs to one, whatever it is called.

    A file that does not end with a block of FITS is read again, so that it is known to be damaged.
    """
    host = "" if op.get_bind().dialect.name == "sqlite" else socket.gethostname()
    for table in ("local_files", "local_folders"):
        op.rename_table(table, f"{table}_before")
    op.create_table(
        "local_files",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("path", PATH, nullable=False),
        sa.Column("cal_ver", sa.Text()),
        sa.Column("crds_ctx", sa.Text()),
        sa.Column("date", INSTANT),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("sdp_ver", sa.Text()),
        sa.Column("damage", sa.Text()),
        sa.Column("lies_at", sa.Text()),
        comment="products on a disk of ours, as their headers describe them; a header is read once",
    )
    op.create_table(
        "local_folders",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("folder", PATH, nullable=False),
        sa.Column("looked_at", INSTANT, nullable=False),
        sa.Column("complete_at", INSTANT),
        sa.Column("unread", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text()),
        comment="when each folder of products was last looked through, and how that went",
    )
    for table, columns, which in (
        ("local_files", "path, cal_ver, crds_ctx, date, size, mtime_ns, seen_at", "size % 2880 = 0"),
        ("local_folders", "folder, looked_at, complete_at, unread, problem", "1 = 1"),
    ):
        of = f"SELECT :host, {columns} FROM {table}_before WHERE {which}"  # noqa: S608  # names of ours
        copied = f"INSERT INTO {table} (host, {columns}) {of}"
        op.get_bind().execute(sa.text(copied), {"host": host})
        op.drop_table(f"{table}_before")
    with op.batch_alter_table("local_files") as files:
        files.create_primary_key("pk_local_files", ["host", "path"])
    with op.batch_alter_table("local_folders") as folders:
        folders.create_primary_key("pk_local_folders", ["host", "folder"])

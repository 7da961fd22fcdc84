"""Products on a disk of ours, as their headers describe them, and how looking through their folders went.

Each machine has its own: another one that works on the same store has other disks. An SQLite store belongs to one,
and goes along with it when it gets another name, as a container does.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from sqlalchemy import delete, false, func, or_, select

from pedigreed.model.local_file import FolderState, LocalFile
from pedigreed.model.pedigree import Pedigree
from pedigreed.store.database import batches, insert_or_replace
from pedigreed.store.tables import local_files, local_folders

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection
    from sqlalchemy.sql.elements import ColumnElement

    from pedigreed.model.local_file import FolderLook

_PATHS_A_STATEMENT = 500


def load(connection: Connection, folders: Iterable[str]) -> dict[str, LocalFile]:
    """Path -> what is known of it, for the files at these paths and below them."""
    found = {}
    for folder in folders:
        mine = local_files.c.host == _host(connection)
        query = select(local_files).where(mine, _is_at(folder)).order_by(local_files.c.path)
        for row in connection.execute(query):
            found[row.path] = LocalFile(
                row.path,
                Pedigree(row.cal_ver, row.crds_ctx, row.date),
                row.size,
                row.mtime_ns,
                row.seen_at,
                row.sdp_ver,
                row.damage,
                row.lies_at,
                row.named,
            )
    return found


def keep(connection: Connection, look: FolderLook, known: Mapping[str, LocalFile]) -> None:
    """Keep what is new in a folder that was looked through, and forget what is gone from it.

    What was known below a folder that could not be read stays.

    Args:
        connection: a writing transaction.
        look: at a folder, without a problem.
        known: what the store has there and below, by path.
    """
    host = _host(connection)
    there = {file.path for file in look.files}
    hidden = tuple(f"{folder}/" for folder in look.unread_folders)
    gone = sorted(path for path in known if path not in there and not path.startswith(hidden))
    for paths in batches(gone, _PATHS_A_STATEMENT):
        connection.execute(delete(local_files).where(local_files.c.host == host, local_files.c.path.in_(paths)))
    for files in batches(file for file in look.files if known.get(file.path) != file):
        rows = [
            {
                "host": host,
                "path": file.path,
                "cal_ver": file.pedigree.cal_ver,
                "crds_ctx": file.pedigree.crds_ctx,
                "date": file.pedigree.date,
                "size": file.size,
                "mtime_ns": file.mtime_ns,
                "seen_at": file.seen_at,
                "sdp_ver": file.sdp_ver,
                "damage": file.damage,
                "lies_at": file.lies_at,
                "named": file.named,
            }
            for file in files
        ]
        connection.execute(insert_or_replace(connection, local_files), rows)


def forget_all_but(connection: Connection, folders: Collection[str]) -> None:
    """Forget every file and folder of this machine that is not at one of these paths or below."""
    host = _host(connection)
    kept = or_(*(_is_at(folder) for folder in folders)) if folders else false()
    connection.execute(delete(local_files).where(local_files.c.host == host, ~kept))
    connection.execute(
        delete(local_folders).where(local_folders.c.host == host, local_folders.c.folder.not_in(folders))
    )


def forget_machines(connection: Connection, before: datetime) -> None:
    """Forget what was of machines that looked at no folder since then (UTC)."""
    seen = local_folders.c
    gone = select(seen.host).group_by(seen.host).having(func.max(seen.looked_at) < before)
    hosts = connection.execute(gone).scalars().all()
    if hosts:
        connection.execute(delete(local_files).where(local_files.c.host.in_(hosts)))
        connection.execute(delete(local_folders).where(local_folders.c.host.in_(hosts)))


def folder_states(connection: Connection) -> dict[str, FolderState]:
    """Folder -> how looking through it stands."""
    return {
        row.folder: FolderState(
            row.folder, row.looked_at, row.complete_at, row.unread, row.problem, _numbers(row.programs)
        )
        for row in connection.execute(select(local_folders).where(local_folders.c.host == _host(connection)))
    }


def programs_in(connection: Connection, folders: Collection[str]) -> frozenset[int]:
    """The programs whose files lie in folders, on whichever machine."""
    query = select(local_folders.c.programs).where(local_folders.c.folder.in_(folders))
    return frozenset().union(*map(_numbers, connection.execute(query).scalars()))


def _numbers(text: str | None) -> frozenset[int]:
    return frozenset(map(int, (text or "").split()))


def save_folder(connection: Connection, state: FolderState) -> None:
    """Keep how looking through a folder stands."""
    connection.execute(
        insert_or_replace(connection, local_folders).values(
            host=_host(connection),
            folder=state.folder,
            looked_at=state.looked_at,
            complete_at=state.complete_at,
            unread=state.unread,
            problem=state.problem,
            programs=" ".join(map(str, sorted(state.programs))),
        )
    )


def _host(connection: Connection) -> str:
    return "" if connection.dialect.name == "sqlite" else socket.gethostname()


def _is_at(folder: str) -> ColumnElement[bool]:
    # In the order of the paths, what is below a folder stands together: after "/", and before "0", the next one.
    path = local_files.c.path
    below = folder.rstrip("/")
    return or_(path == folder, (path > f"{below}/") & (path < f"{below}0"))

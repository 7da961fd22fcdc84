"""Products on a disk of ours, as their headers describe them, and how looking through their folders went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, or_, select

from pedigreed.model.local_file import FolderState, LocalFile
from pedigreed.model.pedigree import Pedigree
from pedigreed.store.statements import batches, insert_or_replace
from pedigreed.store.tables import local_files, local_folders

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy.engine import Connection
    from sqlalchemy.sql.elements import ColumnElement

    from pedigreed.model.local_file import FolderLook

_PATHS_A_STATEMENT = 500


def load(connection: Connection, folders: Iterable[str]) -> dict[str, LocalFile]:
    """Path -> what is known of it, for the files at these paths and below them."""
    found = {}
    for folder in folders:
        for row in connection.execute(select(local_files).where(_is_at(folder)).order_by(local_files.c.path)):
            pedigree = Pedigree(row.cal_ver, row.crds_ctx, row.date)
            found[row.path] = LocalFile(row.path, pedigree, row.size, row.mtime_ns, row.seen_at)
    return found


def keep(connection: Connection, look: FolderLook, known: Mapping[str, LocalFile]) -> None:
    """Keep what is new in a folder that was looked through, and forget what is gone from it.

    What was known below a folder that could not be read stays.

    Args:
        connection: a writing transaction.
        look: at a folder, without a problem.
        known: what the store has there and below, by path.
    """
    there = {file.path for file in look.files}
    hidden = tuple(f"{folder}/" for folder in look.unread_folders)
    gone = sorted(path for path in known if path not in there and not path.startswith(hidden))
    for paths in batches(gone, _PATHS_A_STATEMENT):
        connection.execute(delete(local_files).where(local_files.c.path.in_(paths)))
    for files in batches(file for file in look.files if known.get(file.path) != file):
        rows = [
            {
                "path": file.path,
                "cal_ver": file.pedigree.cal_ver,
                "crds_ctx": file.pedigree.crds_ctx,
                "date": file.pedigree.date,
                "size": file.size,
                "mtime_ns": file.mtime_ns,
                "seen_at": file.seen_at,
            }
            for file in files
        ]
        connection.execute(insert_or_replace(connection, local_files), rows)


def forget_all_but(connection: Connection, folders: Collection[str]) -> None:
    """Forget every file and folder that is not at one of these paths or below."""
    mine = or_(*(_is_at(folder) for folder in folders)) if folders else None
    connection.execute(delete(local_files) if mine is None else delete(local_files).where(~mine))
    connection.execute(delete(local_folders).where(local_folders.c.folder.not_in(folders)))


def folder_states(connection: Connection) -> dict[str, FolderState]:
    """Folder -> how looking through it stands."""
    return {
        row.folder: FolderState(row.folder, row.looked_at, row.complete_at, row.unread, row.problem)
        for row in connection.execute(select(local_folders))
    }


def save_folder(connection: Connection, state: FolderState) -> None:
    """Keep how looking through a folder stands."""
    connection.execute(
        insert_or_replace(connection, local_folders).values(
            folder=state.folder,
            looked_at=state.looked_at,
            complete_at=state.complete_at,
            unread=state.unread,
            problem=state.problem,
        )
    )


def _is_at(folder: str) -> ColumnElement[bool]:
    # In the order of the paths, what is below a folder stands together: after "/", and before "0", the next one.
    path = local_files.c.path
    below = folder.rstrip("/")
    return or_(path == folder, (path > f"{below}/") & (path < f"{below}0"))

"""Folders on disk against what the store has of the archive. It reads, and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pedigreed.changes.copies import Copies, compare_copies
from pedigreed.model.product_name import parse_product_name
from pedigreed.sources.disk.folder import look_through
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import local_files as stored_files
from pedigreed.store import products as stored_products

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.model.local_file import FolderLook, LocalFile
    from pedigreed.store.database import Store


@dataclass(frozen=True, slots=True)
class DiskSurvey:
    """What was found.

    Attributes:
        looks: at each folder that was asked for.
        copies: the files of them all, each once, compared.
    """

    looks: tuple[FolderLook, ...]
    copies: Copies


def survey_disk(folders: Sequence[str], store: Store | None, now: datetime) -> DiskSurvey:
    """Read the files at some absolute paths, and compare them with the archive's last answers.

    Without a store no program is watched.
    """
    if store is None:
        looks = tuple(look_through(folder, {}, now) for folder in folders)
        return DiskSurvey(looks, compare_copies(files_of(looks), {}, frozenset()))
    with store.reading() as connection:
        known = stored_files.load(connection, folders)
    looks = tuple(look_through(folder, known, now) for folder in folders)
    with store.reading() as connection:
        return DiskSurvey(looks, compared(connection, files_of(looks)))


def files_of(looks: Iterable[FolderLook]) -> list[LocalFile]:
    """The files of several folders, each once."""
    return list({file.path: file for look in looks for file in look.files}.values())


def compared(connection: Connection, files: Sequence[LocalFile]) -> Copies:
    """Compare files with the products that the archive has, as the store knows it."""
    names = sorted({file.filename for file in files})
    products = stored_products.there_by_name(connection, names)
    programs = {parse_product_name(name).program for name in names if name not in products} - {None}
    states = stored_coverage.load(connection, [program for program in programs if program is not None])
    watched = frozenset(program for (_, program), state in states.items() if state.baseline_at is not None)
    return compare_copies(files, products, watched)

"""The folders of our own disks: looked through, kept, and compared with what the archive has of their files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from pedigreed.changes.copies import Archived, Copy, Standing, compare_copies, judges_of
from pedigreed.model.instrument import Instrument
from pedigreed.model.local_file import FolderLook, FolderState
from pedigreed.model.product_name import parse_product_name
from pedigreed.model.program import ProgramSelection
from pedigreed.service.subscriptions import folders_of
from pedigreed.service.survey import survey
from pedigreed.sources.disk.own_process import look_through_apart
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import local_files as stored_files
from pedigreed.store import products as stored_products
from pedigreed.store.database import batches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Config
    from pedigreed.model.local_file import LocalFile
    from pedigreed.sources.mast.archive import MastArchive
    from pedigreed.store.database import Store

_MACHINE_FORGOTTEN = timedelta(days=90)
_FILES_AT_A_TIME = 5000

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class DiskSurvey:
    """What was found.

    Attributes:
        looks: at each folder that was asked for.
        copies: the files of them all, each once, judged, by path.
        archived: what they were judged by.
        problems: why the archive's answer is not complete; empty if it is.
    """

    looks: tuple[FolderLook, ...]
    copies: tuple[Copy, ...]
    archived: Archived
    problems: tuple[str, ...] = ()


def look_through_folders(config: Config, store: Store, now: datetime) -> tuple[FolderLook, ...]:
    """Look through every folder of every subscription, each once."""
    folders = list(dict.fromkeys(folder for each in config.subscriptions for folder in folders_of(each)))
    with store.reading() as connection:
        states = stored_files.folder_states(connection)
    looks = []
    for folder in folders:
        with store.reading() as connection:
            known = stored_files.load(connection, [folder])
        look = _look(folder, known, now)
        before = states.get(folder)
        with store.writing() as connection:
            if look.problem is None:
                stored_files.keep(connection, look, known)
            complete_at = now if look.problem is None else before.complete_at if before else None
            programs = _programs(look.files)
            if before is not None and (look.problem is not None or look.unread_folders):
                programs |= before.programs
            state = FolderState(folder, now, complete_at, len(look.unread), look.problem, programs)
            stored_files.save_folder(connection, state)
            stored_files.forget_machines(connection, now - _MACHINE_FORGOTTEN)
        _log_look(look)
        looks.append(look)
    return tuple(looks)


def survey_disk(
    folders: Sequence[str],
    now: datetime,
    store: Store | None,
    archive: MastArchive | None,
    tell: Callable[[str], None],
    *,
    needs_products: bool = False,
) -> DiskSurvey:
    """Read the files at some absolute paths, and compare them with what the archive has.

    Args:
        folders: or single files.
        now: UTC.
        store: what it knows of headers is not read again, and what it knows as withdrawn is told as that.
        archive: is asked for the programs of the files; without it, its last answers in the store are taken.
        tell: is told what is going on.
        needs_products: whether what the archive has is wanted also of files that are as in the archive. Of the
            store's answers it is left out otherwise, since there may be a million of them.
    """
    known: dict[str, dict[str, LocalFile]] = {}
    if store is not None:
        with store.reading() as connection:
            known = {folder: stored_files.load(connection, [folder]) for folder in folders}
    tell("reading headers")
    looks = tuple(
        look_through_apart(folders, known, now, lambda found: tell(f"reading headers: {found:,} products"))
    )
    files = files_of(looks)
    problems: tuple[str, ...] = ()
    archived = Archived()
    if archive is not None:
        archived, problems = _asked(archive, files, tell)
    if store is not None:
        with store.reading() as connection:
            if archive is None:
                return _compared_with_store(connection, looks, files, needs_products=needs_products)
            archived = _with_withdrawn(connection, archived, files)
    return DiskSurvey(looks, compare_copies(files, archived), archived, problems)


def _compared_with_store(
    connection: Connection, looks: tuple[FolderLook, ...], files: Iterable[LocalFile], *, needs_products: bool
) -> DiskSurvey:
    """Some files at a time."""
    copies: list[Copy] = []
    whole = Archived()
    for batch in batches(files, _FILES_AT_A_TIME):
        archived = archived_in_store(connection, batch)
        for copy in compare_copies(batch, archived):
            is_left_out = copy.standing is Standing.SAME and not needs_products
            copies.append(replace(copy, product=None) if is_left_out else copy)
        whole = Archived({}, whole.programs | archived.programs, whole.withdrawn | archived.withdrawn)
    copies.sort(key=lambda copy: copy.file.path)
    products = {copy.product.filename: copy.product for copy in copies if copy.product is not None}
    return DiskSurvey(looks, tuple(copies), replace(whole, products=products))


def files_of(looks: Iterable[FolderLook]) -> list[LocalFile]:
    """The files of several folders, each once, however many paths lead to it."""
    return list({file.place: file for look in reversed(tuple(looks)) for file in look.files}.values())


def archived_in_store(connection: Connection, files: Iterable[LocalFile]) -> Archived:
    """What the archive has of files, and of the exposures of those that it does not list, by the store."""
    names = sorted({file.filename for file in files})
    products = stored_products.there_by_name(connection, names)
    missing = [name for name in names if name not in products]
    judges = sorted({judge for name in missing for judge in judges_of(name)} - products.keys())
    products |= stored_products.there_by_name(connection, judges)
    programs = set(filter(None, (parse_product_name(name).program for name in missing)))
    states = stored_coverage.load(connection, programs)
    watched = frozenset(program for (_, program), state in states.items() if state.baseline_at is not None)
    return Archived(products, watched, stored_products.withdrawn(connection, missing))


def _asked(
    archive: MastArchive, files: Iterable[LocalFile], tell: Callable[[str], None]
) -> tuple[Archived, tuple[str, ...]]:
    """What the archive lists of the files' programs now, and why that is not all of it."""
    programs = [ProgramSelection(number) for number in sorted(_programs(files))]
    surveys = survey(programs, Instrument, archive, tell) if programs else []
    products = {product.filename: product for each in surveys for product in each.products}
    complete = frozenset(each.selection.program for each in surveys if not each.problems)
    return Archived(products, complete), tuple(sorted({problem for each in surveys for problem in each.problems}))


def _programs(files: Iterable[LocalFile]) -> frozenset[int]:
    numbers = {parse_product_name(file.filename).program for file in files}
    return frozenset(filter(None, numbers))


def _with_withdrawn(connection: Connection, archived: Archived, files: Iterable[LocalFile]) -> Archived:
    missing = {file.filename for file in files} - archived.products.keys()
    return replace(archived, withdrawn=stored_products.withdrawn(connection, sorted(missing)))


def _look(folder: str, known: Mapping[str, LocalFile], now: datetime) -> FolderLook:
    try:
        (look,) = look_through_apart([folder], {folder: known}, now)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is one folder's
        _log.exception("a folder failed", folder=folder)
        return FolderLook(folder, problem=f"pedigreed failed: {type(error).__name__}")
    if known and look.problem is None and not (look.files or look.unread):
        # A disk that is not mounted leaves an empty folder.
        products = f"{len(known):,} product{'' if len(known) == 1 else 's'}"
        return FolderLook(folder, problem=f"it had {products} and now has none: is its disk mounted?")
    return look


def _log_look(look: FolderLook) -> None:
    log = _log.bind(folder=look.folder)
    if look.problem is not None:
        log.warning("folder not looked through", problem=look.problem)
        return
    log.info("folder looked through", files=len(look.files), headers=look.headers, unread=len(look.unread))

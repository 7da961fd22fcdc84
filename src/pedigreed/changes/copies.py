"""Files on a disk of ours against the archive's: which of them the archive has newer."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pedigreed.model.digest import PedigreeSpan
from pedigreed.model.pedigree import version_of
from pedigreed.model.product_name import parse_product_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from pedigreed.model.local_file import LocalFile
    from pedigreed.model.pedigree import Pedigree
    from pedigreed.model.product import Product


@dataclass(frozen=True, slots=True)
class OldCopy:
    """A file, and the archive's product that is newer."""

    file: LocalFile
    product: Product


@dataclass(frozen=True, slots=True)
class Copies:
    """Files by what they are to the archive's.

    Attributes:
        older: those that the archive has newer, by path.
        as_new: how many are as new as the archive's, or newer.
        unlisted: how many are of a program that is watched, and not among the products that MAST lists of it. It
            lists the product of the highest level of an exposure, and a product that is withdrawn no more.
        unwatched: program -> how many are of it, and it is not watched.
    """

    older: tuple[OldCopy, ...]
    as_new: int
    unlisted: int
    unwatched: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class OldCopies:
    """Those in one folder, of one program, that went from one CAL_VER and CRDS_CTX to one other.

    Attributes:
        folder: its absolute path.
        program: the program's number.
        files: how many.
        here: what is on disk.
        archive: what the archive has.
    """

    folder: str
    program: int
    files: int
    here: PedigreeSpan
    archive: PedigreeSpan


def compare_copies(
    files: Iterable[LocalFile], products: Mapping[str, Product], watched: AbstractSet[int]
) -> Copies:
    """Compare files with the archive's products of the same names.

    Args:
        files: on disk.
        products: that are in the archive, by file name.
        watched: the programs that the archive's products are known of.
    """
    older: list[OldCopy] = []
    as_new = unlisted = 0
    unwatched: dict[int, int] = defaultdict(int)
    for file in files:
        product = products.get(file.filename)
        if product is not None:
            if product.pedigree.is_newer_than(file.pedigree):
                older.append(OldCopy(file, product))
            else:
                as_new += 1
            continue
        program = parse_product_name(file.filename).program
        if program is None or program in watched:
            unlisted += 1
        else:
            unwatched[program] += 1
    older.sort(key=lambda copy: copy.file.path)
    return Copies(tuple(older), as_new, unlisted, dict(sorted(unwatched.items())))


def is_newer_here(here: Pedigree, archive: Pedigree) -> bool:
    """Whether a copy was made with more than the archive's, whatever its DATE: by somebody's own processing.

    Its CAL_VER is of no release of the pipeline, or one of the two keywords is higher than the archive's.
    """
    version = version_of(here.cal_ver) if here.cal_ver else None
    if version is not None and (version.is_devrelease or version.local is not None):
        return True
    return here.has_more_than(archive)


def group_copies(older: Iterable[OldCopy]) -> tuple[OldCopies, ...]:
    """Fold copies for reading: by folder, by program, most files first within one."""
    groups: dict[tuple[str, int, str | None, str | None, str | None, str | None], list[OldCopy]] = defaultdict(
        list
    )
    for copy in older:
        here, archive = copy.file.pedigree, copy.product.pedigree
        key = (here.cal_ver, here.crds_ctx, archive.cal_ver, archive.crds_ctx)
        groups[copy.file.folder, copy.product.program, *key].append(copy)
    folded = [
        OldCopies(
            folder,
            program,
            len(copies),
            here=_span(copy.file.pedigree for copy in copies),
            archive=_span(copy.product.pedigree for copy in copies),
        )
        for (folder, program, *_), copies in groups.items()
    ]
    return tuple(
        sorted(folded, key=lambda group: (group.folder, group.program, -group.files, str(group.here.crds_ctx)))
    )


def _span(pedigrees: Iterable[Pedigree]) -> PedigreeSpan:
    """Of pedigrees that have CAL_VER and CRDS_CTX in common."""
    all_of_it = list(pedigrees)
    dates = [pedigree.date for pedigree in all_of_it if pedigree.date is not None]
    first = all_of_it[0]
    return PedigreeSpan(first.cal_ver, first.crds_ctx, min(dates, default=None), max(dates, default=None))

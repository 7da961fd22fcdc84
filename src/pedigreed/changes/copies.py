"""Files on a disk of ours against the archive's: what each is to it. The one rule, for digests and commands."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

from pedigreed.model.digest import PedigreeSpan
from pedigreed.model.pedigree import version_of
from pedigreed.model.product_name import is_of_lower_level, parse_product_name, product_type_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from pedigreed.model.local_file import LocalFile
    from pedigreed.model.pedigree import Pedigree
    from pedigreed.model.product import Product

ONE_RUN = timedelta(days=1)
"""How far apart the DATEs of an exposure's products may be that come of one run of the pipeline."""

_UPPER_TYPES = ("cal", "calints", "x1d", "x1dints", "s2d", "s3d", "i2d", "rate", "rateints", "ramp")
"""Types by which an exposure's other products are judged, the first that is listed."""

_EXPOSURE = re.compile(r"(jw\d{11}_\d{3}[0-9a-z]{2}_\d{5}(?:-seg\d{3})?_[a-z][a-z0-9]*)[_.]", re.ASCII)
_SDP_VER = re.compile(r"(\d{4})_(\d+)([a-z]*)", re.ASCII)


class Standing(Enum):
    """What a file is to the archive's. The value is how it is told."""

    DAMAGED = "damaged"
    OLDER = "older"
    SAME = "the same"
    NEWER = "yours is newer"
    UNLISTED = "not listed"
    WITHDRAWN = "withdrawn"
    UNKNOWN = "not known"


OUT_OF_DATE = frozenset((Standing.DAMAGED, Standing.OLDER))


@dataclass(frozen=True, slots=True)
class Archived:
    """What is known of the archive.

    Attributes:
        products: those that it lists, by file name.
        programs: those that `products` has all of.
        withdrawn: the names of those that it had, and lists no more.
        records: what it says of single files that it does not list, by file name.
    """

    products: Mapping[str, Product] = field(default_factory=dict)
    programs: AbstractSet[int] = frozenset()
    withdrawn: AbstractSet[str] = frozenset()
    records: Mapping[str, Product] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Copy:
    """A file, and what it is to the archive's.

    Attributes:
        file: on disk.
        standing: what it is.
        product: what it was held against: the archive's product of its name, or another one of its exposure. None
            where there is none.
        reason: more of it in plain words; may be empty.
    """

    file: LocalFile
    standing: Standing
    product: Product | None = None
    reason: str = ""

    @property
    def program(self) -> int:
        """By its name; 0 where that has none."""
        return parse_product_name(self.file.filename).program or 0

    @property
    def product_type(self) -> str:
        """By its name; ``file`` where neither name nor header has it."""
        name = self.file.filename
        return (product_type_of(name) if parse_product_name(name).is_recognised else "") or "file"

    @property
    def is_judged_by_another(self) -> bool:
        """Whether the archive lists another product of its exposure in its place."""
        return self.product is not None and self.product.filename != self.file.filename


@dataclass(frozen=True, slots=True)
class OldCopies:
    """Those of one program and type that went from one CAL_VER and CRDS_CTX to one other.

    Attributes:
        program: the program's number.
        product_type: of the files.
        judged_by: the type of the exposure's product that they were held against; None for their own.
        files: how many.
        here: what is on disk.
        archive: what the archive has.
    """

    program: int
    product_type: str
    judged_by: str | None
    files: int
    here: PedigreeSpan
    archive: PedigreeSpan


def compare_copies(files: Iterable[LocalFile], archived: Archived) -> tuple[Copy, ...]:
    """Judge files, by path."""
    return tuple(sorted((judge(file, archived) for file in files), key=lambda copy: copy.file.path))


def judge(file: LocalFile, archived: Archived) -> Copy:
    """What a file is to the archive's."""
    name = file.filename
    product = archived.products.get(name) or archived.records.get(name)
    if file.damage is not None:
        return Copy(file, Standing.DAMAGED, product, file.damage)
    if product is not None:
        return _against_its_own(file, product)
    if name in archived.withdrawn:
        return Copy(file, Standing.WITHDRAWN)
    others = (archived.products.get(other) for other in judges_of(name))
    if other := next((each for each in others if each is not None), None):
        return _against_another(file, other)
    program = parse_product_name(name).program
    return Copy(file, Standing.UNLISTED if program in archived.programs else Standing.UNKNOWN)


def judges_of(filename: str) -> tuple[str, ...]:
    """The products of the same exposure and detector by which a file of a lower level can be judged, by name.

    The archive lists an exposure's highest level alone, and a run of its pipeline makes all of them anew.
    """
    exposure = _EXPOSURE.match(filename)
    if exposure is None or not is_of_lower_level(filename):
        return ()
    own = product_type_of(filename)
    return tuple(f"{exposure[1]}_{upper}.fits" for upper in _UPPER_TYPES if upper != own)


def lower_levels_of(filename: str, product_types: Iterable[str]) -> tuple[str, ...]:
    """The files of lower levels and of these types that belong to the exposure and detector of a product, by name.

    Whether the archive has them is not known: it does not list them.
    """
    exposure = _EXPOSURE.match(filename)
    if exposure is None:
        return ()
    names = (f"{exposure[1]}_{product_type}.fits" for product_type in product_types)
    return tuple(name for name in names if is_of_lower_level(name))


def is_newer_here(here: Pedigree, archive: Pedigree) -> bool:
    """Whether a copy is newer than the archive's product of its name, so that it is not to be replaced."""
    return is_custom(here, archive) or (here.is_newer_than(archive) and not archive.is_newer_than(here))


def is_custom(here: Pedigree, archive: Pedigree) -> bool:
    """Whether a copy was made with more than the archive's, whatever its DATE: by somebody's own processing.

    Its CAL_VER is of no release of the pipeline, or one of the two keywords is higher than the archive's.
    """
    is_own = here.cal_ver != archive.cal_ver and is_of_no_release(here.cal_ver)
    return is_own or here.has_more_than(archive)


def is_of_no_release(cal_ver: str | None) -> bool:
    """Whether a CAL_VER is that of a pipeline that STScI never released: one of development, or of one's own.

    The archive has been made with releases alone. Texts that are no version at all say nothing.
    """
    if not cal_ver:
        return False
    version = version_of(cal_ver)
    if version is None:
        # As `git describe` has it: 1.20.2-14-g0a1b2c3.
        return cal_ver[0].isdecimal()
    return version.is_prerelease or version.local is not None


def group_copies(older: Iterable[Copy]) -> tuple[OldCopies, ...]:
    """Fold old copies for reading: by program, most files first within one."""
    groups: dict[tuple[int, str, str | None, str | None, str | None, str | None, str | None], list[Copy]]
    groups = defaultdict(list)
    for copy in older:
        assert copy.product is not None
        here, archive = copy.file.pedigree, copy.product.pedigree
        judged_by = product_type_of(copy.product.filename) if copy.is_judged_by_another else None
        key = (here.cal_ver, here.crds_ctx, archive.cal_ver, archive.crds_ctx)
        groups[copy.program, copy.product_type, judged_by, *key].append(copy)
    folded = [
        OldCopies(
            program,
            product_type,
            judged_by,
            len(copies),
            here=_span(copy.file.pedigree for copy in copies),
            archive=_span(copy.product.pedigree for copy in copies if copy.product),
        )
        for (program, product_type, judged_by, *_), copies in groups.items()
    ]
    return tuple(
        sorted(folded, key=lambda group: (group.program, -group.files, group.product_type, str(group.here)))
    )


def count_copies(copies: Iterable[Copy]) -> dict[int, Counter[Standing]]:
    """Program -> how many of its files have which standing, by number."""
    counts: dict[int, Counter[Standing]] = defaultdict(Counter)
    for copy in copies:
        counts[copy.program][copy.standing] += 1
    return dict(sorted(counts.items()))


def renewal(copies: Collection[Copy]) -> tuple[int, int]:
    """How many bytes those that are out of date have in the archive, and of how many files that is not known."""
    sizes = [
        None if copy.is_judged_by_another or copy.product is None else copy.product.size
        for copy in copies
        if copy.standing in OUT_OF_DATE
    ]
    return sum(size or 0 for size in sizes), sum(size is None for size in sizes)


def _against_its_own(file: LocalFile, product: Product) -> Copy:
    here, archive = file.pedigree, product.pedigree
    if here.same_as(archive) and not file.is_packed and product.size not in {None, file.size}:
        if file.named is not None:
            reason = "its name and its size are not the archive's: it may be your own work"
            return Copy(file, Standing.UNKNOWN, product, reason)
        reason = f"it has {file.size:,} bytes, and the archive's has {product.size:,}"
        return Copy(file, Standing.DAMAGED, product, reason)
    if is_newer_here(here, archive):
        return Copy(file, Standing.NEWER, product)
    if archive.is_newer_than(here) or _sdp_order(product.sdp_ver) > _sdp_order(file.sdp_ver) > ():
        return Copy(file, Standing.OLDER, product)
    if here.cal_ver != archive.cal_ver or here.crds_ctx != archive.crds_ctx:
        return Copy(file, Standing.UNKNOWN, product, "its keywords can't be put in an order with the archive's")
    return Copy(file, Standing.SAME, product)


def _against_another(file: LocalFile, product: Product) -> Copy:
    """By a product of the same exposure, which the same run made. DATEs of one run differ by its length."""
    here, archive = file.pedigree, product.pedigree
    if here.cal_ver is None and here.crds_ctx is None:
        return Copy(file, Standing.UNKNOWN, product, "MAST does not list it, and it has no CAL_VER to judge by")
    if is_custom(here, archive):
        return Copy(file, Standing.NEWER, product)
    is_later = here.date is not None and archive.date is not None and archive.date - here.date > ONE_RUN
    if archive.has_more_than(here) or is_later:
        return Copy(file, Standing.OLDER, product)
    return Copy(file, Standing.SAME, product)


def _sdp_order(sdp_ver: str | None) -> tuple[int, int, str] | tuple[()]:
    match = _SDP_VER.fullmatch(sdp_ver or "")
    return (int(match[1]), int(match[2]), match[3]) if match else ()


def _span(pedigrees: Iterable[Pedigree]) -> PedigreeSpan:
    """Of pedigrees that have CAL_VER and CRDS_CTX in common."""
    all_of_it = list(pedigrees)
    dates = [pedigree.date for pedigree in all_of_it if pedigree.date is not None]
    first = all_of_it[0]
    return PedigreeSpan(first.cal_ver, first.crds_ctx, min(dates, default=None), max(dates, default=None))

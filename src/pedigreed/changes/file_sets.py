"""What MAST's search of file sets says against the products that are known. Pure.

The search has one CAL_VER and CRDS_CTX for a file set, which are those of one of its files. So all that it can
show is that a file of a set was made with more than any that is known of it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pedigreed.changes.compare import change_of
from pedigreed.model.change import ChangeKind
from pedigreed.model.pedigree import Pedigree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from pedigreed.model.change import Change
    from pedigreed.model.product import FileSet, KnownProduct

Keywords = tuple[str | None, str | None]
"""CAL_VER and CRDS_CTX."""


@dataclass(frozen=True, slots=True)
class SetComparison:
    """The outcome.

    Attributes:
        remade: file set -> what the search has of it, of those of which a file was made anew.
        lacking: program -> how many of its known file sets the search has not, or has no pedigree of.
        unknown: program -> how many calibrated file sets the search has that are not known.
    """

    remade: Mapping[str, FileSet]
    lacking: Mapping[int, int]
    unknown: Mapping[int, int]


def compare_file_sets(
    found: Iterable[FileSet], known: Mapping[tuple[int, str], AbstractSet[Keywords]]
) -> SetComparison:
    """Compare the file sets of some programs with the products that are known of them.

    A set counts as made anew where a keyword is higher than that of each known product. One that is lower, or
    that only some products have, may be of a file that was known so: the search may be behind, and nothing
    follows from it.

    Args:
        found: what the search has.
        known: program and file set -> the keywords of its products that are there.
    """
    by_name = {(each.program, each.name): each for each in found}
    remade: dict[str, FileSet] = {}
    lacking: Counter[int] = Counter()
    for (program, name), keywords in known.items():
        here = by_name.get((program, name))
        is_calibrated = keywords != {(None, None)}
        if here is None or (is_calibrated and here.crds_ctx is None):
            lacking[program] += 1
        elif all(here.pedigree.has_more_than(Pedigree(*each, None)) for each in keywords):
            remade[name] = here
    unknown = Counter(
        program
        for (program, name), each in by_name.items()
        if (program, name) not in known and each.crds_ctx is not None
    )
    return SetComparison(remade, lacking, unknown)


def set_remade(known: KnownProduct, file_set: FileSet, now: datetime) -> Change:
    """That a file of a product's set was made anew. It takes no revision: what is known of the product stays.

    So the change is the same one, with the same identity, each time that the search shows it.
    """
    product = known.product
    change = change_of(ChangeKind.SET_REPROCESSED, product, known.revision, product.pedigree, now)
    # When the set was archived is not told.
    return replace(change, after=file_set.pedigree, archived_at=None)

"""What the archive has of programs now, without a store: asked, counted, and forgotten."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pedigreed.model.digest import PedigreeSpan
from pedigreed.model.instrument import Instrument
from pedigreed.model.program import about_programs
from pedigreed.service.learning import without_in_words
from pedigreed.sources.mast.query import PedigreeQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pedigreed.model.product import Product
    from pedigreed.model.program import AboutProgram, ProgramSelection
    from pedigreed.sources.mast.archive import MastArchive


@dataclass(frozen=True, slots=True)
class SurveyRow:
    """Products of one program and instrument that share a pedigree."""

    instrument: Instrument
    span: PedigreeSpan
    products: int
    observations: tuple[int, ...]


@dataclass(slots=True)
class ProgramSurvey:
    """What the archive said of one selection.

    Attributes:
        selection: what was asked for.
        rows: by instrument, most products first.
        products: every product, by file name.
        problems: why the answer is not complete; empty if it is.
        notes: what can't be told, since a service gives no values of a column.
        has_data: whether the archive has any product of the whole program.
        about: what MAST says that it is about.
    """

    selection: ProgramSelection
    rows: tuple[SurveyRow, ...] = ()
    products: list[Product] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    has_data: bool = False
    about: AboutProgram | None = None

    @property
    def is_unknown(self) -> bool:
        """Whether a complete answer had nothing of the program."""
        return not self.has_data and not self.problems


def survey(
    selections: Iterable[ProgramSelection],
    instruments: Iterable[Instrument],
    archive: MastArchive,
    tell: Callable[[str], None],
) -> list[ProgramSurvey]:
    """Ask the archive for some programs. `tell` is told what is being asked."""
    surveys = [ProgramSurvey(selection) for selection in selections]
    programs = tuple(sorted({found.selection.program for found in surveys}))
    for instrument in instruments:
        tell(f"asking MAST for {instrument.written}")
        for part, fetched in archive.answers(PedigreeQuery(instrument, programs), lambda _: {}):
            for found in surveys:
                if found.selection.program not in part.programs:
                    continue
                found.problems += [f"{instrument.written}: {problem}" for problem in fetched.problems]
                if fetched.unfilled:
                    found.notes.append(f"{instrument.written}: {without_in_words(sorted(fetched.unfilled))}")
                mine = [product for product in fetched.items if product.program == found.selection.program]
                found.has_data |= bool(mine)
                found.products += [product for product in mine if product.observation in found.selection]
    for found in surveys:
        found.products.sort(key=lambda product: product.filename)
        found.rows = _rows(found.products)
        found.about = about_programs(found.products).get(found.selection.program)
    return surveys


def unknown_programs(
    programs: Iterable[int], archive: MastArchive, tell: Callable[[str], None]
) -> tuple[int, ...]:
    """The programs that the archive has no data of. Each instrument is asked for those that are still unseen.

    Raises:
        UpstreamUnavailable: the archive did not answer.
    """
    unknown = frozenset(programs)
    for instrument in Instrument:
        if unknown:
            tell(f"asking MAST for {instrument.written}")
            unknown -= archive.programs_with_data(instrument, unknown)
    return tuple(sorted(unknown))


def _rows(products: Iterable[Product]) -> tuple[SurveyRow, ...]:
    groups: dict[tuple[Instrument, str | None, str | None], list[Product]] = defaultdict(list)
    for product in products:
        groups[product.instrument, product.pedigree.cal_ver, product.pedigree.crds_ctx].append(product)
    rows = [
        SurveyRow(instrument, _span(cal_ver, crds_ctx, group), len(group), _observations(group))
        for (instrument, cal_ver, crds_ctx), group in groups.items()
    ]
    order = list(Instrument)
    return tuple(sorted(rows, key=lambda row: (order.index(row.instrument), -row.products, str(row.span))))


def _span(cal_ver: str | None, crds_ctx: str | None, products: list[Product]) -> PedigreeSpan:
    dates = [product.pedigree.date for product in products if product.pedigree.date is not None]
    return PedigreeSpan(cal_ver, crds_ctx, min(dates, default=None), max(dates, default=None))


def _observations(products: list[Product]) -> tuple[int, ...]:
    return tuple(sorted({product.observation for product in products if product.observation is not None}))

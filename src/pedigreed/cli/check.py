"""`pedigreed check`: the pedigree of programs as the archive has it now."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pedigreed.cli.options import Json, MastUrl
from pedigreed.cli.output import days, echo, print_json, print_table, progress, table
from pedigreed.model.failure import Unreadable, UpstreamUnavailable, Usage
from pedigreed.model.instrument import Instrument, by_reason
from pedigreed.model.program import ProgramSelection, fold_ranges

if TYPE_CHECKING:
    from pedigreed.model.product import Product
    from pedigreed.service.survey import ProgramSurvey, SurveyRow

_LONGEST_LIST = 40


def check(
    programs: Annotated[
        list[str], typer.Argument(metavar="PROGRAM", help="Programs, or observations of one: 1345 1180:5,7-9")
    ],
    *,
    instrument: Annotated[
        list[Instrument] | None,
        typer.Option(
            "--instrument",
            "-i",
            metavar="NAME",
            help="Ask only for nircam, niriss, nirspec, miri or fgs; may be repeated.",
            show_default=False,
        ),
    ] = None,
    products: Annotated[bool, typer.Option("--products", help="List every product.")] = False,
    as_json: Json = False,
    mast: MastUrl = None,
) -> None:
    """Print the pedigree of programs as the archive has it now.

    It needs no configuration and keeps nothing.
    """
    from pedigreed.cli.options import open_archive
    from pedigreed.service.survey import survey

    try:
        selections = sorted({ProgramSelection.parse(text) for text in programs})
    except Unreadable as error:
        raise Usage(str(error)) from None
    with progress("asking MAST") as shown, open_archive(None, mast, shown.tell_of_pause) as archive:
        surveys = survey(selections, instrument or list(Instrument), archive, shown.tell)
    if as_json:
        print_json({"programs": [_document(found, products=products) for found in surveys]})
    else:
        for number, found in enumerate(surveys):
            if number:
                echo()
            _print(found, products=products)
    for note in {note: None for found in surveys for note in found.notes}:
        echo(note, err=True)
    problems = {problem: None for found in surveys for problem in found.problems}
    if problems:
        pairs = [(instrument, reason) for instrument, _, reason in (each.partition(": ") for each in problems)]
        lines = "".join(f"\n  {line}" for line in by_reason(pairs))
        raise UpstreamUnavailable(f"the answer is not complete{lines}")


def _print(found: "ProgramSurvey", *, products: bool) -> None:
    if found.is_unknown:
        echo(f"{found.selection}: MAST has no data of this program yet; it can be watched all the same")
        return
    count = len(found.products)
    if found.problems and not count:
        echo(f"{found.selection}: not known, since MAST did not answer")
        return
    from pedigreed.digests.wording import program_in_words

    about = program_in_words(found.about) if found.about else ""
    least = "at least " if found.problems else ""
    echo(f"{found.selection}{f' · {about}' if about else ''}: {least}{count:,} product{'' if count == 1 else 's'}")
    if not count:
        return
    made = table(
        "instrument", "products", "CAL_VER", "build", "CRDS_CTX", "DATE", "observations", right=("products",)
    )
    for row in found.rows:
        made.add_row(*_cells(row))
    print_table(made)
    if products:
        listing = table("product", "level", "CAL_VER", "CRDS_CTX", "DATE")
        for product in found.products:
            listing.add_row(*_product_cells(product))
        echo()
        print_table(listing)


def _cells(row: "SurveyRow") -> tuple[str, ...]:
    from pedigreed.model.pedigree import build_of, context_name

    build = build_of(row.span.cal_ver) if row.span.cal_ver else None
    return (
        row.instrument.written,
        f"{row.products:,}",
        row.span.cal_ver or ("no CAL_VER" if row.span.crds_ctx else "uncalibrated"),
        (build.dms_build if build else None) or "-",
        context_name(row.span.crds_ctx) or "-",
        days(row.span.earliest, row.span.latest),
        _short(fold_ranges(row.observations)) or "-",
    )


def _product_cells(product: "Product") -> tuple[str, ...]:
    from pedigreed.model.instant import iso
    from pedigreed.model.pedigree import context_name

    pedigree = product.pedigree
    return (
        product.filename,
        product.level,
        pedigree.cal_ver or "-",
        context_name(pedigree.crds_ctx) or "-",
        iso(pedigree.date) if pedigree.date else "-",
    )


def _short(text: str) -> str:
    if len(text) <= _LONGEST_LIST:
        return text
    return text[: text.rindex(",", 0, _LONGEST_LIST)] + ", ..."


def _document(found: "ProgramSurvey", *, products: bool) -> dict[str, Any]:
    from pedigreed.digests.document import about_document
    from pedigreed.model.pedigree import build_of
    from pedigreed.model.program import AboutProgram

    document: dict[str, Any] = {
        **about_document(found.about or AboutProgram(found.selection.program)),
        "observations": list(found.selection.observations),
        "has_data": found.has_data,
        "problems": found.problems,
        "pedigrees": [
            {
                "instrument": row.instrument.value,
                "products": row.products,
                "observations": list(row.observations),
                "cal_ver": row.span.cal_ver,
                "dms_build": build.dms_build
                if row.span.cal_ver and (build := build_of(row.span.cal_ver))
                else None,
                "crds_ctx": row.span.crds_ctx,
                "earliest": row.span.earliest,
                "latest": row.span.latest,
            }
            for row in found.rows
        ],
    }
    if products:
        document["products"] = [
            {
                "filename": product.filename,
                "instrument": product.instrument.value,
                "observation": product.observation,
                "level": product.level,
                "cal_ver": product.pedigree.cal_ver,
                "crds_ctx": product.pedigree.crds_ctx,
                "date": product.pedigree.date,
            }
            for product in found.products
        ]
    return document

"""`pedigreed history`: what changed, as it was seen."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pedigreed.cli import completion
from pedigreed.cli.options import ConfigFile, Json, load, open_store_if_there
from pedigreed.cli.output import day_and_time, echo, print_json, print_table, table
from pedigreed.model.failure import Unreadable, Usage
from pedigreed.model.program import ProgramSelection

if TYPE_CHECKING:
    from pedigreed.model.change import Change
    from pedigreed.model.notice import Notice
    from pedigreed.model.pedigree import Pedigree


def history(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="PROGRAM|FILE",
            help="A program, or a product's file name. Default: everything.",
            autocompletion=completion.programs,
        ),
    ] = None,
    config: ConfigFile = None,
    *,
    limit: Annotated[int, typer.Option(metavar="NUMBER", min=1, help="How many changes, the newest first.")] = 50,
    as_json: Json = False,
) -> None:
    """Print the changes that were seen, newest first.

    Without a program or a file, it has what happened in CRDS too.
    """
    from pedigreed.notices.merging import notices_of
    from pedigreed.store import announcements, changes

    program, filename = _asked(what)
    store = open_store_if_there(load(config))
    found: list[Change] = []
    notices: tuple[Notice, ...] = ()
    if store is not None:
        with store, store.reading() as connection:
            found = changes.history(connection, [program] if program else [], filename, limit)
            notices = notices_of(announcements.load(connection))[:limit] if what is None else ()
    if as_json:
        also = {} if what else {"notices": [_named(notice) for notice in notices]}
        print_json({"changes": [_document(change) for change in found], **also})
        return
    if not found and not notices:
        echo("no change was seen" + (f" of {what}" if what else ""))
        return
    made = table("seen", "kind", "program", "product", "CAL_VER", "CRDS_CTX", "DATE")
    rows = [
        *(
            (change.seen_at, (change.kind.value, str(change.program), change.filename, *_moved(change)))
            for change in found
        ),
        *((notice.first_heard.heard_at, _happened(notice)) for notice in notices),
    ]
    for at, cells in sorted(rows, key=lambda row: row[0], reverse=True)[:limit]:
        made.add_row(day_and_time(at), *cells)
    print_table(made)


def _happened(notice: "Notice") -> tuple[str, ...]:
    facts = notice.facts
    return notice.kind.value, "CRDS", notice.name, facts.cal_ver or "-", _arrow(facts.before, facts.context), "-"


def _named(notice: "Notice") -> dict[str, Any]:
    return {
        "name": notice.name,
        "kind": notice.kind.value,
        "heard": notice.first_heard.heard_at,
        "context": notice.facts.context,
        "context_before": notice.facts.before,
        "cal_ver": notice.facts.cal_ver,
        "title": notice.title,
    }


def _asked(what: str | None) -> tuple[int | None, str | None]:
    if what is None:
        return None, None
    if what.lower().startswith("jw"):
        return None, what
    try:
        selection = ProgramSelection.parse(what)
    except Unreadable:
        raise Usage(f"{what!r} is neither a program such as 1345 nor a file name such as jw01345...fits") from None
    if selection.observations:
        raise Usage(f"history is by program or by file: write {selection.program}")
    return selection.program, None


def _moved(change: "Change") -> tuple[str, str, str]:
    from pedigreed.model.pedigree import context_name

    before, after = change.before, change.after
    return (
        _arrow(before.cal_ver if before else None, after.cal_ver if after else None),
        _arrow(context_name(before.crds_ctx) if before else None, context_name(after.crds_ctx) if after else None),
        _arrow(_day(before) if before else None, _day(after) if after else None),
    )


def _arrow(before: str | None, after: str | None) -> str:
    if before == after or before is None:
        return after or "-"
    return f"{before} -> {after or 'gone'}"


def _day(pedigree: "Pedigree") -> str | None:
    return f"{pedigree.date:%Y-%m-%d}" if pedigree.date else None


def _document(change: "Change") -> dict[str, Any]:
    return {
        "identity": change.identity,
        "seen": change.seen_at,
        "kind": change.kind.value,
        "filename": change.filename,
        "program": change.program,
        "observation": change.observation,
        "instrument": change.instrument.value,
        "level": change.level,
        "before": _pedigree(change.before),
        "after": _pedigree(change.after),
    }


def _pedigree(pedigree: "Pedigree | None") -> dict[str, Any] | None:
    if pedigree is None:
        return None
    return {"cal_ver": pedigree.cal_ver, "crds_ctx": pedigree.crds_ctx, "date": pedigree.date}

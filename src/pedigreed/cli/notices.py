"""`pedigreed notices`: what happened in CRDS, each thing once, with where it was heard."""

from typing import TYPE_CHECKING, Annotated

import typer

from pedigreed.cli import completion
from pedigreed.cli.options import ConfigFile, Json, load, open_store_if_there
from pedigreed.cli.output import day_and_time, echo, print_json, print_table, table
from pedigreed.model.failure import Usage
from pedigreed.model.notice import NoticeKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pedigreed.model.context_use import ContextsInUse
    from pedigreed.model.notice import Heard, Notice

_LONGEST_ABOUT = 70

app = typer.Typer(no_args_is_help=True, help="Look through what happened in CRDS, each thing once.")


@app.command("list")
def list_(
    config: ConfigFile = None,
    *,
    kind: Annotated[
        NoticeKind | None,
        typer.Option(
            "--kind", metavar="KIND", help=f"Only those that are a {', '.join(NoticeKind)}.", show_default=False
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(metavar="NUMBER", min=1, max=1_000_000, help="How many, the newest first.")
    ] = 50,
    as_json: Json = False,
) -> None:
    """Print the notices, newest first, each once however often it was heard."""
    from pedigreed.digests.document import notice_document

    notices, contexts = _heard(config)
    found = [notice for notice in notices if kind in {None, notice.kind}][:limit]
    if as_json:
        print_json({"notices": [notice_document(notice, contexts) for notice in found]})
    elif found:
        _print_list(found, contexts)
    else:
        echo("nothing was heard of CRDS" + (" that is such a notice" if notices else " yet"))


@app.command()
def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="As `notices list` has it, such as jwst_1535.", autocompletion=completion.notices
        ),
    ],
    config: ConfigFile = None,
    *,
    as_json: Json = False,
) -> None:
    """Print everything about one notice: its facts, its whole text, and who told of it."""
    from pedigreed.digests.document import notice_document

    notices, contexts = _heard(config)
    wanted = name.lower().removesuffix(".pmap")
    found = next((notice for notice in notices if notice.name.lower() == wanted), None)
    if found is None:
        raise Usage(f"there is no notice {name!r}: `pedigreed notices list` has their names")
    if as_json:
        print_json(notice_document(found, contexts))
    else:
        _print(found, contexts)


def _heard(config: "Path | None") -> "tuple[Sequence[Notice], ContextsInUse | None]":
    from pedigreed.notices.merging import notices_of
    from pedigreed.store import announcements

    store = open_store_if_there(load(config))
    if store is None:
        return (), None
    with store, store.reading() as connection:
        return notices_of(announcements.load(connection)), announcements.load_contexts(connection)


def _print_list(notices: "Sequence[Notice]", contexts: "ContextsInUse | None") -> None:
    from pedigreed.digests.sections.crds import about_in_words
    from pedigreed.digests.wording import clipped
    from pedigreed.model.context_use import context_use

    made = table("heard", "notice", "level", "in", "about")
    for notice in notices:
        made.add_row(
            f"{notice.first_heard.heard_at:%Y-%m-%d}",
            notice.name,
            notice.facts.change_level.value if notice.facts.change_level else "-",
            context_use(notice, contexts).value,
            clipped(about_in_words(notice) or notice.title, _LONGEST_ABOUT),
        )
    print_table(made)


def _print(notice: "Notice", contexts: "ContextsInUse | None") -> None:
    from pedigreed.digests.sections.crds import effects_in_words
    from pedigreed.model.context_use import context_use

    facts = notice.facts
    rows = {
        "kind": notice.kind.value,
        "context": facts.context,
        "context before": facts.before,
        "CAL_VER": facts.cal_ver,
        "change level": facts.change_level.value if facts.change_level else None,
        "delivered": day_and_time(facts.delivered_at) if facts.delivered_at else None,
        "in use since": day_and_time(facts.activated_at) if facts.activated_at else None,
        "instruments": ", ".join(instrument.written for instrument in facts.instruments),
        "modes": ", ".join(facts.modes),
        "types": ", ".join(facts.reference_types),
        "files": ", ".join(facts.files),
        "is in": context_use(notice, contexts).value,
        "by CRDS": "yes" if notice.is_of_crds else "not confirmed",
    }
    echo(f"{notice.name}: {notice.title}\n")
    for label, value in rows.items():
        if value:
            echo(f"{label:<16}{value}")
    for effect in effects_in_words(notice):
        echo(f"{'touches':<16}{effect}")
    for line in dict.fromkeys(map(_heard_in_words, notice.heard)):
        echo(f"{'heard':<16}{line}")
    if notice.text:
        echo(f"\n{notice.text}")


def _heard_in_words(heard: "Heard") -> str:
    """The server tells of a context and of its files by themselves, in the same words here."""
    said = f", said {day_and_time(heard.announcement.said_at)}" if heard.announcement.said_at else ""
    link = f"  {heard.announcement.link}" if heard.announcement.link else ""
    return f"{day_and_time(heard.heard_at)} from {heard.announcement.source}{said}{link}"

"""`pedigreed impact`: which products a switch of CRDS's contexts changes, and why."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pedigreed.cli.options import USER_AGENT, ConfigFile, Json, load, open_store_if_there
from pedigreed.cli.output import echo, print_json, print_table, progress, table
from pedigreed.model.failure import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pedigreed.config.load import LoadedConfig
    from pedigreed.impact.explanation import Side, Why
    from pedigreed.impact.inventory import Inventory
    from pedigreed.model.impact import Impact
    from pedigreed.service.impact import Described
    from pedigreed.service.recorded_files import RecordedFiles
    from pedigreed.service.rule_contexts import Contexts
    from pedigreed.store.database import Store

    _Explained = tuple[Described, tuple[tuple[str, str, str], ...], Why]

_MOST_UNREAD = 20


def impact(
    old: Annotated[
        str | None,
        typer.Argument(
            metavar="OLD", help="A context, `build` or `latest`. Default: the latest before.", show_default=False
        ),
    ] = None,
    new: Annotated[
        str | None,
        typer.Argument(metavar="NEW", help="Likewise. Default: the present latest.", show_default=False),
    ] = None,
    config: ConfigFile = None,
    *,
    program: Annotated[
        list[int] | None, typer.Option("--program", metavar="PROGRAM", help="Only this one.", show_default=False)
    ] = None,
    type_: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="TYPE", help="Only this reference type.", show_default=False),
    ] = None,
    path: Annotated[
        list[Path] | None,
        typer.Option(
            "--path",
            metavar="DIR",
            help="FITS files in place of the archive's.",
            show_default=False,
        ),
    ] = None,
    made_with: Annotated[
        bool, typer.Option("--made-with", help="Each product against the context that it was made with.")
    ] = False,
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="NAME", help="Which products are made with this file.", show_default=False),
    ] = None,
    all_types: Annotated[
        bool, typer.Option("--all-types", help="Types too that the product is not made with.")
    ] = False,
    why: Annotated[
        tuple[str, str] | None,
        typer.Option("--why", metavar="PRODUCT TYPE", help="Which rows of the rules decide.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print which products a switch of CRDS's contexts would change, by CRDS's own rules.

    It reads what the archive last said of the programs that are watched. Rules that are not on disk are fetched
    from CRDS, two files a second.
    """
    loaded = load(config)
    with ExitStack() as opened:
        store = open_store_if_there(loaded)
        if store is not None:
            opened.enter_context(store)
        if store is None and (not path or old is None or new is None):
            raise Usage("nothing was watched yet: `pedigreed once` looks for the first time")
        asked = _Asked(loaded, store)
        with progress("reading CRDS's rules"):
            if made_with or file is not None:
                if new is not None:
                    raise Usage(f"{'--file' if file else '--made-with'} is about one context: name it alone")
                before, after = None, asked.context_name(old, "latest")
            else:
                before, after = asked.context_name(old, "previous"), asked.context_name(new, "latest")
            if why is not None:
                if before is None:
                    raise Usage("--why is about two contexts, and goes neither with --made-with nor with --file")
                _print_why(asked, why, before, after, as_json=as_json)
                return
            inventory, unread = asked.inventory(program or [], path or [], with_contexts=made_with)
            found = asked.impact(
                inventory,
                before,
                after,
                file=file,
                types=[each.lower() for each in type_ or []],
                every_type=all_types,
                is_on_disk=bool(path),
                by_own=made_with,
            )
            recorded = asked.recorded(path) if path else None
        if as_json:
            print_json(_document(found, file, unread, recorded))
        else:
            _print(found, file, unread, recorded)


class _Asked:
    """What is asked about: the configuration's subscriptions, the store, and the contexts."""

    def __init__(self, loaded: "LoadedConfig", store: "Store | None") -> None:
        from pedigreed.service.subscriptions import with_programs

        self._config = with_programs(loaded.config, store) if store is not None else loaded.config
        self._store = store
        self._named: dict[str, str] | None = None
        self._contexts: Contexts | None = None

    @property
    def contexts(self) -> "Contexts":
        from pedigreed.service.rule_contexts import contexts_of

        if self._contexts is None:
            self._contexts = contexts_of(self._config, USER_AGENT)
        if self._contexts is None:
            raise Usage(
                "`sources: {crds: {url: none}}` and no `rules`: there is no place to have CRDS's rules from"
            )
        return self._contexts

    def context_name(self, given: str | None, default: str) -> str:
        """``jwst_1535``, for a context or a word for one."""
        from pedigreed.model.reference_file import context_of
        from pedigreed.service.impact import named_contexts

        word = (given or default).lower()
        if name := context_of(word):
            return name
        if word not in {"latest", "build", "previous"}:
            raise Usage(f"{given!r} is no context: write jwst_1535, `build` or `latest`")
        if self._named is None:
            self._named = {}
            if self._store is not None:
                with self._store.reading() as connection:
                    self._named = named_contexts(connection)
        if word not in self._named:
            raise Usage(f"the {word} context is not known, since CRDS was not heard: write it like jwst_1535")
        return self._named[word]

    def inventory(
        self, programs: "Sequence[int]", paths: "Sequence[Path]", *, with_contexts: bool
    ) -> "tuple[Inventory, list[str]]":
        """The products that are asked about, and the files that could not be read."""
        from pedigreed.service.impact import inventory_of, inventory_of_files

        if absent := [path for path in paths if not path.exists()]:
            raise Usage(f"{absent[0]} is not there")
        if paths:
            return inventory_of_files(paths, with_contexts=with_contexts)
        watched = {number for each in self._config.subscriptions for number in each.programs}
        if unwatched := sorted(set(programs) - watched):
            raise Usage(f"program {unwatched[0]} is not watched")
        assert self._store is not None
        with self._store.reading() as connection:
            return inventory_of(connection, set(programs) or watched, with_contexts=with_contexts), []

    def impact(
        self,
        inventory: "Inventory",
        before: str | None,
        after: str,
        *,
        file: str | None,
        types: "Sequence[str]",
        every_type: bool,
        is_on_disk: bool,
        by_own: bool,
    ) -> "Impact":
        from pedigreed.service.impact import impact_of, impact_since_made, reference_file, selected, users_of
        from pedigreed.service.impact import made_with as made_with_files

        instruments = {group.instrument for group in inventory.groups}
        groups = list(inventory.groups)
        if not is_on_disk:
            watched = {group for each in self._config.subscriptions for group in selected(inventory, each)}
            groups = [group for group in groups if group in watched]
        if file is not None and by_own:
            return made_with_files(inventory, groups, self.contexts, [reference_file(file)])
        new = self.contexts.context(after, instruments)
        if file is not None:
            return users_of(inventory, groups, new, file, every_type=every_type)
        if before is None:
            return impact_since_made(inventory, groups, self.contexts, new, types=types, every_type=every_type)
        old = self.contexts.context(before, instruments)
        return impact_of(inventory, groups, old, new, types=types, every_type=every_type)

    def recorded(self, paths: "Sequence[Path]") -> "RecordedFiles":
        """Whether files name the reference files that the rules of their CRDS_CTX choose."""
        from pedigreed.service.recorded_files import recorded_files

        return recorded_files(paths, self.contexts)

    def products(self, name: str) -> "list[Described]":
        """A product by its name or the path of its file; of stage 3, the exposures that it is made of."""
        from pedigreed.service.impact import described, described_file

        if Path(name).is_file():
            return [described_file(Path(name))]
        known = None
        if self._store is not None:
            with self._store.reading() as connection:
                known = described(connection, name)
        if known is None:
            raise Usage(f"{name!r} is neither a product that is watched nor a file here")
        return known


def _print(found: "Impact", file: str | None, unread: "Sequence[str]", recorded: "RecordedFiles | None") -> None:
    from pedigreed.digests.sections.impact import doubts_in_words, impact_in_words, places_in_words
    from pedigreed.digests.wording import count

    if file is not None:
        by = f"in {found.new}" if found.old else "by the CRDS_CTX of each"
        echo(f"{file} {by}: {found.changed:,} of {count(found.products, 'product')}")
        lines = [*([places_in_words(found.places)] if found.changed else []), *doubts_in_words(found)]
    else:
        echo(f"{found.old or 'what each was made with'} -> {found.new}")
        lines = impact_in_words(found)
    for line in lines:
        echo(f"  {line}")
    for line in _of_recorded(recorded) if recorded is not None else ():
        echo(f"  {line}")
    for line in unread[:_MOST_UNREAD]:
        echo(f"  can't be read: {line}")
    if len(unread) > _MOST_UNREAD:
        echo(f"  ... and {len(unread) - _MOST_UNREAD:,} more, which --json names")


def _of_recorded(recorded: "RecordedFiles") -> list[str]:
    from pedigreed.digests.wording import count

    lines = []
    if recorded.products:
        equal = recorded.compared - sum(len(each.paths) for each in recorded.differing)
        lines.append(
            f"made with: {equal:,} of {count(recorded.compared, 'reference file')} in the R_* keywords of "
            f"{count(recorded.products, 'product')} as the rules of CRDS_CTX choose"
        )
    for each in recorded.differing[:_MOST_UNREAD]:
        more = f", and {count(len(each.paths) - 1, 'more product')}" if len(each.paths) > 1 else ""
        chosen = each.chosen or "an error"
        lines.append(
            f"  {each.reftype}: {each.recorded}, where {each.context} has {chosen}: {each.paths[0]}{more}"
        )
    if len(recorded.differing) > _MOST_UNREAD:
        lines.append(f"  ... and {len(recorded.differing) - _MOST_UNREAD:,} more, which --json names")
    return [*lines, *(f"R_* keywords not compared: {reason}" for reason in recorded.not_compared)]


def _document(
    found: "Impact", file: str | None, unread: "Sequence[str]", recorded: "RecordedFiles | None"
) -> dict[str, Any]:
    from pedigreed.digests.document import impact_document

    return {
        "old": found.old or None,
        "new": found.new if found.old or file is None else None,
        "file": file,
        **impact_document(found),
        "unread": list(unread),
        "recorded": None
        if recorded is None
        else {
            "products": recorded.products,
            "compared": recorded.compared,
            "differing": [
                {
                    "context": each.context,
                    "type": each.reftype,
                    "recorded": each.recorded,
                    "chosen": each.chosen,
                    "paths": list(each.paths),
                }
                for each in recorded.differing
            ],
            "not_compared": list(recorded.not_compared),
        },
    }


def _print_why(asked: _Asked, about: tuple[str, str], before: str, after: str, *, as_json: bool) -> None:
    from pedigreed.digests.wording import count
    from pedigreed.service.impact import why

    name, reftype = about[0], about[1].lower()
    products = asked.products(name)
    instruments = {product.instrument for product in products}
    old, new = (asked.contexts.context(each, instruments) for each in (before, after))
    explained = [(product, *why(product, reftype, old=old, new=new)) for product in products]
    if as_json:
        documents = [
            {
                "product": product.name,
                "type": reftype,
                "start": product.moment,
                "values": [{"keyword": key, "value": value, "from": origin} for key, value, origin in values],
                "old": {"context": before, **_side(found.before)},
                "new": {"context": after, **_side(found.after)},
                "sentence": found.sentence,
                "near": list(found.near),
            }
            for product, values, found in explained
        ]
        is_alone = len(documents) == 1 and products[0].name == Path(name).name
        print_json(documents[0] if is_alone else {"product": name, "type": reftype, "exposures": documents})
        return
    # Exposures of one product mostly differ in nothing but their dates: each answer is shown once.
    alike: dict[str, list[_Explained]] = {}
    for each in explained:
        alike.setdefault(each[2].sentence, []).append(each)
    if products[0].name != Path(name).name:
        echo(f"{name} is of stage 3, and made of {count(len(products), 'exposure')}:")
    for together in alike.values():
        product, values, found = together[0]
        more = f", and {len(together) - 1:,} more" if len(together) > 1 else ""
        echo(f"{product.name}{more}: {reftype}\n\n{found.sentence}\n")
        made = table("keyword", "value", "from")
        for row in values:
            made.add_row(*row)
        made.add_row("DATE-OBS TIME-OBS", product.moment or "not known", "")
        print_table(made)
        for date in found.near:
            echo(f"\nthe date {date} of a rule is within a second of the observation's start")
        for context, side in ((before, found.before), (after, found.after)):
            echo(f"\n{context}: {side.rules}, {' '.join(side.keys) or 'one answer for all'}")
            _print_side(side)


def _print_side(side: "Side") -> None:
    if not side.matches:
        echo(f"  no row matches: {side.answer.kind}")
        return
    made = table("weight", "row", "file", "since", right=("weight",))
    for match in side.matches:
        fields = ", ".join(match.fields)
        made.add_row(str(match.weight), fields, match.file or "none yet at this date", match.since)
    print_table(made)


def _side(side: "Side") -> dict[str, Any]:
    return {
        "rules": side.rules,
        "keywords": list(side.keys),
        "answer": side.answer.kind.value,
        "file": side.answer.name or None,
        "rows": [
            {
                "fields": list(match.fields),
                "weight": match.weight,
                "file": match.file,
                "since": match.since or None,
            }
            for match in side.matches
        ],
    }

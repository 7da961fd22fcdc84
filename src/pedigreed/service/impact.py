"""What a switch of CRDS's contexts changes for the products that are watched, by CRDS's own rules."""

from __future__ import annotations

import os
from array import array
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedigreed.changes.selection import selection_of
from pedigreed.garbage import collected_seldom
from pedigreed.impact.comparison import Comparison, Usage
from pedigreed.impact.context import Context
from pedigreed.impact.dates import moment_of
from pedigreed.impact.explanation import explain
from pedigreed.impact.headers import (
    UNKNOWN,
    WITH_KEYWORDS,
    column_of,
    moment_of_header,
    parameters_of_header,
    values_of,
    written_key,
)
from pedigreed.impact.inventory import (
    RAW,
    STAGE_THREE,
    Inventory,
    group_of,
    microseconds_of,
)
from pedigreed.impact.values import UNDEFINED
from pedigreed.model.failure import Unreadable
from pedigreed.model.failure import Usage as WrongUse
from pedigreed.model.impact import Impact, total
from pedigreed.model.instrument import Instrument
from pedigreed.model.product_name import parse_product_name
from pedigreed.model.reference_file import context_of, file_name
from pedigreed.notices.merging import notices_of
from pedigreed.service.learning import columns_given
from pedigreed.sources.disk.product_files import is_product, read_values
from pedigreed.store import announcements as stored_announcements
from pedigreed.store import products as stored_products
from pedigreed.store import programs as stored_programs

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Subscription
    from pedigreed.impact.difference import Difference
    from pedigreed.impact.explanation import Why
    from pedigreed.impact.inventory import Group
    from pedigreed.model.product import Product
    from pedigreed.service.rule_contexts import Contexts

_INSTRUMENTS = {instrument.value: instrument for instrument in Instrument}
_WITH_NAMES = frozenset(("2c", "3"))
"""Levels of which the whole name matters: it has the association. So does that of a guide star's."""


@collected_seldom()
def inventory_of(
    connection: Connection,
    programs: Collection[int],
    *,
    with_contexts: bool = False,
    names: dict[Group, list[tuple[str, int]]] | None = None,
    labels: Mapping[str, str] | None = None,
) -> Inventory:
    """The products of some programs that are there, by what CRDS's rules can tell apart.

    Args:
        connection: a transaction.
        programs: which.
        with_contexts: keep apart what was made with different contexts.
        names: is given the names of each group's files, and when the observation of each began: see `Inventory`.
        labels: file name -> what keeps these files apart from others, in the place of their context. They need
            `names`.
    """
    inventory = Inventory(columns_given(connection))
    inventory.about = stored_programs.load(connection, programs)
    numbers: dict[int, int] = {}
    for program in programs:
        # Products of which nothing but the detector or the segment in the name differs are one here.
        starts: defaultdict[tuple[Any, ...], list[int]] = defaultdict(list)
        for rows in stored_products.started(connection, program, with_contexts=with_contexts):
            for instrument, observation, level, parameters, crds_ctx, filename, start in rows:
                is_short = names is None and level not in _WITH_NAMES and filename[13:17] != "_gs-"
                name = filename[filename.rfind("_") :] if is_short else filename
                starts[instrument, observation, level, parameters, crds_ctx, name].append(start)
        for (instrument, observation, level, parameters, crds_ctx, name), some in starts.items():
            group = group_of(
                name,
                _INSTRUMENTS[instrument],
                program,
                observation,
                level,
                header=numbers.setdefault(parameters, len(numbers)),
                context=crds_ctx or "" if labels is None else labels.get(name, ""),
            )
            inventory.extend(group, array("q", some))
            if names is not None:
                names.setdefault(group, []).extend((name, start) for start in some)
    sets = stored_products.parameters_by_id(connection, numbers)
    inventory.headers = [tuple(sets[key].items()) for key in numbers]
    inventory.close()
    return inventory


def selected(inventory: Inventory, subscription: Subscription) -> list[Group]:
    """The groups of an inventory that a subscription watches."""
    selection = selection_of(subscription, inventory.about)
    groups = (group for program in subscription.programs for group in inventory.by_program.get(program, ()))
    return [group for group in groups if selection.is_about(group)]


def impact_of(
    inventory: Inventory,
    groups: Iterable[Group],
    old: Context,
    new: Context,
    *,
    types: Collection[str] = (),
    every_type: bool = False,
) -> Impact:
    """What a switch of contexts changes for some groups of products. Exposures are found in all of them."""
    return Comparison(old, new, only=types, every_type=every_type).impact(inventory, groups)


@collected_seldom()
def impact_since_made(
    inventory: Inventory,
    groups: Iterable[Group],
    contexts: Contexts,
    new: Context,
    *,
    types: Collection[str] = (),
    every_type: bool = False,
) -> Impact:
    """What the new context changes for each product against the one that it was made with.

    Raises:
        RulesUnavailable: the rules of one of these contexts can't be had.
    """
    known: dict[tuple[str, str, tuple[str, ...]], Difference] = {}

    def since(made_with: str, together: list[Group]) -> Impact:
        old = contexts.context(made_with, {group.instrument for group in together})
        return Comparison(old, new, only=types, every_type=every_type, known=known).impact(inventory, together)

    return _each_by_its_own(inventory, groups, new.name, since)


@collected_seldom()
def made_with(inventory: Inventory, groups: Iterable[Group], contexts: Contexts, files: Collection[str]) -> Impact:
    """The products that were made with one of some files, each by the rules of its own CRDS_CTX.

    Raises:
        RulesUnavailable: the rules of one of these contexts can't be had.
    """
    forms = [form for name in files if (form := file_name(name)) is not None]
    types = {form.reference_type for form in forms if form.reference_type is not None}
    instruments = {form.instrument for form in forms}
    known: dict[tuple[str, str, tuple[str, ...]], Difference] = {}

    def uses(context: str, together: list[Group]) -> Impact:
        concerned = {group.instrument for group in together} & instruments
        rules = contexts.context(context, concerned, types) if concerned else Context(context, {})
        return Usage(rules, files, known=known).impact(inventory, together)

    return _each_by_its_own(inventory, groups, " ".join(files), uses)


def _each_by_its_own(
    inventory: Inventory, groups: Iterable[Group], new: str, evaluate: Callable[[str, list[Group]], Impact]
) -> Impact:
    """Evaluate the groups that were made with one context together. What has none, and needs one, is not known."""
    by_context: dict[str | None, list[Group]] = {}
    for group in groups:
        by_context.setdefault(None if group.level == RAW else context_of(group.context), []).append(group)
    bare = by_context.pop(None, [])
    numbers = [(group, inventory.groups[group].number) for group in bare]
    not_told = [(group, number) for group, number in numbers if group.level != RAW]
    untold = Impact(
        "",
        new,
        sum(number for _, number in numbers),
        not_known=sum(number for _, number in not_told),
        uncertain=tuple(sorted({(group.instrument, "") for group, _ in not_told})),
    )
    impacts = [evaluate(context, together) for context, together in sorted(by_context.items()) if context]
    return total("", new, [untold, *impacts])


def users_of(
    inventory: Inventory, groups: Iterable[Group], context: Context, file: str, *, every_type: bool = False
) -> Impact:
    """The products that are made with a reference file in a context: those are counted as changed.

    Raises:
        Usage: it is no name of a reference file.
    """
    return Usage(context, [reference_file(file)], every_type=every_type).impact(inventory, groups)


def reference_file(name: str) -> str:
    """The name of a reference file in lower case. Raises `Usage` for every other text."""
    form = file_name(name.lower())
    if form is None or form.reference_type is None or form.is_rules:
        raise WrongUse(f"{name!r} is no reference file: write it like jwst_miri_flat_0541.fits")
    return name.lower()


def named_contexts(connection: Connection) -> dict[str, str]:
    """The words for contexts: ``latest``, ``build`` and ``previous``, the latest before -> ``jwst_1535``."""
    found = {}
    in_use = stored_announcements.load_contexts(connection)
    if in_use is not None:
        found["latest"] = in_use.latest
        if in_use.build is not None:
            found["build"] = in_use.build
        for notice in notices_of(stored_announcements.load(connection)):
            if notice.switch and notice.switch[1] == in_use.latest:
                found["previous"] = notice.switch[0]
                break
    return found


def why(
    product: Described, reftype: str, *, old: Context, new: Context
) -> tuple[tuple[tuple[str, str, str], ...], Why]:
    """Why a product gets what it gets: keyword, value and where it came from; and the rules that match.

    Raises:
        Usage: neither context has the type, its rules are not understood, or a value is not known.
    """
    instrument, parameters = product.instrument, product.parameters
    if not any(reftype in context.types.get(instrument, ()) for context in (old, new)):
        raise WrongUse(f"CRDS has no type {reftype!r} for {instrument.written} in {old.name} and {new.name}")
    before, after = (context.rules(instrument, reftype) for context in (old, new))
    for each in (before, after):
        if each.rmap is not None and each.rmap.form.not_understood:
            raise WrongUse(f"{each.name} is not understood: {each.rmap.form.not_understood}")
    keys = tuple(dict.fromkeys((*before.keys, *after.keys)))
    values = values_of(keys, parameters, instrument, product.given)
    header = dict(zip(keys, values, strict=True))
    # What the archive does not tell is shown as it is, and evaluated as a keyword that is absent.
    known = {key: UNDEFINED if value == UNKNOWN else value for key, value in header.items()}
    shown = tuple(
        (written_key(key), "not known" if value == UNKNOWN else value, _origin(key, value, parameters))
        for key, value in header.items()
    )
    return shown, explain(before, after, known, product.moment)


@dataclass(frozen=True, slots=True)
class Described:
    """One product by what CRDS's rules look at.

    Attributes:
        name: of its file.
        instrument: its instrument.
        parameters: what CRDS matches by, by the archive's columns.
        moment: when its observation began, as CRDS writes it; None where that is not known.
        given: the columns that the instrument's service has; None where they are those of a file's header.
    """

    name: str
    instrument: Instrument
    parameters: Mapping[str, object]
    moment: str | None
    given: Collection[str] | None = None


def described(connection: Connection, name: str) -> list[Described] | None:
    """A product that is watched, or the exposures that one of stage 3 is made of; None where it is not known.

    Raises:
        Usage: it is of stage 3, and its exposures are not known.
    """
    known = stored_products.known_by_name(connection, [name]).get(name)
    if known is None:
        return None
    names = [name]
    if known.product.level == STAGE_THREE:
        names = _exposures_of(connection, known.product)
        if not names:
            raise WrongUse(f"{name} is of stage 3, and the exposures that it is made of are not known")
    given = columns_given(connection)
    products = stored_products.known_by_name(connection, names)
    return [_described(products[each].product, given) for each in names]


def _described(product: Product, given: Mapping[Instrument, Collection[str]]) -> Described:
    start = product.observation_start
    return Described(
        product.filename,
        product.instrument,
        product.parameters,
        None if start is None else moment_of(start),
        given[product.instrument],
    )


def _exposures_of(connection: Connection, combined: Product) -> list[str]:
    """The names of the products whose headers are those of the exposures of a product of stage 3, sorted."""
    names: dict[Group, list[tuple[str, int]]] = {}
    inventory = inventory_of(connection, [combined.program], names=names)
    own = next(group for group, members in names.items() if combined.filename in dict(members))
    return sorted(name for group in inventory.exposures.of(own) for name, _ in names[group])


def _origin(key: str, value: str, parameters: Mapping[str, object]) -> str:
    column = column_of(key)
    if value == UNKNOWN:
        return "the archive has no such column"
    if column is None:
        return "no such keyword"
    return f"MAST's column {column}" if column in parameters else f"MAST's column {column}, which is empty"


def inventory_of_files(paths: Iterable[Path], *, with_contexts: bool = False) -> tuple[Inventory, list[str]]:
    """The products in folders on this machine, by their headers; and which could not be read, with the reason."""
    inventory = Inventory()
    numbers: dict[tuple[tuple[str, object], ...], int] = {}
    unread = []
    for path in sorted({file for each in paths for file in products_below(each)}):
        name = parse_product_name(path.name)
        try:
            header = read_values(str(path), WITH_KEYWORDS)
            instrument = instrument_of(header)
        except (OSError, Unreadable) as fault:
            unread.append(f"{path}: {fault.strerror if isinstance(fault, OSError) else fault}")
            continue
        parameters = tuple(parameters_of_header(header).items())
        group = group_of(
            path.name,
            instrument,
            name.program or 0,
            name.observation,
            name.level or "",
            header=numbers.setdefault(parameters, len(numbers)),
            context=header.get("CRDS_CTX", "") if with_contexts else "",
        )
        moment = moment_of_header(header)
        inventory.add(group, None if moment is None else microseconds_of(moment))
    inventory.headers = list(numbers)
    inventory.close()
    return inventory, unread


def described_file(path: Path) -> Described:
    """A file by its header.

    Raises:
        Unreadable: it is no product.
    """
    header = read_values(str(path), WITH_KEYWORDS)
    instrument = instrument_of(header)
    return Described(path.name, instrument, parameters_of_header(header), moment_of_header(header))


def instrument_of(header: Mapping[str, str]) -> Instrument:
    """The instrument of a file's header. Raises `Unreadable` where it names none."""
    try:
        return Instrument(header.get("INSTRUME", "").lower())
    except ValueError:
        raise Unreadable("its header names no instrument of JWST") from None


def products_below(path: Path) -> Iterator[Path]:
    """The files in a folder whose names are those of products; the path itself where it is a file."""
    if path.is_file():
        yield path
        return
    for folder, _, names in os.walk(path):
        yield from (Path(folder, name) for name in names if is_product(name))

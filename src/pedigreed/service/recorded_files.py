"""Hold the reference files that local products name in their headers against the rules of their CRDS_CTX."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pedigreed.impact.headers import (
    RECORDED,
    WITH_KEYWORDS,
    moment_of_header,
    parameters_of_header,
    values_by_key,
)
from pedigreed.impact.inventory import STAGE_THREE
from pedigreed.impact.values import UNDEFINED
from pedigreed.model.failure import Unreadable
from pedigreed.model.product_name import parse_product_name
from pedigreed.model.reference_file import context_of
from pedigreed.service.impact import instrument_of, products_below
from pedigreed.sources.crds.rules import RulesUnavailable
from pedigreed.sources.disk.product_files import read_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from pedigreed.impact.context import Context
    from pedigreed.model.instrument import Instrument
    from pedigreed.service.rule_contexts import Contexts

_WANTED = frozenset((*WITH_KEYWORDS, *RECORDED.values()))
_CRDS = "crds://"


@dataclass(frozen=True, slots=True)
class Differing:
    """Files that name another reference file than the rules choose.

    Attributes:
        context: by whose rules, ``jwst_1535``.
        reftype: the type.
        recorded: what the files name; ``N/A`` for none.
        chosen: what the rules choose; ``N/A`` for none, and None for an error of CRDS.
        paths: the files.
    """

    context: str
    reftype: str
    recorded: str
    chosen: str | None
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordedFiles:
    """What came of it.

    Attributes:
        products: how many of the products were compared.
        compared: how many reference files these name.
        differing: those that the rules choose otherwise, the most products first.
        not_compared: why others were not, one sentence each.
    """

    products: int
    compared: int
    differing: tuple[Differing, ...]
    not_compared: tuple[str, ...]


def recorded_files(paths: Iterable[Path], contexts: Contexts) -> RecordedFiles:
    """Compare the R_* keywords of the products in some folders.

    Products of stage 3 are left out, whose own keywords match no rules, and so is what can't be read.
    """
    by_context: defaultdict[tuple[str, Instrument], list[tuple[Path, Mapping[str, str]]]] = defaultdict(list)
    for path in sorted({file for each in paths for file in products_below(each)}):
        try:
            header = read_values(str(path), _WANTED)
            instrument = instrument_of(header)
        except (OSError, Unreadable):
            continue
        name = context_of(header.get("CRDS_CTX", ""))
        is_named = any(keyword in header for keyword in RECORDED.values())
        if name is not None and is_named and parse_product_name(path.name).level != STAGE_THREE:
            by_context[name, instrument].append((path, header))
    products = compared = 0
    found: defaultdict[tuple[str, str, str, str | None], list[str]] = defaultdict(list)
    not_compared = []
    for (name, instrument), together in sorted(by_context.items()):
        types = {kind for kind, keyword in RECORDED.items() if any(keyword in header for _, header in together)}
        try:
            context = contexts.context(name, [instrument], types)
        except RulesUnavailable as failure:
            not_compared.append(f"{len(together):,} made with {name}: {failure}")
            continue
        for path, keywords in together:
            products += 1
            for reftype, recorded, chosen in _pairs(context, instrument, keywords):
                compared += 1
                if recorded != chosen:
                    found[name, reftype, recorded, chosen].append(str(path))
    differing = [Differing(*about, tuple(files)) for about, files in found.items()]
    differing.sort(key=lambda each: (-len(each.paths), each.context, each.reftype, each.recorded))
    return RecordedFiles(products, compared, tuple(differing), tuple(not_compared))


def _pairs(
    context: Context, instrument: Instrument, header: Mapping[str, str]
) -> Iterator[tuple[str, str, str | None]]:
    """Type, what the header names, and what the rules choose; of types whose rules are understood."""
    values = values_by_key(parameters_of_header(header), instrument, None)
    moment = moment_of_header(header)
    for reftype, rules in context.types.get(instrument, {}).items():
        recorded = header.get(RECORDED.get(reftype, ""))
        if recorded and (rules.rmap is None or not rules.rmap.form.not_understood):
            known = {key: values.get(key, UNDEFINED) for key in rules.keys}
            yield reftype, recorded.removeprefix(_CRDS), rules.timeline(known).at(moment).used

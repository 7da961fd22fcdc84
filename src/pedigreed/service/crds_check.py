"""Hold what is evaluated here against what CRDS itself answers, for a few exposures of ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pedigreed.impact.headers import INSTRUMENT_KEY, KEYWORDS, UNKNOWN
from pedigreed.impact.inventory import moment_at
from pedigreed.impact.rmap_form import DATE_KEYS
from pedigreed.impact.values import UNDEFINED
from pedigreed.model.failure import UpstreamUnavailable
from pedigreed.sources.crds.best_references import MOST_HEADERS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from pedigreed.impact.context import Context
    from pedigreed.impact.inventory import Inventory
    from pedigreed.model.instrument import Instrument

    Ask = Callable[[str, Mapping[str, Mapping[str, str]], Sequence[str]], Mapping[str, Mapping[str, object]]]

_KEYS = (INSTRUMENT_KEY, *(keyword.key for keyword in KEYWORDS))


@dataclass(frozen=True, slots=True)
class CrdsCheck:
    """What came of it.

    Attributes:
        exposures: how many were asked about, under both contexts.
        agreed: for how many every answer is the same.
        problem: why CRDS could not be asked, one sentence; None where it was.
        doubted: instrument and type of which CRDS answers otherwise.
    """

    exposures: int = 0
    agreed: int = 0
    problem: str | None = None
    doubted: frozenset[tuple[Instrument, str]] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class _Exposure:
    instrument: Instrument
    header: Mapping[str, str]
    moment: str


def hold_against_crds(
    inventory: Inventory,
    contexts: Sequence[Context],
    types: Mapping[Instrument, Collection[str]],
    ask: Ask,
) -> CrdsCheck:
    """Ask CRDS about at most `MOST_HEADERS` different headers, once for each context.

    Args:
        inventory: our products.
        contexts: the two.
        types: of each instrument, those that are evaluated.
        ask: context, headers by a name of each, and types -> CRDS's answers.
    """
    exposures = {str(number): each for number, each in enumerate(_exposures(inventory, types))}
    if not exposures:
        return CrdsCheck()
    headers = {
        name: {
            **each.header,
            DATE_KEYS[0]: each.moment.partition(" ")[0],
            DATE_KEYS[1]: each.moment.partition(" ")[2],
        }
        for name, each in exposures.items()
    }
    every_type = sorted({name for each in exposures.values() for name in types[each.instrument]})
    doubted: set[tuple[Instrument, str]] = set()
    differing: set[str] = set()
    for context in contexts:
        try:
            answers = ask(context.name, headers, every_type)
        except UpstreamUnavailable as failure:
            return CrdsCheck(problem=str(failure))
        for name, exposure in exposures.items():
            # Of a type that a context has not, CRDS says that it is not known, which is no answer to compare.
            for reftype in set(types[exposure.instrument]) & context.types.get(exposure.instrument, {}).keys():
                if _ours(context, exposure, reftype) != _theirs(answers.get(name, {}).get(reftype)):
                    doubted.add((exposure.instrument, reftype))
                    differing.add(name)
    return CrdsCheck(len(exposures), len(exposures) - len(differing), None, frozenset(doubted))


def _exposures(inventory: Inventory, types: Mapping[Instrument, Collection[str]]) -> Iterator[_Exposure]:
    """Of each instrument in turn one with another header, of which every value is known."""
    waiting: dict[Instrument, list[_Exposure]] = {}
    seen: set[int] = set()
    for group, members in inventory.groups.items():
        if group.level == "3" or group.header in seen or not members.starts or not types.get(group.instrument):
            continue
        seen.add(group.header)
        values = inventory.values(group.instrument, group.header)
        header = {key: UNDEFINED if values[key] == UNKNOWN else values[key] for key in _KEYS}
        exposure = _Exposure(group.instrument, header, moment_at(members.starts[0]))
        waiting.setdefault(group.instrument, []).append(exposure)
    for _ in range(MOST_HEADERS):
        if not waiting:
            return
        instrument = next(iter(waiting))
        some = waiting.pop(instrument)
        yield some.pop()
        if some:
            waiting[instrument] = some


def _ours(context: Context, exposure: _Exposure, reftype: str) -> str | None:
    rules = context.rules(exposure.instrument, reftype)
    header = dict.fromkeys(rules.keys, UNDEFINED) | dict(exposure.header)
    return rules.timeline(header).at(exposure.moment).used


def _theirs(said: object) -> str | None:
    """As `RuleAnswer.used` has it. A type that CRDS leaves out counts as N/A, and several files as an error."""
    if isinstance(said, list):
        return None
    text = str(said or "N/A")
    if text.upper().startswith(("NOT FOUND N/A", "NOT FOUND NO MATCH FOUND")):
        return "N/A"
    return None if text.upper().startswith("NOT FOUND") else text

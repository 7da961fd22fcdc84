"""Puts what a switch of contexts changes into words, for digests and for `pedigreed impact`."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from pedigreed.digests.wording import count
from pedigreed.model.reference_file import reference_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pedigreed.model.impact import Changed, Impact

_TYPES = 6
_PROGRAMS = 6


def impact_in_words(impact: Impact) -> list[str]:
    """What changes, and where; then what could not be told. Each is a line."""
    return [changes_in_words(impact), *where_in_words(impact), *doubts_in_words(impact)]


def changes_in_words(impact: Impact) -> str:
    """``changes 372 of your 3,911 products: flat 372 (flux from pixel to pixel), photom 41``."""
    if not impact.changed:
        every = count(impact.products, "product")
        told = impact.products - impact.not_known - impact.without_exposures
        of = f"your {every}" if impact.is_certain else f"the {told:,} of your {every} that could be evaluated"
        return f"changes none of {of}"
    types = [_type_in_words(name, number, is_first=not at) for at, (name, number) in enumerate(impact.by_type)]
    return f"changes {impact.changed:,} of your {count(impact.products, 'product')}: {_shortened(types)}"


def doubts_in_words(impact: Impact) -> list[str]:
    """What could not be told, what is an error, and what only some pipelines' runs would show."""
    lines = []
    if impact.where_on:
        lines.append(
            f"where the step is on: {_shortened([f'{name} {number:,}' for name, number in impact.where_on])}"
        )
    if impact.errors:
        lines.append(
            f"CRDS has an error now: {_shortened([f'{name} {number:,}' for name, number in impact.errors])}"
        )
    if impact.not_understood:
        named = [f"{name} of {instrument.written} ({why})" for instrument, name, why in impact.not_understood]
        lines.append(f"{count(len(named), 'type')} not understood: {_shortened(named)}")
    if impact.not_known:
        lines.append(f"{count(impact.not_known, 'product')} not known: a value is missing")
    if impact.without_exposures:
        lines.append(f"{count(impact.without_exposures, 'product')} of stage 3 not evaluated: exposures not known")
    if impact.unknown_exposures:
        names = [f"{name} ({count(number, 'product')})" for name, number in impact.unknown_exposures]
        lines.append(f"EXP_TYPE not known, every type counts: {_shortened(names)}")
    if impact.unknown_types:
        lines.append(f"types not known, counted for every product: {_shortened(impact.unknown_types)}")
    return lines


def held_in_words(impact: Impact) -> list[str]:
    """How far CRDS itself gives the same answers: ``50 of 50 exposures as CRDS itself says``."""
    if impact.not_held:
        return [f"{impact.new}: not held against CRDS's own answers: {impact.not_held}"]
    if not impact.held[0]:
        return []
    return [f"{impact.new}: {impact.held[1]} of {impact.held[0]} exposures get the files that CRDS itself says"]


def places_in_words(places: Iterable[Changed], limit: int = _PROGRAMS) -> str:
    """``programs 1180 obs 7, 9-12; 1181 obs 3``."""
    programs = []
    for program, group in groupby(places, key=lambda place: place.program):
        observations = [place.observation for place in group]
        numbers = sorted(number for number in observations if number is not None)
        several = ["several at once"] if None in observations else []
        programs.append(f"{program} obs {', '.join([*_ranges(numbers), *several])}")
    more = len(programs) - limit
    kept = programs if more <= 0 else [*programs[:limit], f"and {count(more, 'more program')}"]
    return f"{'program' if len(programs) == 1 else 'programs'} {'; '.join(kept)}" if programs else ""


def where_in_words(impact: Impact) -> list[str]:
    """``programs 1180 obs 7, 9-12; 1181 obs 3. No change to the rest.``; empty where nothing changes."""
    if not impact.changed:
        return []
    rest = " No change to the rest." if impact.is_certain and impact.changed < impact.products else ""
    return [f"{places_in_words(impact.places)}.{rest}"]


def _type_in_words(name: str, number: int, *, is_first: bool) -> str:
    kind = reference_type(name)
    effect = f" ({kind.effect})" if is_first and kind is not None else ""
    return f"{name} {number:,}{effect}"


def _shortened(names: Sequence[str]) -> str:
    left_out = len(names) - _TYPES
    return ", ".join(names if left_out <= 0 else [*names[:_TYPES], f"{left_out:,} more"])


def _ranges(numbers: Sequence[int]) -> list[str]:
    """``7``, ``9-12``."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][-1] + 1:
            found[-1].append(number)
        else:
            found.append([number])
    return [f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in found]

"""What CRDS's new contexts change for the subscription's products, as a section, and for `pedigreed impact`."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from pedigreed.digests.view import Row, Section
from pedigreed.digests.wording import clipped, context_page, count, moment_in_utc, program_page
from pedigreed.model.impact import total
from pedigreed.model.reference_file import reference_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from pedigreed.digests.view import Budget
    from pedigreed.model.digest import Digest
    from pedigreed.model.impact import Changed, Impact, Switch


_TYPES = 6
_PROGRAMS = 6


def impact_in_words(impact: Impact) -> list[str]:
    """What changes, and where; then what could not be told. Each is a line."""
    return [changes_in_words(impact), *where_in_words(impact), *doubts_in_words(impact)]


def changes_in_words(impact: Impact) -> str:
    """``changes 372 of your 3,911 products: flat 372 (flux from pixel to pixel), photom 41``."""
    if not impact.changed:
        every = count(impact.products, "product")
        if impact.products and not impact.evaluated:
            return f"could not be evaluated for your {every}"
        return f"changes none of {_those_evaluated(impact)}"
    return f"changes {impact.changed:,} of your {count(impact.products, 'product')}: {_types_in_words(impact)}"


def remade_in_words(impact: Impact) -> str:
    """What the new contexts of reprocessed products change for them."""
    every = count(impact.products, "reprocessed product")
    if impact.changed:
        return f"other reference files for {impact.changed:,} of {every}: {_types_in_words(impact)}"
    if not impact.evaluated:
        return f"other reference files: not known of {every}"
    return f"the same reference files as before for {count(impact.evaluated, 'reprocessed product')}"


def made_with_in_words(impact: Impact, files: str) -> str:
    """``12 of your 3,911 products were made with it: program 1180 obs 7``."""
    every = count(impact.products, "product")
    if impact.changed:
        were = "was" if impact.changed == 1 else "were"
        made = f"{impact.changed:,} of your {every} {were} made with {files}: {places_in_words(impact.places)}"
    elif impact.products and not impact.evaluated:
        were = "was" if impact.products == 1 else "were"
        made = f"it is not known whether your {every} {were} made with {files}"
    else:
        made = f"none of {_those_evaluated(impact)} was made with {files}"
        if impact.is_certain:
            return made
    return "; ".join([made, *doubts_in_words(replace(impact, where_on=(), without_effect=()))])


def _those_evaluated(impact: Impact) -> str:
    every = f"your {count(impact.products, 'product')}"
    return every if impact.is_certain else f"the {impact.evaluated:,} of {every} that could be evaluated"


def doubts_in_words(impact: Impact) -> list[str]:
    """What has no effect, what only some runs of pipelines show, what is an error, and what could not be told."""
    lines = []
    if impact.changed and impact.without_effect:
        lines.append(f"changed rules that choose the same files: {_shortened(impact.without_effect)}")
    if impact.where_on:
        lines.append(f"only where the step is switched on: {_counted(impact.where_on)}")
    if impact.errors:
        lines.append(f"CRDS gives an error instead of a file: {_counted(impact.errors)}")
    if impact.not_understood:
        named = [f"{name} of {instrument.written} ({why})" for instrument, name, why in impact.not_understood]
        lines.append(f"{count(len(named), 'reference type')} could not be evaluated: {_shortened(named)}")
    if impact.not_known:
        types = "made with these types, or " if impact.not_understood else ""
        products = count(impact.not_known, "product")
        lines.append(f"{products} could not be evaluated: {types}a keyword has no value")
    if impact.without_exposures:
        products = count(impact.without_exposures, "product")
        lines.append(f"{products} of stage 3 could not be evaluated: their exposures are not known")
    if impact.unknown_exposures:
        names = [f"{name} ({count(number, 'product')})" for name, number in impact.unknown_exposures]
        lines.append(f"EXP_TYPE not known here, so every reference type counts: {_shortened(names)}")
    if impact.unknown_types:
        unknown = _shortened(impact.unknown_types)
        lines.append(f"reference types not known here, so counted for every product: {unknown}")
    return lines


def held_in_words(impact: Impact) -> list[str]:
    """``jwst_1583: CRDS itself chooses the same files for 50 of 50 exposures``."""
    if impact.not_held:
        return [f"{impact.new}: not compared with CRDS's own answers: {impact.not_held}"]
    if not impact.held[0]:
        return []
    said = f"{impact.new}: CRDS itself chooses the same files for {impact.held[1]} of {impact.held[0]} exposures"
    return [f"{said}{f'; other ones for {doubted_in_words(impact)}' if impact.doubted else ''}"]


def doubted_in_words(impact: Impact) -> str:
    """``flat of MIRI, dark of NIRCam``: the types of which CRDS itself answers otherwise."""
    return _shortened([f"{name} of {instrument.written}" for instrument, name in impact.doubted])


def places_in_words(places: Iterable[Changed], limit: int = _PROGRAMS) -> str:
    """``programs 1180 obs 7, 9-12; 1181 obs 3``."""
    programs = [f"{program} {observations}" for program, observations in _by_program(places)]
    more = len(programs) - limit
    kept = programs if more <= 0 else [*programs[:limit], _more_programs(more)]
    return f"{'program' if len(programs) == 1 else 'programs'} {'; '.join(kept)}" if programs else ""


def where_in_words(impact: Impact) -> list[str]:
    """``programs 1180 obs 7, 9-12; 1181 obs 3. No change to the rest.``; empty where nothing changes."""
    if not impact.changed:
        return []
    return [" ".join([f"{places_in_words(impact.places)}.", *_rest_in_words(impact)])]


def _rest_in_words(impact: Impact) -> list[str]:
    return ["No change to the rest."] if impact.is_certain and 0 < impact.changed < impact.products else []


def _by_program(places: Iterable[Changed]) -> Iterator[tuple[int, str]]:
    """``(1180, "obs 7, 9-12")``."""
    for program, group in groupby(places, key=lambda place: place.program):
        observations = [place.observation for place in group]
        numbers = sorted(number for number in observations if number is not None)
        several = ["several at once"] if None in observations else []
        yield program, f"obs {', '.join([*_ranges(numbers), *several])}"


def _more_programs(number: int) -> str:
    return f"and {count(number, 'more program')}"


def _types_in_words(impact: Impact) -> str:
    """``flat 372 (flux from pixel to pixel), photom 41``: what the first does is said."""
    types = [f"{name} {number:,}" for name, number in impact.by_type]
    if types and (kind := reference_type(impact.by_type[0][0])) is not None:
        types[0] += f" ({kind.effect})"
    return _shortened(types)


def _counted(numbers: Iterable[tuple[str, int]]) -> str:
    """``dark 2, flat 1``."""
    return _shortened([f"{name} {number:,}" for name, number in numbers])


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


_BY_TYPE = "what could not be evaluated may concern you where you have data of the instrument and reference type"


def other_files(digest: Digest, budget: Budget) -> Iterator[Section]:
    """Which reference files of reprocessed products are others, as far as the rules of both contexts are known."""
    impacts = [switch.impact for switch in digest.remade.switches if switch.impact is not None]
    if not impacts:
        return
    impact = total("", "", impacts)
    lines = [
        *doubts_in_words(impact),
        *(
            f"{switch.old} -> {switch.new} was not evaluated: {switch.reason}"
            for switch in digest.remade.switches
            if switch.impact is None
        ),
    ]
    rows = tuple(Row("", clipped(line, budget.reason)) for line in lines[: budget.rows])
    yield Section("FOR YOUR DATA", clipped(remade_in_words(impact), budget.reason), rows=rows)


def for_your_data(digest: Digest, budget: Budget) -> Iterator[Section]:
    """Which products a switch of contexts changes, by CRDS's own rules."""
    shown, left_out = budget.split(digest.switches)
    programs = min(budget.rows, _PROGRAMS) // len(shown) if shown else 0
    yield Section(
        title="FOR YOUR DATA",
        summary=_summary(digest.switches, digest.ends),
        rows=tuple(row for switch in shown for row in _rows(switch, digest, budget, programs)),
        more=f"and {count(len(left_out), 'more context')}: see `pedigreed impact`" if left_out else "",
    )


def _summary(switches: Sequence[Switch], ends: datetime) -> str:
    """``a new context changes 372 of your 3,911 products``."""
    if len(switches) > 1:
        changing = [each for each in switches if each.impact is not None and each.impact.changed]
        return f"{len(changing):,} of {count(len(switches), 'new context')} would change your products"
    return f"a new context {_in_words(switches[0], ends)[0].partition(': ')[0]}"


def _rows(switch: Switch, digest: Digest, budget: Budget, programs: int) -> Iterator[Row]:
    """The context with what it changes, the programs that it changes, at most so many, and what else is said."""
    first, *others = _in_words(switch, digest.ends)
    if len(digest.switches) == 1:
        # The summary has the number.
        first = first.partition(": ")[2] or ("no other reference files" if not others else "")
    yield Row(f"{switch.new}:", clipped(first, budget.reason), page=context_page(f"{switch.new}.pmap"))
    by_program = list(_by_program(switch.impact.places)) if switch.impact and switch.impact.changed else []
    for program, observations in by_program[:programs]:
        yield Row(str(program), observations, page=program_page(program))
    more = len(by_program) - programs
    for line in [*([_more_programs(more)] if more > 0 else []), *others][: budget.rows]:
        yield Row("", clipped(line, budget.reason))


def _in_words(switch: Switch, ends: datetime) -> list[str]:
    """What is said of a switch, the most important first; `ends` is when the digest's period does."""
    if switch.impact is None:
        since = f" since {moment_in_utc(switch.since, ends)}" if switch.since else ""
        return [f"was not evaluated: its rules are not usable{since}: {switch.reason}", _BY_TYPE]
    impact = switch.impact
    why = f"`pedigreed impact --why FILE {impact.by_type[0][0]}` shows the rule." if impact.changed else ""
    rest = " ".join([*_rest_in_words(impact), *filter(None, [why])])
    by_type = [] if impact.is_certain else [_BY_TYPE]
    return [changes_in_words(impact), *filter(None, [rest]), *doubts_in_words(impact), *by_type]

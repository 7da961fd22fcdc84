"""The products that are looked at, gathered by what CRDS's rules can tell apart, so that a million are few.

The start of an observation is kept as microseconds, and counted by bisection.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from pedigreed.impact.dates import moment_of
from pedigreed.impact.exposures import Exposures
from pedigreed.impact.headers import values_by_key
from pedigreed.model.product import WITHOUT_START
from pedigreed.model.product_name import product_type_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pedigreed.impact.headers import Values
    from pedigreed.impact.rule_answers import Stretch
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.program import AboutProgram

RAW, STAGE_THREE = "1b", "3"
"""Levels: what no reference file went into, and what combines exposures."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST = (datetime(1000, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST = (datetime(9999, 12, 31, tzinfo=UTC) - _EPOCH) // _MICROSECOND


class Group(NamedTuple):
    """What the products of a group have in common.

    Attributes:
        instrument, program, observation, level: see `Product`.
        product_type: the last field of their names, ``cal``.
        header: the number of the set of header values that they share.
        context: the context that they were made with, where that matters; else empty.
        association: of a product of one exposure, the association that it was made in, ``o001``; else empty.
        optics: of a product of stage 3, the field of its name that lists optical elements; else empty.
    """

    instrument: Instrument
    program: int
    observation: int | None
    level: str
    product_type: str
    header: int
    context: str = ""
    association: str = ""
    optics: str = ""


@dataclass(slots=True)
class Members:
    """The products of a group.

    Attributes:
        starts: when the observation of each began, microseconds since 1970, UTC; sorted by `Inventory.close`.
        undated: how many have no start.
    """

    starts: array[int] = field(default_factory=lambda: array("q"))
    undated: int = 0

    @property
    def number(self) -> int:
        return len(self.starts) + self.undated


class Kind(NamedTuple):
    """What decides of a group which types its products are made with, and when another file is theirs."""

    instrument: Instrument
    header: int
    level: str
    product_type: str


class Chosen:
    """Some groups of an inventory, by their kind.

    Attributes:
        products: how many they have.
        by_kind: kind -> its groups; those of stage 3 are not among them.
        combined: those of stage 3.
    """

    def __init__(self, inventory: Inventory, groups: Iterable[Group]) -> None:
        self.products = 0
        self.by_kind: dict[Kind, list[Group]] = {}
        self.combined: list[Group] = []
        for group in groups:
            self.products += inventory.groups[group].number
            if group.level == STAGE_THREE:
                self.combined.append(group)
            elif group.level != RAW:
                kind = Kind(group.instrument, group.header, group.level, group.product_type)
                self.by_kind.setdefault(kind, []).append(group)


class Inventory:
    """Products by group. `close` it before it is read.

    Attributes:
        groups: group -> its products.
        headers: the sets of header values, each as the archive's columns with their values.
        whole: all of the groups by kind, once it is closed.
        by_program: program -> its groups, likewise.
        about: what MAST says that the programs are about, by number.
    """

    whole: Chosen
    by_program: dict[int, list[Group]]

    def __init__(self, given: Mapping[Instrument, Collection[str]] | None = None) -> None:
        """`given`: the columns that each instrument's service has; None for all, as a file's header has them."""
        self._given = given
        self.groups: dict[Group, Members] = {}
        self.headers: list[tuple[tuple[str, object], ...]] = []
        self.about: Mapping[int, AboutProgram] = {}
        self._exposures: Exposures | None = None
        self._values: dict[tuple[Instrument, int], Values] = {}

    @property
    def exposures(self) -> Exposures:
        """The exposures by what combines them."""
        if self._exposures is None:
            self._exposures = Exposures(self)
        return self._exposures

    def values(self, instrument: Instrument, header: int) -> Values:
        """The conditioned values of a set of header values, by CRDS's keys: see `values_by_key`."""
        known = self._values.get((instrument, header))
        if known is None:
            given = None if self._given is None else self._given.get(instrument, ())
            parameters = dict(self.headers[header])
            known = self._values[instrument, header] = values_by_key(parameters, instrument, given)
        return known

    def add(self, group: Group, start: int | None) -> None:
        """Add a product, and when its observation began, in microseconds since 1970."""
        self.extend(group, array("q", [WITHOUT_START if start is None else start]))

    def extend(self, group: Group, starts: array[int]) -> None:
        """The same of several, which are not to be changed after; `WITHOUT_START` where that is not known."""
        members = self.groups.get(group)
        if members is None:
            self.groups[group] = Members(starts)
        else:
            members.starts.extend(starts)

    def close(self) -> None:
        """Sort what was added."""
        for members in self.groups.values():
            starts = sorted(members.starts)
            first = bisect_left(starts, WITHOUT_START)
            if first < len(starts) and starts[first] == WITHOUT_START:
                end = bisect_right(starts, WITHOUT_START)
                members.undated = end - first
                del starts[first:end]
            members.starts = array("q", starts)
        self.whole = Chosen(self, self.groups)
        self.by_program = {}
        for group in self.groups:
            self.by_program.setdefault(group.program, []).append(group)


_type_of = lru_cache(maxsize=4096)(product_type_of)
_OF_AN_EXPOSURE = re.compile(r"_(o[0-9]{3}|[car][0-9]{4})_")
_COMBINED = re.compile(r"jw[0-9]{5}-(o[0-9]{3}|[car][0-9]{4})_")


def group_of(
    filename: str,
    instrument: Instrument,
    program: int,
    observation: int | None,
    level: str,
    *,
    header: int,
    context: str = "",
) -> Group:
    """The group of a product, by its name and what the archive says of it."""
    product_type = _type_of(filename)
    association = optics = ""
    if level == "2c" and (found := _OF_AN_EXPOSURE.search(filename)):
        association = found[1]
    if level == "3" and (found := _COMBINED.match(filename)):
        association = found[1]
        optics = filename.partition(f"_{instrument.value}_")[2].rpartition("_")[0]
    return Group(instrument, program, observation, level, product_type, header, context, association, optics)


def microseconds(start: datetime) -> int:
    """Since 1970."""
    return (start - _EPOCH) // _MICROSECOND


def microseconds_of(moment: str) -> int:
    """Of a moment as CRDS writes it."""
    return microseconds(datetime.fromisoformat(moment).replace(tzinfo=UTC))


def moment_at(number: int) -> str:
    """The moment of a number of microseconds since 1970, as CRDS writes it."""
    return moment_of(_EPOCH + timedelta(microseconds=number))


@lru_cache(maxsize=65536)
def first_from(text: str) -> int:
    """The first microsecond whose moment is not before the text of a rule's date, as CRDS compares texts."""
    low, high = _FIRST, _LAST
    while low < high:
        middle = (low + high) // 2
        if moment_at(middle) < text:
            low = middle + 1
        else:
            high = middle
    return low


class Span(NamedTuple):
    """Microseconds since 1970; `until` is not in it, and None for ever."""

    since: int
    until: int | None


ALWAYS = Span(_FIRST, None)


def spans_of(stretches: Iterable[Stretch]) -> tuple[Span, ...]:
    """Stretches in microseconds. Those that touch are joined."""
    return joined(
        Span(first_from(stretch.since), None if stretch.until is None else first_from(stretch.until))
        for stretch in stretches
    )


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans in order, of which none touch."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: span.since):
        if found and (found[-1].until is None or span.since <= found[-1].until):
            last = found[-1]
            ends = None if last.until is None or span.until is None else max(last.until, span.until)
            found[-1] = Span(last.since, ends)
        else:
            found.append(span)
    return tuple(found)


def number_in(starts: array[int], spans: Iterable[Span]) -> int:
    """How many of the sorted starts are in spans that do not touch."""
    return sum(
        (len(starts) if until is None else bisect_left(starts, until)) - bisect_left(starts, since)
        for since, until in spans
    )


def is_always(spans: tuple[Span, ...]) -> bool:
    """Whether they hold every moment."""
    return len(spans) == 1 and spans[0].since <= _FIRST and spans[0].until is None

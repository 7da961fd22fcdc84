"""The pedigree of a program over time, as areas that stand on each other. Pure: figures and places, no markup."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pedigreed.web.cal_ver_history import Band, Day
    from pedigreed.web.unseen_days import Unseen

ROOM_FOR_A_NAME = 16.0
_DAY = timedelta(days=1)
_STEPS = (1, 2, 5)
_DATE_STEPS = (1, 2, 7, 14, 28, 56, 91, 182, 364, 728, 1820)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Frame:
    """How large the plot is, in units of its own, and how much of it is margin."""

    name: str
    width: float
    height: float
    left: float
    right: float
    top: float = 12.0
    bottom: float = 28.0
    dates: int = 6
    """How many dates may stand beneath it."""


WIDE = Frame("wide", 880, 320, left=52, right=84)
NARROW = Frame("narrow", 340, 260, left=40, right=8, dates=3)


@dataclass(frozen=True, slots=True)
class Area:
    """One band. `path` is what SVG draws. `name_at` is the height of its name at the right, if there is room."""

    band: Band
    path: str
    name_at: float | None


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis, and what is written there."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which nothing changed, and what there was."""

    left: float
    width: float
    words: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Days without a complete answer: what is drawn there is what was known before."""

    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Plot:
    """Everything that is drawn."""

    frame: Frame
    areas: tuple[Area, ...]
    heights: tuple[Tick, ...]
    dates: tuple[Tick, ...]
    spans: tuple[Span, ...]
    marks: tuple[Mark, ...]


def plot_of(days: Sequence[Day], bands: Sequence[Band], frame: Frame, unseen: Sequence[Unseen] = ()) -> Plot:
    """Draw it. Each day is a column, as wide as it is long; the newest version stands at the bottom."""
    begin, end = days[0].day, days[-1].day + _DAY
    most = max(day.total for day in days)
    step = nice(most / 4)
    top = max(-(-most // step), 1) * step
    across, down = frame.width - frame.left - frame.right, frame.height - frame.top - frame.bottom

    def x_of(day: date) -> float:
        return frame.left + across * ((day - begin) / (end - begin))

    def y_of(products: float) -> float:
        return frame.top + down * (1 - products / top)

    edges = [x_of(day.day) for day in days] + [x_of(end)]
    floors = [0] * len(days)
    areas = []
    for band in bands:
        roofs = [floor + band.of(day.products) for floor, day in zip(floors, days, strict=True)]
        path = _path(edges, [y_of(roof) for roof in roofs], [y_of(floor) for floor in floors])
        has_room = y_of(floors[-1]) - y_of(roofs[-1]) >= ROOM_FOR_A_NAME
        areas.append(Area(band, path, y_of(roofs[-1] + (floors[-1] - roofs[-1]) / 2) if has_room else None))
        floors = roofs
    return Plot(
        frame,
        tuple(areas),
        tuple(Tick(round(y_of(height), 1), f"{height:,}") for height in range(0, top + 1, step)),
        tuple(_dates(begin, end, frame, across)),
        tuple(
            Span(round(left, 1), round(right - left, 1), words_of(day, bands))
            for day, (left, right) in zip(days, pairwise(edges), strict=True)
        ),
        tuple(
            Mark(round(x_of(first), 1), round(x_of(each.last + _DAY) - x_of(first), 1))
            for each in unseen
            for first in [max(each.first, begin)]
            if first <= each.last
        ),
    )


def words_of(day: Day, bands: Sequence[Band]) -> str:
    """``22 Nov 2026: 66 of 2.0.1, 202 of 1.20.2``."""
    counts = [(band, band.of(day.products)) for band in bands]
    said = [f"{count:,} {'' if band.style == 'none' else 'of '}{band.name}" for band, count in counts if count]
    return f"{day_in_words(day.day)}: {', '.join(said) or 'no products'}"


def day_in_words(day: date) -> str:
    """``22 Nov 2026``, in every language of the machine."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def days_in_words(first: date, last: date) -> str:
    """``22 Nov 2026``, or ``22 to 24 Nov 2026``."""
    if first == last:
        return day_in_words(first)
    month = f" {_MONTHS[first.month - 1]}" if (first.year, first.month) != (last.year, last.month) else ""
    year = f" {first.year}" if first.year != last.year else ""
    return f"{first.day}{month}{year} to {day_in_words(last)}"


def _path(edges: Sequence[float], roofs: Sequence[float], floors: Sequence[float]) -> str:
    """A closed outline in steps: along the roofs to the right, and back along the floors."""
    there = [
        point
        for (left, right), roof in zip(pairwise(edges), roofs, strict=True)
        for point in ((left, roof), (right, roof))
    ]
    back = [
        point
        for (left, right), floor in zip(pairwise(edges), floors, strict=True)
        for point in ((left, floor), (right, floor))
    ]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in (*there, *reversed(back))) + "Z"


def nice(wanted: float) -> int:
    """The least of 1, 2, 5, 10, 20, 50, ... that is not less."""
    scale = 1
    while True:
        for step in _STEPS:
            if step * scale >= wanted:
                return step * scale
        scale *= 10


def _dates(begin: date, end: date, frame: Frame, across: float) -> list[Tick]:
    length = (end - begin).days
    step = next((step for step in _DATE_STEPS if length / step <= frame.dates), length)
    return [
        Tick(
            round(frame.left + across * (number + 0.5 if length <= frame.dates else number) / length, 1),
            _short(day),
        )
        for number in range(0, length, step)
        for day in [begin + number * _DAY]
        if number == 0 or length - number >= step / 2
    ]


def _short(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year % 100:02d}"

"""What happened to the recorded products: which build made them and when, and the state of that at a moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from pedigreed.demo.observed import RecordedProduct

INGEST = timedelta(seconds=234)
"""From a file's DATE to the end of its ingest, when the archive has it: as in a capture of 2024."""


@dataclass(frozen=True, slots=True)
class Build:
    """What a build writes into a product's header.

    Attributes:
        cal_ver, crds_ctx: the pipeline's version and the context; None for an uncalibrated product.
        crds_ver, sdp_ver, prd_ver: of the other software of the build.
    """

    cal_ver: str | None
    crds_ctx: str | None
    crds_ver: str | None
    sdp_ver: str
    prd_ver: str


B10_1 = Build("1.13.3", "jwst_1210.pmap", "11.17.14", "2023_4a", "PRDOPSSOC-064")
B10_1_LATER_CONTEXT = Build("1.13.3", "jwst_1225.pmap", "11.17.14", "2023_4a", "PRDOPSSOC-065")
B12_1_1 = Build("1.20.2", "jwst_1464.pmap", "13.0.6", "2025_4b", "PRDOPSSOC-070")
B12_3_1 = Build("2.0.1", "jwst_1535.pmap", "13.1.10", "2026_1a", "PRDOPSSOC-072")
B12_4 = Build("2.1.0", "jwst_1580.pmap", "13.2.7", "2026_2b", "PRDOPSSOC-074")
NOT_CALIBRATED = Build(None, None, None, "2026_1a", "PRDOPSSOC-072")


class Event(Enum):
    """What can happen to a product."""

    MADE = "made, for the first time or anew"
    WENT_BACK = "the version before is served again"
    REMOVED = "no longer listed"
    MARKED_STALE = "MAST's flag is set"
    UNMARKED = "MAST's flag is cleared"


@dataclass(frozen=True, slots=True)
class Version:
    """One making of a product. `made_at` is the header's DATE, UTC."""

    build: Build
    made_at: datetime

    @property
    def archived_at(self) -> datetime:
        return self.made_at + INGEST


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens to products, one after another.

    Attributes:
        at: when it begins, UTC. A version that is made then is in the archive `INGEST` later.
        event: what happens.
        program: whose products.
        observations, product_types: which of them; empty for all.
        names: a pattern of file names, as the shell's.
        but_not: the pattern of those that it spares.
        lasts: how long it takes to go through them.
        build: what they are made with, for `Event.MADE`.
    """

    at: datetime
    event: Event
    program: int
    observations: tuple[int, ...] = ()
    product_types: tuple[str, ...] = ()
    names: str = "*"
    but_not: str = ""
    lasts: timedelta = timedelta(0)
    build: Build | None = None

    def concerns(self, product: RecordedProduct) -> bool:
        return (
            product.program == self.program
            and (not self.observations or product.observation in self.observations)
            and (not self.product_types or product.product_type in self.product_types)
            and fnmatchcase(product.filename, self.names)
            and not fnmatchcase(product.filename, self.but_not)
        )


@dataclass(frozen=True, slots=True)
class Happening:
    """A step, for one product. `at` is UTC, and for a new version the moment of its DATE."""

    at: datetime
    event: Event
    build: Build | None

    @property
    def seen_from(self) -> datetime:
        """The first moment at which the archive shows it."""
        return self.at + INGEST if self.event is Event.MADE else self.at


@dataclass(frozen=True, slots=True)
class State:
    """A product at a moment. Without versions it is not there."""

    versions: tuple[Version, ...] = ()
    is_stale: bool = False

    def after(self, happening: Happening) -> State:
        if happening.event is Event.MADE:
            assert happening.build is not None
            return State((*self.versions, Version(happening.build, happening.at)))
        if happening.event is Event.WENT_BACK:
            return replace(self, versions=self.versions[:-1])
        if happening.event is Event.REMOVED:
            return State()
        return replace(self, is_stale=happening.event is Event.MARKED_STALE)


History = tuple["RecordedProduct", tuple[Happening, ...]]


def histories(products: Sequence[RecordedProduct], steps: Iterable[Step]) -> tuple[History, ...]:
    """Each product with what happens to it, in the order of time."""
    happenings: dict[str, list[Happening]] = {product.filename: [] for product in products}
    for step in steps:
        concerned = [product for product in products if step.concerns(product)]
        for nth, product in enumerate(concerned):
            at = step.at + step.lasts * nth / len(concerned)
            at = at.replace(microsecond=(137 * nth + 43) % 1000 * 1000)
            happenings[product.filename].append(Happening(at, step.event, step.build))
    return tuple(
        (product, tuple(sorted(happenings[product.filename], key=lambda happening: happening.seen_from)))
        for product in products
    )


def state_at(happenings: Iterable[Happening], now: datetime) -> State:
    """The state that everything up to `now` leaves."""
    state = State()
    for happening in happenings:
        if happening.seen_from > now:
            break
        state = state.after(happening)
    return state

"""The real client's readings of a CRDS on loopback, with little patience."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pedigreed.demo.crds_story import CrdsState, Delivered, Reference
from pedigreed.net.patience import Patience
from pedigreed.sources.crds.server import CrdsServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from pedigreed.demo.crds import DemoCrds
    from pedigreed.model.news_source import Reading
    from pedigreed.model.notice import Announcement, NoticeKind

AGENT = "pedigreed/test"
CAL_VER = "2.0.1"
QUICK = Patience(exchange_timeout=5.0, total_timeout=20.0, attempts=3, first_pause=0.001, longest_pause=0.002)
HASTY = Patience(exchange_timeout=0.2, total_timeout=20.0, attempts=1, first_pause=0.001, longest_pause=0.002)
NOON = datetime(2026, 5, 20, 12, tzinfo=UTC)
"""A moment of the small states below."""


def read(
    crds: DemoCrds,
    bookmark: str | None = None,
    *,
    cal_ver: str | None = CAL_VER,
    made: str | None = None,
    patience: Patience = QUICK,
) -> Reading:
    return CrdsServer(crds.url, AGENT, cal_ver, made, patience=patience).read(bookmark, crds.now)


def of(reading: Reading, kind: NoticeKind) -> list[Announcement]:
    return [announcement for announcement in reading.announcements if announcement.facts.kind is kind]


def about_files(reading: Reading) -> list[Announcement]:
    """What was told of a context's new files."""
    return [each for each in reading.announcements if each.facts.files and each.facts.context]


def methods(crds: DemoCrds) -> list[str]:
    """What was called, in the order of coming."""
    return [received.service for received in crds.requests]


def delivered(context: str, days_ago: float, *references: Reference, why: str = "Darks.") -> Delivered:
    """A context that became the latest so many days before noon."""
    return Delivered(NOON - timedelta(days=days_ago), context, why, references)


def always(*deliveries: Delivered, build: str = "jwst_1464", bad: tuple[str, ...] = ()) -> CrdsState:
    return CrdsState(deliveries, {CAL_VER: build}, bad)


class Holding:
    """A server that holds what a test says, until it says otherwise."""

    def __init__(self, state: CrdsState) -> None:
        self.state = state

    @property
    def at(self) -> Callable[[datetime], CrdsState]:
        return lambda _now: self.state


def grow(holding: Holding, context: str, *references: Reference) -> None:
    """Let another context become the latest."""
    deliveries = holding.state.deliveries
    days_ago = 10.0 - len(deliveries) / 10
    holding.state = replace(holding.state, deliveries=(*deliveries, delivered(context, days_ago, *references)))

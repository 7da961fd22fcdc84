"""What each page of the daemon shows, read from the store."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pedigreed.model.delivery import DeliveryState
from pedigreed.model.problem import ProblemKind
from pedigreed.service.status import Status, read_status
from pedigreed.store import cal_vers as stored_cal_vers
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import periods as stored_periods
from pedigreed.store import products as stored_products
from pedigreed.web.cal_ver_history import Band, Day, bands_of, days_of
from pedigreed.web.plot import NARROW, WIDE, Plot, plot_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Config
    from pedigreed.model.change import CalVerMove
    from pedigreed.model.pause import Pause
    from pedigreed.model.period import ComposedDigest

MOST_DIGESTS = 20
MOST_DAYS = 400
"""In the table beneath a plot; the plot has all of them."""


@dataclass(frozen=True, slots=True)
class ProgramLine:
    """One program in the list: how many products it has, and how many of them have its newest version."""

    program: int
    products: int
    newest: Band | None
    of_newest: int


@dataclass(frozen=True, slots=True)
class StatusPage:
    """How pedigreed stands."""

    status: Status
    programs: tuple[ProgramLine, ...]
    digests: tuple[ComposedDigest, ...]
    states: Mapping[str, Mapping[DeliveryState, int]]
    size: int

    @property
    def pauses(self) -> list[Pause]:
        """The channels that are left alone, but for those that a problem names already."""
        broken = {each.problem.name for each in self.status.problems if each.problem.kind is ProblemKind.CHANNEL}
        return [pause for pause in self.status.pauses if pause.name not in broken]

    @property
    def next_digest(self) -> tuple[datetime | None, str] | None:
        """When the next digest is composed, and whose it is: None for now. Nothing where all are muted."""
        speaking = [each for each in self.status.subscriptions if each.muted_until is None]
        due = next((each for each in speaking if each.next_due is None), None)
        if due is not None:
            return None, due.name
        later = [(each.next_due, each.name) for each in speaking if each.next_due is not None]
        return min(later, default=None)

    @property
    def asked_at(self) -> datetime | None:
        """When the archive was last asked."""
        return max((each.asked_at for each in self.status.sources if each.asked_at), default=None)

    @property
    def complete(self) -> int:
        """How many instruments answered completely for every program."""
        return sum(each.complete == each.programs for each in self.status.sources)

    @property
    def waiting(self) -> int:
        """How many messages are not finished."""
        return sum(self.status.outbox.get(state, 0) for state in (DeliveryState.WAITING, DeliveryState.SENDING))


@dataclass(frozen=True, slots=True)
class DigestPage:
    """One digest in full."""

    digest: ComposedDigest
    text: str
    states: Mapping[DeliveryState, int]


@dataclass(frozen=True, slots=True)
class Share:
    """Products of one program that have one pedigree now."""

    cal_ver: str | None
    crds_ctx: str | None
    products: int
    earliest: datetime | None
    latest: datetime | None


@dataclass(frozen=True, slots=True)
class ProgramPage:
    """The pedigree of one program, now and over time. `days` and `moves` have the newest first.

    Attributes:
        program: its number.
        watchers: the subscriptions that watch it.
        shares: its pedigrees now, most products first.
        days: the days on which the versions became different.
        bands: the versions, the newest first.
        plots: the same plot for two widths; none before the first complete answer.
        moves: what changed, with its day.
    """

    program: int
    watchers: tuple[str, ...]
    shares: tuple[Share, ...]
    days: tuple[Day, ...]
    bands: tuple[Band, ...]
    plots: tuple[Plot, ...]
    moves: tuple[CalVerMove, ...]


def status_page(connection: Connection, config: Config, size: int, now: datetime) -> StatusPage:
    """Read it."""
    digests = stored_periods.recent_digests(connection, MOST_DIGESTS)
    counts = stored_cal_vers.by_program(connection, config.programs)
    return StatusPage(
        read_status(connection, config, now),
        tuple(_line(program, counts.get(program, {}), now.date()) for program in sorted(config.programs)),
        tuple(digests),
        stored_deliveries.states_of(connection, [digest.digest_id for digest in digests]),
        size,
    )


def digest_page(connection: Connection, digest_id: str) -> DigestPage | None:
    """Read it; None where there is no such digest."""
    found = stored_periods.find_digest(connection, digest_id)
    if found is None:
        return None
    digest, text = found
    return DigestPage(digest, text, stored_deliveries.states_of(connection, [digest_id])[digest_id])


def program_page(connection: Connection, config: Config, program: int, now: datetime) -> ProgramPage | None:
    """Read it; None for a program that is not watched and never was."""
    watchers = tuple(each.name for each in config.subscriptions if program in each.programs)
    since = stored_cal_vers.known_since(connection, program)
    if not watchers and not since:
        return None
    moves = stored_cal_vers.moves(connection, program)
    days = days_of(
        {instrument: begin.date() for instrument, begin in since.items()},
        stored_cal_vers.by_instrument(connection, program),
        moves,
        now.date(),
    )
    bands = bands_of(days)
    return ProgramPage(
        program,
        watchers,
        _shares(connection, program),
        tuple(reversed(days))[:MOST_DAYS],
        tuple(bands),
        tuple(plot_of(days, bands, frame) for frame in (WIDE, NARROW)) if bands else (),
        tuple(reversed(moves))[:MOST_DAYS],
    )


def _line(program: int, products: dict[str | None, int], today: date) -> ProgramLine:
    bands = [band for band in bands_of([Day(today, products)]) if band.style == "1"]
    newest = bands[0] if bands else None
    return ProgramLine(program, sum(products.values()), newest, newest.of(products) if newest else 0)


def _shares(connection: Connection, program: int) -> tuple[Share, ...]:
    found = stored_products.holdings(connection, [program])
    counts: Counter[tuple[str | None, str | None]] = Counter()
    for held in found:
        counts[held.cal_ver, held.crds_ctx] += held.products
    return tuple(
        Share(
            cal_ver,
            crds_ctx,
            count,
            min((held.earliest for held in of if held.earliest), default=None),
            max((held.latest for held in of if held.latest), default=None),
        )
        for (cal_ver, crds_ctx), count in counts.most_common()
        for of in [[held for held in found if (held.cal_ver, held.crds_ctx) == (cal_ver, crds_ctx)]]
    )

"""What each page of the daemon shows, read from the store."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.digests.sections.crds import about_in_words, effects_in_words
from pedigreed.digests.wording import clipped, context_page, program_in_words
from pedigreed.digests.wording import program_page as archive_page
from pedigreed.model.context_use import ContextUse, context_use
from pedigreed.model.delivery import DeliveryState
from pedigreed.model.instrument import Instrument
from pedigreed.model.problem import KnownProblem, ProblemKind, as_one_outage
from pedigreed.notices.merging import notices_of
from pedigreed.service.almanac import read_almanac
from pedigreed.service.facts_reader import notices_with
from pedigreed.service.status import Status, read_status
from pedigreed.service.subscriptions import programs_now, watched_programs
from pedigreed.store import announcements as stored_announcements
from pedigreed.store import cal_vers as stored_cal_vers
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import holdings as stored_holdings
from pedigreed.store import periods as stored_periods
from pedigreed.store import programs as stored_programs
from pedigreed.web.cal_ver_history import Band, Day, bands_of, days_of
from pedigreed.web.campaign_plot import CampaignPlot, campaign_plot
from pedigreed.web.plot import NARROW, WIDE, Plot, plot_of
from pedigreed.web.sent_digest import SentDigest, sent_digest
from pedigreed.web.unseen_days import Unseen, unseen_days

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Config
    from pedigreed.digests.view import Touched
    from pedigreed.model.almanac import Almanac, AlmanacEntry
    from pedigreed.model.change import CalVerMove
    from pedigreed.model.notice import Heard, Notice
    from pedigreed.model.pause import Pause
    from pedigreed.model.period import ComposedDigest

MOST_DIGESTS = 20
MOST_DAYS = 400
"""In the table beneath a plot; the plot has all of them."""
MOST_NOTICES = 100
MOST_CAMPAIGNS = 12
LATELY = timedelta(days=365)
LONGEST_ABOUT = 100


@dataclass(frozen=True, slots=True)
class ProgramLine:
    """One program in the list: how many products it has, how many have its newest version, what it is about."""

    program: int
    products: int
    newest: Band | None
    of_newest: int
    about: str


@dataclass(frozen=True, slots=True)
class StatusPage:
    """How pedigreed stands."""

    status: Status
    programs: tuple[ProgramLine, ...]
    digests: tuple[ComposedDigest, ...]
    states: Mapping[str, Mapping[DeliveryState, int]]
    size: int
    almanac: Almanac
    plots: tuple[CampaignPlot, ...]

    @property
    def campaigns(self) -> Sequence[AlmanacEntry]:
        """The newest ones of the almanac."""
        return self.almanac.entries[:MOST_CAMPAIGNS]

    @property
    def problems(self) -> tuple[KnownProblem, ...]:
        """What is wrong, one outage of MAST's once."""
        return as_one_outage(self.status.problems)

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
    """One digest in full.

    Attributes:
        digest: what is kept of it.
        text: its text.
        states: how many of its messages stand where.
        sent: its page and attachments, as far as they were sent.
    """

    digest: ComposedDigest
    text: str
    states: Mapping[DeliveryState, int]
    sent: SentDigest


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A notice in the list."""

    notice: Notice
    use: ContextUse
    about: str


@dataclass(frozen=True, slots=True)
class NoticePage:
    """A notice in full.

    Attributes:
        notice: what happened.
        use: where its context is in use.
        touched: what it changes, by type.
        context: CRDS's own page of its context; empty where it has none.
        heard: who told of it, each once in the same words.
    """

    notice: Notice
    use: ContextUse
    touched: tuple[Touched, ...]
    context: str
    heard: tuple[Heard, ...]


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
        archive: MAST's own page of it.
        watchers: the subscriptions that watch it.
        shares: its pedigrees now, most products first.
        days: the days on which the versions became different.
        bands: the versions, the newest first.
        plots: the same plot for two widths; none before the first complete answer.
        moves: what changed, with its day.
        unseen: the days without a complete answer, the earliest first.
        about: what MAST says that it is about; empty where it says nothing.
    """

    program: int
    archive: str
    watchers: tuple[str, ...]
    shares: tuple[Share, ...]
    days: tuple[Day, ...]
    bands: tuple[Band, ...]
    plots: tuple[Plot, ...]
    moves: tuple[CalVerMove, ...]
    unseen: tuple[Unseen, ...]
    about: str


def status_page(connection: Connection, config: Config, size: int, now: datetime) -> StatusPage:
    """Read it."""
    config = programs_now(config, connection)
    programs = config.programs
    digests = stored_periods.recent_digests(connection, MOST_DIGESTS)
    now_there = stored_cal_vers.by_pedigree(connection, programs)
    counts = stored_cal_vers.cal_vers_of(now_there)
    status = read_status(connection, config, now)
    about = {each.program: program_in_words(each) for each in status.about}
    almanac = read_almanac(connection, now_there, now)
    return StatusPage(
        status,
        tuple(
            _line(program, counts.get(program, {}), about.get(program, ""), now.date())
            for program in sorted(programs)
        ),
        tuple(digests),
        stored_deliveries.states_of(connection, [digest.digest_id for digest in digests]),
        size,
        almanac,
        tuple(plot for frame in (WIDE, NARROW) if (plot := campaign_plot(almanac.entries, frame))),
    )


def digest_page(connection: Connection, digest_id: str) -> DigestPage | None:
    """Read it; None where there is no such digest."""
    found = stored_periods.find_digest(connection, digest_id)
    if found is None:
        return None
    digest, text = found
    return DigestPage(
        digest,
        text,
        stored_deliveries.states_of(connection, [digest_id])[digest_id],
        sent_digest(stored_deliveries.fullest_mail(connection, digest_id)),
    )


def notices_page(connection: Connection, now: datetime) -> tuple[NoticeLine, ...]:
    """Read what happened lately, the newest first."""
    contexts = stored_announcements.load_contexts(connection)
    notices = notices_with(connection, stored_announcements.heard_since(connection, now - LATELY))
    return tuple(
        NoticeLine(
            notice, context_use(notice, contexts), clipped(about_in_words(notice) or notice.title, LONGEST_ABOUT)
        )
        for notice in notices[:MOST_NOTICES]
    )


def notice_page(connection: Connection, name: str) -> NoticePage | None:
    """Read it; None where there is none of this name."""
    notices = notices_of(stored_announcements.load(connection))
    notice = next((notice for notice in notices if notice.name == name), None)
    if notice is None:
        return None
    heard = {(each.announcement.source, each.announcement.link, each.heard_at): each for each in notice.heard}
    return NoticePage(
        notice,
        context_use(notice, stored_announcements.load_contexts(connection)),
        tuple(effects_in_words(notice)),
        context_page(f"{notice.facts.context}.pmap") if notice.facts.context else "",
        tuple(heard.values()),
    )


def program_page(connection: Connection, config: Config, program: int, now: datetime) -> ProgramPage | None:
    """Read it; None for a program that is not watched and never was."""
    config = programs_now(config, connection)
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
    unseen = _unseen(connection, config, program, now.date())
    about = stored_programs.load(connection, [program])
    return ProgramPage(
        program,
        archive_page(program),
        watchers,
        _shares(connection, program),
        tuple(reversed(days))[:MOST_DAYS],
        tuple(bands),
        tuple(plot_of(days, bands, frame, unseen) for frame in (WIDE, NARROW)) if bands else (),
        tuple(reversed(moves))[:MOST_DAYS],
        unseen,
        program_in_words(about[program]) if program in about else "",
    )


def _unseen(connection: Connection, config: Config, program: int, today: date) -> tuple[Unseen, ...]:
    """A program that nobody watches any more is not looked at; an instrument that nobody watches is not missed."""
    watched = {of for of, programs in watched_programs(config.subscriptions).items() if program in programs}
    last_complete = {
        instrument: state.complete_at
        for (instrument, _), state in stored_coverage.load(connection, [program]).items()
        if state.baseline_at and state.complete_at and instrument in (watched or Instrument)
    }
    return unseen_days(stored_coverage.load_gaps(connection, program), last_complete, today)


def _line(program: int, products: dict[str | None, int], about: str, today: date) -> ProgramLine:
    bands = [band for band in bands_of([Day(today, products)]) if band.style == "1"]
    newest = bands[0] if bands else None
    return ProgramLine(program, sum(products.values()), newest, newest.of(products) if newest else 0, about)


def _shares(connection: Connection, program: int) -> tuple[Share, ...]:
    found = stored_holdings.load(connection, [program])
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

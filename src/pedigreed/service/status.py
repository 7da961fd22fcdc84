"""How pedigreed stands: its subscriptions, sources, deliveries and problems.

It is read from the store alone, so it works beside the daemon, and when the daemon is dead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pedigreed.changes.selection import selection_of
from pedigreed.changes.settling import settled_for
from pedigreed.digests.checked import Span, checked
from pedigreed.model.pause import Paused
from pedigreed.model.work import Run, Work
from pedigreed.schedule import due, next_boundary
from pedigreed.service.ask_times import LONGEST
from pedigreed.service.facts import RUNS_LOOKED_AT
from pedigreed.service.learning import load_lessons
from pedigreed.service.news_sources import news_sources
from pedigreed.service.overdue import overdue_work
from pedigreed.service.rhythms import CLOCK_AHEAD, last_period, rhythm_of
from pedigreed.store import announcements as stored_announcements
from pedigreed.store import changes as stored_changes
from pedigreed.store import contexts_in_use as stored_contexts
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import pauses as stored_pauses
from pedigreed.store import periods as stored_periods
from pedigreed.store import problems as stored_problems
from pedigreed.store import products as stored_products
from pedigreed.store import runs as stored_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Config, Subscription
    from pedigreed.model.context_use import ContextsInUse
    from pedigreed.model.coverage import Coverage
    from pedigreed.model.delivery import DeliveryState
    from pedigreed.model.digest import Checked
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.pause import Pause
    from pedigreed.model.problem import KnownProblem


@dataclass(frozen=True, slots=True)
class SubscriptionStatus:
    """How one subscription stands. Times are UTC.

    Attributes:
        name: of the subscription.
        products: how many the archive has of what it selects.
        checked: what was and was not checked.
        last_told: the end of the last period that had a digest.
        last_subject: that digest's subject.
        last_closed: the end of the last period, told or quiet.
        next_due: when the next digest is composed; None where one is due now.
        muted_until: until when it is held quiet; None where it is not.
        waiting: how many products' changes wait until their programs have been quiet.
    """

    name: str
    products: int
    checked: Checked
    last_told: datetime | None
    last_subject: str | None
    last_closed: datetime | None
    next_due: datetime | None
    muted_until: datetime | None = None
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How the archive's answers of one instrument stand. Times are UTC.

    Attributes:
        instrument: whose service.
        programs: how many programs are watched in it.
        complete: of how many the last answer was complete.
        asked_at: when it was last asked.
        complete_at: the oldest of the programs' last complete answers; None if one has none.
        problem: why an answer was not complete.
        increments_off: why it is asked for everything each time.
        flags_by_sweeps: why its stale flags are seen by sweeps alone.
    """

    instrument: Instrument
    programs: int
    complete: int
    asked_at: datetime | None
    complete_at: datetime | None
    problem: str | None
    increments_off: str | None
    flags_by_sweeps: str | None


@dataclass(frozen=True, slots=True)
class NewsSourceStatus:
    """How the reading of one source of CRDS's news stands. Times are UTC.

    Attributes:
        name: the source's.
        asked_at: when it was last read; None if it never was.
        complete_at: when it was last read to its end.
        problem: why the last reading was not complete.
    """

    name: str
    asked_at: datetime | None
    complete_at: datetime | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """How pedigreed stands.

    Attributes:
        subscriptions, sources: one each.
        outbox: how many deliveries stand where.
        pauses: the channels that take nothing.
        problems: what is wrong with pedigreed itself, told to the operator or not yet.
        runs: the last of each kind; none of a kind that never was.
        news_sources: those of CRDS's news, in the configuration's order.
        contexts: the contexts that CRDS has in use; None where it was never asked.
        overdue: the work that was not done as often as it is to be, one line each.
    """

    subscriptions: tuple[SubscriptionStatus, ...]
    sources: tuple[SourceStatus, ...]
    outbox: dict[DeliveryState, int]
    pauses: tuple[Pause, ...]
    problems: tuple[KnownProblem, ...]
    runs: tuple[Run, ...]
    news_sources: tuple[NewsSourceStatus, ...] = ()
    contexts: ContextsInUse | None = None
    overdue: tuple[str, ...] = ()


NOTHING = Status((), (), {}, (), (), ())
"""How pedigreed stands before its first cycle."""


def read_status(connection: Connection, config: Config, now: datetime) -> Status:
    """Read it from the store."""
    return Status(
        tuple(_subscription(connection, config, entry, now) for entry in config.subscriptions),
        sources(connection, config, now),
        stored_deliveries.counts(connection),
        tuple(stored_pauses.load(connection, Paused.CHANNEL).values()),
        _as_told(connection, stored_problems.load(connection)),
        tuple(run for work in Work for run in stored_runs.newest(connection, work)),
        sources_of_news(connection, config),
        stored_contexts.load(connection),
        overdue_work(connection, config, now),
    )


def sources_of_news(connection: Connection, config: Config) -> tuple[NewsSourceStatus, ...]:
    """How the reading of each source of CRDS's news stands, in the configuration's order."""
    states = stored_announcements.load_sources(connection)
    found = []
    for listed in news_sources(config):
        state = states.get(listed.name)
        found.append(
            NewsSourceStatus(listed.name, state.asked_at, state.complete_at, state.problem)
            if state
            else NewsSourceStatus(listed.name, None, None, None)
        )
    return tuple(found)


def _subscription(
    connection: Connection, config: Config, subscription: Subscription, now: datetime
) -> SubscriptionStatus:
    selection = selection_of(subscription)
    states = stored_coverage.load(connection, subscription.programs)
    holdings = stored_products.holdings(connection, subscription.programs)
    last = last_period(connection, subscription, now)
    told = stored_periods.last_with_digest(connection, subscription.name, now + CLOCK_AHEAD)
    rhythm = rhythm_of(subscription, config)
    runs = stored_runs.newest(connection, Work.ASK, RUNS_LOOKED_AT)
    is_due = due(rhythm, last.ends_at if last else None, now) is not None
    next_due = None if is_due else next_boundary(rhythm, now).at
    mute = stored_pauses.load_mutes(connection, now).get(subscription.name)
    return SubscriptionStatus(
        name=subscription.name,
        products=sum(held.products for held in holdings if selection.is_about(held)),
        checked=checked(
            subscription.programs,
            subscription.watch.instruments,
            states,
            span=Span(None, now, rhythm.every),
            every=config.sources.mast.every,
            # What goes on is no sign of what was answered before it.
            runs=[run for run in runs if run.ended_at is not None or now - run.started_at >= LONGEST],
            with_data={held.program for held in holdings},
        ),
        last_told=told.ends_at if told else None,
        last_subject=stored_periods.subject_of(connection, told.digest_id) if told and told.digest_id else None,
        last_closed=last.ends_at if last else None,
        next_due=max(next_due or now, mute.until) if mute else next_due,
        muted_until=mute.until if mute else None,
        waiting=_waiting(connection, subscription, states, now),
    )


def _waiting(
    connection: Connection,
    subscription: Subscription,
    states: Mapping[tuple[Instrument, int], Coverage],
    now: datetime,
) -> int:
    selection = selection_of(subscription)
    if selection.settle is None:
        return 0
    untold = stored_changes.uncovered(connection, subscription.name, subscription.programs)
    return len({change.filename for change in settled_for(selection, untold, states, now).waiting})


def sources(connection: Connection, config: Config, now: datetime) -> tuple[SourceStatus, ...]:
    """How the archive's answers stand, by instrument."""
    states = stored_coverage.load(connection, config.programs)
    off = stored_coverage.increments_off(connection, now)
    flags = load_lessons(connection, now).ignores_stale_filter
    found = []
    for instrument in dict.fromkeys(instrument for instrument, _ in states):
        mine = [state for (of, _), state in states.items() if of is instrument]
        complete = [state.complete_at for state in mine if state.complete_at is not None]
        asked = [state.asked_at for state in mine if state.asked_at is not None]
        found.append(
            SourceStatus(
                instrument=instrument,
                programs=len(mine),
                complete=sum(state.problem is None for state in mine),
                asked_at=max(asked, default=None),
                complete_at=min(complete) if len(complete) == len(mine) else None,
                problem=next((state.problem for state in mine if state.problem), None),
                increments_off=off[instrument].reason if instrument in off else None,
                flags_by_sweeps=flags.get(instrument),
            )
        )
    return tuple(found)


def _as_told(connection: Connection, known: Iterable[KnownProblem]) -> tuple[KnownProblem, ...]:
    """The problems with when the word on each reached the operator, and not when it was written."""
    reached = stored_deliveries.operator_reached(connection)
    return tuple(replace(each, told_at=reached.get(each.told_at) if each.told_at else None) for each in known)

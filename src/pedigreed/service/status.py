"""How pedigreed stands: its subscriptions, sources, deliveries and problems.

It is read from the store alone, so it works beside the daemon, and when the daemon is dead.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pedigreed.changes.selection import selection_of
from pedigreed.changes.settling import settled_for
from pedigreed.digests.checking import CheckedSpan, checked
from pedigreed.model.pause import Paused
from pedigreed.model.reference_file import context_of
from pedigreed.model.work import Run, Work
from pedigreed.schedule import due_periods, next_boundary
from pedigreed.service.ask_times import LONGEST
from pedigreed.service.facts_reader import RUNS_LOOKED_AT
from pedigreed.service.learning import load_lessons
from pedigreed.service.news_sources import news_sources
from pedigreed.service.overdue import overdue_work
from pedigreed.service.subscriptions import CLOCK_AHEAD, programs_now, rhythm_of
from pedigreed.service.switches import LOOKED_BACK
from pedigreed.store import announcements as stored_announcements
from pedigreed.store import changes as stored_changes
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import holdings as stored_holdings
from pedigreed.store import impacts as stored_impacts
from pedigreed.store import pauses as stored_pauses
from pedigreed.store import periods as stored_periods
from pedigreed.store import problems as stored_problems
from pedigreed.store import programs as stored_programs
from pedigreed.store import runs as stored_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Config, Subscription
    from pedigreed.model.context_use import ContextsInUse
    from pedigreed.model.coverage import Coverage
    from pedigreed.model.delivery import DeliveryState
    from pedigreed.model.digest import Checked
    from pedigreed.model.impact import Impact
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.pause import Pause
    from pedigreed.model.problem import KnownProblem
    from pedigreed.model.product import Holding
    from pedigreed.model.program import AboutProgram
    from pedigreed.store.impacts import RuleContext


@dataclass(frozen=True, slots=True)
class SubscriptionStatus:
    """How one subscription stands. Times are UTC.

    Attributes:
        name: of the subscription.
        products: how many the archive has of what it selects.
        checked: what was and was not checked.
        last_sent: the end of the last period that had a digest.
        last_subject: that digest's subject.
        last_closed: the end of the last period, told or quiet.
        next_due: when the next digest is composed; None where one is due now.
        muted_until: until when it is held quiet; None where it is not.
        waiting: how many products' changes wait until their programs have been quiet.
    """

    name: str
    products: int
    checked: Checked
    last_sent: datetime | None
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
        stood_in_at: the oldest answer of the search of file sets, of the programs that it stands in for; None
            where it stands in for none.
    """

    instrument: Instrument
    programs: int
    complete: int
    asked_at: datetime | None
    complete_at: datetime | None
    problem: str | None
    increments_off: str | None
    flags_by_sweeps: str | None
    stood_in_at: datetime | None = None


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
        impact: what the switch of contexts that was evaluated last changes for one of the subscriptions, and how
            far CRDS itself says the same; None where none was.
        rules_wait: the contexts whose rules could not be had, by name, the newest first.
        about: what MAST says that the programs are about, by number.
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
    impact: Impact | None = None
    rules_wait: tuple[tuple[str, RuleContext], ...] = ()
    about: tuple[AboutProgram, ...] = ()


NOTHING = Status((), (), {}, (), (), ())
"""How pedigreed stands before its first cycle."""


def read_status(connection: Connection, config: Config, now: datetime) -> Status:
    """Read it from the store."""
    config = programs_now(config, connection)
    programs = config.programs
    about = stored_programs.load(connection, programs)
    states = stored_coverage.load(connection, programs)
    return Status(
        tuple(_subscriptions(connection, config, about, states, now)),
        sources(connection, states, now),
        stored_deliveries.counts(connection),
        tuple(stored_pauses.load(connection, Paused.CHANNEL).values()),
        _as_received(connection, stored_problems.load(connection)),
        tuple(run for work in Work for run in stored_runs.newest(connection, work)),
        sources_of_news(connection, config),
        stored_announcements.load_contexts(connection),
        overdue_work(connection, config, now),
        *_of_rules(connection, config, now),
        tuple(about.values()),
    )


def _of_rules(
    connection: Connection, config: Config, now: datetime
) -> tuple[Impact | None, tuple[tuple[str, RuleContext], ...]]:
    newest = stored_impacts.newest(connection, [each.name for each in config.subscriptions])
    waiting = [
        (name, state)
        for name, state in stored_impacts.rule_states(connection).items()
        if state.reason and context_of(name) and state.since >= now - LOOKED_BACK
    ]
    return (None if newest is None else newest[0]), tuple(sorted(waiting, reverse=True))


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


def _subscriptions(
    connection: Connection,
    config: Config,
    about: Mapping[int, AboutProgram],
    states: Mapping[tuple[Instrument, int], Coverage],
    now: datetime,
) -> Iterator[SubscriptionStatus]:
    """How the subscriptions stand. As many statements are made for thousands as for one."""
    holdings: defaultdict[int, list[Holding]] = defaultdict(list)
    for held in stored_holdings.load(connection, config.programs):
        holdings[held.program].append(held)
    ends = stored_periods.last_ends(connection, now + CLOCK_AHEAD)
    told = stored_periods.last_told(connection, now + CLOCK_AHEAD)
    mutes = stored_pauses.load_mutes(connection, now)
    waiting = _waiting(connection, config.subscriptions, about, states, now)
    # What goes on is no sign of what was answered before it.
    runs = [
        run
        for run in stored_runs.newest(connection, Work.ASK, RUNS_LOOKED_AT)
        if run.ended_at is not None or now - run.started_at >= LONGEST
    ]
    rhythms = {each.name: rhythm_of(each, config) for each in config.subscriptions}
    are_due = frozenset(due_periods(rhythms, ends, now))
    boundaries = {rhythm: next_boundary(rhythm, now).at for rhythm in set(rhythms.values())}
    for subscription in config.subscriptions:
        name, programs = subscription.name, subscription.programs
        selection, rhythm = selection_of(subscription, about), rhythms[name]
        next_due = None if name in are_due else boundaries[rhythm]
        last_sent, last_subject = told.get(name, (None, None))
        muted_until = mutes[name].until if name in mutes else None
        yield SubscriptionStatus(
            name=name,
            products=sum(
                held.products
                for program in programs
                for held in holdings.get(program, ())
                if selection.is_about(held)
            ),
            checked=checked(
                programs,
                subscription.watch.instruments,
                states,
                span=CheckedSpan(None, now, rhythm.every),
                every=config.sources.mast.every,
                runs=runs,
                with_data=holdings.keys(),
            ),
            last_sent=last_sent,
            last_subject=last_subject,
            last_closed=ends.get(name),
            next_due=max(next_due or now, muted_until) if muted_until else next_due,
            muted_until=muted_until,
            waiting=waiting.get(name, 0),
        )


def _waiting(
    connection: Connection,
    subscriptions: Iterable[Subscription],
    about: Mapping[int, AboutProgram],
    states: Mapping[tuple[Instrument, int], Coverage],
    now: datetime,
) -> dict[str, int]:
    """Subscription -> how many products' changes wait, of those that wait until their programs are quiet."""
    settling = {each.name: each for each in subscriptions if each.digest.settle is not None}
    if not settling:
        return {}
    keys = stored_changes.uncovered_keys(connection, {each.name: each.programs for each in settling.values()})
    every = sorted({key for of in keys.values() for key in of})
    known = dict(zip(every, stored_changes.load(connection, every), strict=True))
    return {
        name: len(
            {
                change.filename
                for change in settled_for(
                    selection_of(subscription, about), [(key, known[key]) for key in keys[name]], states, now
                ).waiting
            }
        )
        for name, subscription in settling.items()
    }


def sources(
    connection: Connection, states: Mapping[tuple[Instrument, int], Coverage], now: datetime
) -> tuple[SourceStatus, ...]:
    """How the archive's answers stand, by instrument. `states` is the coverage of what is watched."""
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
                stood_in_at=min((at for state in mine if (at := state.by_set_at)), default=None),
            )
        )
    return tuple(found)


def _as_received(connection: Connection, known: Iterable[KnownProblem]) -> tuple[KnownProblem, ...]:
    """The problems with when the word on each reached the operator, and not when it was written."""
    reached = stored_deliveries.operator_reached(connection)
    return tuple(replace(each, told_at=reached.get(each.told_at) if each.told_at else None) for each in known)

"""The figures that monitors ask for, read from the store, and how Prometheus reads them.

They are asked for every few seconds, so little is read. Work is done in processes that end, so what is counted
comes from the store, where the runs add it up. A counter never becomes less, and counts what runs did that ended:
what a killed one did is not in it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from pedigreed import __version__
from pedigreed.model.delivery import DeliveryState
from pedigreed.model.pause import Pause, Paused
from pedigreed.model.problem import ProblemKind
from pedigreed.model.work import Work
from pedigreed.schedule import due, next_boundary
from pedigreed.service.status import NewsSourceStatus, SourceStatus, sources, sources_of_news
from pedigreed.service.subscriptions import CLOCK_AHEAD, programs_now, rhythm_of
from pedigreed.store import cal_vers as stored_cal_vers
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import pauses as stored_pauses
from pedigreed.store import periods as stored_periods
from pedigreed.store import problems as stored_problems
from pedigreed.store import runs as stored_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Config
    from pedigreed.store.database import Store


@dataclass(frozen=True, slots=True)
class SubscriptionFigures:
    """One subscription. Times are UTC.

    Attributes:
        name: of the subscription.
        last_digest: the end of the last period that had a digest; None if none had.
        next_digest: when the next one is composed; it is past where one is overdue.
        is_muted: whether it is held quiet.
    """

    name: str
    last_digest: datetime | None
    next_digest: datetime
    is_muted: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """All of them. Times are UTC.

    Attributes:
        totals: what all runs did, as `stored_runs.load_totals` has it.
        ended: when the last run of each kind ended.
        outbox: how many messages stand where.
        problems: how many there are of each kind.
        pauses: the channels that take nothing.
        sources, news_sources, subscriptions: one each.
        products: how many a program has of each CAL_VER; None for what was not calibrated.
        size: bytes of the store; 0 for one that is not a file.
        free: bytes that its disk has left; None for one that is not a file.
    """

    totals: Mapping[tuple[Work, str], int]
    ended: Mapping[Work, datetime]
    outbox: Mapping[DeliveryState, int]
    problems: Mapping[ProblemKind, int]
    pauses: tuple[Pause, ...]
    sources: tuple[SourceStatus, ...]
    news_sources: tuple[NewsSourceStatus, ...]
    subscriptions: tuple[SubscriptionFigures, ...]
    products: Mapping[int, Mapping[str | None, int]]
    size: int
    free: int | None


def figures(connection: Connection, store: Store, config: Config, now: datetime) -> Figures:
    """Read them, in a transaction of the store."""
    config = programs_now(config, connection)
    programs = config.programs
    problems = Counter(known.problem.kind for known in stored_problems.load(connection))
    return Figures(
        totals=stored_runs.load_totals(connection),
        ended=stored_runs.last_ended(connection),
        outbox=stored_deliveries.counts(connection),
        problems={kind: problems[kind] for kind in ProblemKind},
        pauses=tuple(
            pause for pause in stored_pauses.load(connection, Paused.CHANNEL).values() if pause.holds(now)
        ),
        sources=sources(connection, stored_coverage.load(connection, programs), now),
        news_sources=sources_of_news(connection, config),
        subscriptions=tuple(_subscriptions_of(connection, config, now)),
        products=stored_cal_vers.by_program(connection, programs),
        size=store.size(),
        free=store.free(),
    )


def _subscriptions_of(connection: Connection, config: Config, now: datetime) -> Iterator[SubscriptionFigures]:
    muted = stored_pauses.load_mutes(connection, now)
    ends = stored_periods.last_ends(connection, now + CLOCK_AHEAD)
    told = stored_periods.last_told(connection, now + CLOCK_AHEAD)
    for subscription in config.subscriptions:
        name, rhythm = subscription.name, rhythm_of(subscription, config)
        boundary = due(rhythm, ends.get(name), now) or next_boundary(rhythm, now)
        until = muted[name].until if name in muted else None
        yield SubscriptionFigures(
            name,
            told[name][0] if name in told else None,
            max(boundary.at, until) if until else boundary.at,
            until is not None,
        )


OUTCOMES = tuple(state for state in DeliveryState if state not in {DeliveryState.SENDING, DeliveryState.CANCELLED})
"""Where a delivery can stand after an attempt."""

_COUNTED = (
    ("requests", Work.ASK, "Requests to the archive."),
    ("rows", Work.ASK, "Rows that the archive answered with."),
    ("changes", Work.ASK, "Changes of products that were found."),
    ("digests", Work.TELL, "Digests that were composed."),
)


class FiguresCollector(Collector):
    """Figures that were just read; without them it says that the store does not answer."""

    def __init__(self, found: Figures | None, ticked: float | None) -> None:
        """Describe them.

        Args:
            found: None where the store did not answer.
            ticked: when the daemon last looked at the clock and all was well, seconds since 1970.
        """
        self._found = found
        self._ticked = ticked

    def collect(self) -> Iterator[Metric]:
        """Every family that there are figures of."""
        yield _gauge("up", "Whether the store answers.", 0 if self._found is None else 1)
        yield InfoMetricFamily("pedigreed_build", "The version.", {"version": __version__})
        if self._ticked is not None:
            yield _gauge("last_tick_timestamp_seconds", "When the daemon last looked at the clock.", self._ticked)
        if self._found is not None:
            yield from _store(self._found)
            yield from _work(self._found)
            yield from _outbox(self._found)
            yield from _sources(self._found)
            yield from _subscriptions(self._found)
            yield from _products(self._found)


def exposition(collector: Collector, accept: str) -> tuple[bytes, str]:
    """The text that a scraper gets which accepts this, and its media type."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    ProcessCollector(registry=registry)
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type


def _store(found: Figures) -> Iterator[Metric]:
    if found.size:
        yield _gauge("store_bytes", "Size of the store, where it is a file.", found.size)
    if found.free is not None:
        yield _gauge("store_free_bytes", "Bytes that the store's disk has left, where it is a file.", found.free)


def _products(found: Figures) -> Iterator[Metric]:
    products = GaugeMetricFamily(
        "pedigreed_products",
        "Products that the archive has of a program, by the pipeline version that made them.",
        labels=["program", "cal_ver"],
    )
    for program, counts in sorted(found.products.items()):
        for cal_ver, count in sorted(counts.items(), key=lambda item: item[0] or ""):
            products.add_metric([str(program), cal_ver or ""], count)
    yield products


def _work(found: Figures) -> Iterator[Metric]:
    runs = CounterMetricFamily(
        "pedigreed_runs",
        "Runs that ended: listenings to CRDS, askings of the archive, and tellings.",
        labels=["work", "outcome"],
    )
    seconds = CounterMetricFamily("pedigreed_run_seconds", "Seconds that runs took.", labels=["work"])
    for work in Work:
        for outcome in ("complete", "incomplete"):
            runs.add_metric([work.value, outcome], found.totals.get((work, outcome), 0))
        seconds.add_metric([work.value], found.totals.get((work, "milliseconds"), 0) / 1000)
    yield runs
    yield seconds
    yield _times("last_run_timestamp_seconds", "When the last run ended.", ["work"], _items(found.ended.items()))
    for what, work, words in _COUNTED:
        yield CounterMetricFamily(f"pedigreed_{what}", words, value=found.totals.get((work, what), 0))
    attempts = CounterMetricFamily(
        "pedigreed_delivery_attempts",
        "Deliveries that runs tried or gave up, by where they stood afterwards.",
        labels=["outcome"],
    )
    for state in OUTCOMES:
        attempts.add_metric([state.value], found.totals.get((Work.TELL, state.value), 0))
    yield attempts


def _outbox(found: Figures) -> Iterator[Metric]:
    deliveries = GaugeMetricFamily(
        "pedigreed_deliveries", "Messages in the outbox, by where they stand now.", labels=["state"]
    )
    for state in DeliveryState:
        deliveries.add_metric([state.value], found.outbox.get(state, 0))
    yield deliveries
    problems = GaugeMetricFamily("pedigreed_problems", "Problems that are not over.", labels=["kind"])
    for kind, count in found.problems.items():
        problems.add_metric([kind.value], count)
    yield problems
    yield _times(
        "channel_paused_until_timestamp_seconds",
        "Until when a channel that takes nothing is left alone.",
        ["channel"],
        [((pause.name,), pause.until) for pause in found.pauses],
    )


def _sources(found: Figures) -> Iterator[Metric]:
    labels = ["source", "instrument"]
    named = [(("mast", source.instrument.value), source) for source in found.sources]
    # An empty label is none for Prometheus.
    asked = [(names, source.asked_at) for names, source in named]
    asked += [((news.name, ""), news.asked_at) for news in found.news_sources]
    answered = [(names, source.complete_at) for names, source in named]
    answered += [((news.name, ""), news.complete_at) for news in found.news_sources]
    programs = GaugeMetricFamily("pedigreed_source_programs", "Programs that are watched.", labels=labels)
    complete = GaugeMetricFamily(
        "pedigreed_source_programs_complete", "Programs whose last answer was complete.", labels=labels
    )
    for names, source in named:
        programs.add_metric(names, source.programs)
        complete.add_metric(names, source.complete)
    yield programs
    yield complete
    yield _times(
        "source_last_asked_timestamp_seconds",
        "When it was last asked.",
        labels,
        asked,
    )
    yield _times(
        "source_last_complete_timestamp_seconds",
        "The last complete answer, of the program for which it is oldest.",
        labels,
        answered,
    )


def _subscriptions(found: Figures) -> Iterator[Metric]:
    labels = ["subscription"]
    each = found.subscriptions
    yield _times(
        "subscription_last_digest_timestamp_seconds",
        "The end of the last period that had a digest.",
        labels,
        [((one.name,), one.last_digest) for one in each],
    )
    yield _times(
        "subscription_next_digest_timestamp_seconds",
        "When the next digest is composed; past where one is overdue.",
        labels,
        [((one.name,), one.next_digest) for one in each],
    )
    muted = GaugeMetricFamily("pedigreed_subscription_muted", "Whether it is held quiet.", labels=labels)
    for one in each:
        muted.add_metric([one.name], one.is_muted)
    yield muted


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"pedigreed_{name}", words, value=value)


def _items(moments: Iterable[tuple[Work, datetime]]) -> list[tuple[tuple[str, ...], datetime]]:
    return [((work.value,), at) for work, at in moments]


def _times(
    name: str, words: str, labels: list[str], moments: Iterable[tuple[tuple[str, ...], datetime | None]]
) -> Metric:
    """Moments in seconds since 1970. One that never was is left out."""
    family = GaugeMetricFamily(f"pedigreed_{name}", words, labels=labels)
    for values, moment in moments:
        if moment is not None:
            family.add_metric(values, moment.timestamp())
    return family

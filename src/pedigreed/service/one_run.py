"""One run of work: kept with how it went, named in every line that it logs, and stopped before its time."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from threading import Event
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

import structlog

from pedigreed.model.failure import PedigreedError
from pedigreed.model.work import BROKEN_OFF, INTERRUPTED, Run, Work
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import runs as stored_runs
from pedigreed.store.live_processes import SURE_AFTER, Life, held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.model.delivery import DeliveryState
    from pedigreed.store.database import Store


LONGEST_PROBLEM = 500
"""Characters that are kept of why a run was not complete."""

NONE: Mapping[DeliveryState, int] = MappingProxyType({})

_log = structlog.get_logger()


class End(Protocol):
    """Says how a run went: what of it is kept, and what is told beside."""

    def __call__(
        self,
        *,
        problems: list[str],
        beside: dict[str, object],
        outcomes: Mapping[DeliveryState, int] = NONE,
        **kept: int,
    ) -> None: ...


@contextmanager
def one_run(store: Store, work: Work, now: datetime, *, after: int | None = None) -> Iterator[End | None]:
    """Begin a run. Every line that is logged within it, in tasks and threads begun there too, has its number.

    Gives the function that ends it, which is called once; or None where another process began the same work since
    the run `after`.

    Args:
        store: where runs are kept.
        work: what is done.
        now: UTC.
        after: the last run that was known when this one was decided on; None to do it in any case.
    """
    with ExitStack() as life:
        with store.writing() as connection:
            number = stored_runs.begin(connection, work, now, after=after)
            if number is not None:
                # Before anybody sees the run, so that nobody takes it for one whose process is gone.
                life.enter_context(store.alive(Life.RUN, number))
        if number is None:
            yield None
            return
        with _going_on(store, Run(number, work, now)) as end:
            yield end


def take_back(store: Store, now: datetime) -> None:
    """Take up at once what an ended process was sending. Only where no other can be at work on the store."""
    with store.writing() as connection:
        count = stored_deliveries.take_back(connection, now)
    if count:
        _log.warning("taken up from a process that ended", deliveries=count)


def take_up_lost(store: Store, now: datetime) -> None:
    """End the runs of processes that are gone, and let what they were sending be due, after a while."""
    if not store.is_shared:
        return
    with store.reading() as connection:
        lost_runs, lost_senders = _lost(connection)
    if not lost_runs and not lost_senders:
        return
    # Where the server was restarted, those that live are about to say so again. (libfaketime, by whose clock the
    # chaos run goes, lets `sleep` fail where a clock was set back.)
    Event().wait(SURE_AFTER)
    with store.writing() as connection:
        runs, senders = _lost(connection)
        runs, senders = {number: runs[number] for number in runs.keys() & lost_runs.keys()}, senders & lost_senders
        stored_runs.fail(connection, runs, INTERRUPTED, now)
        taken = stored_deliveries.take_back_from(connection, senders, now)
    for work in runs.values():
        _log.warning("run broken off", work=work.value, reason="its process ended")
    if taken:
        _log.warning("taken up from a process that ended", deliveries=taken)


def _lost(connection: Connection) -> tuple[dict[int, Work], set[int]]:
    """The runs and the senders whose process is gone. Who ends well says so before it lets its lock go."""
    unended, senders = stored_runs.unended(connection), stored_deliveries.owners(connection)
    living = held(connection, Life.RUN) if unended else frozenset()
    sending = held(connection, Life.SENDING) if senders else frozenset()
    return {number: work for number, work in unended.items() if number not in living}, senders - sending


@contextmanager
def _going_on(store: Store, run: Run) -> Iterator[End]:
    """A run that was begun, until it is ended."""
    number, work, now = run.key, run.work, run.started_at
    began = monotonic()

    def end(
        *,
        problems: list[str],
        beside: dict[str, object],
        outcomes: Mapping[DeliveryState, int] = NONE,
        **kept: int,
    ) -> None:
        seconds = monotonic() - began
        ended_at = now + timedelta(seconds=seconds)
        problem = "; ".join(problems)[:LONGEST_PROBLEM] or None
        with store.writing() as connection:
            stored_runs.end(
                connection, Run(number, work, now, ended_at, problem=problem, outcomes=outcomes, **kept)
            )
        _tell(work, {"seconds": round(seconds, 3), "problem": problem, **kept, **beside})

    with structlog.contextvars.bound_contextvars(run=number):
        try:
            yield end
        except Exception as error:
            # What was wrong, the caller tells.
            reason = type(error).__name__
            _log.warning("run broken off", work=work.value, reason=reason)
            # Where the store can't keep even that, the run has no end.
            with suppress(PedigreedError), store.writing() as connection:
                ended_at = now + timedelta(seconds=monotonic() - began)
                stored_runs.end(connection, Run(number, work, now, ended_at, problem=f"{BROKEN_OFF}{reason}"))
            raise


def _tell(work: Work, how: dict[str, object]) -> None:
    match work:
        case Work.LISTEN:
            _log.info("listened", **how)
        case Work.ASK:
            _log.info("asked", **how)
        case Work.TELL:
            _log.info("told", **how)
        case Work.FETCH:
            _log.info("fetched", **how)


class Stop:
    """Said once. Who listens is told at once, also where it was said before."""

    def __init__(self) -> None:
        self._is_said = False
        self._listeners: list[Callable[[], object]] = []

    @property
    def is_said(self) -> bool:
        return self._is_said

    def say(self) -> None:
        self._is_said = True
        for listener in tuple(self._listeners):
            listener()

    @contextmanager
    def heard_by(self, listener: Callable[[], object]) -> Iterator[None]:
        """Call the listener, from whatever thread says it, while the context lasts."""
        self._listeners.append(listener)
        try:
            if self._is_said:
                listener()
            yield
        finally:
            self._listeners.remove(listener)

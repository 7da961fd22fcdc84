"""The daemon: every tick it looks at the clock and the store, and starts what is due.

What is due is worked out anew each time from what was done, so a clock that is set, a night that was slept
through and a process that was killed change nothing but the moment.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from pedigreed.daemon.notify import status_line
from pedigreed.daemon.worker import Ended, Worker
from pedigreed.model.failure import ConfigurationInvalid, PedigreedError
from pedigreed.model.pause import nth_pause
from pedigreed.model.work import BROKEN_OFF, INTERRUPTED, Work
from pedigreed.service.agenda import Agenda, agenda
from pedigreed.service.ask_times import LEAD
from pedigreed.service.news_sources import LONGEST_WAIT
from pedigreed.service.one_run import take_up_lost
from pedigreed.service.subscriptions import programs_now
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import runs as stored_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from apscheduler.job import Job

    from pedigreed.config.load import LoadedConfig
    from pedigreed.daemon.notify import Notifier
    from pedigreed.store.database import Store
    from pedigreed.store.process_lock import AtWork
    from pedigreed.web.endpoint import Endpoint

TICK = 30.0
"""Seconds between two looks at the clock. Waking up from sleep is noticed so late."""

FAULT_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
"""After a process that did not end well; the last one repeats."""

_THREAD = "store"

_log = structlog.get_logger()


class Daemon:
    """One resident process on one store."""

    def __init__(
        self,
        loaded: LoadedConfig,
        store: Store,
        notifier: Notifier,
        *,
        reload: Callable[[], LoadedConfig],
        place: float,
        at_work: AtWork,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        tick: float = TICK,
        workers: Mapping[Work, Worker] | None = None,
        web: Endpoint | None = None,
    ) -> None:
        """Describe the daemon.

        Args:
            loaded: the configuration.
            store: open, and at work.
            notifier: who is told how it is.
            reload: reads the configuration anew. Raises `ConfigurationInvalid`.
            place: this installation's among all, from 0 to 1: see `ask_times`.
            at_work: what this process may count on.
            clock: the moment, UTC.
            tick: seconds between two looks at the clock.
            workers: who does the work.
            web: where it can be looked at.
        """
        self._loaded = loaded
        self._store = store
        self._notifier = notifier
        self._reload = reload
        self._place = place
        self._is_alone = at_work.is_alone
        self._clock = clock
        self._tick = min(tick, notifier.watchdog / 3) if notifier.watchdog else tick
        self._workers = workers or {work: Worker(work, at_work.lock) for work in Work}
        self._web = web
        self._at_work: dict[Work, asyncio.Task[None]] = {}
        self._faults: dict[Work, int] = dict.fromkeys(Work, 0)
        self._not_before: dict[Work, datetime] = {}
        self._trouble: str | None = None
        self._complaint: str | None = None
        self._has_asked = False
        self._listens_since = self._asks_since = datetime.min.replace(tzinfo=UTC)
        self._is_ready = False
        self._is_stopping = asyncio.Event()
        self._lock = asyncio.Lock()
        self._wishes = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT. SIGHUP reads the configuration anew, SIGUSR1 runs a cycle now."""
        loop = asyncio.get_running_loop()
        # One thread does what takes its time, one thing after the other. More would come by and by, and stay.
        loop.set_default_executor(ThreadPoolExecutor(1, _THREAD))
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.end)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._spawn(self._in_turn(self._on_reload)))
        loop.add_signal_handler(signal.SIGUSR1, lambda: self._spawn(self._in_turn(self._on_cycle)))
        if self._is_alone:
            await asyncio.to_thread(self._take_up)
        # That a tick is left out while the store is slow is nothing to be told.
        logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
        scheduler = AsyncIOScheduler(timezone=UTC)
        job = scheduler.add_job(
            self._on_time,
            IntervalTrigger(seconds=self._tick),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
        await self._on_tick()
        scheduler.start()
        self._spawn(self._keep_time(job))
        _log.info("daemon started", store=self._store.name, tick=self._tick, alone=self._is_alone)
        try:
            await self._is_stopping.wait()
        finally:
            scheduler.shutdown(wait=False)
            await self._stop()

    def end(self) -> None:
        """Let `run` end soon."""
        self._is_stopping.set()

    async def _in_turn(self, grant: Callable[[], Coroutine[None, None, None]]) -> None:
        """Grant one wish after the other, so that a cycle which is wanted after a reload has its configuration."""
        async with self._wishes:
            await grant()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep_time(self, job: Job) -> None:
        """The scheduler sleeps until a moment, which is far away once the clock was set back."""
        tick = timedelta(seconds=self._tick)
        while True:
            await asyncio.sleep(self._tick)
            now = datetime.now(UTC)
            if job.next_run_time > now + 2 * tick:
                job.modify(next_run_time=now)

    def _take_up(self) -> None:
        """Record that what a process that was killed had begun did not come to its end, and send what it left."""
        now = self._clock()
        with self._store.writing() as connection:
            for work in Work:
                stored_runs.break_off(connection, work, INTERRUPTED, now)
            taken = stored_deliveries.take_back(connection, now)
        if taken:
            _log.warning("taken up from a process that ended", deliveries=taken)

    def _let_go(self) -> None:
        """What is stopped on purpose was not begun: it is done after the next start, and is no failure."""
        with self._store.writing() as connection:
            stored_runs.forget_unended(connection)
            stored_deliveries.take_back(connection, self._clock())

    async def _on_time(self) -> None:
        """A look that the daemon's end breaks off is no error."""
        with suppress(asyncio.CancelledError):
            await self._on_tick()

    async def _on_tick(self) -> None:
        """Look at the clock and the store, start what is due, and say how it is."""
        async with self._lock:
            if self._is_stopping.is_set():
                return
            if self._web is not None:
                await self._web.tend(self._loaded.config)
            now = self._clock()
            try:
                found = await asyncio.to_thread(self._read_agenda, now)
            except PedigreedError as error:
                # The store may be back with the next tick. The watchdog hears nothing meanwhile.
                if self._trouble != str(error):
                    _log.error("store not readable", reason=str(error))
                self._trouble = str(error)
                self._notifier.tell(STATUS=f"the store can't be read: {error}")
                return
            self._trouble = None
            if self._web is not None:
                self._web.beat()
            for work in Work:
                if work in found.due or (work is Work.TELL and self._has_asked and not self._is_listening(now)):
                    self._start(work, now, found)
            states: dict[str, str | int] = {"STATUS": self._status(found), "WATCHDOG": 1}
            if not self._is_ready:
                self._is_ready = True
                states = {"READY": 1, **states}
            self._notifier.tell(**states)

    def _read_agenda(self, now: datetime) -> Agenda:
        # A file that took the place of the store's is what the workers will open.
        self._store.let_go_if_replaced()
        take_up_lost(self._store, now)
        with self._store.reading() as connection:
            left_alone = {work for work in Work if self._is_paused(work, now)}
            if Work.ASK in self._at_work and now - self._asks_since > LEAD:
                # It hangs, or looks through a large disk. Nothing waits for another one.
                left_alone.add(Work.ASK)
            config = programs_now(self._loaded.config, connection)
            return agenda(connection, config, self._place, now, left_alone=left_alone)

    def _status(self, found: Agenda) -> str:
        line = status_line(found, self._loaded.config.zone, busy=self._at_work.keys(), faults=self._faults)
        of_web = self._web.trouble if self._web is not None else None
        return "; ".join(filter(None, (line, self._complaint, of_web)))

    def _start(self, work: Work, now: datetime, found: Agenda | None = None) -> None:
        """Begin work, unless it is being done, or failed a while ago.

        Where it was found due, another daemon may have found the same: who asks since then asks for both.
        """
        if self._is_stopping.is_set() or work in self._at_work or self._is_paused(work, now):
            return
        arguments = []
        if work is Work.ASK and found is not None:
            arguments = ["--after", str(found.last_ask), *(["--only-wanted"] if found.asks_for_wanted else [])]
        if work is Work.ASK:
            self._asks_since = now
        if work is Work.LISTEN:
            self._listens_since = now
            if found is not None:
                arguments = ["--after", str(found.last_listen), "--place", str(self._place)]
        if work is Work.FETCH and found is not None:
            arguments = ["--after", str(found.last_fetch)]
        if work is Work.TELL and self._has_asked and not self._is_listening(now):
            arguments = ["--after-ask"]
            self._has_asked = False
        elif work is Work.TELL and found is not None and found.holds_digests:
            arguments = ["--only-deliver"]
        self._at_work[work] = asyncio.create_task(self._work(work, *arguments))

    def _is_listening(self, now: datetime) -> bool:
        """Whether CRDS is being listened to, so that a digest waits a little for what is heard."""
        return Work.LISTEN in self._at_work and abs(now - self._listens_since) < LONGEST_WAIT

    def _is_paused(self, work: Work, now: datetime) -> bool:
        """Whether it failed not long ago. A pause that is longer than any was begun by a clock that was ahead."""
        return timedelta(0) < self._not_before.get(work, now) - now <= FAULT_PAUSES[-1]

    async def _work(self, work: Work, *arguments: str) -> None:
        began = self._clock()
        try:
            ended = await self._workers[work].run(self._loaded.text, "--name", self._loaded.file, *arguments)
        except OSError as error:
            ended = Ended(work, f"it could not be started: {error.strerror}")
        try:
            await self._after(ended, began)
        finally:
            self._at_work.pop(work, None)
        if work is Work.ASK:
            self._has_asked = True
        if self._has_asked and not self._is_listening(self._clock()):
            # What was found may be told now, and the operator hears of what was not.
            self._start(Work.TELL, self._clock())

    async def _after(self, ended: Ended, began: datetime) -> None:
        if ended.fault is None and await self._has_no_end(ended.work):
            ended = Ended(ended.work, "it ended with exit code 0 and a run without an end")
        if ended.fault is None:
            self._faults[ended.work] = 0
            self._not_before.pop(ended.work, None)
            return
        if self._is_stopping.is_set():
            return
        self._faults[ended.work] += 1
        pause = nth_pause(FAULT_PAUSES, self._faults[ended.work])
        self._not_before[ended.work] = self._clock() + pause
        _log.error(
            "work did not end well", work=ended.work.value, fault=ended.fault, times=self._faults[ended.work]
        )
        await self._try(partial(self._record_failure, ended, began))

    async def _has_no_end(self, work: Work) -> bool:
        """Whether a run is left whose process is gone. Where others share the store, `take_up_lost` finds it."""

        def look() -> bool:
            with self._store.reading() as connection:
                return work in stored_runs.unended(connection).values()

        try:
            return self._is_alone and await asyncio.to_thread(look)
        except PedigreedError:
            return False

    def _record_failure(self, ended: Ended, began: datetime) -> None:
        """Keep that the work did not come to its end, also where it ended before it could say that it began."""
        now = self._clock()
        problem = f"{BROKEN_OFF}{ended.fault}"
        with self._store.writing() as connection:
            # Where others share the store, they tell at the same time, and ask and listen one at a time.
            is_ours = self._is_alone or ended.work is not Work.TELL
            since = None if self._is_alone else began
            if not (is_ours and stored_runs.break_off(connection, ended.work, problem, now, since=since)):
                stored_runs.add_broken_off(connection, ended.work, problem, began, now)
            if self._is_alone and ended.work is Work.TELL:
                stored_deliveries.take_back(connection, now)
        take_up_lost(self._store, now)

    async def _try(self, mend: Callable[[], None]) -> None:
        """Mend what a process left, where the store allows it. What is not mended now is with the next start."""
        try:
            await asyncio.to_thread(mend)
        except PedigreedError as error:
            _log.error("store not writable", reason=str(error))

    async def _on_cycle(self) -> None:
        """SIGUSR1: listen, ask and tell now, whatever is due."""
        _log.info("cycle wanted")
        self._not_before.clear()
        self._start(Work.LISTEN, self._clock())
        self._start(Work.ASK, self._clock())

    async def _on_reload(self) -> None:
        """SIGHUP: build the new configuration whole, then swap it. A bad one leaves the old one in use."""
        self._notifier.reloading()
        try:
            loaded = await asyncio.to_thread(self._read_anew)
        except ConfigurationInvalid as error:
            _log.error("configuration not reloaded", problems=str(error).splitlines())
            self._complaint = "the new configuration is not valid: the old one stays in use"
            self._notifier.tell(READY=1, STATUS=self._complaint)
            return
        async with self._lock:
            self._loaded = loaded
        self._complaint = None
        self._not_before.clear()
        _log.info("configuration reloaded", subscriptions=len(loaded.config.subscriptions))
        for warning in loaded.warnings:
            _log.warning("configuration", problem=str(warning))
        self._notifier.tell(READY=1)
        await self._on_tick()

    def _read_anew(self) -> LoadedConfig:
        loaded = self._reload()
        # The processes that do the work open the store that the configuration names.
        if loaded.config.store != self._loaded.config.store:
            raise ConfigurationInvalid(f"{loaded.file}: another store takes a restart")
        return loaded

    async def _stop(self) -> None:
        self._notifier.tell(STOPPING=1, STATUS="sending what is begun, and leaving the rest for the next start")
        _log.info("daemon stops", at_work=[work.value for work in self._at_work])
        if self._web is not None:
            await self._web.stop()
        await asyncio.gather(*(worker.stop() for worker in self._workers.values()))
        await asyncio.gather(*self._at_work.values(), return_exceptions=True)
        if self._is_alone:
            await self._try(self._let_go)
        _log.info("daemon stopped")

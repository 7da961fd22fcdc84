"""The daemon beside a clock that the test moves, with small programs in the place of its workers."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from pedigreed.config.load import LoadedConfig, parse_config
from pedigreed.daemon.daemon import FAULT_PAUSES, Daemon
from pedigreed.daemon.notify import Notifier
from pedigreed.daemon.worker import Worker
from pedigreed.model.work import Work
from pedigreed.store import downloads as stored_downloads
from pedigreed.store import runs as stored_runs
from pedigreed.store.database import Store
from small_programs import employ

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from pedigreed.model.work import Run
    from pedigreed.service.agenda import Agenda

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
FILE = "jw01180007001_02101_00001_nrcb1_cal.fits"
NOTED = "(folder / sys.argv[1]).open('a').write(' '.join(sys.argv[2:]) + chr(10));"


@dataclass
class Office:
    """A daemon on a store where asking is due until it was done and, where there is a download, fetching too."""

    folder: Path
    now: datetime = NOON
    scripts: dict[Work, str] = field(default_factory=lambda: dict.fromkeys(Work, NOTED))
    missing: frozenset[Work] = frozenset()
    has_download: bool = False

    @property
    def loaded(self) -> LoadedConfig:
        document = {
            "channels": {"keep": {"folder": {"path": str(self.folder / "kept")}}},
            "subscriptions": [
                {
                    "name": "a",
                    "watch": {"programs": [1180]},
                    "deliver": [{"channel": "keep"}],
                    "fetch": {"to": str(self.folder / "data"), "at_most": "1GB"},
                },
            ],
        }
        return parse_config(json.dumps(document), "pedigreed.yaml", {"HOME": str(self.folder)})

    def _worker(self, work: Work) -> Worker:
        if work in self.missing:
            return Worker(work, None, ("/nowhere/pedigreed",))
        return employ(self.scripts[work], self.folder, work)

    def begun(self, work: Work) -> list[str]:
        """The arguments of each process of a kind."""
        file = self.folder / work.value
        return file.read_text().splitlines() if file.exists() else []

    def run(self, scenario: Callable[[], Coroutine[None, None, None]]) -> None:
        """Run a scenario beside the daemon, and end that."""

        async def both(store: Store) -> None:
            with store.at_work() as at_work:
                daemon = Daemon(
                    self.loaded,
                    store,
                    Notifier({}),
                    reload=lambda: self.loaded,
                    place=0.5,
                    at_work=at_work,
                    clock=lambda: self.now,
                    tick=0.02,
                    workers={work: self._worker(work) for work in Work},
                )
                running = asyncio.create_task(daemon.run())
                try:
                    async with asyncio.timeout(60):
                        await scenario()
                finally:
                    daemon.end()
                    await running

        with Store(f"sqlite:///{self.folder}/pedigreed.db") as store:
            if self.has_download:
                with store.writing() as connection:
                    stored_downloads.want(connection, "a", [(FILE, 1180)], self.now)
            asyncio.run(both(store))

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():  # noqa: ASYNC110  # another process makes it true
            await asyncio.sleep(0.005)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.mark.process
def test_after_each_asking_is_told_what_it_found(office: Office) -> None:
    async def scenario() -> None:
        await office.until(lambda: bool(office.begun(Work.TELL)))

    office.run(scenario)
    assert office.begun(Work.TELL)[0] == "--name pedigreed.yaml --after-ask"
    assert office.begun(Work.ASK)[0] == "--name pedigreed.yaml --after 0"


@pytest.mark.process
def test_an_asking_that_ends_while_is_told_is_told_afterwards(office: Office) -> None:
    wait = "\nwhile not (folder / 'go').exists(): time.sleep(0.005)"
    office.scripts[Work.TELL] = NOTED + wait

    async def scenario() -> None:
        await office.until(lambda: len(office.begun(Work.TELL)) == 1)
        asked = len(office.begun(Work.ASK))
        await office.until(lambda: len(office.begun(Work.ASK)) > asked + 1)
        (office.folder / "go").touch()
        await office.until(lambda: len(office.begun(Work.TELL)) == 2)

    office.run(scenario)
    assert all(arguments.endswith("--after-ask") for arguments in office.begun(Work.TELL))


@pytest.mark.process
def test_work_that_fails_is_tried_again_after_pauses_that_grow(office: Office) -> None:
    office.scripts[Work.ASK] = NOTED + "sys.exit(70)"

    async def scenario() -> None:
        for times, pause in enumerate((*FAULT_PAUSES, FAULT_PAUSES[-1]), 1):
            await office.until(lambda: len(office.begun(Work.TELL)) == times)  # noqa: B023  # waited for here
            office.now += pause - timedelta(seconds=1)
            await asyncio.sleep(0.1)
            assert len(office.begun(Work.ASK)) == times
            office.now += timedelta(seconds=1)
        await office.until(lambda: len(office.begun(Work.ASK)) == times + 1)

    office.run(scenario)


@pytest.mark.process
def test_a_pause_that_a_clock_far_ahead_began_holds_up_nothing(office: Office) -> None:
    office.scripts[Work.ASK] = NOTED + "sys.exit(70)"

    async def scenario() -> None:
        await office.until(lambda: len(office.begun(Work.TELL)) == 1)
        office.now -= timedelta(days=400)
        await office.until(lambda: len(office.begun(Work.ASK)) == 2)

    office.run(scenario)


@pytest.mark.process
def test_a_worker_that_can_not_be_started_is_a_fault_like_another(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.missing = frozenset({Work.ASK})

    async def scenario() -> None:
        await office.until(lambda: len(office.begun(Work.TELL)) == 1)

    office.run(scenario)


@pytest.mark.process
def test_one_thread_does_all_that_takes_its_time(office: Office) -> None:
    names: list[str] = []

    async def scenario() -> None:
        await office.until(lambda: len(office.begun(Work.TELL)) == 3)
        names.extend(thread.name for thread in threading.enumerate())

    office.run(scenario)
    assert [name for name in names if name.startswith("store")] == ["store_0"]


@pytest.mark.process
def test_an_end_while_it_looks_at_the_store_is_no_error(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    looks = []
    look = Daemon._read_agenda

    def slow_look(self: Daemon, now: datetime) -> Agenda:
        looks.append(now)
        time.sleep(0.05 if len(looks) > 1 else 0)
        return look(self, now)

    monkeypatch.setattr(Daemon, "_read_agenda", slow_look)

    async def scenario() -> None:
        await office.until(lambda: len(looks) > 1)

    office.run(scenario)
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.process
@pytest.mark.failure("work dies before it can say that it began")
@pytest.mark.parametrize("work", list(Work))
def test_work_that_dies_before_it_began_is_recorded_with_its_end(office: Office, work: Work) -> None:
    office.scripts[work], office.has_download = NOTED + "os.kill(os.getpid(), 9)", work is Work.FETCH

    async def scenario() -> None:
        await office.until(lambda: bool(recorded(office, work)))

    office.run(scenario)
    (run, *_) = recorded(office, work)
    assert not run.came_to_its_end
    assert run.ended_at is not None
    assert run.death == "it was ended by SIGKILL"


BEGINS = """
from datetime import UTC, datetime
from pedigreed.model.work import Work
from pedigreed.store import runs
from pedigreed.store.database import Store
with Store(f"sqlite:///{folder}/pedigreed.db") as store, store.writing() as connection:
    runs.begin(connection, Work(sys.argv[1]), datetime(2026, 11, 21, 12, tzinfo=UTC))
os._exit(0)
"""


@pytest.mark.process
@pytest.mark.failure("an asking dies, or the reading of CRDS's news")
@pytest.mark.parametrize("work", list(Work))
def test_work_that_leaves_without_its_end_is_broken_off_whatever_its_exit_code(office: Office, work: Work) -> None:
    office.scripts[work], office.has_download = BEGINS, work is Work.FETCH

    async def scenario() -> None:
        await office.until(lambda: any(run.ended_at for run in recorded(office, work)))

    office.run(scenario)
    run = next(run for run in recorded(office, work) if run.ended_at)
    assert not run.came_to_its_end
    assert run.death == "it ended with exit code 0 and a run without an end"


def recorded(office: Office, work: Work) -> list[Run]:
    with Store(f"sqlite:///{office.folder}/pedigreed.db") as store, store.reading() as connection:
        return stored_runs.newest(connection, work, 9)

"""Processes that do the work, and end in every way there is."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from pedigreed.daemon.worker import Ended, Worker
from pedigreed.model.failure import TryAgain
from pedigreed.model.work import Work
from pedigreed.store.process_lock import only_process
from small_programs import HANG, employ

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

STUBBORN = f"signal.signal(signal.SIGTERM, signal.SIG_IGN); {HANG}"


async def begun(folder: Path) -> int:
    """Wait until a process has begun. Gives its number."""
    async with asyncio.timeout(60):
        while not (folder / "begun").exists() or not (folder / "begun").read_text():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    return int((folder / "begun").read_text())  # a small file


def stopped(worker: Worker, folder: Path) -> Ended:
    """How its process ends when it is asked to."""

    async def scenario() -> Ended:
        running = asyncio.create_task(worker.run("subscriptions: []"))
        await begun(folder)
        assert worker.is_busy
        await worker.stop()
        return await running

    return asyncio.run(scenario())


def test_it_gets_the_configuration_its_work_and_its_arguments(tmp_path: Path) -> None:
    worker = employ("(folder / 'got').write_text(repr((sys.stdin.read(), sys.argv[1:])))", tmp_path, Work.TELL)
    assert asyncio.run(worker.run("größer: 1\n", "--after-ask")) == Ended(Work.TELL, None)
    assert (tmp_path / "got").read_text() == repr(("größer: 1\n", ["tell", "--after-ask"]))
    assert not worker.is_busy


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("sys.exit(0)", None),
        ("sys.exit(75)", "it ended with exit code 75"),
        ("raise SystemExit(1)", "it ended with exit code 1"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "it was ended by SIGKILL"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "it was ended by SIGSEGV"),
        ("os.kill(os.getpid(), signal.SIGRTMIN + 3)", "it was ended by signal 37"),
    ],
)
def test_how_it_ends_is_told(tmp_path: Path, script: str, fault: str | None) -> None:
    assert asyncio.run(employ(script, tmp_path).run("x" * 1_000_000)) == Ended(Work.ASK, fault)


def test_asked_to_end_it_ends(tmp_path: Path) -> None:
    assert stopped(employ(HANG, tmp_path), tmp_path).fault == "it was ended by SIGTERM"


def test_one_that_does_not_want_to_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pedigreed.daemon.worker.GRACE", 0.1)
    assert stopped(employ(STUBBORN, tmp_path), tmp_path).fault == "it was ended by SIGKILL"


def test_one_that_hangs_is_ended_at_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pedigreed.daemon.worker.LONGEST_RUN", {Work.ASK: timedelta(seconds=0.5)})
    ended = asyncio.run(employ("time.sleep(600)", tmp_path).run(""))
    assert ended.fault == "it did not end in time, and was killed"


def test_asked_to_end_while_it_is_being_started_it_ends(tmp_path: Path) -> None:
    async def scenario() -> Ended:
        worker = employ(HANG, tmp_path)
        running = asyncio.create_task(worker.run(""))
        await asyncio.sleep(0)
        assert not worker.is_busy
        await worker.stop()
        async with asyncio.timeout(60):
            return await running

    assert asyncio.run(scenario()).fault == "it was ended by SIGTERM"


def test_a_daemon_that_ends_ends_its_process(tmp_path: Path) -> None:
    async def scenario() -> int:
        running = asyncio.create_task(employ(HANG, tmp_path).run(""))
        process = await begun(tmp_path)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return process

    process = asyncio.run(scenario())
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_program_that_is_not_there_is_an_error_of_the_system() -> None:
    with pytest.raises(OSError, match="No such file"):
        asyncio.run(Worker(Work.ASK, None, ("/nowhere/pedigreed",)).run(""))


def test_its_process_keeps_the_lock_of_a_daemon_that_is_gone(tmp_path: Path) -> None:
    lock = tmp_path / "lock"

    async def scenario() -> None:
        with only_process("the store", lock) as descriptor:
            running = asyncio.create_task(employ(HANG, tmp_path, lock=descriptor).run(""))
            process = await begun(tmp_path)
        # This process has let it go, as one that ends does.
        with pytest.raises(TryAgain, match="is at work on the store"), only_process("the store", lock):
            pass
        os.kill(process, signal.SIGKILL)
        await running
        with only_process("the store", lock):
            pass

    asyncio.run(scenario())

"""The daemon listens to CRDS: in time for its digests, and with nothing lost or held up by a source that hangs."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from background import wait_until
from faults import Hang
from list_mails import event, list_mail, mast_mail
from news_program import NewsProgram
from news_watcher import DAY, DAY_0, TEXT, NewsWatcher, news_watcher
from pedigreed.demo.crds_story import Reference
from pedigreed.model.instant import iso
from pedigreed.service.news_sources import LONGEST_WAIT
from pedigreed.store import coverage
from pedigreed.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from daemon_process import DaemonProcess
    from set_clock import SetClock

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
PHOTOM = Reference("jwst_miri_photom_0301.fits", change_level="SEVERE")
QUOTED = f"A delivery to CRDS is in use since context jwst_1583.\n\n{TEXT}\n\nChange level: SEVERE"


@pytest.fixture
def program(tmp_path: Path) -> Iterator[NewsProgram]:
    url = f"sqlite:///{tmp_path}/store/pedigreed.db"
    with Store(url) as store, news_watcher(tmp_path, store) as heard:
        yield NewsProgram(tmp_path, url, heard)


@pytest.fixture
def now_program(program: NewsProgram) -> NewsProgram:
    """Of this moment, two hours after the baseline was told. The next digest of a day is half a day away."""
    now = datetime.now(UTC)
    program.at = f"{now + timedelta(hours=12):%H}:00"
    program.configure()
    ended = program.once(now - 2 * HOUR)
    assert ended.code == 0, ended.err
    program.heard.is_now(now)
    return program


def tell_everywhere(heard: NewsWatcher, at: datetime) -> None:
    heard.deliver(at, "jwst_1583", TEXT, PHOTOM)
    heard.post(at, QUOTED)
    heard.mail(list_mail(1, QUOTED, Subject="New MIRI photom files"))


def sources_read(daemon: DaemonProcess) -> set[str]:
    return {str(entry["source"]).partition(" ")[0] for entry in daemon.events("source read")}


def text_of_last(program: NewsProgram) -> str:
    place = max((program.folder / "sent").iterdir(), key=lambda each: each.stat().st_mtime_ns)
    return " ".join((place / "digest.txt").read_text(encoding="utf-8").split())


def digests(program: NewsProgram) -> int:
    folder = program.folder / "sent"
    return len([each for each in folder.iterdir() if each.name[0] != "."]) if folder.exists() else 0


def test_it_listens_before_its_first_digest_and_each_day(program: NewsProgram, clock: SetClock) -> None:
    program.clock = clock.environ
    program.configure()

    def is_set(now: datetime) -> None:
        program.heard.is_now(now)
        clock.set(now)

    is_set(DAY_0 + HOUR)
    with program.daemon() as daemon:
        wait_until(lambda: digests(program) == 1)
        daemon.rest()
        assert "1 of 1 program and 3 of 3 sources of CRDS announcements" in text_of_last(program)
        assert "jwst_1535 became" not in text_of_last(program), "what was there before is no news"
        tell_everywhere(program.heard, DAY_0 + 2 * HOUR)
        is_set(DAY_0 + DAY)
        wait_until(lambda: digests(program) == 2)
        daemon.rest()
        said = text_of_last(program)
        assert said.count("jwst_1583 became the latest context") == 1
        assert "3 of 3 sources of CRDS announcements" in said
        assert not daemon.events("work did not end well")
        assert daemon.end() == 0


def test_a_server_that_hangs_holds_up_neither_its_clock_nor_a_digest_for_long(
    program: NewsProgram, clock: SetClock
) -> None:
    program.clock = clock.environ
    program.configure()

    def is_set(now: datetime) -> None:
        program.heard.is_now(now)
        clock.set(now)

    is_set(DAY_0 + HOUR)
    with program.daemon() as daemon:
        wait_until(lambda: digests(program) == 1)
        daemon.rest()
        tell_everywhere(program.heard, DAY_0 + 2 * HOUR)
        program.heard.crds.misbehave(Hang(), times=None)
        asked, read = len(daemon.events("asked")), len(daemon.events("source read"))
        is_set(DAY_0 + DAY)
        wait_until(lambda: len(daemon.events("asked")) > asked)
        wait_until(lambda: len(daemon.events("source read")) >= read + 2)
        for _ in range(3):
            daemon.tick()
        assert digests(program) == 1, "it waits for what is to be heard"
        assert "reading CRDS's news" in daemon.manager.status
        is_set(DAY_0 + DAY + LONGEST_WAIT + MINUTE)
        wait_until(lambda: digests(program) == 2)
        said = text_of_last(program)
        assert "jwst_1583" not in said, "what the others tell waits a day for CRDS's own word"
        assert "NOT READ 1 of 3 sources of CRDS announcements: what it announced is missing here" in said
        assert daemon.workers, "it is listened to still"
        assert daemon.end() == 0
        assert not daemon.events("work did not end well")
    program.heard.crds.well_behaved()
    is_set(DAY_0 + 2 * DAY)
    assert program.once(DAY_0 + 2 * DAY).code == 0
    assert text_of_last(program).count("jwst_1583 became the latest context") == 1


def test_a_mail_of_mast_has_its_program_asked_for_long_before_the_next_asking(now_program: NewsProgram) -> None:
    program = now_program
    heard, now = program.heard, datetime.now(UTC)
    heard.holdings.add(1181, 4, cal_ver="2.0.1")
    program.programs = [1180, 1181]
    program.changes["mailbox"] = {"eml": str(heard.mailbox), "every": "1s"}
    program.configure()
    ended = program.once(now - 2 * HOUR)
    assert ended.code == 0, ended.err
    names = [name for name, row in heard.holdings.rows.items() if row["instrume"] == "MIRI"][:4]
    with program.daemon() as daemon:
        wait_until(daemon.is_ready)
        wait_until(lambda: "mailbox" in sources_read(daemon))
        daemon.tick()
        assert not daemon.events("asked"), "nothing is due"
        heard.holdings.remake(names, now, context=1583)
        heard.mail(mast_mail(event(program=1180, filename=names[0], archived_date=iso(now))))
        wait_until(lambda: daemon.events("asked"))
        assert daemon.end() == 0
        answers = [entry["programs"] for entry in daemon.events("answer")]
    assert answers == [1], "of the one program that the mail names"
    assert len(program.asked("history", "1180")["changes"]) == 4
    with Store(program.store_url) as store, store.reading() as connection:
        assert coverage.reported_programs(connection) == {}


def test_a_cycle_that_is_wanted_listens_too(now_program: NewsProgram) -> None:
    program = now_program
    with program.daemon() as daemon:
        wait_until(daemon.is_ready)
        daemon.rest()
        tell_everywhere(program.heard, datetime.now(UTC) - HOUR)
        daemon.send(signal.SIGUSR1)
        wait_until(lambda: len(daemon.events("source read")) >= 3)
        daemon.rest()
        assert daemon.end() == 0
    assert program.asked("notices list")["notices"][0]["name"] == "jwst_1583"


def test_killed_while_it_listens_nothing_is_lost_and_nothing_is_told_twice(now_program: NewsProgram) -> None:
    program = now_program
    heard = program.heard
    with program.daemon() as daemon:
        wait_until(daemon.is_ready)
        daemon.rest()
        tell_everywhere(heard, datetime.now(UTC) - HOUR)
        heard.crds.misbehave(Hang(), times=None)
        for times in (1, 2):
            known = len(daemon.events("source read"))
            daemon.send(signal.SIGUSR1)
            wait_until(lambda: len(daemon.events("source read")) >= known + 2)  # noqa: B023  # waited for here
            wait_until(lambda: heard.crds.requests)
            (worker,) = [each for each in daemon.workers if is_listening(each)]
            heard.crds.requests.clear()
            os.kill(worker, signal.SIGKILL)
            wait_until(lambda: len(daemon.events("work did not end well")) == times)  # noqa: B023  # as above
            daemon.rest()
        daemon.send(signal.SIGUSR1)
        wait_until(lambda: heard.crds.requests)
        workers = daemon.workers
        assert daemon.end(signal.SIGKILL) == -signal.SIGKILL
        for each in workers:
            os.kill(each, signal.SIGKILL)
    heard.crds.well_behaved()
    with program.daemon() as daemon:
        wait_until(daemon.is_ready)
        daemon.send(signal.SIGUSR1)
        wait_until(lambda: "CRDS" in sources_read(daemon))
        daemon.rest()
        assert daemon.end() == 0
    shown = program.asked("notices show", "jwst_1583")
    sources = [each["source"].partition(" ")[0] for each in shown["heard"]]
    assert sorted(sources) == ["CRDS", "CRDS", "MIRI_REFFILES", "mailbox"]
    previewed = program.runs("preview", "--now", iso(datetime.now(UTC) + DAY)).out
    assert previewed.count("jwst_1583 became the latest context") == 1


def is_listening(process: int) -> bool:
    with open(f"/proc/{process}/cmdline", "rb") as file:  # noqa: PTH123  # no file of ours
        return b"\0listen\0" in file.read()

"""A daemon whose archive, store or workers fail: it stays up, says so, and goes on when they are well again."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from background import wait_until
from disk import leave
from faults import Hang, HtmlPage
from observatory import Observatory, observatory, to
from real_servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon_process import DaemonProcess

A, B = "a@x.example", "b@x.example"


def text_of(obs: Observatory, number: int) -> str:
    body = obs.mail.mails[number].read.get_body(("plain",))
    assert body is not None
    text: str = body.get_content()
    return text


def store_file(obs: Observatory) -> Path:
    return Path(obs.store_url.removeprefix("sqlite:///"))


def told_once(obs: Observatory, daemon: DaemonProcess) -> None:
    """Wait until a new daemon has told its first digest."""
    wait_until(daemon.is_ready)
    wait_until(lambda: obs.mail.mails)
    daemon.rest()


def test_without_the_archive_it_goes_on_and_tells_what_was_not_checked(now_file_obs: Observatory) -> None:
    obs = now_file_obs
    obs.mast = {"request_timeout": "1s", "timeout": "2s"}
    obs.mast["url"] = f"http://127.0.0.1:{free_port()}"
    obs.configure(to(A))
    with obs.daemon() as daemon:
        told_once(obs, daemon)
        assert "NOT CHECKED" in text_of(obs, 0)
        for number, fault in enumerate((Hang(), HtmlPage()), 2):
            obs.mast["url"] = obs.archive.url
            obs.archive.well_behaved()
            obs.archive.misbehave(fault, times=None)
            obs.configure(to(A), subscriptions=number)
            daemon.send(signal.SIGHUP)
            daemon.send(signal.SIGUSR1)
            wait_until(lambda: len(obs.mail.mails) == number)  # noqa: B023  # waited for here
            daemon.rest()
            assert "NOT CHECKED" in text_of(obs, number - 1)
        obs.archive.well_behaved()
        asked = len(obs.archive.requests)
        daemon.tick()
        assert len(obs.archive.requests) == asked, "the next try is not at once"
        daemon.send(signal.SIGUSR1)
        wait_until(lambda: daemon.events("answer"))
        daemon.rest()
        assert daemon.end() == 0
    assert len(obs.mail.mails) == 3


def test_workers_that_are_killed_are_told_of_and_tried_again_after_a_pause(now_file_obs: Observatory) -> None:
    obs = now_file_obs
    obs.configure(to(A))
    obs.archive.misbehave(Hang(), times=None)
    with obs.daemon() as daemon:
        wait_until(lambda: obs.archive.requests)
        (worker,) = daemon.workers
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: daemon.events("work did not end well"))
        (fault,) = daemon.events("work did not end well")
        assert (fault["work"], fault["fault"], fault["times"]) == ("ask", "it was ended by SIGKILL", 1)
        wait_until(lambda: obs.mail.mails)
        daemon.rest()
        assert "asking MAST failed once" in daemon.manager.status
        assert "NOT CHECKED" in text_of(obs, 0)
        assert len(daemon.events("work did not end well")) == 1, "the next try is not at once"
        obs.archive.well_behaved()
        daemon.send(signal.SIGUSR1)
        wait_until(lambda: daemon.events("answer"))
        daemon.rest()
        assert "failed" not in daemon.manager.status
        assert daemon.end() == 0


def test_killed_itself_its_worker_keeps_a_second_daemon_away_and_nothing_is_lost(
    now_file_obs: Observatory,
) -> None:
    obs = now_file_obs
    obs.configure(to(A, B))
    obs.archive.misbehave(Hang(), times=None)
    with obs.daemon() as daemon:
        wait_until(lambda: obs.archive.requests)
        (worker,) = daemon.workers
        with obs.daemon() as second:
            assert second.wait() == 75
            said = second.errors.read_text(encoding="utf-8")
            assert f"another pedigreed (process {daemon.process.pid}) is at work" in said
            assert not second.manager.times("READY")
        daemon.end(signal.SIGKILL)
        with obs.daemon() as second:
            assert second.wait() == 75, "the worker is at work still"
        os.kill(worker, signal.SIGKILL)
    obs.archive.well_behaved()
    obs.mail.is_held = True
    with obs.daemon() as daemon:
        wait_until(lambda: obs.mail.mails)
        (worker,) = daemon.workers
        daemon.end(signal.SIGKILL)
        os.kill(worker, signal.SIGKILL)
    obs.mail.is_held = False
    with obs.daemon() as daemon:
        wait_until(lambda: len(obs.mail.mails) == 3)
        daemon.rest()
        assert daemon.end() == 0
    first, again = obs.mail.to(A)
    assert first == again, "nobody knows that it had arrived: the same, byte for byte"
    assert len(obs.mail.to(B)) == 1
    rows = obs.outbox()
    assert [(row.recipient, row.state) for row in rows] == [(A, "sent"), (B, "sent")]
    assert rows[0].maybe_repeated


def test_a_bad_configuration_or_store_ends_it_before_it_is_ready(now_file_obs: Observatory) -> None:
    obs = now_file_obs
    obs.config.write_text("subscriptions: []")
    with obs.daemon() as daemon:
        assert daemon.wait() == 78
        assert daemon.manager.told == []
    obs.configure(to(A))
    store_file(obs).parent.mkdir()
    store_file(obs).write_bytes(b"no store at all" * 1000)
    with obs.daemon() as daemon:
        assert daemon.wait() == 78
        assert daemon.manager.told == []


def test_the_watchdog_hears_nothing_while_the_store_can_not_be_read(now_file_obs: Observatory) -> None:
    obs = now_file_obs
    obs.configure(to(A))
    with obs.daemon() as daemon:
        told_once(obs, daemon)
        path = store_file(obs)
        with closing(sqlite3.connect(path)) as other:
            # The daemon keeps the file open, so what was written last is in the log beside it.
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        kept = path.read_bytes()
        path.rename(path.with_suffix(".old"))
        path.write_bytes(b"no store at all" * 1000)
        wait_until(lambda: "the store can't be read" in daemon.manager.status)
        daemon.tick()
        heard = daemon.manager.times("WATCHDOG")
        daemon.tick()
        assert daemon.manager.times("WATCHDOG") == heard
        assert len(daemon.events("store not readable")) == 1, "said once"
        path.write_bytes(kept)
        wait_until(lambda: daemon.manager.times("WATCHDOG") > heard)
        daemon.rest()
        assert "next digest" in daemon.manager.status
        assert daemon.end() == 0
    assert len(obs.mail.mails) == 1


def test_a_store_that_is_locked_holds_up_the_work_and_not_the_clock(now_file_obs: Observatory) -> None:
    obs = now_file_obs
    obs.configure(to(A))
    with obs.daemon() as daemon:
        told_once(obs, daemon)
        with closing(sqlite3.connect(store_file(obs), isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            obs.configure(to(A), subscriptions=2)
            daemon.send(signal.SIGHUP)
            wait_until(lambda: "asking MAST" in daemon.manager.status)
            heard = daemon.manager.times("WATCHDOG")
            wait_until(lambda: daemon.manager.times("WATCHDOG") > heard)
            other.execute("ROLLBACK")
        wait_until(lambda: len(obs.mail.mails) == 2)
        daemon.rest()
        assert not daemon.events("work did not end well")
        assert daemon.end() == 0


def test_two_daemons_on_one_server_share_the_work(now_shared_obs: Observatory) -> None:
    obs = now_shared_obs
    obs.configure(to(A, B), subscriptions=3)
    with obs.daemon() as one, obs.daemon() as other:
        for daemon in (one, other):
            wait_until(daemon.is_ready)
        wait_until(lambda: len(obs.mail.mails) == 6)
        for daemon in (one, other):
            daemon.rest()
        for daemon in (one, other):
            assert daemon.end() == 0
            assert not daemon.events("work did not end well")
    assert len({mail.message_id for mail in obs.mail.mails}) == len(obs.mail.mails) == 6
    assert {(row.state, row.maybe_repeated) for row in obs.outbox()} == {("sent", False)}


def test_no_secret_is_in_anything_that_others_can_see(now_file_obs: Observatory) -> None:
    obs = now_file_obs
    password = "hunter2 and hunter3"
    up = obs.opens(password=password)
    obs.email = {"port": up.port, "username": "bot", "password": password}
    up.is_held = True
    obs.configure(to(A))
    with obs.daemon() as daemon:
        wait_until(lambda: up.mails)
        seen = [
            (Path("/proc") / str(pid) / name).read_bytes()
            for pid in (daemon.process.pid, *daemon.workers)
            for name in ("cmdline", "environ")
        ]
        up.is_held = False
        daemon.rest()
        obs.config.write_text(obs.config.read_text(encoding="utf-8").replace('"bot"', "[]"))
        daemon.send(signal.SIGHUP)
        wait_until(lambda: daemon.events("configuration not reloaded"))
        assert daemon.end() == 0
        seen += [daemon.errors.read_bytes(), str(daemon.manager.told).encode()]
    assert up.logins, "it was in use"
    assert not any(part.encode() in text for part in (password, "hunter2") for text in seen)


@pytest.fixture
def small_disk_obs(tmp_path: Path, small_disk: Path) -> Iterator[Observatory]:
    """An observatory of this moment with its store on a small disk."""
    with observatory(tmp_path, f"sqlite:///{small_disk}/pedigreed.db") as opened:
        opened.is_now()
        yield opened


@pytest.mark.failure("the disk is full")
def test_on_a_disk_that_is_full_or_may_not_be_written_it_stays_up_says_so_and_recovers(
    small_disk_obs: Observatory, small_disk: Path
) -> None:
    obs = small_disk_obs
    obs.configure(to(A))
    with obs.daemon() as daemon:
        told_once(obs, daemon)
        leave(0, small_disk)
        obs.configure(to(A), subscriptions=2)
        daemon.send(signal.SIGHUP)
        wait_until(lambda: daemon.events("work did not end well"))
        daemon.rest()
        assert any("the disk is full" in entry["reason"] for entry in daemon.events("work not done"))
        assert "failed once" in daemon.manager.status
        (small_disk / "ballast").unlink()
        daemon.send(signal.SIGUSR1)
        wait_until(lambda: len(obs.mail.mails) == 2)
        daemon.rest()
        assert "failed" not in daemon.manager.status

        with read_only(small_disk):
            daemon.send(signal.SIGUSR1)
            wait_until(lambda: "failed once" in daemon.manager.status)
            daemon.rest()
        assert any("can't be opened for writing" in entry["reason"] for entry in daemon.events("work not done"))
        daemon.send(signal.SIGUSR1)
        daemon.tick()
        daemon.rest()
        assert "failed" not in daemon.manager.status
        assert daemon.end() == 0
    assert len(obs.mail.mails) == 2


@contextmanager
def read_only(disk: Path) -> Iterator[None]:
    """Nobody may write to a disk from now on. Files that are open stay so."""
    mount = ("mount", "--bind")
    subprocess.run([*mount, disk, disk], check=True)
    try:
        subprocess.run([*mount, "-o", "remount,ro", disk], check=True)
        yield
    finally:
        # Who has a file of it open keeps it.
        subprocess.run(["umount", "--lazy", disk], check=True)

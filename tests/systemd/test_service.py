"""The service under a real systemd: its restrictions, its signals, and what becomes of it when it fails."""

from __future__ import annotations

import re
import socket
import stat
import time
from functools import partial
from typing import TYPE_CHECKING

from pedigreed.delivery.webhook import signature_of
from service_host import CONFIG, DAEMON, HOOKS, MAST, ONCE, SECRETS, STATE, TIMER

if TYPE_CHECKING:
    from service_host import ServiceHost

ADMINISTRATOR = {"PEDIGREED_CONFIG": CONFIG, "STATE_DIRECTORY": "/var/lib/pedigreed"}
WATCHING = "[pedigreed] jades: now watching {} program"


def test_the_daemon_does_its_work_under_all_its_restrictions(host: ServiceHost) -> None:
    host.machine.systemctl("start", DAEMON)
    host.until(host.told)
    assert host.told() == [WATCHING.format(1)]
    assert re.match(r"next digest jades \d{4}-", host.machine.show(DAEMON, "StatusText"))
    assert {HOOKS, MAST} <= host.names.asked
    [post] = host.hooks.posts
    assert post.headers["x-pedigreed-signature"] == signature_of(
        SECRETS["webhook_secret"], post.headers["x-pedigreed-timestamp"], post.body
    )
    # What it needed and was not let do, it would have told.
    assert host.said(DAEMON, "--priority=warning") == ""


def test_the_state_belongs_to_a_user_that_is_there_while_the_daemon_runs(host: ServiceHost) -> None:
    host.machine.systemctl("start", DAEMON)
    host.until(host.told)
    number = int(host.machine.show(DAEMON, "UID"))
    assert 61184 <= number <= 65519
    state = host.machine.path(STATE)
    files = [state, *state.iterdir()]
    assert {file.name for file in files} >= {"pedigreed", "pedigreed.db", "pedigreed.db-lock"}
    for file in files:
        assert file.stat().st_uid == number
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0


def test_it_is_looked_at_by_its_group_alone(host: ServiceHost) -> None:
    host.machine.systemctl("start", DAEMON)
    door = host.machine.path("/run/pedigreed/http.sock")
    assert stat.S_IMODE(door.stat().st_mode) == 0o660
    assert stat.S_IMODE(door.parent.stat().st_mode) == 0o750
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(door))
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert connection.recv(1024).startswith(b"HTTP/1.1 200 ")


def test_no_secret_is_told_to_the_journal(host: ServiceHost) -> None:
    host.machine.systemctl("start", DAEMON)
    host.until(host.told)
    said = host.said(DAEMON) + host.machine.systemctl("show", DAEMON)
    assert not [secret for secret in SECRETS.values() if secret in said]


def test_a_secret_that_is_not_there_does_not_keep_the_others(host: ServiceHost) -> None:
    host.machine.systemctl("start", DAEMON)
    credentials = host.machine.path(f"/run/credentials/{DAEMON}")
    assert {file.name for file in credentials.iterdir()} == set(SECRETS)


def test_a_reload_takes_the_new_configuration(host: ServiceHost) -> None:
    host.machine.systemctl("start", DAEMON)
    host.until(host.told)
    before = host.machine.show(DAEMON, "MainPID")
    host.configure(1180, 1345)
    host.machine.systemctl("reload", DAEMON)
    host.until(lambda: "configuration reloaded" in host.said(DAEMON))
    host.until_it_is(DAEMON, "active")
    assert host.machine.show(DAEMON, "MainPID") == before


def test_a_reload_of_a_bad_configuration_leaves_the_old_one(host: ServiceHost) -> None:
    host.machine.systemctl("start", DAEMON)
    host.until(host.told)
    host.write(CONFIG, "subscriptions: 7\n")
    host.machine.systemctl("reload", DAEMON)
    host.until(lambda: "configuration not reloaded" in host.said(DAEMON))
    host.until_it_is(DAEMON, "active")


def test_a_cycle_is_run_when_it_is_wanted(host: ServiceHost) -> None:
    host.machine.systemctl("start", DAEMON)
    host.until(host.told)
    host.archive.requests.clear()
    host.machine.systemctl("kill", "--kill-whom=main", "--signal=USR1", DAEMON)
    host.until(lambda: host.archive.requests)


def test_it_stops_in_time_and_without_a_failure(host: ServiceHost) -> None:
    host.machine.systemctl("start", DAEMON)
    host.until(host.told)
    began = time.monotonic()
    host.machine.systemctl("stop", DAEMON)
    assert time.monotonic() - began < 40
    assert host.machine.show(DAEMON, "Result") == "success"
    assert "daemon stopped" in host.said(DAEMON)


def test_a_configuration_that_is_wrong_is_no_reason_to_try_again(host: ServiceHost) -> None:
    host.write(CONFIG, "subscriptions: 7\n")
    assert host.machine.run("systemctl", "start", DAEMON).code != 0
    host.until_it_is(DAEMON, "failed")
    assert host.machine.show(DAEMON, "ExecMainStatus") == "78"
    time.sleep(3)
    assert host.machine.show(DAEMON, "NRestarts") == "0"


def test_one_that_finds_another_at_work_tries_until_that_is_gone(host: ServiceHost) -> None:
    host.machine.systemctl("start", DAEMON)
    host.until(host.told)
    host.machine.run("systemctl", "start", "--no-block", ONCE)
    host.until_restarted(ONCE)
    assert "is at work on" in host.said(ONCE)
    host.machine.systemctl("stop", DAEMON)
    host.until_it_is(ONCE, "inactive")
    assert host.machine.show(ONCE, "Result") == "success"


def test_one_that_was_killed_is_back(host: ServiceHost) -> None:
    host.machine.systemctl("start", DAEMON)
    host.until(host.told)
    host.machine.systemctl("kill", "--signal=KILL", DAEMON)
    host.until_restarted(DAEMON)
    host.until_it_is(DAEMON, "active")
    assert host.told() == [WATCHING.format(1)]


def test_one_that_hangs_is_ended_and_back(host: ServiceHost) -> None:
    host.edit(DAEMON, WatchdogSec="2", RestartSec="1", TimeoutAbortSec="1")
    host.machine.systemctl("start", DAEMON)
    # While it is well, it says so in time.
    time.sleep(5)
    assert host.machine.show(DAEMON, "NRestarts") == "0"
    host.machine.systemctl("kill", "--kill-whom=main", "--signal=STOP", DAEMON)
    host.until_restarted(DAEMON)
    host.until_it_is(DAEMON, "active")


def test_one_cycle_does_its_work_under_the_same_restrictions(host: ServiceHost) -> None:
    host.machine.systemctl("start", ONCE)
    assert host.told() == [WATCHING.format(1)]
    assert host.machine.show(ONCE, "Result") == "success"


def test_the_timer_starts_it_at_the_same_minute_each_day(host: ServiceHost) -> None:
    host.machine.systemctl("start", TIMER)
    assert host.machine.show(TIMER, "Unit") == ONCE
    [at] = re.findall(r"\d\d:(\d\d):\d\d UTC", host.machine.show(TIMER, "NextElapseUSecRealtime"))
    assert 5 <= int(at) <= 26


def test_daemons_on_several_hosts_share_a_store_on_a_server(host: ServiceHost, postgresql_url: str) -> None:
    host.write("/etc/credstore/pedigreed.store_url", f"{postgresql_url}\n", 0o600)
    config = host.machine.path(CONFIG)
    config.write_text(f"store: {{credential: store_url}}\n{config.read_text()}")
    host.machine.systemctl("start", DAEMON)
    host.until(host.told)
    host.machine.systemctl("start", ONCE)
    assert host.told() == [WATCHING.format(1)]
    assert host.machine.show(ONCE, "Result") == "success"
    assert {file.name for file in host.machine.path(STATE).iterdir()} == set()


def test_an_administrator_asks_and_orders_while_it_runs(host: ServiceHost) -> None:
    host.machine.systemctl("start", DAEMON)
    host.until(host.told)
    pedigreed = partial(host.machine.run, "/opt/pedigreed/bin/pedigreed", environ=ADMINISTRATOR)
    assert "jades" in pedigreed("status").out
    assert pedigreed("mute", "jades", "--until", "1d").code == 0
    credentials = {**ADMINISTRATOR, "CREDENTIALS_DIRECTORY": f"/run/credentials/{DAEMON}"}
    assert pedigreed("config", "check", CONFIG, environ=credentials).code == 0
    host.machine.systemctl("stop", DAEMON)
    assert pedigreed("mute", "jades", "--off").code == 0
    # What the superuser makes beside a store would be in the service's way.
    state = host.machine.path(STATE)
    assert {file.stat().st_uid for file in state.iterdir()} == {state.stat().st_uid}


def test_the_state_of_the_daemon_serves_the_timer(host: ServiceHost) -> None:
    host.machine.systemctl("start", DAEMON)
    host.until(host.told)
    host.machine.systemctl("stop", DAEMON)
    host.machine.systemctl("start", ONCE)
    assert host.told() == [WATCHING.format(1)]

"""What the daemon does when it is asked to: read its configuration anew, run a cycle now, end."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

from background import wait_until
from faults import Hang
from observatory import Observatory, to

if TYPE_CHECKING:
    from collections.abc import Callable

A, B = "a@x.example", "b@x.example"
OLD_STAYS = "the new configuration is not valid: the old one stays in use"


def changed(obs: Observatory, change: Callable[[dict[str, Any]], object]) -> bytes:
    """The configuration with a change, which is not written."""
    document = json.loads(obs.config.read_text(encoding="utf-8"))
    change(document)
    return json.dumps(document).encode()


def test_a_good_configuration_is_taken_and_a_cycle_is_run_when_it_is_wanted(
    now_file_obs: Observatory,
) -> None:
    obs = now_file_obs
    obs.configure(to(A))
    with obs.daemon() as daemon:
        wait_until(daemon.is_ready)
        wait_until(lambda: obs.mail.mails)
        daemon.rest()
        obs.configure(to(A), subscriptions=2)
        daemon.send(signal.SIGHUP)
        wait_until(lambda: len(obs.mail.mails) == 2)
        daemon.rest()
        asked = len(obs.archive.requests)
        daemon.tick()
        assert len(obs.archive.requests) == asked, "nothing is due"
        daemon.send(signal.SIGUSR1)
        wait_until(lambda: len(obs.archive.requests) > asked)
        daemon.rest()
        assert daemon.end(signal.SIGINT) == 0
    # No digest was due in the cycle that was wanted.
    first, second = (str(mail.read["Subject"]) for mail in obs.mail.mails)
    assert first.replace(" a:", " b:") == second, "nothing of it is left unchecked"
    (reloaded,) = daemon.events("configuration reloaded")
    assert reloaded["subscriptions"] == 2
    told = daemon.manager.told
    begun = next(number for number, message in enumerate(told) if "RELOADING" in message)
    assert int(told[begun]["MONOTONIC_USEC"]) > 0
    assert any("READY" in message for message in told[begun:])


def test_bad_configurations_of_every_kind_leave_the_old_one_in_use(now_file_obs: Observatory) -> None:
    obs = now_file_obs
    obs.configure(to(A))
    good = obs.config.read_bytes()
    bad = {
        "empty": b"",
        "no YAML": b"subscriptions: [",
        "no UTF-8": b"\xff\xfe\x00",
        "a list": b"[1, 2]",
        "a name that is not known": changed(obs, lambda document: document.update(sorces={})),
        "no subscription": changed(obs, lambda document: document.update(subscriptions=[])),
        "a channel that is not there": changed(
            obs, lambda document: document["subscriptions"][0].update(deliver=[{"channel": "nowhere"}])
        ),
        "no zone": changed(obs, lambda document: document.update(timezone="Mars/Olympus")),
        "a secret that is not there": changed(
            obs, lambda document: document["channels"]["team"].update(slack={"webhook": {"env": "NOT_THERE"}})
        ),
        "no instrument": changed(
            obs, lambda document: document["subscriptions"][0]["watch"].update(instruments=["nircan"])
        ),
        "another store": changed(obs, lambda document: document.update(store=f"sqlite:///{obs.folder}/other.db")),
    }
    with obs.daemon() as daemon:
        wait_until(daemon.is_ready)
        daemon.rest()
        for number, content in enumerate(bad.values(), 1):
            obs.config.write_bytes(content)
            daemon.send(signal.SIGHUP)
            wait_until(lambda: len(daemon.events("configuration not reloaded")) == number)  # noqa: B023  # waited for here
        obs.config.unlink()
        daemon.send(signal.SIGHUP)
        wait_until(lambda: len(daemon.events("configuration not reloaded")) == len(bad) + 1)
        daemon.tick()
        assert OLD_STAYS in daemon.manager.status
        assert "next digest a" in daemon.manager.status
        assert all(entry["problems"] for entry in daemon.events("configuration not reloaded"))
        assert not daemon.events("configuration reloaded")
        obs.holdings.add(1180, 2)
        daemon.send(signal.SIGUSR1)
        wait_until(lambda: len(obs.archive.requests) > 2)
        daemon.rest()
        obs.config.write_bytes(good)
        daemon.send(signal.SIGHUP)
        wait_until(lambda: daemon.events("configuration reloaded"))
        daemon.tick()
        assert OLD_STAYS not in daemon.manager.status
        assert daemon.end() == 0
    assert not (obs.folder / "other.db").exists()


def test_it_ends_while_the_archive_does_not_answer(now_file_obs: Observatory) -> None:
    obs = now_file_obs
    obs.configure(to(A))
    obs.archive.misbehave(Hang(), times=None)
    with obs.daemon() as daemon:
        wait_until(daemon.is_ready)
        wait_until(lambda: obs.archive.requests)
        daemon.tick()
        assert daemon.end() == 0
        assert daemon.manager.times("STOPPING") == 1
        assert not daemon.workers
        obs.archive.well_behaved()
        assert not daemon.events("work did not end well"), "it was asked to"
    with obs.daemon() as daemon:
        wait_until(lambda: obs.mail.mails)
        daemon.rest()
        assert daemon.end() == 0
    assert len(obs.mail.mails) == 1


def test_what_is_in_a_servers_hand_is_sent_to_its_end_and_the_rest_waits(now_file_obs: Observatory) -> None:
    obs = now_file_obs
    obs.configure(to(A, B, "c@x.example"))
    obs.mail.is_held = True
    with obs.daemon() as daemon:
        wait_until(lambda: obs.mail.mails)
        daemon.send(signal.SIGTERM)
        wait_until(lambda: daemon.manager.times("STOPPING"))
        assert daemon.is_up
        obs.mail.is_held = False
        assert daemon.wait() == 0
    rows = obs.outbox()
    assert [(row.recipient, row.state) for row in rows] == [
        (A, "sent"),
        (B, "waiting"),
        ("c@x.example", "waiting"),
    ]
    with obs.daemon() as daemon:
        wait_until(lambda: len(obs.mail.mails) == 3)
        daemon.rest()
        assert daemon.end() == 0
    assert sorted(mail.recipient for mail in obs.mail.mails) == [A, B, "c@x.example"]
    assert not any(row.maybe_repeated for row in obs.outbox())


def test_it_ends_well_at_whatever_moment_it_is_asked_to(now_file_obs: Observatory) -> None:
    obs = now_file_obs
    obs.configure(to(A))
    for ticks in range(2):
        with obs.daemon() as daemon:
            wait_until(daemon.is_ready)
            for _ in range(ticks):
                daemon.tick()
            assert daemon.end() == 0
            assert not daemon.workers
    with obs.daemon() as daemon:
        wait_until(daemon.is_ready)
        daemon.rest()
        assert daemon.end() == 0
    assert len(obs.mail.mails) == 1
    assert [(row.state, row.maybe_repeated) for row in obs.outbox()] == [("sent", False)]

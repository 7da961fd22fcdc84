"""The resident process: it begins, it works, it says how it is, and it ends."""

from __future__ import annotations

import re

from background import wait_until
from observatory import TO_FEED, Observatory, to


def test_it_is_ready_asks_tells_and_ends(now_obs: Observatory) -> None:
    obs = now_obs
    obs.configure(to("a@x.example"), TO_FEED)
    with obs.daemon() as daemon:
        wait_until(daemon.is_ready)
        wait_until(lambda: obs.mail.mails and obs.feed.posts)
        daemon.rest()
        assert daemon.end() == 0
    (mail,) = obs.mail.to("a@x.example")
    assert "a: " in str(mail.read["Subject"])
    assert len(obs.feed.posts) == 1
    assert {row.state for row in obs.outbox()} == {"sent"}
    told = daemon.manager.told
    assert "READY" in told[0]
    assert [message.get("STOPPING") for message in told].index("1") == len(told) - 1
    assert re.match(r"next digest a 20\d\d-\d\d-\d\d \d\d:00 UTC", daemon.manager.statuses[0])
    assert any("asking MAST" in status for status in daemon.manager.statuses)
    assert daemon.manager.times("WATCHDOG") >= 2
    assert [entry["event"] for entry in daemon.log][-1] == "daemon stopped"

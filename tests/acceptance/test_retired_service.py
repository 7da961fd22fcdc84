"""An instrument's keyword service that is retired, with and without the search of file sets in its place."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from commands import pedigreed
from faults import ClientError
from misbehaving import is_for
from observatory import to
from pedigreed.model.instrument import Instrument
from watcher import DAY_0

if TYPE_CHECKING:
    from observatory import Observatory

DAY = timedelta(days=1)


def retire(obs: Observatory) -> None:
    obs.archive.misbehave(ClientError(404), times=None, when=is_for(Instrument.NIRCAM))


def remake(obs: Observatory) -> None:
    names = [name for name in obs.holdings.rows if name.startswith("jw01180")]
    obs.holdings.remake(names, at=DAY_0 + DAY / 2)


def test_without_a_fallback_each_cycle_says_that_not_everything_was_answered(file_obs: Observatory) -> None:
    file_obs.configure(to("a@x.example"))
    assert file_obs.once(DAY_0).code == 0
    retire(file_obs)
    remake(file_obs)
    ended = file_obs.once(DAY_0 + DAY)
    assert ended.code == 69
    assert "NIRCam: MAST answered HTTP 404" in ended.err
    assert "1 of 1 program unchecked" in str(file_obs.mail.mails[-1].read["Subject"])


def test_with_a_fallback_remakes_are_told_by_file_set_and_status_says_so(file_obs: Observatory) -> None:
    file_obs.mast = {"fallback": "missions"}
    file_obs.configure(to("a@x.example"))
    assert file_obs.once(DAY_0).code == 0
    retire(file_obs)
    remake(file_obs)
    ended = file_obs.once(DAY_0 + DAY)
    assert ended.code == 0, ended.err
    assert "note: NIRCam, program 1180: MAST answered HTTP 404; Missions' search stood in for 1 of 1" in ended.out
    text = file_obs.mail.mails[-1].read.get_body(("plain",))
    assert text is not None
    said = " ".join(text.get_content().split())
    assert "REPROCESSED SETS 3 products of file sets that have a newer file" in said
    assert "NIRCam by MAST Missions' search of file sets" in said
    asked = ("--config", file_obs.config, "--now", "2026-11-21T07:00Z")
    assert "Missions' search stood in 2026-11-21 06:00Z" in " ".join(pedigreed("status", *asked).out.split())
    (source,) = json.loads(pedigreed("status", *asked, "--json").out)["sources"]
    assert source["by_file_set_since"] == "2026-11-21T06:00:00.000Z"
    file_obs.archive.well_behaved()
    back = file_obs.once(DAY_0 + 2 * DAY)
    assert back.code == 0, back.err
    assert not any("REPROCESSED" in str(mail.content) for mail in file_obs.mail.mails[2:]), "told once"

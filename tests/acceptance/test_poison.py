"""A digest that can't be composed, because of what stands in the store."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from observatory import Observatory, to
from pedigreed.store.database import Store
from watcher import DAY_0

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def set_kind(obs: Observatory, program: int, kind: str) -> None:
    """Write over what the changes of a program are. No program of ours does."""
    with Store(obs.store_url) as store, store.writing() as connection:
        connection.execute(
            text("UPDATE changes SET kind = :kind WHERE program = :program"), {"kind": kind, "program": program}
        )


@pytest.mark.failure("a digest can't be composed")
def test_a_digest_that_can_not_be_composed_stops_no_other_and_is_told_later(obs: Observatory) -> None:
    obs.configure(to("a@x.example"), subscriptions=2, operator={"channel": "keep"})
    obs.cycle(DAY_0)
    obs.mail.mails.clear()
    obs.holdings.remake(list(obs.holdings.rows), DAY_0 + DAY / 2)
    obs.cycle(DAY_0 + DAY / 2)
    set_kind(obs, 1180, "nonsense")
    ended = obs.once(DAY_0 + DAY)
    assert ended.code == 75
    assert "a: not composed: pedigreed failed: KeyError" in ended.out
    assert [mail.read["Subject"] for mail in obs.mail.mails] == ["[pedigreed] b: 3 reprocessed (2.0.1, jwst_1535)"]
    for minutes in (2, 10, 30, 60, 120):
        obs.cycle(DAY_0 + DAY + minutes * MINUTE)
    told = ["[pedigreed] problem: the digest of a can't be composed"]
    assert obs.kept() == told
    assert len(obs.mail.mails) == 1
    set_kind(obs, 1180, "reprocessed")
    obs.cycle(DAY_0 + DAY + 12 * 60 * MINUTE)
    assert [mail.read["Subject"] for mail in obs.mail.mails[1:]] == [
        "[pedigreed] a: 3 reprocessed (2.0.1, jwst_1535)"
    ]
    assert obs.kept() == ["[pedigreed] over: the digest of a is composed again", *told]

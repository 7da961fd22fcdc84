"""A digest waits for what is being asked or heard, not for what can't be begun. Deliveries wait for nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from pedigreed.delivery.folder import FolderChannel
from pedigreed.model.delivery import Message
from pedigreed.model.work import Work
from pedigreed.service.agenda import Agenda, agenda
from pedigreed.service.cycle import tell
from pedigreed.store import deliveries as stored_deliveries
from watcher import DAY_0

if TYPE_CHECKING:
    from datetime import datetime

    from watcher import Watcher

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
MORNING = DAY_0 + DAY + MINUTE
"""A digest is due then, and so is an asking, as after a night that was slept through."""


@pytest.fixture
def settled(watcher: Watcher) -> Watcher:
    watcher.holdings.add(1180, 2)
    watcher.cycle(DAY_0)
    return watcher


def read(watcher: Watcher, now: datetime, *left_alone: Work) -> Agenda:
    with watcher.store.reading() as connection:
        return agenda(connection, watcher.config, 0.5, now, left_alone=left_alone)


def wait_for_delivery(watcher: Watcher, now: datetime) -> None:
    message = Message("m1@pedigreed.invalid", "keep", "", "", "a subject", b"Subject: a subject\r\n\r\nx\r\n")
    with watcher.store.writing() as connection:
        stored_deliveries.enqueue(connection, None, [message], now)


def test_a_delivery_that_is_due_closes_no_period_before_the_asking(settled: Watcher) -> None:
    wait_for_delivery(settled, MORNING)
    found = read(settled, MORNING)
    assert found.due == {Work.ASK, Work.TELL}
    assert found.holds_digests
    channels = {"keep": FolderChannel(settled.folder)}
    told = tell(settled.config, "pedigreed.yaml", settled.store, channels, now=MORNING, only_deliver=True)
    assert told.closed == ()
    assert len(told.deliveries) == 1


def test_what_can_not_be_begun_is_not_waited_for(settled: Watcher) -> None:
    found = read(settled, MORNING, Work.ASK)
    assert found.due == {Work.TELL}
    assert not found.holds_digests

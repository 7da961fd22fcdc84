"""A disk that is full, or nearly: nothing is sent that is not kept, and nothing is lost."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from disk import PAGE, leave
from observatory import Observatory, observatory, to
from pedigreed.model.failure import TryAgain
from watcher import DAY_0

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = timedelta(days=1)


@pytest.fixture
def cramped(tmp_path: Path, small_disk: Path) -> Iterator[Observatory]:
    """A day's news that waits to be told, by a store on the small disk."""
    with observatory(tmp_path, f"sqlite:///{small_disk}/pedigreed.db") as obs:
        obs.configure(to(*(f"{number}@x.example" for number in range(12))))
        obs.cycle(DAY_0)
        obs.mail.mails.clear()
        obs.holdings.remake(list(obs.holdings.rows), DAY_0 + DAY / 2)
        yield obs


@pytest.mark.failure("the disk is full")
def test_on_a_full_disk_nothing_is_sent_and_later_nothing_is_lost(cramped: Observatory, small_disk: Path) -> None:
    leave(0, small_disk)
    ended = cramped.once(DAY_0 + DAY)
    assert ended.code == 75
    assert "the disk is full. Nothing was lost; free some space" in ended.err
    assert cramped.mail.mails == []
    (small_disk / "ballast").unlink()
    ended = cramped.once(DAY_0 + DAY)
    assert ended.code == 0, ended.err
    assert len({mail.message_id for mail in cramped.mail.mails}) == len(cramped.mail.mails) == 12


@pytest.mark.failure("the disk is full")
def test_with_hardly_any_room_nothing_is_sent_that_can_not_be_kept(cramped: Observatory, small_disk: Path) -> None:
    failed = 0
    for pages in range(0, 160, 4):
        leave(pages * PAGE, small_disk)
        try:
            cramped.cycle(DAY_0 + DAY)
        except TryAgain:
            failed += 1
    assert failed
    (small_disk / "ballast").unlink()
    # What was given back is due a little later than its cycle began.
    cramped.cycle(DAY_0 + DAY + timedelta(minutes=1))
    assert Counter(mail.recipient for mail in cramped.mail.mails) == Counter(
        {f"{number}@x.example": 1 for number in range(12)}
    )

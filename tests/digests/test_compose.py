from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from made_digest import make_digest
from pedigreed.digests.compose import digest_id_of
from pedigreed.model.campaign import Stretch
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.digest import Checked, Progress
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.program import ProgramSelection

if TYPE_CHECKING:
    from collections.abc import Callable

    from pedigreed.model.digest import Digest

ENDS = datetime(2026, 11, 22, 6, tzinfo=UTC)
NEW = ("2.0.1", "jwst_1535.pmap")
NAME = "jw01180007001_02101_{:05d}_nrca1_cal.fits"


def digest(changes: list[Change], **fields: Any) -> Digest:  # noqa: ANN401  # any argument of compose
    plain: dict[str, Any] = {
        "subscription": "jades",
        "selections": [ProgramSelection(1180)],
        "starts": ENDS - timedelta(days=1),
        "ends": ENDS,
        "timezone": "UTC",
        "holdings": {},
        "checked": Checked(1, 1),
    }
    return make_digest(changes=changes, **(plain | fields))


def test_the_id_tells_subscription_and_end_and_nothing_else(change: Callable[..., Change]) -> None:
    one = digest([])
    assert one.digest_id == digest_id_of("jades", ENDS) == digest([change(ChangeKind.NEW, "x.fits")]).digest_id
    assert one.digest_id != digest([], subscription="ceers").digest_id
    assert one.digest_id != digest([], ends=ENDS + timedelta(hours=1)).digest_id
    assert len(one.digest_id) == 32


def test_changes_are_sorted_by_file_name(change: Callable[..., Change]) -> None:
    told = digest([change(ChangeKind.NEW, name) for name in ("c.fits", "a.fits", "b.fits")])
    assert [told.filename for told in told.changes] == ["a.fits", "b.fits", "c.fits"]


def test_progress_counts_what_has_come_so_far_of_what_is_calibrated(change: Callable[..., Change]) -> None:
    changes = [change(ChangeKind.REPROCESSED, NAME.format(number)) for number in range(1, 4)]
    holdings = {("1.20.2", "jwst_1464.pmap"): 90, NEW: 10, ("1.20.2", None): 7}
    assert digest(changes, holdings=holdings).progress == (Progress(*NEW, moved=10, total=100, recent=0),)


@pytest.mark.parametrize(
    ("began", "ends", "day"),
    [
        ("2026-11-21 14:08", "2026-11-22 06:00", 1),
        ("2026-11-21 06:00", "2026-11-22 06:00", 1),
        ("2026-11-21 05:59", "2026-11-22 06:00", 2),
        ("2026-11-21 14:08", "2026-11-23 06:00", 2),
        ("2026-11-21 14:08", "2026-11-24 06:00", 3),
        # Madrid's clocks go back on 25 October and forward on 29 March: the mornings are 25 and 23 hours apart.
        ("2026-10-24 05:30", "2026-10-25 06:00", 1),
        ("2026-10-24 05:30", "2026-10-26 06:00", 2),
        ("2026-03-28 05:30", "2026-03-29 05:00", 2),
        ("2026-11-22 06:30", "2026-11-22 06:00", 1),
    ],
)
def test_the_days_of_a_campaign_go_by_the_clock_on_the_wall(
    change: Callable[..., Change], began: str, ends: str, day: int
) -> None:
    first, end = (datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in (began, ends))
    told = digest(
        [change(ChangeKind.REPROCESSED, NAME.format(1))],
        ends=end,
        timezone="Europe/Madrid",
        stretches={NEW: Stretch(first, end)},
    )
    (progress,) = told.progress
    assert (progress.day, progress.began, progress.newest) == (day, first, end)


@pytest.mark.parametrize(("hours", "recent"), [(7, 0), (6, 1), (1, 1)])
def test_what_the_archive_took_in_within_six_hours_of_the_end_is_recent(
    change: Callable[..., Change], hours: int, recent: int
) -> None:
    archived = ENDS - timedelta(hours=hours)
    (progress,) = digest(
        [change(ChangeKind.REPROCESSED, NAME.format(1), archived_at=archived)], holdings={NEW: 1}
    ).progress
    assert progress.recent == recent


def test_each_pedigree_moved_to_has_its_progress_most_moved_first(change: Callable[..., Change]) -> None:
    other = Pedigree("2.0.0", "jwst_1535.pmap", None)
    changes = [change(ChangeKind.REPROCESSED, NAME.format(1), after=other)]
    changes += [change(ChangeKind.REPROCESSED, NAME.format(number)) for number in (2, 3)]
    assert [goal.cal_ver for goal in digest(changes, holdings={NEW: 2}).progress] == ["2.0.1", "2.0.0"]


@pytest.mark.parametrize("kind", sorted(set(ChangeKind) - {ChangeKind.REPROCESSED}))
def test_only_reprocessing_makes_progress(change: Callable[..., Change], kind: ChangeKind) -> None:
    assert digest([change(kind, NAME.format(1))], holdings={NEW: 1}).progress == ()


def test_an_uncalibrated_product_made_again_makes_no_progress(change: Callable[..., Change]) -> None:
    raw = Pedigree("2.0.1", None, ENDS)
    assert digest([change(ChangeKind.REPROCESSED, NAME.format(1), before=raw, after=raw)]).progress == ()

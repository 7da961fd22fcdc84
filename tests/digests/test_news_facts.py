"""What waits for CRDS's own word, and that nothing which waits is lost."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.config.settings import CrdsReport, Report
from pedigreed.digests.facts import NewsFacts
from pedigreed.model.instrument import Instrument
from pedigreed.model.notice import Announcement, Facts, Heard, Medium, NoticeKind
from pedigreed.model.product import ExposureUse
from pedigreed.notices.merging import notices_of
from pedigreed.notices.relevance import is_wanted, to_tell

BEGIN = datetime.fromisoformat("2026-11-20T06:00Z")
HOUR = timedelta(hours=1)
MIRI = Instrument.MIRI
USES = [ExposureUse(MIRI, 1180, 7, "2b", "MIR_IMAGE")]
REPORTS = (CrdsReport(report=Report.ALL), CrdsReport(report=Report.AFFECTED))
TEXTS = (
    "New MIRI darks were delivered in jwst_1582.",
    "jwst_1583 has flats of the MIRI imager, and the NIRCam ones.",
    "All NIRCam reference files have been updated. Please reprocess.",
    "FGS: we rolled back to jwst_1580.",
    "Build 12.4 (jwst 2.1.0) has the context jwst_1580.",
    "jwst_miri_dark_0131.fits was marked bad.",
    "The list is open again.",
)


def _said(key: int, text: str, at: datetime, **more: object) -> Heard:
    source, medium = ("CRDS", Medium.SERVER) if more else ("a list", Medium.MAIL)
    facts = Facts(**more)  # type: ignore[arg-type]  # as Facts has them
    return Heard(key, Announcement(source, medium, f"<{key}@lists.example>", at, "", text, None, facts), at)


def _switch(key: int, at: datetime) -> Heard:
    record = {"context": "jwst_1583", "before": "jwst_1581", "activated_at": at, "changed": ((MIRI, "dark"),)}
    return _said(key, "Darks of the MIRI imager.", at, kind=NoticeKind.DELIVERY, **record)


def _news(heard: list[Heard], covered: frozenset[int] = frozenset(), *, is_crds_read: bool = True) -> NewsFacts:
    return NewsFacts(notices_of(heard), listens_after=0, covered=covered, is_crds_read=is_crds_read)


@pytest.mark.parametrize(
    ("text", "waits"),
    list(zip(TEXTS, (True, True, True, True, False, False, False), strict=True)),
)
def test_what_texts_alone_say_of_a_switch_waits_a_day(text: str, waits: bool) -> None:
    heard = [_said(1, text, BEGIN)]
    soon, later = BEGIN + 23 * HOUR, BEGIN + 24 * HOUR
    assert (_news(heard).uncovered(soon) == []) is waits
    assert len(_news(heard).uncovered(later)) == 1
    assert len(_news(heard, is_crds_read=False).uncovered(soon)) == 1
    confirmed = _news([*heard, _switch(2, soon)]).uncovered(soon)
    assert "jwst_1583" in {each.name for each in confirmed}, "CRDS itself waits for nobody"


def test_a_clock_that_was_wrong_holds_nothing_back() -> None:
    assert len(_news([_said(1, TEXTS[0], BEGIN + 400 * 24 * HOUR)]).uncovered(BEGIN)) == 1


@given(
    texts=st.lists(st.tuples(st.sampled_from(TEXTS), st.integers(0, 96)), min_size=1, max_size=8),
    confirmed=st.none() | st.integers(0, 96),
    down=st.sets(st.integers(0, 24)),
    every=st.sampled_from([6, 24]),
)
def test_every_text_is_told_in_the_end_to_whom_it_concerns(
    texts: list[tuple[str, int]], confirmed: int | None, down: set[int], every: int
) -> None:
    heard = [_said(key, text, BEGIN + hours * HOUR) for key, (text, hours) in enumerate(texts, 1)]
    if confirmed is not None:
        heard.append(_switch(len(heard) + 1, BEGIN + confirmed * HOUR))
    for report in REPORTS:
        told: set[int] = set()
        covered: frozenset[int] = frozenset()
        for look in range(96 // every + 8):
            now = BEGIN + look * every * HOUR
            known = [each for each in heard if each.heard_at <= now]
            news = _news(known, covered, is_crds_read=look not in down)
            for notice in news.uncovered(now):
                if to_tell(notice, covered, report, USES) is not None:
                    told.update(each.key for each in notice.heard)
            covered |= {each.key for notice in news.fresh(now) for each in notice.heard}
        assert covered == {each.key for each in heard}, "nothing waits for ever"
        for notice in notices_of(heard):
            if is_wanted(notice, report, USES):
                assert not told.isdisjoint(each.key for each in notice.heard), notice.name

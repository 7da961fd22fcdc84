"""One thing that happened is one notice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pedigreed.model.instrument import Instrument
from pedigreed.model.notice import ChangeLevel, Medium, NoticeKind
from pedigreed.notices.merging import notices_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pedigreed.model.notice import Heard

    Hear = Callable[..., Heard]

BEGIN = datetime(2026, 9, 14, 12, 0, tzinfo=UTC)
STORY = (
    "The flat field reference files of the MIRI imager were made again from sky images of the second year. "
    "They take away a tree of faint lines that older ones left in deep images of the shortest filters."
)
OTHER_STORY = (
    "NIRSpec pathloss reference files for fixed slits now follow what was measured in flight, where the older "
    "ones came from a model of the optics that was too wide by a few percent at long wavelengths."
)


def _groups(heard: Iterable[Heard]) -> set[frozenset[int]]:
    return {frozenset(each.key for each in notice.heard) for notice in notices_of(heard)}


def test_the_server_a_feed_and_two_lists_tell_of_one_delivery(hear: Hear) -> None:
    server = hear(
        STORY,
        medium=Medium.SERVER,
        kind=NoticeKind.DELIVERY,
        context="jwst_1536",
        change_level=ChangeLevel.MODERATE,
        activated_at=datetime(2026, 9, 14, 10, tzinfo=UTC),
    )
    feed = hear(STORY, medium=Medium.FEED, title="New flats", days=1)
    mail = hear(f"Dear users,\n\n{STORY}\n\nThe files are\njwst_miri_flat_0804.fits\n", source="MIRI list", days=2)
    cross = hear(f"> {STORY}\nFor your information.", source="NIRCam list", days=3)
    (notice,) = notices_of([cross, mail, server, feed])
    assert notice.name == "jwst_1536"
    assert notice.kind is NoticeKind.DELIVERY
    assert notice.heard == (server, feed, mail, cross)
    assert notice.text == mail.announcement.text
    assert notice.title == "New flats"
    assert notice.summary.startswith("The flat field reference files")
    assert notice.facts.files == ("jwst_miri_flat_0804.fits",)
    assert notice.facts.instruments == (Instrument.MIRI,)
    assert notice.facts.reference_types == ("flat",)
    assert notice.facts.change_level is ChangeLevel.MODERATE


def test_the_servers_word_counts_most(hear: Hear) -> None:
    server = hear("Short.", medium=Medium.SERVER, context="jwst_1536", change_level=ChangeLevel.SEVERE)
    mail = hear(f"{STORY} It is in jwst_1536, a trivial change.")
    (notice,) = notices_of([mail, server])
    assert notice.facts.change_level is ChangeLevel.SEVERE
    assert notice.text == mail.announcement.text


def test_two_deliveries_of_one_day_are_two(hear: Hear) -> None:
    assert len(notices_of([hear(STORY), hear(OTHER_STORY)])) == 2


def test_two_mails_of_one_form_are_two_when_they_name_other_things(hear: Hear) -> None:
    form = (
        "Dear colleagues, new reference files were delivered to CRDS and will be used by the pipeline from now "
        "on. They are of the kind {} and of the instrument {}. With any question turn to the archive."
    )
    assert len(notices_of([hear(form.format("readnoise", "MIRI")), hear(form.format("superbias", "FGS"))])) == 2


def test_short_texts_are_one_only_if_they_are_the_same(hear: Hear) -> None:
    one = hear("New MIRI mask files.", source="a")
    same = hear("New MIRI MASK files", source="b", days=2)
    other = hear("New MIRI dark files.", source="b")
    assert _groups([one, same, other]) == {frozenset({1, 2}), frozenset({3})}


def test_a_short_text_is_known_in_a_mail_that_quotes_it(hear: Hear) -> None:
    server = hear("New MIRI mask files.", medium=Medium.SERVER, context="jwst_1536")
    quoted = hear("Dear all,\n\nNew MIRI MASK files.\n\nThe desk", days=2)
    later = hear("Dear all,\n\nNew MIRI MASK files.\n\nThe desk", days=9, source="another list")
    assert _groups([server, quoted, later]) == {frozenset({1, 2}), frozenset({3})}


def test_one_source_does_not_repeat_itself_in_few_words(hear: Hear) -> None:
    assert len(notices_of([hear("New MIRI mask files."), hear("New MIRI mask files.", days=1)])) == 2


def test_a_text_that_alone_says_nothing_belongs_to_what_it_quotes(hear: Hear) -> None:
    why = "A slice was half a pixel too long, so what lies at its end is now cut where the detector really ends."
    server = hear(why, medium=Medium.SERVER, context="jwst_1536")
    mail = hear(f"Hello,\n{why}", days=1)
    assert len(notices_of([server, mail])) == 1
    (alone,) = notices_of([mail])
    assert alone.kind is NoticeKind.NOT_UNDERSTOOD


def test_a_text_sent_to_very_many_lists_is_one_notice(hear: Hear) -> None:
    (notice,) = notices_of([hear(STORY, source=f"list {number}") for number in range(60)])
    assert len(notice.heard) == 60


def test_a_message_with_one_identity_is_one_whatever_was_added(hear: Hear) -> None:
    one = hear("NIRCam flat files. " + STORY, source="a", identity="<abc@lists.example.org>")
    other = hear("FGS dark files of [list b]", source="b", identity="<abc@lists.example.org>")
    assert len(notices_of([one, other])) == 1


@pytest.mark.parametrize(("days", "count"), [(29, 1), (31, 2)])
def test_files_join_for_a_month(hear: Hear, days: int, count: int) -> None:
    one = hear("See jwst_fgs_dark_0012.fits", context="jwst_1536", medium=Medium.SERVER)
    other = hear("New darks: jwst_fgs_dark_0012.fits", days=days)
    assert len(notices_of([one, other])) == count


def test_a_file_that_is_replaced_twice_makes_two_notices(hear: Hear) -> None:
    one = hear("jwst_fgs_dark_0012.fits gives way to jwst_fgs_dark_0013.fits")
    other = hear("jwst_fgs_dark_0013.fits gives way to jwst_fgs_dark_0014.fits", days=9)
    assert len(notices_of([one, other])) == 2


def test_rules_join_nothing(hear: Hear) -> None:
    one = hear("jwst_fgs_dark_0012.rmap is new")
    other = hear("we talk of jwst_fgs_dark_0012.rmap again", days=1)
    assert len(notices_of([one, other])) == 2


@pytest.mark.parametrize(("days", "count"), [(13, 1), (15, 2)])
def test_words_join_for_a_fortnight(hear: Hear, days: int, count: int) -> None:
    assert len(notices_of([hear(STORY), hear(STORY, days=days)])) == count


def test_a_text_that_is_like_two_contexts_makes_them_no_one(hear: Hear) -> None:
    first = hear(STORY, medium=Medium.SERVER, context="jwst_1536")
    second = hear(OTHER_STORY, medium=Medium.SERVER, context="jwst_1540", days=4)
    both = hear(f"{STORY} {OTHER_STORY}", days=5)
    assert _groups([first, second, both]) in (
        {frozenset({1, 3}), frozenset({2})},
        {frozenset({1}), frozenset({2, 3})},
    )


def test_a_text_that_is_like_another_is_taken_along_to_its_context(hear: Hear) -> None:
    server = hear("Deliver jwst_miri_flat_0804.fits", medium=Medium.SERVER, context="jwst_1536")
    mail = hear(f"{STORY} jwst_miri_flat_0804.fits", days=1)
    feed = hear(STORY, medium=Medium.FEED, days=2)
    assert len(notices_of([server, mail, feed])) == 1


def test_a_build_is_its_version_and_context(hear: Hear) -> None:
    first = hear(cal_ver="2.0.0", context="jwst_1535", kind=NoticeKind.BUILD)
    second = hear(cal_ver="2.0.1", context="jwst_1535", kind=NoticeKind.BUILD, days=20)
    mail = hear("Build 12.3.1 has the context jwst_1535.", days=21)
    delivery = hear(context="jwst_1535", medium=Medium.SERVER, days=-9)
    notices = notices_of([mail, second, delivery, first])
    assert [(notice.name, len(notice.heard)) for notice in notices] == [
        ("build-2.0.1-jwst_1535", 2),
        ("build-2.0.0-jwst_1535", 1),
        ("jwst_1535", 1),
    ]


def test_a_context_can_come_back_twice(hear: Hear) -> None:
    first = hear(kind=NoticeKind.ROLLBACK, context="jwst_1530")
    second = hear(kind=NoticeKind.ROLLBACK, context="jwst_1530", days=40)
    mail = hear("We rolled back to jwst_1530.", days=1)
    assert [(notice.name, len(notice.heard)) for notice in notices_of([second, mail, first])] == [
        ("rollback-jwst_1530-2026-10-24", 1),
        ("rollback-jwst_1530-2026-09-14", 2),
    ]


def test_a_bad_file_is_a_notice_of_its_own(hear: Hear) -> None:
    server = hear(kind=NoticeKind.MARKED_BAD, files=("jwst_fgs_dark_0012.fits",), medium=Medium.SERVER)
    mail = hear("jwst_fgs_dark_0012.fits was marked bad, use jwst_fgs_dark_0013.fits", days=2)
    delivery = hear("jwst_fgs_dark_0012.fits and jwst_fgs_dark_0013.fits in jwst_1536", days=-2)
    notices = notices_of([mail, server, delivery])
    assert [(notice.name, len(notice.heard)) for notice in notices] == [
        ("bad-jwst_fgs_dark_0012.fits", 2),
        ("jwst_1536", 1),
    ]


def test_who_speaks_of_a_bad_file_adds_none(hear: Hear) -> None:
    said = "Of the newest darks of both guiders one is upside down, which nobody saw before the second of March."
    server = hear(said, kind=NoticeKind.MARKED_BAD, files=("jwst_fgs_dark_0012.fits",), medium=Medium.SERVER)
    mail = hear(f"{said} Take jwst_fgs_dark_0011.fits for jwst_fgs_dark_0012.fits.", days=1)
    (notice,) = notices_of([server, mail])
    assert notice.name == "bad-jwst_fgs_dark_0012.fits"
    assert notice.facts.files == ("jwst_fgs_dark_0012.fits",)


def test_what_is_not_understood_is_kept_with_its_words(hear: Hear) -> None:
    (notice,) = notices_of([hear("Welcome to the list!")])
    assert (notice.kind, notice.summary) == (NoticeKind.NOT_UNDERSTOOD, "Welcome to the list!")


def _switch(hear: Hear, before: str, context: str, day: int, **said: object) -> Heard:
    return hear(
        **{
            "medium": Medium.SERVER,
            "kind": NoticeKind.DELIVERY,
            "context": context,
            "before": before,
            "days": day,
            "activated_at": BEGIN + timedelta(days=day),
            **said,
        }
    )


def test_deliveries_that_are_put_into_use_together_are_one_notice_with_a_quotation_of_each(hear: Hear) -> None:
    mails = [
        hear(f"New {what} files were delivered as {context}.", context=context, source=source, days=day)
        for day, (what, context, source) in enumerate(
            (
                ("MIRI dark", "jwst_1582", "MIRI_REFFILES"),
                ("NIRCam flat", "jwst_1583", "NIRCAM_REFFILES"),
                ("NIRSpec mask", "jwst_1584", "NIRSPEC_REFFILES"),
                ("FGS dark", "jwst_1585", "NIRCAM_REFFILES"),
            )
        )
    ]
    changed = ((Instrument.MIRI, "dark"), (Instrument.NIRCAM, "flat"))
    server = _switch(hear, "jwst_1581", "jwst_1584", 4, text="Darks, flats and masks.")
    files = _switch(hear, "jwst_1581", "jwst_1584", 4, changed=changed)
    before, notice = sorted(notices_of([*mails, server, files]), key=lambda each: len(each.heard))
    assert (before.name, [heard.key for heard in before.heard]) == ("jwst_1585", [4])
    assert (notice.name, notice.switch) == ("jwst_1584", ("jwst_1581", "jwst_1584"))
    assert [(each.sources, each.words) for each in notice.quotations] == [
        (("MIRI_REFFILES",), "New MIRI dark files were delivered as jwst_1582."),
        (("NIRCAM_REFFILES",), "New NIRCam flat files were delivered as jwst_1583."),
        (("NIRSPEC_REFFILES",), "New NIRSpec mask files were delivered as jwst_1584."),
        (("the server",), "Darks, flats and masks."),
    ]
    # What happened is what CRDS says. Texts are quoted.
    assert notice.facts.instruments == (Instrument.MIRI, Instrument.NIRCAM)
    assert notice.facts.reference_types == ("dark", "flat")


def test_a_context_that_is_the_latest_again_is_another_notice(hear: Hear) -> None:
    first = _switch(hear, "jwst_1581", "jwst_1583", 0)
    back = _switch(hear, "jwst_1583", "jwst_1581", 2, kind=NoticeKind.ROLLBACK)
    again = _switch(hear, "jwst_1581", "jwst_1583", 9)
    mail = hear("New MIRI dark files in jwst_1582.", days=10)
    found = notices_of([first, back, again, mail])
    assert [(each.name, [heard.key for heard in each.heard]) for each in found] == [
        ("jwst_1583-2026-09-23", [3, 4]),
        ("rollback-jwst_1581-2026-09-16", [2]),
        ("jwst_1583", [1]),
    ]


def test_a_date_in_another_form_makes_no_second_switch(hear: Hear) -> None:
    first = _switch(hear, "jwst_1581", "jwst_1583", 0)
    rounded = _switch(hear, "jwst_1581", "jwst_1583", 0, activated_at=BEGIN - timedelta(seconds=31))
    assert len(notices_of([first, rounded])) == 1


def test_only_crds_tells_of_a_switch(hear: Hear) -> None:
    (notice,) = notices_of([hear("The latest context went from jwst_1581 to jwst_1583: MIRI darks.")])
    assert (notice.facts.before, notice.facts.context) == ("jwst_1581", "jwst_1583")
    assert notice.switch is None


def test_a_notice_without_context_keeps_its_name(hear: Hear) -> None:
    first = hear(STORY)
    (notice,) = notices_of([first])
    (again,) = notices_of([hear(STORY, days=3), first])
    assert notice.name == again.name
    assert notice.name.startswith("notice-")


def test_what_was_there_before_is_no_news(hear: Hear) -> None:
    old = hear(STORY, was_there=True)
    (notice,) = notices_of([old, hear(STORY, days=1)])
    assert not notice.news


def test_the_newest_comes_first(hear: Hear) -> None:
    heard = [hear(context=f"jwst_{1500 + days}", medium=Medium.SERVER, days=days) for days in (3, 1, 2)]
    assert [notice.name for notice in notices_of(heard)] == ["jwst_1503", "jwst_1502", "jwst_1501"]


TEXTS = (
    STORY,
    OTHER_STORY,
    f"{STORY} {OTHER_STORY}",
    "New MIRI mask files.",
    "jwst_fgs_dark_0012.fits and jwst_fgs_dark_0013.fits",
    "jwst_fgs_dark_0013.fits",
    f"{STORY} jwst_fgs_dark_0013.fits",
    "We rolled back to jwst_1530.",
    "jwst_fgs_dark_0012.fits was marked bad",
    "Build 12.3.1 has the context jwst_1535.",
    "Welcome!",
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    told=st.lists(
        st.tuples(
            st.sampled_from(TEXTS),
            st.integers(0, 50),
            st.sampled_from([None, "jwst_1536", "jwst_1540"]),
            st.sampled_from([None, "<one-and-the-same@lists.example.org>"]),
        ),
        max_size=12,
    ),
    data=st.data(),
)
def test_the_order_of_hearing_has_no_say(
    hear: Hear, told: list[tuple[str, int, str | None, str | None]], data: st.DataObject
) -> None:
    heard = []
    for number, (text, days, context, identity) in enumerate(told):
        heard.append(hear(text, days=days, context=context, identity=identity, source=f"source {number}"))
    notices = notices_of(heard)
    other = data.draw(st.permutations(heard))
    assert notices_of(other) == notices
    assert len({notice.name for notice in notices}) == len(notices)
    kept = [each.key for notice in notices for each in notice.heard]
    assert len(kept) == len(set(kept))
    for notice in notices:
        contexts = {each.announcement.facts.context for each in notice.heard} - {None}
        assert len(contexts) <= 1 or notice.kind is not NoticeKind.DELIVERY

"""What happens in CRDS is told once to whom it concerns, whichever source tells of it, and however often."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crds_faults import RpcError
from faults import LoginPage, Unavailable
from list_mails import event, list_mail, mast_mail
from misbehaving import is_call_of
from news_watcher import DAY, DAY_0, LIST, TEXT, NewsWatcher, news_watcher
from pedigreed.config.settings import Config
from pedigreed.demo.crds_story import Reference
from pedigreed.model.news_source import SourceState
from pedigreed.model.notice import Announcement, Facts, Medium
from pedigreed.model.work import Work
from pedigreed.notices.merging import notices_of
from pedigreed.notices.reading import facts_of, reader
from pedigreed.service.agenda import agenda
from pedigreed.service.news import read_news
from pedigreed.sources.mailbox import gathering
from pedigreed.sources.mailbox.folders import FolderSource
from pedigreed.store import announcements, coverage
from pedigreed.store.database import Store
from watcher import told_in_slack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from pedigreed.model.notice import Notice

HOUR = timedelta(hours=1)
PHOTOM = Reference("jwst_miri_photom_0301.fits", change_level="SEVERE")
NIRISS_FLAT = Reference("jwst_niriss_flat_0300.fits")
PSFMASK = Reference("jwst_miri_psfmask_0300.fits")
QUOTED = f"A delivery to CRDS is in use since context jwst_1583.\n\n{TEXT}\n\nChange level: SEVERE"


@pytest.fixture
def heard(tmp_path: Path, store_url: str) -> Iterator[NewsWatcher]:
    """One cycle was run already, and told the baseline."""
    with Store(store_url) as store, news_watcher(tmp_path, store) as made:
        made.cycle(DAY_0)
        yield made


def notices(store: Store) -> list[Notice]:
    with store.reading() as connection:
        return list(notices_of(announcements.load(connection)))


def list_mail_of(number: int, to: str) -> Any:  # noqa: ANN401  # EmailMessage
    return list_mail(number, QUOTED, Subject=f"[{to}] New MIRI photom files", To=f"{to}@lists.example")


def test_one_delivery_that_four_tell_is_told_once(heard: NewsWatcher) -> None:
    heard.deliver(DAY_0 + 2 * HOUR, "jwst_1583", TEXT, PHOTOM)
    heard.post(DAY_0 + 3 * HOUR, QUOTED)
    heard.mail(list_mail_of(1, "miri-reffiles"))
    heard.mail(list_mail_of(2, "nirspec-reffiles"))
    [text] = heard.told(DAY_0 + DAY).values()
    assert text.count("jwst_1583 became") == 1
    assert "CRDS delivery jwst_" in text.splitlines()[0]
    section = text[text.index("\nCRDS  ") : text.index("\nCHECKED")]
    words = " ".join(section.split())
    assert "jwst_1583 became the latest context on 20 Nov; severe change; MIRI, MRS: photom" in words
    assert "since the old ones did not follow the loss of throughput in channel 4." in words
    assert "photom: photom step, stage 2 and 3; wfss_contam, stage 2, where the step is on: absolute flux" in words
    assert "not used by MAST yet: it makes products with jwst_1535 until a later build" in words
    for source in ("CRDS", f"{LIST} at 127.0.0.1", "mailbox"):
        assert source in words[words.index("reported by") :]
    [notice] = [each for each in notices(heard.store) if each.facts.context == "jwst_1583"]
    assert len(notice.heard) == 5  # the server tells of its files by themselves
    assert notice.text.startswith(TEXT)


def test_texts_that_name_no_context_belong_to_the_switch_that_changed_what_they_name(heard: NewsWatcher) -> None:
    heard.deliver(DAY_0 + 2 * HOUR, "jwst_1583", TEXT, PHOTOM, NIRISS_FLAT)
    heard.post(DAY_0 + 3 * HOUR, "New photom reference files for MIRI are available. Please reprocess your cubes.")
    # What changed is not what this one names.
    heard.post(DAY_0 + 4 * HOUR, "New dark and photom reference files for MIRI are available.", "MIRI darks")
    words = " ".join(heard.told(DAY_0 + DAY)["a"].split())
    assert words.count("according to the announcement") == 0
    assert "Please reprocess your cubes." in words
    words = " ".join(heard.told(DAY_0 + 2 * DAY)["a"].split())
    assert "MIRI: dark and photom, according to the announcement" in words
    assert "Please reprocess your cubes." not in words


def test_a_text_is_read_when_it_comes_and_again_by_another_reader(heard: NewsWatcher) -> None:
    heard.deliver(DAY_0 + 2 * HOUR, "jwst_1583", TEXT, PHOTOM)
    heard.told(DAY_0 + DAY)
    with heard.store.writing() as connection:
        kept = announcements.load(connection)
        assert kept
        assert all(each.read_by == reader() and each.facts_read == facts_of(each.announcement) for each in kept)
        announcements.keep_read(connection, {each.key: Facts() for each in kept}, "of another version")
    heard.told(DAY_0 + 2 * DAY)
    with heard.store.reading() as connection:
        assert {each.read_by for each in announcements.load(connection)} == {reader()}


@pytest.mark.parametrize("first", ["server", "list", "mail"])
def test_who_tells_first_is_heard_and_who_comes_later_is_not_told_again(heard: NewsWatcher, first: str) -> None:
    tell: dict[str, Callable[[datetime], None]] = {
        "server": lambda at: heard.deliver(at, "jwst_1583", TEXT, PHOTOM),
        "list": lambda at: heard.post(at, QUOTED),
        "mail": lambda _at: heard.mail(list_mail_of(1, "miri-reffiles")),
    }
    tell.pop(first)(DAY_0 + HOUR)
    early = heard.told(DAY_0 + DAY)
    assert bool(early) is (first == "server"), "what CRDS does not tell of yet waits a day for it"
    words = " ".join((early or heard.told(DAY_0 + 2 * DAY))["a"].split())
    assert "jwst_1583" in words
    assert ("not confirmed by CRDS" in words) is (first != "server")
    for other in tell.values():
        other(DAY_0 + 2 * DAY + HOUR)
    told = heard.told(DAY_0 + 3 * DAY)
    if first != "server":
        assert "jwst_1583 became the latest context on 22 Nov; now confirmed by CRDS" in " ".join(
            told.pop("a").split()
        )
    assert told == {}
    assert heard.told(DAY_0 + 4 * DAY) == {}
    [notice] = [each for each in notices(heard.store) if each.facts.context == "jwst_1583"]
    assert len({each.announcement.source for each in notice.heard}) == 3


FORGED = "CRDS delivery jwst_1583: new FGS dark files. Change level: TRIVIAL"


@pytest.mark.parametrize("forged", [FORGED, "CRDS delivery jwst_1583: MIRI photom. Change level: TRIVIAL"])
def test_a_forged_mail_keeps_back_nothing_that_crds_says_later(heard: NewsWatcher, forged: str) -> None:
    heard.mail(list_mail(1, forged, Subject="jwst_1583"))
    assert heard.told(DAY_0 + DAY) == {}
    early = heard.told(DAY_0 + 2 * DAY)
    assert ("not confirmed by CRDS" in " ".join(early.get("a", "").split())) is (forged != FORGED)
    heard.deliver(DAY_0 + 2 * DAY + HOUR, "jwst_1583", TEXT, PHOTOM)
    [text] = heard.told(DAY_0 + 3 * DAY).values()
    words = " ".join(text.split())
    assert "jwst_1583 became the latest context on 22 Nov; " in words
    assert ("now confirmed by CRDS" in words) is (forged != FORGED)
    assert "severe change" in words, "CRDS's own word counts"
    assert heard.told(DAY_0 + 4 * DAY) == {}


def test_a_mail_that_crds_confirms_within_a_day_is_told_with_what_crds_says(heard: NewsWatcher) -> None:
    config = Config.model_validate(
        {
            **heard.document(),
            "subscriptions": [{**heard.document()["subscriptions"][0], "digest": {"every": "6h"}}],
        },
        strict=False,
    )
    heard.mail(list_mail(1, "CRDS delivery jwst_1583: MIRI photom files.", Subject="jwst_1583"))
    assert heard.told(DAY_0 + 6 * HOUR, config) == {}
    assert next(each.facts.context for each in notices(heard.store)) == "jwst_1583", "it is listed all the same"
    assert heard.told(DAY_0 + 12 * HOUR, config) == {}
    heard.deliver(DAY_0 + 13 * HOUR, "jwst_1583", TEXT, PHOTOM)
    words = " ".join(heard.told(DAY_0 + 18 * HOUR, config)["a"].split())
    assert "jwst_1583 became the latest context on 20 Nov; severe change; MIRI, MRS: photom" in words
    assert "according to the announcement" not in words


def test_a_mail_does_not_wait_for_a_server_that_does_not_answer(heard: NewsWatcher) -> None:
    heard.crds.misbehave(Unavailable(), times=None)
    heard.mail(list_mail(1, "CRDS delivery jwst_1583: MIRI photom files.", Subject="jwst_1583"))
    words = " ".join(heard.told(DAY_0 + DAY)["a"].split())
    assert "announced by mail, not confirmed by CRDS; MIRI: photom, according to the announcement" in words


def test_a_forged_mail_beside_crds_makes_nothing_less_than_crds_says(heard: NewsWatcher) -> None:
    heard.mail(list_mail(1, FORGED, Subject="jwst_1583"))
    heard.deliver(DAY_0 + HOUR, "jwst_1583", "New files.", PHOTOM)
    assert "jwst_1583 became the latest context" in " ".join(heard.told(DAY_0 + DAY)["a"].split())


@pytest.mark.parametrize("date", ["Thu, 01 Jan 1970 00:00:00 +0000", "Sat, 21 Nov 2099 05:00:00 +0000", "soon"])
def test_a_mail_with_a_wrong_date_is_told_when_it_comes_and_without_it(heard: NewsWatcher, date: str) -> None:
    heard.mail(list_mail(1, "CRDS: new MIRI photom reference files. Change level: SEVERE", Date=date))
    heard.cycle(DAY_0 + HOUR)
    words = " ".join(heard.told(DAY_0 + DAY + HOUR)["a"].split())
    assert "severe change" in words
    assert "1970" not in words
    assert "2099" not in words


def test_a_question_about_an_old_context_announces_no_delivery_of_it(heard: NewsWatcher) -> None:
    heard.mail(list_mail(1, "I used jwst_1464.pmap of CRDS. Should I reprocess my MIRI data?", Subject="Question"))
    heard.cycle(DAY_0 + HOUR)
    words = " ".join(heard.told(DAY_0 + DAY + HOUR)["a"].split())
    assert "jwst_1464 is older than jwst_1535, the latest context; announced by mail" in words
    assert "was delivered" not in words


NOT_OF_STSCI = {"from": ["stsci.edu"]}


def test_a_mail_of_nobody_known_is_told_as_that_and_adds_nothing_to_others(heard: NewsWatcher) -> None:
    heard.mailbox_rules = NOT_OF_STSCI
    said = "CRDS delivery jwst_1583: new MIRI photom files. Change level: MODERATE"
    heard.mail(list_mail(1, said, From="crds@evil.example", Subject="jwst_1583"))
    heard.cycle(DAY_0 + HOUR)
    early = " ".join(heard.told(DAY_0 + DAY + HOUR)["a"].split())
    assert "announced by a mail whose sender could not be verified, not confirmed by CRDS" in early
    worse = "CRDS delivery jwst_1583: MIRI dark and photom files. Change level: SEVERE"
    heard.mail(list_mail(2, worse, From="crds@evil.example", Subject="jwst_1583"))
    # The one whose Message-ID the first has.
    heard.mail(list_mail(1, said, From="crds@stsci.edu", Subject="jwst_1583"))
    words = " ".join(heard.told(DAY_0 + 2 * DAY)["a"].split())
    assert "more is said of it than before; announced by mail, not confirmed by CRDS" in words
    assert "moderate change; MIRI: photom" in words
    heard.mail(list_mail(3, worse, From="crds@evil.example", Subject="jwst_1583"))
    assert heard.told(DAY_0 + 3 * DAY) == {}
    heard.deliver(DAY_0 + 3 * DAY + HOUR, "jwst_1583", TEXT, PHOTOM)
    assert "now confirmed by CRDS" in " ".join(heard.told(DAY_0 + 4 * DAY)["a"].split())


def test_a_mail_of_a_verified_sender_is_told_as_that(heard: NewsWatcher) -> None:
    heard.mailbox_rules = {"from": ["stsci.edu"], "authserv_id": "mx.obs.example"}
    said = "CRDS delivery jwst_1583: new MIRI photom files. Change level: MODERATE"
    word = "mx.obs.example; dmarc=pass header.from=stsci.edu"
    heard.mail(list_mail(1, said, From="crds@stsci.edu", Subject="jwst_1583", Authentication_Results=word))
    heard.cycle(DAY_0 + HOUR)
    words = " ".join(heard.told(DAY_0 + DAY + HOUR)["a"].split())
    assert "announced by a mail of a verified sender, not confirmed by CRDS" in words


def test_a_build_that_a_mail_of_nobody_announces_is_told_as_that(heard: NewsWatcher) -> None:
    heard.mailbox_rules = NOT_OF_STSCI
    said = "The archive context is jwst_1590 in build 12.3 (jwst 2.1.0)."
    heard.mail(list_mail(1, said, From="crds@evil.example", Subject="Build 2.1.0"))
    words = " ".join(heard.told(DAY_0 + DAY)["a"].split())
    assert "BUILD ANNOUNCED 2.1.0 and jwst_1590, by a mail whose sender could not be verified" in words


def test_more_than_was_said_is_told_again_once(heard: NewsWatcher) -> None:
    heard.mail(list_mail(1, "CRDS delivery jwst_1583: MIRI photom files.", Subject="jwst_1583"))
    heard.cycle(DAY_0 + HOUR)
    assert "announced by mail, not confirmed by CRDS" in " ".join(heard.told(DAY_0 + DAY + HOUR)["a"].split())
    heard.mail(list_mail(2, "CRDS delivery jwst_1583: MIRI photom and dark files.", Subject="jwst_1583"))
    assert "more is said of it than before" in " ".join(heard.told(DAY_0 + 2 * DAY)["a"].split())
    heard.mail(list_mail(3, "CRDS delivery jwst_1583: dark files for MIRI and FGS.", Subject="jwst_1583"))
    assert heard.told(DAY_0 + 3 * DAY) == {}, "what was added does not concern it"


def test_who_subscribes_after_an_early_mail_is_told_when_crds_confirms(heard: NewsWatcher) -> None:
    heard.mail(list_mail(1, FORGED, Subject="jwst_1583"))
    both = heard.config({}, {})
    heard.told(DAY_0 + DAY, both)
    heard.deliver(DAY_0 + DAY + HOUR, "jwst_1583", TEXT, PHOTOM)
    assert all("jwst_1583 became" in text for text in heard.told(DAY_0 + 2 * DAY, both).values())


def test_what_was_there_at_the_first_look_is_no_news(heard: NewsWatcher) -> None:
    assert [each.facts.context for each in notices(heard.store)] == [None, "jwst_1535"]
    assert heard.told(DAY_0 + DAY) == {}


def test_who_subscribes_later_is_told_of_what_comes_then(heard: NewsWatcher) -> None:
    heard.deliver(DAY_0 + HOUR, "jwst_1583", TEXT, PHOTOM)
    both = heard.config({}, {})
    told = heard.told(DAY_0 + DAY, both)
    assert "jwst_1583" in told["a"]
    assert "jwst_1583" not in told["b"]
    heard.deliver(DAY_0 + DAY + HOUR, "jwst_1584", "New MIRI darks.", Reference("jwst_miri_dark_0300.fits"))
    told = heard.told(DAY_0 + 2 * DAY, both)
    assert "jwst_1584" in told["a"]
    assert "jwst_1584" in told["b"]


def test_a_subscription_hears_of_what_it_asks_for(heard: NewsWatcher) -> None:
    config = heard.config(
        {"report": "affected"},
        {"report": "affected", "instrument": "nircam"},
        {"report": "all", "instrument": "nircam"},
        {"report": "all", "instrument": "nircam", "instruments": ["miri"]},
        {"report": "none"},
    )
    heard.cycle(DAY_0 + DAY, config)
    heard.deliver(DAY_0 + DAY + HOUR, "jwst_1583", TEXT, PHOTOM)
    heard.deliver(
        DAY_0 + DAY + 2 * HOUR, "jwst_1584", "NIRISS: new flats.", Reference("jwst_niriss_flat_0300.fits")
    )
    told = heard.told(DAY_0 + 2 * DAY, config)
    assert {name for name, text in told.items() if "jwst_1583" in text} == {"a", "d"}
    assert not any("jwst_1584" in text for text in told.values())
    # What was not asked for is not told later either.
    everything = {"report": "all", "instruments": ["miri", "niriss"]}
    nircam = {"instrument": "nircam", **everything}
    assert heard.told(DAY_0 + 3 * DAY, heard.config(everything, nircam, nircam, nircam, everything)) == {}


def test_a_type_that_these_exposures_do_not_use_is_not_told(heard: NewsWatcher) -> None:
    heard.deliver(
        DAY_0 + HOUR,
        "jwst_1583",
        "MIRI coronagraphs: new psfmask files.",
        Reference("jwst_miri_psfmask_0300.fits"),
    )
    assert heard.told(DAY_0 + DAY) == {}


def test_a_build_a_rollback_and_a_bad_file_are_told_once_each(heard: NewsWatcher) -> None:
    heard.deliver(DAY_0 + HOUR, "jwst_1583", TEXT, PHOTOM)
    heard.told(DAY_0 + DAY)
    heard.builds["2.0.1"] = "jwst_1583"
    heard.holdings.remake(list(heard.holdings.rows), DAY_0 + DAY + 2 * HOUR, context=1583)
    heard.deliver(DAY_0 + DAY + HOUR, "jwst_1582", "Back to the context before: the photom files are withdrawn.")
    heard.bad_files.append(PHOTOM.name)
    [text] = heard.told(DAY_0 + 2 * DAY).values()
    words = " ".join(text.split())
    assert "NEW BUILD MAST now makes products with 2.0.1 and jwst_1583 Until now with jwst_1535." in words
    assert "CRDS 1 rollback and 1 file marked bad" in words
    assert "jwst_1582 is the latest context again on 21 Nov, in place of jwst_1583" in words
    assert "jwst_miri_photom_0301.fits is marked bad and must not be used any more" in words
    assert "All products will be reprocessed over the coming weeks" in words
    assert "new build 2.0.1" in text.splitlines()[0]
    assert heard.told(DAY_0 + 4 * DAY) == {}


def test_a_build_that_is_announced_is_not_said_to_be_installed(heard: NewsWatcher) -> None:
    """Lists name the builds of candidates, and CRDS has a build's context weeks before it is installed."""
    heard.post(DAY_0 + HOUR, "The archive context is jwst_1583 in build 12.3 (jwst 2.0.1).")
    heard.builds["2.0.1"] = "jwst_1583"
    heard.deliver(DAY_0 + 2 * HOUR, "jwst_1583", TEXT, PHOTOM)
    [text] = heard.told(DAY_0 + DAY).values()
    words = " ".join(text.split())
    assert "BUILD ANNOUNCED 2.0.1 and jwst_1583, not confirmed by CRDS and MAST's products" in words
    assert "MAST's newest products have jwst_1535, and CRDS names jwst_1583 for 2.0.1." in words
    assert "announced build 2.0.1" in text.splitlines()[0]
    assert "MAST now makes" not in words
    assert heard.told(DAY_0 + 2 * DAY) == {}
    heard.holdings.remake(list(heard.holdings.rows), DAY_0 + 2 * DAY + HOUR, context=1583)
    [text] = heard.told(DAY_0 + 3 * DAY).values()
    assert "NEW BUILD MAST now makes products with 2.0.1 and jwst_1583" in " ".join(text.split())
    assert "new build 2.0.1" in text.splitlines()[0]
    assert "10 reprocessed" in text.splitlines()[0], "the digest that tells of the products tells of their build"
    assert heard.told(DAY_0 + 4 * DAY) == {}


def test_each_source_can_fail_alone_and_is_named(heard: NewsWatcher) -> None:
    heard.crds.misbehave(RpcError(), times=None)
    heard.post(DAY_0 + HOUR, QUOTED)
    heard.mailbox.rename(heard.folder / "away")
    [text] = heard.told(DAY_0 + DAY).values()
    words = " ".join(text.split())
    assert "jwst_1583" in words
    assert "NOT READ 2 of 3 sources of CRDS announcements: what they announced is missing here" in words
    assert "CRDS: " in words
    assert "mailbox " in words
    assert "last read completely 20 Nov 06:00Z" in words
    assert "1 of 1 program and 1 of 3 sources of CRDS announcements" in words
    assert text.splitlines()[0].endswith("CRDS not read")
    # It is said when it begins and when it is over, and not each day.
    assert heard.told(DAY_0 + 2 * DAY) == {}
    heard.crds.well_behaved()
    (heard.folder / "away").rename(heard.mailbox)
    assert "3 of 3 sources" in " ".join(heard.told(DAY_0 + 3 * DAY)["a"].split())


def test_a_feed_that_fails_takes_nothing_from_the_server(heard: NewsWatcher) -> None:
    heard.lists.misbehave(LoginPage(), times=None)
    heard.deliver(DAY_0 + HOUR, "jwst_1583", TEXT, PHOTOM)
    cycle = heard.cycle(DAY_0 + DAY)
    assert not cycle.is_complete
    [closed] = cycle.outgoing.closed
    assert closed.rendered is not None
    assert "jwst_1583" in closed.rendered.text
    assert "an HTML page came in place of a feed" in " ".join(closed.rendered.text.split())


def test_a_mail_of_mast_brings_the_check_of_its_program_forward(heard: NewsWatcher) -> None:
    config, noon = heard.config(), DAY_0 + 6 * HOUR
    names = [name for name, row in heard.holdings.rows.items() if row["instrume"] == "MIRI"]
    heard.holdings.remake(names[:4], DAY_0 + 3 * HOUR, context=1583)
    said = event(program=1180, filename=names[0], archived_date="2026-11-20T09:00:00")
    heard.mail(mast_mail(said, event(program=9999)))
    with heard.store.reading() as connection:
        assert Work.ASK not in agenda(connection, config, 0.0, noon).due
    read_news(heard.sources(config), config.programs, heard.store, noon)
    with heard.store.reading() as connection:
        found = agenda(connection, config, 0.0, noon)
        assert set(coverage.reported_programs(connection)) == {1180}
    assert Work.ASK in found.due
    assert found.asks_for_wanted
    [text] = heard.told(DAY_0 + DAY, config).values()
    assert "4 reprocessed" in text.splitlines()[0]
    with heard.store.reading() as connection:
        assert coverage.reported_programs(connection) == {}
    # What the mail said and the archive's rows confirm is one change, and no other one later.
    assert heard.told(DAY_0 + 2 * DAY, config) == {}


def test_a_mail_of_mast_that_the_archive_answered_already_brings_nothing_forward(heard: NewsWatcher) -> None:
    heard.mail(mast_mail(event(program=1180, archived_date="2026-11-01T09:00:00")))
    heard.cycle(DAY_0 + DAY)
    with heard.store.reading() as connection:
        assert coverage.reported_programs(connection) == {}


def test_nothing_in_an_announcement_is_more_than_text(heard: NewsWatcher) -> None:
    nasty = (
        "MIRI MRS: new photom files in jwst_1583.\r\nBcc: someone@obs.example\r\n<script>alert(1)</script> "
        "<b>bold</b> \x1b[31mred\x1b[0m <!channel> *stars* &lt;i&gt; \u202eback"
    )
    heard.mail(list_mail(1, nasty, Subject="New <b>MIRI</b> \x1b[31mphotom"))
    config = told_in_slack(heard.config())
    heard.cycle(DAY_0 + HOUR, config)
    cycle = heard.cycle(DAY_0 + DAY + HOUR, config)
    [closed] = cycle.outgoing.closed
    rendered = closed.rendered
    assert rendered is not None
    assert rendered.slack
    for part in (rendered.text, rendered.html, rendered.slack.decode(), rendered.subject):
        assert "\x1b" not in part
        assert "\u202e" not in part
    assert "<script" not in rendered.html
    assert "<b>bold" not in rendered.html
    assert "<!channel>" not in rendered.slack.decode()
    assert "\nBcc:" not in rendered.text


def test_a_part_of_the_server_that_fails_from_the_start_hides_no_news(heard: NewsWatcher) -> None:
    """Where one part never answers, the source is never read to its end, and yet what is new is told."""
    config = heard.config()
    with heard.store.writing() as connection:
        announcements.save_source(
            connection, SourceState("CRDS", DAY_0, failures=1, problem="the list of bad files: 500")
        )
    heard.crds.misbehave(RpcError(), times=None, when=is_call_of("get_server_info"))
    heard.deliver(DAY_0 + HOUR, "jwst_1583", TEXT, PHOTOM)
    assert "jwst_1583 became the latest context" in " ".join(heard.told(DAY_0 + DAY, config)["a"].split())


def test_a_mail_that_was_there_when_its_source_was_added_hides_no_news_of_the_server(heard: NewsWatcher) -> None:
    """The list spoke of it in the morning, was configured at noon, and the context came in the evening."""
    said = Announcement("a new list", Medium.FEED, "1", DAY_0 + HOUR, "", QUOTED)
    with heard.store.writing() as connection:
        announcements.keep(connection, [said], DAY_0 + 2 * HOUR, was_there=True)
    heard.deliver(DAY_0 + 9 * HOUR, "jwst_1583", TEXT, PHOTOM)
    assert "jwst_1583 became the latest context" in " ".join(heard.told(DAY_0 + DAY)["a"].split())


def test_what_was_told_is_not_told_again_however_much_later(heard: NewsWatcher) -> None:
    heard.deliver(DAY_0 + HOUR, "jwst_1583", TEXT, PHOTOM)
    assert "jwst_1583" in heard.told(DAY_0 + DAY)["a"]
    heard.post(DAY_0 + 199 * DAY, QUOTED)
    assert "jwst_1583" not in heard.told(DAY_0 + 200 * DAY).get("a", "")


def test_what_was_read_of_a_mailbox_is_kept_before_the_rest_is_read(
    heard: NewsWatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed in the middle goes on where it was."""
    monkeypatch.setattr(gathering, "MOST_SECONDS", 0.0)
    config, noon = heard.config(), DAY_0 + 6 * HOUR
    for number in range(4):
        heard.mail(list_mail_of(number, "miri-reffiles"))
    kept: list[int] = []

    def count(*given: Any, **more: Any) -> Any:  # noqa: ANN401
        with heard.store.reading() as connection:
            kept.append(sum(each.announcement.medium is Medium.MAIL for each in announcements.load(connection)))
        if len(kept) == 4:
            raise KeyboardInterrupt
        return read(*given, **more)

    read = FolderSource.read
    monkeypatch.setattr(FolderSource, "read", count)
    with pytest.raises(KeyboardInterrupt):
        read_news(heard.sources(config), config.programs, heard.store, noon)
    assert kept == [0, 1, 2, 3]
    monkeypatch.setattr(FolderSource, "read", read)
    [mailbox] = [
        each
        for each in read_news(heard.sources(config), config.programs, heard.store, noon + HOUR)
        if each.source.startswith("mailbox")
    ]
    assert len(mailbox.reading.announcements) == 1
    assert mailbox.reading.is_complete

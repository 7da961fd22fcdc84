"""Whole digests, kept as a person reads them.

``PEDIGREED_WRITE_GOLDEN=1`` writes the golden files anew; read what differs before it is committed.
"""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec import structs

from any_notice import build, delivery, heard, mailed
from made_digest import make_digest
from pedigreed.digests.attachments import AttachmentLimits, attached_to
from pedigreed.digests.print_text import print_text
from pedigreed.digests.render import render, view_of
from pedigreed.model.campaign import Campaign, Pace, Stretch
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.context_use import ContextsInUse
from pedigreed.model.digest import (
    ALL_KINDS,
    Baseline,
    Checked,
    Digest,
    OnDisk,
    PedigreeSpan,
    SourceCheck,
    Suspect,
    Unchecked,
)
from pedigreed.model.download import Download, DownloadState
from pedigreed.model.impact import Changed, Impact, Remade, Switch
from pedigreed.model.instrument import Instrument
from pedigreed.model.notice import Again, ChangeLevel, NoticeKind, Quotation
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.program import AboutProgram, ProgramSelection, Proposal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pedigreed.model.digest import RenderedDigest
    from pedigreed.model.notice import Notice

GOLDEN = Path(__file__).parent / "golden"
WRITES = os.environ.get("PEDIGREED_WRITE_GOLDEN") == "1"

ENDS = datetime(2026, 11, 22, 6, tzinfo=UTC)
STARTS = ENDS - timedelta(days=1)
CHECKED_AT = datetime(2026, 11, 22, 5, 58, tzinfo=UTC)
OLD = ("1.20.2", "jwst_1464.pmap")
NEW = ("2.0.1", "jwst_1535.pmap")
BUILD = ("2.1.0", "jwst_1583.pmap")
LIST = "MIRI_REFFILES at maillist.example"
CONTEXTS_IN_USE = ContextsInUse("jwst_1583", ENDS - timedelta(hours=10), "jwst_1535", "2.0.1", "jwst_1535")


def exposure(
    kind: ChangeKind,
    number: int,
    *,
    program: int,
    observation: int,
    product_type: str = "cal",
    detector: str = "nrca1",
    instrument: Instrument = Instrument.NIRCAM,
    before: tuple[str, str] = OLD,
    after: tuple[str, str] = NEW,
    made: datetime = STARTS + timedelta(hours=8),
) -> Change:
    """One product of an exposure; the old version was made a year before, an hour apart from the next."""
    fileset = f"jw{program:05d}{observation:03d}001_02101_{number % 99999 + 1:05d}"
    old = Pedigree(*before, datetime(2025, 11, 2, tzinfo=UTC) + timedelta(hours=number % 180))
    new = Pedigree(*after, made + timedelta(seconds=number))
    has_before = kind not in {ChangeKind.FIRST, ChangeKind.NEW}
    changes_pedigree = kind in {ChangeKind.FIRST, ChangeKind.NEW, ChangeKind.REPROCESSED, ChangeKind.REGRESSED}
    return Change(
        kind=kind,
        filename=f"{fileset}_{detector}_{product_type}.fits",
        instrument=instrument,
        program=program,
        observation=observation,
        level="2a" if product_type == "rate" else "2b",
        fileset=fileset,
        revision=3,
        before=old if has_before else None,
        after=new if changes_pedigree else None if kind is ChangeKind.WITHDRAWN else old,
        seen_at=CHECKED_AT,
        archived_at=(new if changes_pedigree else old).date,
        public_at=datetime(2024, 10, 1, tzinfo=UTC),
    )


def exposures(
    kind: ChangeKind, count: int, *, program: int, observations: Iterable[int], **fields: object
) -> list[Change]:
    """So many products over the observations in turn, rate and cal in turn."""
    numbers = tuple(observations)
    return [
        exposure(
            kind,
            number,
            program=program,
            observation=numbers[number // 2 % len(numbers)],
            **({"product_type": ("rate", "cal")[number % 2]} | fields),  # type: ignore[arg-type]  # fields of exposure
        )
        for number in range(count)
    ]


def digest(
    changes: Iterable[Change] = (),
    *,
    subscription: str = "jades",
    programs: Iterable[str] = ("1180", "1181"),
    holdings: dict[tuple[str | None, str | None], int] | None = None,
    checked: Checked | None = None,
    baselines: Iterable[Baseline] = (),
    suspects: Iterable[Suspect] = (),
    period: tuple[datetime, datetime] = (STARTS, ENDS),
    timezone: str = "Europe/Madrid",
    kinds: frozenset[ChangeKind] = ALL_KINDS,
    notices: Iterable[Notice] = (),
    contexts: ContextsInUse | None = None,
    began: datetime | None = None,
    pace: Pace | None = None,
    in_motion: Iterable[Campaign] = (),
    settle: timedelta | None = None,
) -> Digest:
    selections = [ProgramSelection.parse(program) for program in programs]
    everything = Checked(programs=len(selections), of=len(selections), last_complete=CHECKED_AT)
    told = list(changes)
    newest = max((change.archived_at for change in told if change.archived_at), default=ENDS)
    return make_digest(
        subscription=subscription,
        selections=selections,
        starts=period[0],
        ends=period[1],
        timezone=timezone,
        changes=told,
        holdings=holdings or {},
        checked=checked or everything,
        baselines=baselines,
        suspects=suspects,
        kinds=kinds,
        notices=[_quoted(notice) for notice in notices],
        contexts=contexts,
        stretches={NEW: Stretch(began, newest, pace)} if began else {},
        in_motion=in_motion,
        settle=settle,
    )


def _quoted(notice: Notice) -> Notice:
    said = Quotation((notice.first_heard.announcement.source,), notice.first_heard.heard_at, notice.summary)
    return replace(notice, quotations=(said,)) if notice.summary and not notice.quotations else notice


def one_product() -> Digest:
    return digest(
        [exposure(ChangeKind.REPROCESSED, 0, program=1180, observation=7)],
        programs=["1180"],
        holdings={OLD: 845, NEW: 1, ("1.20.2", None): 12},
    )


def forty_products() -> Digest:
    """The first day of a reprocessing, still running, and a new observation."""
    return digest(
        [
            *exposures(ChangeKind.REPROCESSED, 20, program=1180, observations=(7, 9, 10, 11, 12)),
            *exposures(
                ChangeKind.REPROCESSED,
                4,
                program=1180,
                observations=(12,),
                made=ENDS - timedelta(hours=2),
                detector="nrcb2",
            ),
            *exposures(
                ChangeKind.REPROCESSED,
                6,
                program=1181,
                observations=(1, 2),
                detector="nrs1",
                instrument=Instrument.NIRSPEC,
            ),
            *exposures(ChangeKind.NEW, 10, program=1181, observations=(13,)),
        ],
        holdings={OLD: 3871, NEW: 40},
    )


def twelve_thousand_products() -> Digest:
    """A build's reprocessing reaches thirty programs, from four older pedigrees at once."""
    shares = {
        OLD: 300,
        ("1.19.2", "jwst_1408.pmap"): 60,
        ("1.19.1", "jwst_1408.pmap"): 30,
        ("1.18.1", "jwst_1364.pmap"): 10,
    }
    programs = [1000 + 37 * index for index in range(30)]
    changes = [
        change
        for index, program in enumerate(programs)
        for detector, (before, share) in zip(("nrca1", "nrca2", "nrcb1", "nrcb2"), shares.items(), strict=True)
        for change in exposures(
            ChangeKind.REPROCESSED,
            share,
            program=program,
            observations=range(1, 40, 1 + index % 3),
            before=before,
            detector=detector,
        )
    ]
    return digest(
        changes,
        subscription="all-of-nircam",
        programs=[str(program) for program in programs],
        holdings={NEW: 31_250, OLD: 28_750},
    )


def first_day_of_a_campaign() -> Digest:
    """It began in the afternoon, and goes on."""
    moved = exposures(ChangeKind.REPROCESSED, 1204, program=1180, observations=range(7, 20), detector="nrca3")
    return digest(moved, holdings={OLD: 2707, NEW: 1204}, began=STARTS + timedelta(hours=8))


def third_day_of_a_campaign() -> Digest:
    """Most products moved on earlier days; a few moved on to a newer context the same day."""
    twice = [
        exposure(
            ChangeKind.REPROCESSED,
            number,
            program=1180,
            observation=7,
            before=NEW,
            after=NEW,
            made=STARTS + timedelta(hours=20),
        )
        for number in range(8)
    ]
    remade = [structs.replace(change, before=Pedigree(*NEW, STARTS + timedelta(hours=9))) for change in twice]
    moved = exposures(ChangeKind.REPROCESSED, 400, program=1180, observations=range(20, 60), detector="nrcb1")
    return digest([*moved, *remade], holdings={OLD: 1000, NEW: 2911}, began=STARTS - timedelta(days=2, hours=-8))


def campaign_with_a_forecast() -> Digest:
    """Three days of evidence say how long the rest takes; and what the programs are about stands once at each."""
    moved = [
        *exposures(ChangeKind.REPROCESSED, 400, program=1180, observations=range(20, 60), detector="nrcb1"),
        *exposures(ChangeKind.NEW, 4, program=1180, observations=(61,)),
        *exposures(ChangeKind.NEW, 4, program=1039, observations=(1,), instrument=Instrument.MIRI),
    ]
    composed = digest(
        moved,
        programs=["1039", "1180"],
        holdings={OLD: 1000, NEW: 2911},
        began=STARTS - timedelta(days=2, hours=8),
        pace=Pace(1204, timedelta(days=3)),
    )
    jades = Proposal("NIRCam-NIRSpec galaxy assembly survey - GOODS-S - part #1", "Eisenstein, Daniel J.")
    latents = Proposal("MIRI Detector Latent Image Characterization", "Dicken, Daniel")
    fields = frozenset((number, f"GOODS-S-{number // 10}") for number in range(20, 62))
    return replace(
        composed,
        about=(AboutProgram(1039, latents, frozenset({(1, "NGC 6552")})), AboutProgram(1180, jades, fields)),
        targets=("GOODS-S*", "NGC-6552"),
    )


def held_campaign_with_a_forecast() -> Digest:
    """What waits has a forecast of its own."""
    began = STARTS - timedelta(days=2, hours=8)
    pace = Pace(2_000, timedelta(days=3))
    return digest(
        in_motion=[Campaign(1180, *NEW, began, CHECKED_AT, 2911, 3553, 2911, pace)], settle=timedelta(days=3)
    )


def last_day_of_a_campaign() -> Digest:
    """The last products arrive, and all of them have the new pedigree."""
    moved = exposures(
        ChangeKind.REPROCESSED, 212, program=1181, observations=range(3, 9), detector="nrcblong", made=STARTS
    )
    began = STARTS - timedelta(days=3, hours=-8)
    return digest(moved, holdings={NEW: 3911, (None, None): 40}, began=began)


def held_day_with_other_news() -> Digest:
    """Two programs wait until they have been quiet. A new observation and a build do not."""
    return digest(
        exposures(ChangeKind.NEW, 22, program=1181, observations=(13,)),
        programs=["1180", "1181", "1210"],
        holdings={OLD: 1000, NEW: 2933},
        in_motion=[
            Campaign(1180, *NEW, STARTS - timedelta(days=2, hours=-8), CHECKED_AT, 2911, 3553, 2911),
            Campaign(1181, *NEW, STARTS + timedelta(hours=9), CHECKED_AT, 22, 380, 8),
        ],
        settle=timedelta(hours=24),
    )


def held_day_without_news() -> Digest:
    """Who wants a digest each day is not told that nothing changed."""
    return digest(
        in_motion=[Campaign(1180, *NEW, STARTS - timedelta(days=2, hours=-8), CHECKED_AT, 2911, 3553, 2911)],
        settle=timedelta(days=3),
    )


def settled_campaign() -> Digest:
    """All of a program, moved in three days and told as one; from two older pedigrees."""
    days = [STARTS - timedelta(days=number, hours=-4) for number in (3, 2, 1)]
    moved = [
        change
        for made, (before, share), detector in zip(
            days,
            ((OLD, 1204), (OLD, 1707), (("1.19.2", "jwst_1408.pmap"), 642)),
            ("nrca1", "nrca2", "nrcb1"),
            strict=True,
        )
        for change in exposures(
            ChangeKind.REPROCESSED,
            share,
            program=1180,
            observations=range(7, 60),
            before=before,
            made=made,
            detector=detector,
        )
    ]
    return digest(moved, holdings={NEW: 3553}, began=days[0], settle=timedelta(hours=24))


def build_change() -> Digest:
    """A new build: its first products come, of data that two earlier builds had made."""
    new = ("3.0.0", "jwst_1584.pmap")
    by_build = {NEW: (180, "nrca1"), OLD: (36, "nrca2")}
    return digest(
        [
            change
            for program in (1180, 1181)
            for before, (number, detector) in by_build.items()
            for change in exposures(
                ChangeKind.REPROCESSED,
                number,
                program=program,
                observations=(7, 9, 10),
                before=before,
                after=new,
                detector=detector,
            )
        ],
        holdings={NEW: 2900, OLD: 579, new: 432},
    )


def first_sight() -> Digest:
    earlier = PedigreeSpan(*OLD, datetime(2025, 11, 2, tzinfo=UTC), datetime(2025, 11, 9, tzinfo=UTC))
    later = PedigreeSpan(*NEW, datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
    raw = PedigreeSpan(None, None, datetime(2025, 10, 30, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
    ancient = PedigreeSpan(
        "1.5.3", "jwst_0913.pmap", datetime(2022, 7, 2, tzinfo=UTC), datetime(2022, 7, 2, tzinfo=UTC)
    )
    return digest(
        programs=["1180", "1181:5,7-9", "5105:1", "9999"],
        baselines=[
            Baseline(1180, 3911, ((earlier, 2707), (later, 1204))),
            Baseline(1181, 214, ((earlier, 100), (later, 80), (raw, 31), (ancient, 3))),
            Baseline(5105, 0, (), has_other_data=True),
            Baseline(9999, 0, ()),
        ],
        checked=Checked(4, 4, unknown=(9999,), last_complete=CHECKED_AT, swept_since=CHECKED_AT),
    )


def outage() -> Digest:
    reason = "MAST answered 504 Gateway Timeout to 5 of 5 attempts"
    unchecked = (
        *(Unchecked(program, reason, ENDS - timedelta(days=1, minutes=3)) for program in (1180, 1181, 1210, 1211)),
        Unchecked(2561, "the answer was 12 rows short of MAST's own count.", None),
    )
    return digest(
        programs=["1180", "1181", "1210", "1211", "2561"],
        checked=Checked(0, 5, unchecked=unchecked, last_complete=ENDS - timedelta(days=1, minutes=3)),
    )


def quiet_week() -> Digest:
    return digest(period=(ENDS - timedelta(days=7), ENDS))


def quiet_day_between_sweeps() -> Digest:
    """With the kinds that are told by default, and the oldest sweep of five days before."""
    checked = Checked(
        2,
        2,
        last_complete=CHECKED_AT,
        swept_since=CHECKED_AT - timedelta(days=5),
        flags_since=CHECKED_AT - timedelta(days=5),
    )
    flags = {ChangeKind.STALE, ChangeKind.NO_LONGER_STALE}
    return digest(checked=checked, kinds=ALL_KINDS - flags)


def nothing_of_the_kinds() -> Digest:
    """Who asks for little is not told that nothing changed."""
    checked = Checked(
        2,
        2,
        last_complete=CHECKED_AT,
        swept_since=CHECKED_AT - timedelta(days=5),
        flags_since=CHECKED_AT - timedelta(days=5),
    )
    return digest(checked=checked, kinds=frozenset((ChangeKind.FIRST, ChangeKind.NEW, ChangeKind.STALE)))


def clocks_change() -> Digest:
    """A quiet Sunday of 25 hours; one program of two could not be checked."""
    period = datetime(2026, 10, 24, 5, tzinfo=UTC), datetime(2026, 10, 25, 6, tzinfo=UTC)
    why = "MAST had no answer ready within 600 seconds"
    unchecked = (Unchecked(1181, why, datetime(2026, 10, 23, 5, tzinfo=UTC)),)
    checked = Checked(1, 2, unchecked=unchecked, last_complete=period[1] - timedelta(minutes=2))
    return digest(period=period, checked=checked)


def missing_products() -> Digest:
    return digest(
        suspects=[
            Suspect(1180, 846, 846, CHECKED_AT, CHECKED_AT),
            Suspect(1181, 3, 358, CHECKED_AT - timedelta(days=7), CHECKED_AT),
        ]
    )


def everything_at_once() -> Digest:
    three = range(1, 4)
    return digest(
        [
            *exposures(
                ChangeKind.FIRST,
                11,
                program=4567,
                observations=(1,),
                detector="nrs2",
                instrument=Instrument.NIRSPEC,
            ),
            *exposures(
                ChangeKind.REGRESSED, 3, program=1180, observations=(7,), before=NEW, after=OLD, detector="nrca3"
            ),
            *exposures(ChangeKind.REPROCESSED, 1204, program=1180, observations=range(9, 30)),
            *exposures(
                ChangeKind.REPROCESSED, 96, program=1181, observations=three, after=("2.0.0", "jwst_1535.pmap")
            ),
            *exposures(ChangeKind.NEW, 22, program=1181, observations=(13,)),
            *exposures(ChangeKind.PUBLIC, 300, program=1210, observations=three),
            *exposures(ChangeKind.WITHDRAWN, 2, program=1181, observations=(4,), product_type="crf"),
            *exposures(ChangeKind.STALE, 22, program=1180, observations=(8,)),
            exposure(ChangeKind.NO_LONGER_STALE, 1, program=1180, observation=6),
        ],
        programs=["1180", "1181", "1210", "4567", "5105"],
        holdings={OLD: 2600, NEW: 1204, ("2.0.0", "jwst_1535.pmap"): 107, (None, None): 40},
        suspects=[Suspect(1210, 40, 900, CHECKED_AT, CHECKED_AT)],
        baselines=[Baseline(5105, 12, ((PedigreeSpan(*NEW, CHECKED_AT, CHECKED_AT), 12),))],
        checked=Checked(
            4,
            5,
            unchecked=(Unchecked(1210, "NIRISS: connection reset by the archive, 5 times", STARTS),),
            last_complete=CHECKED_AT,
            notes=("MAST has no target 'NGC-9999' in these programs",),
        ),
    )


def nasty_names() -> Digest:
    """A long name with accents, a right-to-left override, escapes and line ends; names that are no product's."""
    odd = exposure(ChangeKind.NEW, 0, program=1180, observation=1)
    markup = "</td></table><script>alert(1)</script><img src=\"https://x.example/y.png\" onerror='z'>"
    return digest(
        [
            structs.replace(odd, filename="=HYPERLINK(1)\x1b[31m\r\nBcc: x@y.example.fits", observation=None),
            structs.replace(odd, filename="\u661f\u7cfb\u202efits.exe" * 8, observation=None, level="?"),
            exposure(
                ChangeKind.REPROCESSED,
                0,
                program=1180,
                observation=1,
                after=("1.15.1.dev12+g0123456789abcdef.d20240601.build", "jwst_99999999999"),
            ),
            exposure(
                ChangeKind.REPROCESSED, 1, program=1180, observation=999, after=("\x1b]0;title\x07" * 12, "\n")
            ),
        ],
        subscription="\u00c9quipe \u661f\u7cfb\u306e\u9ad8\u8d64\u65b9\u504f\u79fb \u202e\r\nBcc: all@obs.example "
        + "very " * 40
        + "long",
        programs=[f"{program}:1-3,5,7,9,11,13,15,17,19,21,23" for program in range(99980, 99999)],
        timezone="America/Sao_Paulo",
        checked=Checked(
            18,
            19,
            unchecked=(Unchecked(99980, f"{markup} \u200f\u0645\u0631\u062d\u0628\u0627 {'x' * 90}", None),),
            last_complete=CHECKED_AT,
            notes=("*bold* _it_ <!channel> :tada: `code` \t\x00 &amp; {{ page }} {% raw %}",),
        ),
    )


def heard_all(*unread: SourceCheck) -> Checked:
    """Whether the two programs and the three sources of CRDS's news were read."""
    failed = {each.name for each in unread}
    names = [name for name in ("CRDS", LIST, "mailbox imap.obs.example/INBOX") if name not in failed]
    read = [SourceCheck(name, is_checked=True, reason=None, last_complete=CHECKED_AT) for name in names]
    return Checked(2, 2, last_complete=CHECKED_AT, sources=(*unread, *read))


def fetched_after_the_last_digest() -> Digest:
    """Most of it came; some is under exclusive access, some too much, and some is still to come."""
    names = [f"jw01180007001_02101_{number:05d}_nrca1_cal.fits" for number in range(20)]
    denied, full = "MAST: the archive denies access", "/data/jades would be larger than 200GB, or its disk full"
    came = [Download(name, 1180, STARTS, DownloadState.FETCHED, 1, size=117_204_480) for name in names[:13]]
    missing = [Download(name, 1180, STARTS, DownloadState.MISSING, 1, reason=denied) for name in names[13:18]]
    missing += [Download(names[18], 1180, STARTS, DownloadState.MISSING, 1, reason=full)]
    waits = Download(names[19], 1180, STARTS, DownloadState.WAITING, 1, reason="MAST: answered HTTP 503")
    return replace(
        digest([exposure(ChangeKind.REPROCESSED, 0, program=1180, observation=7)], holdings={OLD: 845, NEW: 66}),
        downloads=(*came, *missing, waits),
        fetched_to="/data/jades",
    )


def out_of_date_on_disk() -> Digest:
    """What the archive made anew is on a disk of ours too; one of the disks is not there."""
    moved = exposures(ChangeKind.REPROCESSED, 40, program=1180, observations=(7, 9))
    return replace(
        digest(moved, holdings={OLD: 860, NEW: 40}),
        on_disk=(
            OnDisk("/data/jades", older=212, checked=3_870, newly=40),
            OnDisk("/data/laptop", older=0, checked=96),
            OnDisk("/mnt/archive", older=17, checked=204, unread=1, problem="it can't be read: No such file"),
        ),
    )


def delivery_to_crds() -> Digest:
    """Nothing changed in the archive, and CRDS has new files."""
    return digest(checked=heard_all(), notices=[delivery()], contexts=CONTEXTS_IN_USE)


def new_build_of_the_archive() -> Digest:
    """The archive takes up a context, and the first products of it come on the same day."""
    return digest(
        exposures(ChangeKind.REPROCESSED, 12, program=1180, observations=(7,), before=NEW, after=BUILD),
        holdings={NEW: 888, BUILD: 12},
        checked=heard_all(),
        notices=[build(cal_ver="2.1.0", context="jwst_1583", before="jwst_1535")],
        contexts=replace(CONTEXTS_IN_USE, build="jwst_1583", cal_ver="2.1.0", made="jwst_1583"),
    )


def announced_by_mail_alone() -> Digest:
    """A list tells of a delivery, of a build and of a bad file, and CRDS of none of them."""
    bad = replace(
        delivery(kind=NoticeKind.MARKED_BAD, context=None, files=("jwst_miri_flat_0804.fits",)), name="bad"
    )
    early = [build(cal_ver="2.1.0", context="jwst_1600"), delivery(), bad]
    return digest(
        checked=heard_all(),
        notices=[replace(notice, heard=tuple(map(mailed, notice.heard))) for notice in early],
        contexts=replace(CONTEXTS_IN_USE, latest="jwst_1582"),
    )


def deliveries_in_one_switch() -> Digest:
    """Three deliveries are put into use together. Two lists and CRDS tell of them; a text is not understood."""
    pairs = ((Instrument.MIRI, "dark"), (Instrument.NIRCAM, "flat"))
    instruments, types = (Instrument.MIRI, Instrument.NIRCAM), ("dark", "flat")
    said = (
        ("MIRI_REFFILES", "A new dark for the imager: warm pixels are subtracted."),
        ("NIRCAM_REFFILES", "New flats for the long wavelength channel."),
        ("CRDS", "Darks of MIRI, flats of NIRCam; the rules of both name the subarrays."),
    )
    switched = replace(
        delivery(instruments=instruments, reference_types=types, modes=(), changed=pairs, before="jwst_1580"),
        quotations=tuple(Quotation((source,), ENDS - timedelta(days=1), words) for source, words in said),
        heard=tuple(heard(words, source=source, key=key) for key, (source, words) in enumerate(said, 1)),
    )
    unclear = mailed(heard("Please reprocess what you have.", key=9))
    text = replace(
        delivery(kind=NoticeKind.NOT_UNDERSTOOD, context=None, instruments=(), reference_types=(), modes=()),
        title="All files were updated",
        summary="Please reprocess what you have.",
        heard=(unclear,),
    )
    text = replace(text, facts=replace(text.facts, change_level=None, activated_at=None))
    return digest(checked=heard_all(), notices=[switched, text], contexts=CONTEXTS_IN_USE)


def confirmed_by_crds() -> Digest:
    """What a list told of yesterday CRDS has today; another delivery is more than was said."""
    confirmed = replace(delivery(), again=Again.CONFIRMED)
    return digest(
        checked=heard_all(),
        notices=[confirmed, replace(delivery(context="jwst_1582"), again=Again.MORE)],
        contexts=replace(CONTEXTS_IN_USE, build="jwst_1548"),
    )


def rollback_and_bad_files() -> Digest:
    """CRDS goes back to the context before, since a file of the new one is bad."""
    back = replace(
        delivery(kind=NoticeKind.ROLLBACK, context="jwst_1582", before="jwst_1583", change_level=None),
        name="rollback-jwst_1582-2026-11-21",
        title="CRDS went back from jwst_1583 to jwst_1582",
        summary="The photom files of jwst_1583 are withdrawn. They return when channel 4 is mended.",
    )
    files = ("jwst_miri_photom_0301.fits", "jwst_miri_photom_0302.fits")
    bad = replace(
        delivery(
            kind=NoticeKind.MARKED_BAD,
            context=None,
            activated_at=None,
            change_level=None,
            reference_types=("photom",),
            files=files,
        ),
        name=f"bad-{files[0]}",
        summary="",
        heard=(heard(),),
    )
    return digest(checked=heard_all(), notices=[back, bad], contexts=replace(CONTEXTS_IN_USE, latest="jwst_1582"))


def week_of_deliveries() -> Digest:
    """More than a screen holds, some of which the archive has already, and one source that could not be read."""
    contexts = [f"jwst_{number}" for number in range(1583, 1571, -1)]
    told = [
        replace(
            delivery(
                context=context,
                activated_at=ENDS - timedelta(hours=14 * number),
                change_level=(None, *ChangeLevel)[number % 4],
                reference_types=(("flat", "photom"), ("dark",), ())[number % 3],
                modes=(("MRS",), ())[number % 2],
            ),
            name=context,
            summary=("", "Warm pixels are subtracted from data since August 2026.")[number % 2],
        )
        for number, context in enumerate(contexts)
    ]
    unread = SourceCheck(
        "mailbox imap.obs.example/INBOX",
        is_checked=False,
        reason="the login was refused: [AUTHENTICATIONFAILED] Authentication failed.",
        last_complete=STARTS - timedelta(days=5),
    )
    return digest(
        period=(ENDS - timedelta(days=7), ENDS),
        checked=heard_all(unread),
        notices=told,
        contexts=replace(CONTEXTS_IN_USE, build="jwst_1580", made="jwst_1580"),
    )


IMPACT = Impact(
    "jwst_1582",
    "jwst_1583",
    3911,
    changed=372,
    by_type=(("flat", 372), ("photom", 41)),
    places=(
        *(Changed(1180, observation, 75) for observation in (7, 9, 10, 11)),
        Changed(1180, 12, 60),
        Changed(1181, 3, 12),
    ),
    instruments=(Instrument.MIRI,),
    held=(50, 50),
)
BAD = "jwst_miri_flat_0804.fits"


def marked_bad() -> Notice:
    bad = delivery(kind=NoticeKind.MARKED_BAD, context=None, files=(BAD,), reference_types=("flat",))
    return replace(bad, name=f"bad-{BAD}", title=f"{BAD} is marked bad", text="", summary="")


def evaluated_delivery() -> Digest:
    """What a delivery would change, what a reprocessing did, and what was made with a bad file: all is known."""
    moved = exposures(ChangeKind.REPROCESSED, 212, program=1181, observations=range(3, 9), detector="nrcblong")
    made = Impact("jwst_1464", "jwst_1535", 212, 106, (("photom", 106), ("flat", 8)), held=(0, 0))
    composed = digest(
        moved,
        holdings={NEW: 3911},
        began=STARTS - timedelta(days=3),
        checked=heard_all(),
        notices=[delivery(), marked_bad()],
        contexts=CONTEXTS_IN_USE,
    )
    return replace(
        composed,
        switches=(Switch("jwst_1582", "jwst_1583", IMPACT),),
        remade=Remade((Switch("jwst_1464", "jwst_1535", made),)),
        bad_files=(Switch("", BAD, Impact("", BAD, 3911, 12, (("flat", 12),), places=(Changed(1180, 7, 12),))),),
    )


def evaluated_in_part() -> Digest:
    """Whatever could not be told of a delivery's effect is said."""
    doubtful = replace(
        IMPACT,
        where_on=(("emicorr", 12),),
        errors=(("dark", 2),),
        not_known=3,
        without_exposures=4,
        unknown_exposures=(("MIR_NEW", 5),),
        unknown_types=("newtype",),
        not_understood=(
            (Instrument.MIRI, "mask", "hooks in the header"),
            (Instrument.MIRI, "flat", "CRDS itself answers otherwise"),
        ),
        uncertain=((Instrument.MIRI, ""),),
        held=(50, 48),
        doubted=((Instrument.MIRI, "flat"),),
    )
    moved = exposures(ChangeKind.REPROCESSED, 40, program=1180, observations=(7,))
    before = replace(doubtful, old="jwst_1464", new="jwst_1535", products=30, changed=0, by_type=(), where_on=())
    composed = digest(
        moved, holdings={NEW: 3911}, checked=heard_all(), notices=[delivery()], contexts=CONTEXTS_IN_USE
    )
    waits = Switch("jwst_1413", "jwst_1535", None, "jwst_1413.pmap: CRDS: answered HTTP 404")
    return replace(
        composed,
        switches=(Switch("jwst_1582", "jwst_1583", doubtful),),
        remade=Remade((Switch("jwst_1464", "jwst_1535", before), waits)),
    )


def rules_not_fetched() -> Digest:
    """Without rules nothing is said of a delivery's effect but why, and since when; nor of a bad file's."""
    since = STARTS - timedelta(days=2)
    reason = "jwst_miri_flat_0043.rmap: it is not as CRDS wrote it: the sum in the file is not that of its lines"
    composed = digest(checked=heard_all(), notices=[delivery(), marked_bad()], contexts=CONTEXTS_IN_USE)
    return replace(
        composed,
        switches=(Switch("jwst_1582", "jwst_1583", None, reason, since),),
        bad_files=(Switch("", BAD, None, "jwst_1464.pmap: CRDS: answered HTTP 404", since),),
    )


def nasty_notices() -> Digest:
    """What anybody may write to a list: markup, escapes, a right-to-left override, lines of a header."""
    markup = "</td></table><script>alert(1)</script><img src=\"https://x.example/y.png\" onerror='z'>"
    rest = "Bcc: all@obs.example <!channel> *stars* `code` &lt;i&gt; {{ page }}"
    odd = f"{markup} \u202eback \x1b[31mred\x1b[0m\r\n{rest}"
    notice = replace(
        delivery(
            context="jwst_1583\r\nX: y",
            modes=(markup,),
            reference_types=("<b>flat</b>", "_photom_", *(f"type{number}" for number in range(9))),
        ),
        summary=odd * 3,
        text=odd * 9,
        heard=(heard(odd, source=odd), heard(odd, source="\u0645\u0631\u062d\u0628\u0627 " + "x" * 90, key=2)),
    )
    bad = replace(
        delivery(kind=NoticeKind.MARKED_BAD, context=None, files=(f"{odd}.fits",)), name="bad", summary=""
    )
    unread = SourceCheck(odd, is_checked=False, reason=odd, last_complete=None)
    return digest(checked=heard_all(unread), notices=[notice, bad], contexts=ContextsInUse(odd, None, odd, odd))


SCENARIOS: tuple[Callable[[], Digest], ...] = (
    one_product,
    forty_products,
    twelve_thousand_products,
    first_day_of_a_campaign,
    third_day_of_a_campaign,
    campaign_with_a_forecast,
    held_campaign_with_a_forecast,
    last_day_of_a_campaign,
    held_day_with_other_news,
    held_day_without_news,
    settled_campaign,
    build_change,
    first_sight,
    out_of_date_on_disk,
    fetched_after_the_last_digest,
    outage,
    quiet_week,
    quiet_day_between_sweeps,
    nothing_of_the_kinds,
    clocks_change,
    missing_products,
    everything_at_once,
    nasty_names,
    delivery_to_crds,
    new_build_of_the_archive,
    announced_by_mail_alone,
    deliveries_in_one_switch,
    confirmed_by_crds,
    rollback_and_bad_files,
    week_of_deliveries,
    evaluated_delivery,
    evaluated_in_part,
    rules_not_fetched,
    nasty_notices,
)


@cache
def rendered(compose_it: Callable[[], Digest]) -> RenderedDigest:
    return render(compose_it(), configuration="pedigreed.yaml", operator="ops@obs.example")


def assert_golden(name: str, content: str) -> None:
    path = GOLDEN / name
    if WRITES:
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="")
    assert content == path.read_bytes().decode("utf-8")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_the_text_is_what_it_was_when_someone_read_it(scenario: Callable[[], Digest]) -> None:
    told = rendered(scenario)
    assert_golden(f"{scenario.__name__}.txt", f"Subject: {told.subject}\n\n{told.text}")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_the_slack_message_is_what_it_was_when_someone_read_it(scenario: Callable[[], Digest]) -> None:
    payload = json.loads(rendered(scenario).slack)
    assert_golden(f"{scenario.__name__}.slack.json", json.dumps(payload, indent=2, ensure_ascii=False) + "\n")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_the_page_is_what_it_was_when_someone_looked_at_it(scenario: Callable[[], Digest]) -> None:
    assert_golden(f"{scenario.__name__}.html", rendered(scenario).html)


@pytest.mark.parametrize("scenario", [forty_products, nasty_names], ids=lambda scenario: scenario.__name__)
def test_the_attachments_are_what_they_were_when_someone_read_them(scenario: Callable[[], Digest]) -> None:
    for attachment in rendered(scenario).attachments:
        assert_golden(f"{scenario.__name__}.{attachment.filename.rpartition('.')[2]}", attachment.content.decode())


def test_packed_attachments_are_what_they_were_when_someone_read_them() -> None:
    for attached in attached_to(forty_products(), AttachmentLimits(plain=1_000)):
        name = attached.attachment.filename.removesuffix(".gz")
        content = gzip.decompress(attached.attachment.content).decode()
        assert_golden(f"forty_products.{name.rpartition('.')[2]}", content)


def test_the_text_says_how_much_is_attached_where_not_all_of_it_is() -> None:
    """How far a limit reaches depends on the machine's zlib, so the numbers are set."""
    told = twelve_thousand_products()
    attached = attached_to(told, AttachmentLimits(plain=100_000, table=60_000, both=140_000))
    assert all(each.holds < each.of for each in attached)
    shown = [replace(each, holds=number) for each, number in zip(attached, (4_321, 6_789), strict=True)]
    text = print_text(
        lambda budget: view_of(
            told, budget, subject="", attached=shown, configuration="pedigreed.yaml", operator=None
        )
    )
    assert_golden("twelve_thousand_products_cut.txt", text[text.index("Attached:") :])


@pytest.mark.parametrize(
    "scenario",
    # What others wrote may have backticks.
    [scenario for scenario in SCENARIOS if scenario is not nasty_notices],
    ids=lambda scenario: scenario.__name__,
)
def test_a_page_shows_commands_as_such_and_no_backticks(scenario: Callable[[], Digest]) -> None:
    html = rendered(scenario).html
    assert "`" not in html
    assert html.count("<code ") == html.count("</code>") > 0

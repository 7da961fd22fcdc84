"""Digests of any shape, for tests of what holds for all of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from any_notice import CONTEXTS_IN_USE, NOTICES, SOURCE_CHECKS, build, delivery
from made_digest import make_digest
from pedigreed.model.campaign import Campaign, Stretch
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.context_use import ContextsInUse
from pedigreed.model.digest import (
    Baseline,
    Checked,
    Digest,
    OnDisk,
    PedigreeSpan,
    SourceCheck,
    StoodIn,
    Suspect,
    Unchecked,
)
from pedigreed.model.download import Download, DownloadState
from pedigreed.model.instrument import Instrument
from pedigreed.model.notice import NoticeKind
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.program import ProgramSelection

if TYPE_CHECKING:
    from pedigreed.model.notice import Notice

# Far enough from the calendar's ends for every time zone.
DATES = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # the zone is `timezones`
WORDS = st.text(max_size=120)
NUMBERS = st.integers(0, 10**9)
PROGRAMS = st.integers(1, 99999)
KEYWORDS = st.none() | WORDS | st.sampled_from(["1.20.2", "2.0.1", "jwst_1464.pmap", "jwst_1535.pmap"])
PEDIGREES = st.builds(Pedigree, KEYWORDS, KEYWORDS, st.none() | DATES)
CHANGES = st.builds(
    Change,
    kind=st.sampled_from(ChangeKind),
    filename=WORDS | st.just("jw01180007001_02101_00001_nrca1_cal.fits"),
    instrument=st.sampled_from(Instrument),
    program=PROGRAMS | st.sampled_from([1180, 1181]),
    observation=st.none() | st.integers(1, 999),
    level=WORDS,
    fileset=WORDS,
    revision=st.integers(1, 9),
    before=st.none() | PEDIGREES,
    after=st.none() | PEDIGREES,
    seen_at=DATES,
    archived_at=st.none() | DATES,
    public_at=st.none() | DATES,
)
SPANS = st.builds(
    lambda pedigree, days: PedigreeSpan(
        pedigree.cal_ver, pedigree.crds_ctx, pedigree.date, pedigree.date and pedigree.date + timedelta(days=days)
    ),
    PEDIGREES,
    st.integers(0, 1000),
)
CHECKS = st.builds(
    Checked,
    programs=NUMBERS,
    of=NUMBERS,
    unchecked=st.lists(st.builds(Unchecked, PROGRAMS, WORDS, st.none() | DATES), max_size=6).map(tuple),
    unknown=st.lists(PROGRAMS, max_size=6).map(tuple),
    last_complete=st.none() | DATES,
    notes=st.lists(WORDS, max_size=3).map(tuple),
    swept_since=st.none() | DATES,
    flags_since=st.none() | DATES,
    sources=st.lists(SOURCE_CHECKS, max_size=4).map(tuple),
    stood_in=st.lists(
        st.builds(
            StoodIn,
            st.sampled_from(Instrument),
            st.lists(PROGRAMS, min_size=1, max_size=4).map(tuple),
            WORDS,
            DATES,
            st.integers(0, 3),
        ),
        max_size=2,
    ).map(tuple),
)
DIGESTS = st.builds(
    make_digest,
    subscription=WORDS,
    selections=st.lists(
        st.builds(ProgramSelection, PROGRAMS, st.lists(st.integers(1, 999), unique=True).map(sorted).map(tuple)),
        max_size=6,
    ),
    starts=DATES,
    ends=DATES,
    timezone=st.sampled_from(["UTC", "Europe/Madrid", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Auckland"]),
    changes=st.lists(CHANGES, max_size=10),
    holdings=st.dictionaries(st.tuples(KEYWORDS, KEYWORDS), NUMBERS, max_size=5),
    baselines=st.lists(
        st.builds(
            Baseline,
            PROGRAMS,
            NUMBERS | st.just(0),
            st.lists(st.tuples(SPANS, NUMBERS), max_size=5).map(tuple),
            has_other_data=st.booleans(),
        ),
        max_size=6,
    ),
    suspects=st.lists(st.builds(Suspect, PROGRAMS, NUMBERS, NUMBERS, DATES, DATES), max_size=6),
    checked=CHECKS,
    kinds=st.frozensets(st.sampled_from(ChangeKind)),
    notices=st.lists(NOTICES, max_size=4),
    contexts=CONTEXTS_IN_USE,
    stretches=st.dictionaries(st.tuples(KEYWORDS, KEYWORDS), st.builds(Stretch, DATES, DATES), max_size=5),
    in_motion=st.lists(
        st.builds(Campaign, PROGRAMS, KEYWORDS, KEYWORDS, DATES, DATES, NUMBERS, NUMBERS, NUMBERS), max_size=6
    ),
    settle=st.none() | st.timedeltas(timedelta(seconds=1), timedelta(days=366)),
    on_disk=st.lists(st.builds(OnDisk, WORDS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.none() | WORDS), max_size=9),
    downloads=st.lists(
        st.builds(
            Download,
            WORDS,
            PROGRAMS,
            DATES,
            st.sampled_from(DownloadState),
            size=st.none() | NUMBERS,
            reason=st.none() | WORDS,
        ),
        max_size=9,
    ),
    fetched_to=st.none() | WORDS,
)

ENDS = datetime(2026, 11, 22, 6, tzinfo=UTC)
AMPERSANDS = "&" * 300


def _worst_notices() -> list[Notice]:
    kinds = {NoticeKind.DELIVERY: delivery, NoticeKind.BUILD: build}
    long: dict[str, object] = {
        "context": AMPERSANDS,
        "before": AMPERSANDS,
        "cal_ver": AMPERSANDS,
        "files": (AMPERSANDS,) * 90,
        "modes": (AMPERSANDS,) * 9,
        "instruments": tuple(Instrument),
        "reference_types": ("flat", "photom", "distortion", AMPERSANDS) * 20,
    }
    return [
        replace(kinds.get(kind, delivery)(**long, kind=kind), kind=kind, summary=AMPERSANDS, text=AMPERSANDS)
        for kind in [*NoticeKind] * 30
    ]


@cache
def worst() -> Digest:
    """Every section, everything in it as long as it can be, and five times longer when it is escaped."""
    kinds = list(ChangeKind)
    changes = [
        Change(
            kind=kinds[number % len(kinds)],
            filename=f"jw{number:05d}001001_02101_00001_nrca1_{'&' * 40}{number}.fits",
            instrument=Instrument.NIRCAM,
            program=10_000 + number % 700,
            observation=number % 999 + 1,
            level="2b",
            fileset=AMPERSANDS,
            revision=1,
            before=Pedigree(f"{number % 9}{AMPERSANDS}", f"{number % 7}{AMPERSANDS}", ENDS),
            after=Pedigree(f"{number % 5}{AMPERSANDS}", f"{number % 11}{AMPERSANDS}", ENDS),
            seen_at=ENDS,
        )
        for number in range(1_500 * len(kinds))
    ]
    span = PedigreeSpan(AMPERSANDS, AMPERSANDS, ENDS - timedelta(days=999), ENDS)
    programs = range(10_000, 10_400)
    return make_digest(
        subscription=AMPERSANDS,
        selections=[ProgramSelection(program, tuple(range(1, 999, 2))) for program in programs],
        starts=ENDS - timedelta(days=400),
        ends=ENDS,
        timezone="America/Sao_Paulo",
        changes=changes,
        holdings={(f"{a}{AMPERSANDS}", f"{b}{AMPERSANDS}"): 10**9 for a in range(5) for b in range(11)},
        checked=Checked(
            10**9,
            10**9,
            unchecked=tuple(Unchecked(program, f"{program}{AMPERSANDS}", ENDS) for program in programs),
            unknown=tuple(programs),
            last_complete=ENDS,
            notes=(AMPERSANDS,) * 50,
            swept_since=ENDS - timedelta(days=500),
            flags_since=ENDS - timedelta(days=500),
            sources=tuple(SourceCheck(f"{each}{AMPERSANDS}", each < 2, AMPERSANDS, ENDS) for each in range(40)),
        ),
        notices=_worst_notices(),
        on_disk=[
            OnDisk(f"/{each}{AMPERSANDS}", 10**9, 10**9, 1, 10**9, AMPERSANDS if each < 9 else None)
            for each in range(40)
        ],
        downloads=[
            Download(AMPERSANDS, 1, ENDS, list(DownloadState)[each % 3], size=10**12, reason=f"{each}{AMPERSANDS}")
            for each in range(400)
        ],
        fetched_to=AMPERSANDS,
        contexts=ContextsInUse(AMPERSANDS, ENDS, "jwst_1535", AMPERSANDS),
        baselines=[Baseline(program, 10**9, ((span, 10**9),) * 9) for program in programs],
        suspects=[Suspect(program, 10**9, 10**9, ENDS, ENDS) for program in programs],
        stretches={
            (f"{a}{AMPERSANDS}", f"{b}{AMPERSANDS}"): Stretch(ENDS - timedelta(days=999), ENDS)
            for a in range(5)
            for b in range(11)
        },
        in_motion=[
            Campaign(program, AMPERSANDS, AMPERSANDS, ENDS - timedelta(days=999), ENDS, 10**9, 10**9, 10**9)
            for program in programs
        ],
        settle=timedelta(days=1),
    )

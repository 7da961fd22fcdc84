"""Notices of any shape, and some that might be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from pedigreed.model.context_use import ContextsInUse
from pedigreed.model.digest import SourceCheck
from pedigreed.model.instrument import Instrument
from pedigreed.model.notice import Announcement, ChangeLevel, Facts, Heard, Medium, Notice, NoticeKind

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
DATES = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # the zone is `timezones`
WORDS = st.text(max_size=120)
CONTEXTS = st.none() | WORDS | st.sampled_from(["jwst_1535", "jwst_1583"])
FACTS = st.builds(
    Facts,
    kind=st.none() | st.sampled_from(NoticeKind),
    context=CONTEXTS,
    before=CONTEXTS,
    cal_ver=st.none() | WORDS,
    files=st.lists(WORDS, max_size=4).map(tuple),
    instruments=st.lists(st.sampled_from(Instrument), max_size=5, unique=True).map(tuple),
    reference_types=st.lists(WORDS | st.sampled_from(["flat", "photom", "pars-tweakregstep"]), max_size=12).map(
        tuple
    ),
    modes=st.lists(WORDS, max_size=4).map(tuple),
    change_level=st.none() | st.sampled_from(ChangeLevel),
    delivered_at=st.none() | DATES,
    activated_at=st.none() | DATES,
)
HEARD = st.builds(
    Heard,
    st.integers(1, 10**9),
    st.builds(
        Announcement, WORDS, st.sampled_from(Medium), WORDS, st.none() | DATES, WORDS, WORDS, st.none(), FACTS
    ),
    DATES,
    st.booleans(),
)
NOTICES = st.builds(
    Notice,
    name=WORDS,
    kind=st.sampled_from(NoticeKind),
    facts=FACTS,
    title=WORDS,
    text=WORDS,
    summary=WORDS,
    heard=st.lists(HEARD, min_size=1, max_size=9).map(tuple),
)
CONTEXTS_IN_USE = st.none() | st.builds(
    ContextsInUse, WORDS | st.just("jwst_1583"), st.none() | DATES, CONTEXTS, st.none() | WORDS, CONTEXTS
)
SOURCE_CHECKS = st.builds(SourceCheck, WORDS, st.booleans(), st.none() | WORDS, st.none() | DATES)


def heard(
    text: str = "", *, source: str = "CRDS", key: int = 1, at: datetime = NOW, identity: str = "", **facts: object
) -> Heard:
    """An announcement that was just heard."""
    said = Announcement(source, Medium.SERVER, identity or f"{source} {key}", at, "", text, None, Facts(**facts))  # type: ignore[arg-type]  # as Facts has them
    return Heard(key, said, at)


def mailed(said: Heard, source: str = "MIRI_REFFILES at maillist.example") -> Heard:
    """The same, heard by a mail and not from CRDS."""
    return replace(said, announcement=replace(said.announcement, medium=Medium.MAIL, source=source))


def delivery(**facts: object) -> Notice:
    """A delivery for MIRI that two sources told of."""
    known: dict[str, object] = {
        "kind": NoticeKind.DELIVERY,
        "context": "jwst_1583",
        "instruments": (Instrument.MIRI,),
        "reference_types": ("flat", "photom"),
        "modes": ("MRS",),
        "change_level": ChangeLevel.SEVERE,
        "activated_at": NOW - timedelta(hours=10),
        **facts,
    }
    text = "The flat fields were made from the flight data of two years. Fluxes of channel 4 rise by up to 6 %."
    return Notice(
        name="jwst_1583",
        kind=known["kind"],  # type: ignore[arg-type]  # as Facts has it
        facts=Facts(**known),  # type: ignore[arg-type]  # as Facts has them
        title="jwst_1583 became the latest context",
        text=text,
        summary=text,
        heard=(heard(text), heard(text, source="MIRI_REFFILES at maillist.example", key=2)),
    )


def build(**facts: object) -> Notice:
    """A new build of the archive."""
    known: dict[str, object] = {
        "kind": NoticeKind.BUILD,
        "context": "jwst_1535",
        "before": "jwst_1464",
        "cal_ver": "2.0.1",
        **facts,
    }
    return Notice(
        name="build-2.0.1",
        kind=NoticeKind.BUILD,
        facts=Facts(**known),  # type: ignore[arg-type]  # as Facts has them
        title="the archive's build is 2.0.1",
        text="",
        summary="",
        heard=(heard(),),
    )

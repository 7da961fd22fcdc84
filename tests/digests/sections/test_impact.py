"""What new contexts change, in a digest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from made_digest import make_digest
from pedigreed.digests.impact_words import places_in_words
from pedigreed.digests.print_text import BUDGET
from pedigreed.digests.sections.impact import for_your_data
from pedigreed.model.digest import Checked
from pedigreed.model.impact import Changed, Impact, Switch
from pedigreed.model.instrument import Instrument

IMPACT = Impact(
    "jwst_1582",
    "jwst_1583",
    3911,
    changed=372,
    by_type=(("flat", 372), ("photom", 41)),
    places=(Changed(1180, 7, 300), Changed(1180, 9, 36), Changed(1180, 10, 36), Changed(1181, None, 0)),
    instruments=(Instrument.NIRCAM,),
)
BY_TYPE = "what could not be evaluated is yours if you have data of its instrument and reference type"
NOTHING = Impact("jwst_1583", "jwst_1584", 3911)
WAITS = Switch(
    "", "jwst_1585", None, "jwst_1585.pmap: CRDS: answered HTTP 404", datetime(2026, 11, 21, 6, tzinfo=UTC)
)


def told(*switches: Switch) -> list[str]:
    ends = datetime(2026, 11, 22, 6, tzinfo=UTC)
    digest = make_digest(
        subscription="jades",
        selections=[],
        starts=ends,
        ends=ends,
        timezone="UTC",
        changes=[],
        holdings={},
        checked=Checked(0, 0),
    )
    digest = replace(digest, switches=switches)
    return [
        line
        for section in for_your_data(digest, BUDGET)
        for line in (section.summary, *(f"{row.name} {row.words}".strip() for row in section.rows))
    ]


def test_what_one_switch_changes() -> None:
    assert told(Switch("jwst_1582", "jwst_1583", IMPACT)) == [
        "jwst_1583 changes 372 of your 3,911 products: flat 372 (flux from pixel to pixel), photom 41",
        (
            "programs 1180 obs 7, 9-10; 1181 obs several at once. No change to the rest. "
            "pedigreed impact --why FILE flat"
        ),
    ]


def test_a_switch_that_changes_nothing_is_one_line() -> None:
    assert told(Switch("jwst_1583", "jwst_1584", NOTHING)) == ["jwst_1584 changes none of your 3,911 products"]


def test_rules_that_could_not_be_had_are_told_with_since_when() -> None:
    line, by_type = told(WAITS)
    assert line.startswith("jwst_1585 was not evaluated: its rules are not usable since")
    assert line.endswith("jwst_1585.pmap: CRDS: answered HTTP 404")
    assert by_type == BY_TYPE


def test_every_doubt_is_told() -> None:
    doubtful = replace(
        IMPACT,
        where_on=(("emicorr", 12),),
        errors=(("dark", 2),),
        not_known=3,
        without_exposures=4,
        unknown_exposures=(("MIR_NEW", 5),),
        unknown_types=("newtype",),
        not_understood=((Instrument.MIRI, "mask", "hooks in the header"),),
        uncertain=((Instrument.MIRI, ""),),
    )
    first, _, *doubts = told(Switch("jwst_1582", "jwst_1583", doubtful))
    assert first.startswith("jwst_1583 changes 372 of your 3,911 products")
    assert doubts == [
        "where the step is on: emicorr 12",
        "CRDS has an error now: dark 2",
        "1 type not understood: mask of MIRI (hooks in the header)",
        "3 products not known: a value is missing",
        "4 products of stage 3 not evaluated: exposures not known",
        "EXP_TYPE not known, every type counts: MIR_NEW (5 products)",
        "types not known, counted for every product: newtype",
        BY_TYPE,
    ]
    none = told(Switch("jwst_1582", "jwst_1583", replace(doubtful, changed=0, by_type=(), places=())))
    assert none[0] == "jwst_1583 changes none of the 3,904 of your 3,911 products that could be evaluated"


def test_several_switches_are_a_row_each() -> None:
    summary, *rows = told(
        Switch("jwst_1582", "jwst_1583", IMPACT), Switch("jwst_1583", "jwst_1584", NOTHING), WAITS
    )
    assert summary == "1 of 3 new contexts would change your products"
    assert [row.split(":")[0] for row in rows] == ["jwst_1583", "jwst_1584", "jwst_1585"]


def test_many_programs_are_shortened() -> None:
    assert places_in_words([Changed(number, 1, 1) for number in range(1, 10)], 2) == (
        "programs 1 obs 1; 2 obs 1; and 7 more programs"
    )

"""What new contexts change, in a digest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from made_digest import make_digest
from pedigreed.digests.print_text import BUDGET
from pedigreed.digests.sections.impact import for_your_data, places_in_words
from pedigreed.model.digest import Checked, Digest
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
BY_TYPE = "what could not be evaluated may concern you where you have data of the instrument and reference type"
NOTHING = Impact("jwst_1583", "jwst_1584", 3911)
WAITS = Switch(
    "", "jwst_1585", None, "jwst_1585.pmap: CRDS: answered HTTP 404", datetime(2026, 11, 21, 6, tzinfo=UTC)
)


def digest_of(*switches: Switch) -> Digest:
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
    return replace(digest, switches=switches)


def told(*switches: Switch) -> list[str]:
    return [
        line
        for section in for_your_data(digest_of(*switches), BUDGET)
        for line in (section.summary, *(f"{row.name} {row.words}".strip() for row in section.rows))
    ]


def test_what_one_switch_changes() -> None:
    assert told(Switch("jwst_1582", "jwst_1583", IMPACT)) == [
        "a new context changes 372 of your 3,911 products",
        "jwst_1583: flat 372 (flux from pixel to pixel), photom 41",
        "1180 obs 7, 9-10",
        "1181 obs several at once",
        "No change to the rest. `pedigreed impact --why FILE flat` shows the rule.",
    ]


def test_a_context_and_the_programs_that_it_changes_are_links() -> None:
    (section,) = for_your_data(digest_of(Switch("jwst_1582", "jwst_1583", IMPACT)), BUDGET)
    assert [(row.name, row.page.rpartition("/")[2].rpartition("&")[2]) for row in section.rows if row.page] == [
        ("jwst_1583:", "jwst_1583.pmap"),
        ("1180", "program_id=1180"),
        ("1181", "program_id=1181"),
    ]


def test_programs_that_have_no_row_are_counted() -> None:
    many = replace(IMPACT, places=tuple(Changed(number, 1, 1) for number in range(1, 10)))
    _, context, *programs, more, _ = told(Switch("jwst_1582", "jwst_1583", many))
    assert (context.split(":")[0], len(programs), more) == ("jwst_1583", 6, "and 3 more programs")


def test_a_switch_that_changes_nothing_is_two_lines() -> None:
    assert told(Switch("jwst_1583", "jwst_1584", NOTHING)) == [
        "a new context changes none of your 3,911 products",
        "jwst_1584: no other reference files",
    ]


def test_rules_that_could_not_be_had_are_told_with_since_when() -> None:
    summary, line, by_type = told(WAITS)
    assert summary == "a new context was not evaluated"
    assert line.startswith("jwst_1585: its rules are not usable since")
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
    first, _, _, _, _, *doubts = told(Switch("jwst_1582", "jwst_1583", doubtful))
    assert first == "a new context changes 372 of your 3,911 products"
    assert doubts == [
        "only where the step is switched on: emicorr 12",
        "CRDS gives an error instead of a file: dark 2",
        "1 reference type could not be evaluated: mask of MIRI (hooks in the header)",
        "3 products could not be evaluated: made with these types, or a keyword has no value",
        "4 products of stage 3 could not be evaluated: their exposures are not known",
        "EXP_TYPE not known here, so every reference type counts: MIR_NEW (5 products)",
        "reference types not known here, so counted for every product: newtype",
        BY_TYPE,
    ]
    none = told(Switch("jwst_1582", "jwst_1583", replace(doubtful, changed=0, by_type=(), places=())))
    assert none[0] == "a new context changes none of the 3,904 of your 3,911 products that could be evaluated"


def test_several_switches_are_a_row_each() -> None:
    summary, *rows = told(
        Switch("jwst_1582", "jwst_1583", IMPACT), Switch("jwst_1583", "jwst_1584", NOTHING), WAITS
    )
    assert summary == "1 of 3 new contexts would change your products"
    contexts = [row.split(":")[0] for row in rows if row.startswith("jwst_")]
    assert contexts == ["jwst_1583", "jwst_1584", "jwst_1585"]


def test_many_programs_are_shortened() -> None:
    assert places_in_words([Changed(number, 1, 1) for number in range(1, 10)], 2) == (
        "programs 1 obs 1; 2 obs 1; and 7 more programs"
    )

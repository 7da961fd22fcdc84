"""The oddities of crds 14.0.3, one by one: each seen to act there, and the same here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.demo.crds_rules import DATES, rule_text
from pedigreed.impact.context import compile_file
from pedigreed.impact.dates import moment
from pedigreed.impact.headers import KEYWORDS, UNKNOWN, parameters_of_header, values_by_key
from pedigreed.impact.rmap import Rmap
from pedigreed.impact.rule_answers import ERROR, NO_MATCH, NOT_APPLICABLE, OMITTED, Kind, RuleAnswer, Step, step
from pedigreed.model.instrument import Instrument
from rule_files import context_of
from rule_oracle import ODD_DATES, ODD_TIMES, ODD_VALUES, conditioned_header, oracle_of_text, said_by_oracle

if TYPE_CHECKING:
    from rule_oracle import Oracle

Rows = dict[tuple[str, ...], str]

NAME = "jwst_miri_flat_0001.rmap"
FILTER, BAND, SUBARRAY = "META.INSTRUMENT.FILTER", "META.INSTRUMENT.BAND", "META.SUBARRAY.NAME"
SOON, LATE = "jwst_miri_flat_0001.fits", "jwst_miri_flat_0002.fits"
ALWAYS = f"UseAfter({{'1900-01-01 00:00:00': '{SOON}'}})"
LATER = f"UseAfter({{'1900-01-01 00:00:00': '{LATE}'}})"
pytestmark = pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::FutureWarning")


def file(name: str) -> RuleAnswer:
    return RuleAnswer(Kind.FILE, name)


class Rules:
    """Some rows, here and in `crds`."""

    def __init__(self, rows: Rows, keys: tuple[str, ...] = (FILTER,), **header: object) -> None:
        written = "".join(f"    {key!r} : {choice},\n" for key, choice in rows.items())
        described = {"instrument": "MIRI", "filekind": "FLAT", "parkey": (keys, DATES), **header}
        text = rule_text(NAME, f"Match({{\n{written}}})", **described)
        form = compile_file(NAME, text).rmap
        assert form is not None
        assert not form.not_understood
        self._parkeys = keys
        self._ours = Rmap(form)
        self._theirs: Oracle | None = oracle_of_text(text, NAME)

    def answer(self, *values: object, date: str = "2022-07-12", time: str = "01:02:03", **more: str) -> RuleAnswer:
        """What both say for the values of the parkeys, which is the same. None is a keyword that is absent."""
        keys = {key: value for key, value in zip(self._parkeys, values, strict=True) if value is not None}
        header = conditioned_header({**keys, DATES[0]: date, DATES[1]: time, **more})
        ours = self._ours.of(dict.fromkeys(self._ours.keys, "UNDEFINED") | header)
        answer = ours.at(moment(header[DATES[0]], header[DATES[1]]))
        theirs = dict.fromkeys((*keys, *self._ours.keys, "META.VISIT.TSOVISIT"), "UNDEFINED")
        assert answer == said_by_oracle(self._theirs, {**theirs, **header})
        return answer


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("34", 34),
        ("34.0", "34"),
        ("1e22", 10**22),
        ("T", True),
        ("T", " true "),
        ("F", "f"),
        ("-1", 4294967295),
        ("F1000W", "f1000w  "),
        ("N/A", "N/AX"),
        ("N/A", "()"),
        ("N/A", -2147483648),
        ("0.5", ".5"),
        ("5", "+5."),
    ],
)
def test_values_are_compared_as_decimals_and_small_letters_as_capitals(field: str, value: object) -> None:
    assert Rules({(field,): ALWAYS}).answer(value) == file(SOON)


def test_a_number_beyond_all_is_no_word() -> None:
    assert Rules({("inf",): ALWAYS, ("N/A",): LATER}).answer("1E400") == file(LATE)


def test_an_absent_keyword_matches_not_and_is_refused_where_no_wild_card_stands() -> None:
    assert Rules({("NOT F1",): ALWAYS}).answer(None) == file(SOON)
    assert Rules({("F1",): ALWAYS}).answer(None) == ERROR
    assert Rules({("F1",): ALWAYS, ("N/A",): LATER}).answer(None) == file(LATE)


def test_a_value_that_no_row_names_is_an_error_even_where_a_wild_card_matches_it() -> None:
    assert Rules({("MIR_FLAT*",): ALWAYS}).answer("MIR_FLATMRS") == ERROR
    assert Rules({("MIR_FLAT*",): ALWAYS, ("N/A",): LATER}).answer("MIR_FLATMRS") == file(SOON)
    assert Rules({("MIR_FLAT*",): ALWAYS, ("NOTHING",): LATER}).answer("MIR_FLATMRS") == file(SOON)
    for value in ("GENERIC", "*", "N/A", "NOT F1", "between a b"):
        assert Rules({("F1",): ALWAYS}, (SUBARRAY,)).answer(value) != ERROR


def test_a_star_in_a_header_matches_all_but_na_and_not() -> None:
    rows: Rows = {("F1", "B"): ALWAYS, ("N/A", "B"): LATER}
    assert Rules(rows, (FILTER, BAND)).answer("*", "B") == file(SOON)
    assert Rules({("NOT F1",): ALWAYS}).answer("*") == NO_MATCH
    assert Rules({("F1", "B"): ALWAYS, ("N/A", "N/A"): LATER}, (FILTER, BAND)).answer("N/A", "N/A") == file(LATE)


def test_seconds_are_cut_off_and_dates_read_in_many_forms() -> None:
    rules = Rules({("F1",): f"UseAfter({{'1900': '{SOON}', '2022-07-12 01:02:03.068999': '{LATE}'}})"})
    assert rules.answer("F1", time="01:02:03.069") == file(LATE)
    assert rules.answer("F1", time="01:02:03.0689") == file(SOON)
    for date in ("July 12 2022", "07/12/2022", "12-Jul-2022", "2022/07/12"):
        assert rules.answer("F1", date=date, time="01:02:04 AM") == file(LATE)
    assert rules.answer("F1", date="20220712:010204", time="") == file(LATE)
    assert rules.answer("F1", date="2022-07-12T01:02:04", time="") == file(LATE)
    assert rules.answer("F1", date="2022-7-12") == ERROR


def test_substitutions_act_on_the_text_and_a_later_row_takes_the_place_of_its_equal() -> None:
    rows: Rows = {("N/A",): ALWAYS, ("GENERIC",): LATER}
    assert Rules(rows, (SUBARRAY,)).answer("FULL") == file(LATE)
    named = {SUBARRAY: {"ALL": ["FULL", "SUB8"]}}
    assert Rules({("ALL",): ALWAYS}, (SUBARRAY,), substitutions=named).answer("sub8") == file(SOON)
    assert Rules({("all",): ALWAYS}, (SUBARRAY,), substitutions=named).answer("sub8") == ERROR


def test_two_rows_that_become_equal_make_every_answer_an_error() -> None:
    rules = Rules({("34",): ALWAYS, ("34.0",): LATER, ("N/A",): LATER})
    assert rules.answer("34") == rules.answer("N/A") == ERROR


@pytest.mark.parametrize(
    ("field", "value", "matches"),
    [
        ("# >=5 #", "7", False),
        ("#>=5#", "7", True),
        ("#>1 and <9 and <3#", "7", True),
        ("#>1 AND <3 OR >20#", "30", False),
        ("between 1 7", "1", True),
        ("between 1 7", "7", False),
    ],
)
def test_comparisons_have_their_ways(field: str, value: str, *, matches: bool) -> None:
    assert Rules({(field,): ALWAYS}).answer(value) == (file(SOON) if matches else NO_MATCH)


def test_not_turns_a_match_about_and_leaves_na() -> None:
    assert Rules({("NOT N/A",): ALWAYS}).answer("F1") == file(SOON)
    rules = Rules({("A|NOT B",): ALWAYS})
    assert (rules.answer("NOT B"), rules.answer("A"), rules.answer("C")) == (file(SOON), file(SOON), ERROR)


def test_conditions_name_known_keys_alone_and_those_that_fail_are_passed_over() -> None:
    extra = {"extra_keys": ("META.EXPOSURE.TYPE",)}
    condition = '(META.EXPOSURE.TYPE in ("A", "B"))'
    rules = Rules({("F1",): ALWAYS}, rmap_relevance=condition, **extra)
    assert rules.answer("F1", **{"META.EXPOSURE.TYPE": "A"}) == file(SOON)
    assert rules.answer("F1", **{"META.EXPOSURE.TYPE": "C"}) == NOT_APPLICABLE
    fails = Rules({("F1",): ALWAYS}, rmap_relevance="(META.EXPOSURE.TYPE < 3)", **extra)
    assert fails.answer("F1", **{"META.EXPOSURE.TYPE": "A"}) == file(SOON)
    omitted = Rules({("F1",): ALWAYS}, rmap_omit='(META.VISIT.TSOVISIT == "T")')
    assert omitted.answer("F1", **{"META.VISIT.TSOVISIT": "true"}) == OMITTED


def test_the_weightiest_row_with_a_date_counts_and_a_plain_one_ends_the_search() -> None:
    too_late = f"UseAfter({{'2030-01-01 00:00:00': '{LATE}'}})"
    assert Rules({("F1", "B"): too_late, ("F1", "N/A"): ALWAYS}, (FILTER, BAND)).answer("F1", "B") == file(SOON)
    plain = Rules({("F1", "B"): "'N/A'", ("F1", "N/A"): ALWAYS}, (FILTER, BAND))
    assert plain.answer("F1", "B") == NOT_APPLICABLE
    same = Rules({("F1", "N/A"): ALWAYS, ("N/A", "B"): LATER}, (FILTER, BAND))
    assert same.answer("F1", "B") == file(LATE)


def test_rows_of_one_weight_without_dates_are_given_all_at_once() -> None:
    rows: Rows = {("F1", "N/A"): "'N/A'", ("N/A", "B"): "'N/A'"}
    assert Rules(rows, (FILTER, BAND)).answer("F1", "B").kind is Kind.SEVERAL
    mixed: Rows = {("F1", "N/A"): ALWAYS, ("N/A", "B"): "'N/A'"}
    assert Rules(mixed, (FILTER, BAND)).answer("F1", "B") == ERROR


def test_dates_are_compared_as_texts() -> None:
    rules = Rules({("F1",): f"UseAfter({{'1900': '{SOON}', '2021-01-01T00:00:00': '{LATE}'}})"})
    assert rules.answer("F1", date="2021-01-01", time="23:59:59") == file(SOON)
    assert rules.answer("F1", date="2021-01-02", time="00:00:00") == file(LATE)
    short = Rules({("F1",): f"UseAfter({{'1900': '{SOON}', '2021-01-01': '{LATE}'}})"})
    assert short.answer("F1", date="2021-01-01", time="00:00:00") == file(LATE)


def test_a_date_that_is_missing_matters_where_the_best_row_has_dates() -> None:
    plain = Rules({("F1", "B"): "'N/A'", ("F1", "N/A"): ALWAYS}, (FILTER, BAND))
    assert plain.answer("F1", "B", date="UNDEFINED") == NOT_APPLICABLE
    dated = Rules({("F1", "B"): "UseAfter({})", ("F1", "N/A"): "'N/A'"}, (FILTER, BAND))
    assert dated.answer("F1", "B", date="UNDEFINED") == ERROR


@pytest.mark.parametrize(
    ("word", "answer"),
    [*((word, NOT_APPLICABLE) for word in ("N/A", "TEMP_N/A", "n/a", "temp_n/a")), ("OMIT", OMITTED)],
)
def test_words_that_stand_in_the_place_of_a_file(word: str, answer: RuleAnswer) -> None:
    assert Rules({("F1",): repr(word)}).answer("F1") == answer


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (NO_MATCH, NOT_APPLICABLE, None),
        (OMITTED, NO_MATCH, None),
        (NO_MATCH, file(SOON), Step.NA_TO_FILE),
        (file(SOON), OMITTED, Step.FILE_TO_NA),
        (file(SOON), file(LATE), Step.FILE_TO_FILE),
        (file(SOON), ERROR, Step.TO_ERROR),
        (ERROR, file(SOON), Step.FROM_ERROR),
        (ERROR, RuleAnswer(Kind.SEVERAL, "N/A N/A"), None),
    ],
)
def test_answers_are_compared_as_crds_bestrefs_compares(
    before: RuleAnswer, after: RuleAnswer, found: Step | None
) -> None:
    assert step(before, after) is found


def test_the_rules_of_no_instrument_are_looked_at_where_a_context_has_none() -> None:
    imap = rule_text("jwst_miri_0001.imap", "{'FLAT': 'N/A'}", instrument="MIRI", parkey=("REFTYPE",))
    pmap = rule_text("jwst_0003.pmap", "{'MIRI': 'jwst_miri_0001.imap'}", parkey=("META.INSTRUMENT.TYPE",))
    context = context_of({"jwst_0003.pmap": pmap, "jwst_miri_0001.imap": imap})
    assert list(context.types) == [Instrument.MIRI]


MANY = Rules(
    {
        ("F1000W|F560W", "N/A", "FULL"): ALWAYS,
        ("ANY", "SHORT", "GENERIC"): LATER,
        ("NOT F770W", "LONG|MEDIUM", "ANY"): f"UseAfter({{'2022-07-12 01:02:03.5': '{LATE}', '2020': '{SOON}'}})",
        ("34", "T", "1E22"): ALWAYS,
        ("between 5 9", "F", "SUB*"): LATER,
        ("#>100#", "N/A", "{MASK1140}"): "'N/A'",
    },
    (FILTER, BAND, SUBARRAY),
)
_written = (
    st.sampled_from(ODD_VALUES)
    | st.sampled_from(("F1000W", "f560w", "F770W", "SHORT ", " long", "FULL", "sub64", "MASK1140", "MASK1140\n"))
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.floats(0, 200).map(repr)
    | st.integers(-(10**30), 10**30).map(str)
    | st.text(max_size=6)
)
_values = st.none() | _written


@given(st.tuples(_values, _values, _values), st.sampled_from(ODD_DATES) | st.dates().map(str))
def test_any_values_are_taken_as_crds_takes_them(values: tuple[object, ...], date: str) -> None:
    MANY.answer(*values, date=date)


@given(
    st.sampled_from(ODD_DATES)
    | st.datetimes().map(lambda at: at.isoformat())
    | st.text("0123456789-/:T ", max_size=20),
    st.sampled_from(ODD_TIMES) | st.times().map(str) | st.text("0123456789.:apmPM ", max_size=12),
)
def test_any_date_is_read_as_crds_reads_it(date: str, time: str) -> None:
    MANY.answer("F1000W", "LONG", "SUB64", date=date, time=time)


@given(st.dictionaries(st.sampled_from([keyword.fits for keyword in KEYWORDS]), _written))
def test_a_header_becomes_the_values_that_crds_makes_of_it(header: dict[str, object]) -> None:
    by_key = {keyword.key: header[keyword.fits] for keyword in KEYWORDS if keyword.fits in header}
    ours = values_by_key(parameters_of_header(header), Instrument.MIRI, None)
    theirs = conditioned_header({**dict.fromkeys(ours, "UNDEFINED"), **by_key, "META.INSTRUMENT.NAME": "MIRI"})
    assert ours == theirs
    assert UNKNOWN not in ours.values()

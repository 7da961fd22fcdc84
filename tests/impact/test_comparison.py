"""What a switch changes for products: by whole groups, over time, and where values lack."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from examples import examples
from made_up_rules import EXTRA, KEYS, made_up_header, made_up_rmap
from pedigreed.demo.crds_rules import DATES, rmap_text, rule_text
from pedigreed.impact.comparison import Comparison
from pedigreed.impact.context import Context, TypeRules
from pedigreed.impact.headers import KEYWORDS
from pedigreed.impact.inventory import Group, Inventory, first_from, microseconds, moment_at
from pedigreed.impact.mapping import RuleFile
from pedigreed.impact.rmap import Rmap, compile_rmap
from pedigreed.impact.rule_text import read_rule_text
from pedigreed.model.impact import Changed, Impact
from pedigreed.model.instrument import Instrument
from rule_files import context_of, context_texts

MIRI = Instrument.MIRI
WITHOUT_READPATT = frozenset(keyword.column for keyword in KEYWORDS) - {"readpatt"}
PARKEYS = ("META.INSTRUMENT.DETECTOR", "META.EXPOSURE.READPATT")
START = datetime(2022, 7, 12, 1, 2, 3, tzinfo=UTC)
OLD_ROW = ("MIRIFULONG", "ANY")
OLD_FLAT = rmap_text(
    "jwst_miri_flat_0001.rmap", PARKEYS, {OLD_ROW: {"2000-01-01 00:00:00": "jwst_miri_flat_0001.fits"}}
)


def flat(*rows: tuple[tuple[str, str], dict[str, str] | str]) -> str:
    return rmap_text("jwst_miri_flat_0002.rmap", PARKEYS, dict(rows))


def comparison(new_flat: str) -> Comparison:
    old = context_of(context_texts(1, {"jwst_miri_flat_0001.rmap": OLD_FLAT}))
    new = context_of(context_texts(2, {"jwst_miri_flat_0002.rmap": new_flat}))
    return Comparison(old, new)


def inventory(
    *products: tuple[Group, dict[str, object], datetime | None], given: frozenset[str] | None = None
) -> Inventory:
    found = Inventory(None if given is None else {MIRI: given})
    for group, parameters, start in products:
        found.headers.append(tuple(parameters.items()))
        found.add(group._replace(header=len(found.headers) - 1), None if start is None else microseconds(start))
    found.close()
    return found


def cal(observation: int | None = 1, level: str = "2b", product_type: str = "cal", **more: str) -> Group:
    return Group(MIRI, 1180, observation, level, product_type, 0, **more)


MRS: dict[str, object] = {
    "exp_type": "MIR_MRS",
    "detector": "MIRIFULONG",
    "readpatt": "FASTR1",
    "channel": "34",
    "band": "LONG",
}
COLUMNS = {keyword.key: keyword.column for keyword in KEYWORDS}
ADDED = ((OLD_ROW, {"2000-01-01 00:00:00": "jwst_miri_flat_0001.fits"}),)


def made_up_context(name: str, random: Random) -> Context:
    found = read_rule_text(made_up_rmap(random))
    header = found["header"]
    assert isinstance(header, dict)
    rules = Rmap(compile_rmap(RuleFile(header, found["selector"], "")))
    return Context(name, {MIRI: {"flat": TypeRules(f"jwst_miri_flat_{name[-4:]}.rmap", rules)}})


def counted(new_flat: str, *products: tuple[Group, dict[str, object], datetime | None]) -> Impact:
    return comparison(new_flat).impact(inventory(*products))


def test_a_row_that_an_older_one_outranks_changes_nothing() -> None:
    outranked = flat(*ADDED, (("MIRIFULONG", "N/A"), {"2000-01-01 00:00:00": "jwst_miri_flat_0541.fits"}))
    counts = counted(outranked, (cal(), MRS, START))
    assert (counts.products, counts.changed, counts.not_known) == (1, 0, 0)


def test_products_that_began_after_a_new_date_change() -> None:
    dated = flat(
        (OLD_ROW, {"2000-01-01": "jwst_miri_flat_0001.fits", "2022-07-12 01:02:03": "jwst_miri_flat_0542.fits"})
    )
    counts = counted(
        dated,
        (cal(1), MRS, START - timedelta(microseconds=1)),
        (cal(2), MRS, START),
        (cal(3), MRS, START + timedelta(days=400)),
    )
    assert counts.places == (Changed(1180, 2, 1), Changed(1180, 3, 1))
    assert counts.by_type == (("flat", 2),)
    assert counts.instruments == (MIRI,)


def test_a_product_of_unknown_start_is_told_only_where_every_start_agrees() -> None:
    every = flat((OLD_ROW, {"2000-01-01 00:00:00": "jwst_miri_flat_0009.fits", "0": "jwst_miri_flat_0008.fits"}))
    assert counted(every, (cal(), MRS, None)).changed == 1
    unclear = counted(flat((OLD_ROW, {"2000-01-01 00:00:00": "jwst_miri_flat_0009.fits"})), (cal(), MRS, None))
    assert (unclear.changed, unclear.not_known) == (0, 1)
    assert unclear.uncertain == ((MIRI, "flat"),)
    nothing = counted(flat(*ADDED), (cal(), MRS, None))
    assert (nothing.changed, nothing.not_known) == (0, 0)


@pytest.mark.parametrize(
    ("level", "product_type", "changed"),
    [
        ("1b", "uncal", 0),
        ("2a", "rate", 0),
        ("2b", "cal", 1),
        ("2b", "bsub", 0),
        ("2c", "crf", 1),
        ("2b", "x1d", 1),
    ],
)
def test_a_product_is_told_where_it_is_made_with_the_type(level: str, product_type: str, changed: int) -> None:
    other = flat((OLD_ROW, {"2000-01-01 00:00:00": "jwst_miri_flat_0009.fits"}))
    counts = counted(other, (cal(level=level, product_type=product_type), MRS, START))
    assert counts.changed == changed
    assert counts.where_on == ((("flat", 1),) if product_type in {"rate", "bsub"} else ())


def test_a_product_of_stage_three_changes_where_one_of_its_exposures_does() -> None:
    long_only = flat(*ADDED, (("MIRIFULONG", "FASTR1"), {"2000-01-01 00:00:00": "jwst_miri_flat_0009.fits"}))
    both = flat(*ADDED, (("MIRIFUSHORT", "FASTR1"), {"2000-01-01 00:00:00": "jwst_miri_flat_0009.fits"}))
    short = {**MRS, "detector": "MIRIFUSHORT", "channel": "12"}
    products: tuple[tuple[Group, dict[str, object], datetime | None], ...] = (
        (cal(), MRS, START),
        (cal(), short, START),
        (cal(level="3", product_type="s3d", association="o001", optics="ch3-long"), {}, None),
        (cal(level="3", product_type="s3d", association="o001", optics="ch1-long"), {}, None),
    )
    assert counted(long_only, *products).by_type == (("flat", 2),)
    assert counted(both, *products).by_type == (("flat", 2),)


def test_a_product_of_several_observations_changes_by_those_that_its_exposures_name() -> None:
    other = flat((OLD_ROW, {"2000-01-01 00:00:00": "jwst_miri_flat_0009.fits"}))
    combined = cal(None, level="3", product_type="s3d", association="c1001", optics="ch3-long")
    named = cal(1, level="2c", product_type="crf", association="c1001")
    assert counted(other, (combined, {}, None), (named, MRS, START)).changed == 2
    alone = counted(other, (combined, {}, None), (cal(1), MRS, START))
    assert (alone.changed, alone.without_exposures) == (1, 1)
    assert alone.uncertain == ((MIRI, ""),)


def test_a_column_that_the_service_has_not_is_told_only_where_every_value_agrees() -> None:
    lacking = {column: value for column, value in MRS.items() if column != "readpatt"}
    products = inventory((cal(), lacking, START), given=WITHOUT_READPATT)
    every = flat((OLD_ROW, {"2000-01-01 00:00:00": "jwst_miri_flat_0009.fits"}))
    assert comparison(every).impact(products).changed == 1
    some = flat(*ADDED, (("MIRIFULONG", "FASTR1"), {"2000-01-01 00:00:00": "jwst_miri_flat_0009.fits"}))
    counts = comparison(some).impact(products)
    assert (counts.changed, counts.not_known) == (0, 1)
    # A value that was known before the service dropped its column is known still.
    assert comparison(some).impact(inventory((cal(), MRS, START), given=WITHOUT_READPATT)).changed == 1


def test_a_condition_on_a_value_that_is_not_known_is_tried_with_the_values_that_it_names() -> None:
    described = {"instrument": "MIRI", "filekind": "FLAT", "parkey": (PARKEYS, DATES)}
    of_series = rule_text(
        "jwst_miri_flat_0002.rmap",
        f"Match({{{OLD_ROW!r}: UseAfter({{'2000-01-01 00:00:00': 'jwst_miri_flat_0001.fits'}})}})",
        rmap_relevance='(META.VISIT.TSOVISIT == "T")',
        **described,
    )
    given = frozenset(keyword.column for keyword in KEYWORDS) - {"tsovisit"}
    counts = comparison(of_series).impact(inventory((cal(), MRS, START), given=given))
    assert (counts.changed, counts.not_known) == (0, 1)
    assert comparison(of_series).impact(inventory((cal(), {**MRS, "tsovisit": "t"}, START))).changed == 0
    assert comparison(of_series).impact(inventory((cal(), MRS, START))).changed == 1


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
def test_what_is_told_without_a_value_holds_for_every_value() -> None:
    random = Random(14)
    told = 0
    for _ in range(examples(600)):
        old, new = (made_up_context(name, random) for name in ("jwst_0001", "jwst_0002"))
        made_up = made_up_header(random)
        key = random.choice((*KEYS, *EXTRA))
        values: dict[str, object] = {COLUMNS[each]: made_up[each] for each in (*KEYS, *EXTRA) if each != key}
        compared = Comparison(old, new, every_type=True)
        given = frozenset(COLUMNS.values()) - {COLUMNS[key]}
        unknown = compared.impact(inventory((cal(), values, START), given=given))
        if unknown.not_known:
            continue
        told += 1
        for value in sorted({"UNDEFINED", "N/A", "elsewhere", *(made_up_header(random)[key] for _ in range(12))}):
            if not value.upper().startswith(("*", "ANY", "NOT", "BETWEEN", "{", "(", "#")):
                known = compared.impact(inventory((cal(), {**values, COLUMNS[key]: value}, START)))
                assert (known.by_type, known.errors) == (unknown.by_type, unknown.errors), (old, new, values, key)
    assert told > examples(600) / 4


@pytest.mark.parametrize(
    ("selector", "header", "reason"),
    [
        ("Match({('A', 'B'): 'N/A'})", {"hooks": {"precondition_header": "some_code"}}, "hooks in the header"),
        ("Match({('A', 'B'): 'N/A'})", {"new_in_2027": "x"}, "new_in_2027 in the header"),
        ("VersionAfter({'1.0': 'jwst_miri_flat_0009.fits'})", {}, "the selector VersionAfter"),
        ("UseAfter({'1.0': 'jwst_miri_flat_0009.fits'})", {}, "the selector UseAfter"),
        ("Match({('((A+)+)', 'B'): 'N/A'})", {}, "a regular expression that may run away: (A+)+"),
        ("Match({('(A*B*C*D*E*)', 'B'): 'N/A'})", {}, "a regular expression that may run away: A*B*C*D*E*"),
        ("Match({('" + "NOT " * 30 + "A', 'B'): 'N/A'})", {}, "a key that is too long or too deep"),
        (
            "Match({('A', 'B'): 'N/A'})",
            {"rmap_relevance": f"{'(' * 30}1{')' * 30}"},
            f"a condition that is not understood: {'(' * 30}1{')' * 29}",
        ),
        (
            "Match({('A', 'B'): Match({'C': 'N/A'})})",
            {},
            "a row that answers neither with a file nor with files by date",
        ),
    ],
    ids=["hooks", "field", "version", "dates", "groups", "repetitions", "key", "condition", "nested"],
)
def test_rules_that_are_not_understood_say_nothing_of_their_type_alone(
    selector: str, header: dict[str, object], reason: str
) -> None:
    dark = rmap_text("jwst_miri_dark_0001.rmap", PARKEYS, {OLD_ROW: "N/A"})
    darker = rmap_text("jwst_miri_dark_0002.rmap", PARKEYS, {OLD_ROW: "jwst_miri_dark_0009.fits"})
    described = {"instrument": "MIRI", "filekind": "FLAT", "parkey": (PARKEYS, DATES), **header}
    strange = rule_text("jwst_miri_flat_0002.rmap", selector, **described)
    old = context_of(context_texts(1, {"jwst_miri_flat_0001.rmap": OLD_FLAT, "jwst_miri_dark_0001.rmap": dark}))
    new = context_of(context_texts(2, {"jwst_miri_flat_0002.rmap": strange, "jwst_miri_dark_0002.rmap": darker}))
    products = ((cal(), MRS, START), (cal(2, "2a", "rate"), MRS, START))
    counts = Comparison(old, new).impact(inventory(*products))
    assert (counts.by_type, counts.changed) == ((("dark", 2),), 2)
    assert counts.uncertain == ((MIRI, "flat"),)
    assert counts.not_understood == ((MIRI, "flat", reason),)


def test_an_answer_that_becomes_an_error_is_told_apart() -> None:
    refused = flat((("MIRIMAGE", "FASTR1"), {"2000-01-01 00:00:00": "jwst_miri_flat_0009.fits"}))
    counts = counted(refused, (cal(), MRS, START))
    assert (counts.changed, counts.errors) == (0, (("flat", 1),))


def test_a_context_without_the_instrument_has_an_error_for_it_and_one_without_the_type_has_none() -> None:
    old = context_of(context_texts(1, {"jwst_miri_flat_0001.rmap": OLD_FLAT}))
    no_miri, no_flat = Context("jwst_0002", {}), Context("jwst_0003", {MIRI: {}})
    products = inventory((cal(), MRS, START))
    counts = Comparison(old, no_miri).impact(products)
    assert (counts.changed, counts.errors) == (0, (("flat", 1),))
    assert Comparison(no_miri, old).impact(products).by_type == (("flat", 1),)
    counts = Comparison(old, no_flat).impact(products)
    assert (counts.by_type, counts.errors) == ((("flat", 1),), ())
    assert Comparison(no_miri, no_miri).impact(products).changed == 0


def test_an_exposure_type_that_is_not_known_counts_and_is_told() -> None:
    other = flat((OLD_ROW, {"2000-01-01 00:00:00": "jwst_miri_flat_0009.fits"}))
    counts = counted(other, (cal(), {**MRS, "exp_type": "MIR_NEW"}, START))
    assert (counts.changed, counts.unknown_exposures) == (1, (("MIR_NEW", 1),))


@pytest.mark.parametrize(
    "text",
    [
        "2021-01-01",
        "2021-01-01 00:00:00",
        "2021-01-01T00:00:00",
        "2022-07-12 01:02:03.068999",
        "anything",
        "",
        "1999",
    ],
)
def test_a_rules_date_is_found_among_moments_as_texts_are_compared(text: str) -> None:
    first = first_from(text)
    assert moment_at(first) >= text or text == "anything"
    if text not in {"", "anything"}:
        assert moment_at(first - 1) < text

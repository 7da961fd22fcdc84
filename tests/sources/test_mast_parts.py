"""What is wrong with one program's rows, and what that costs the programs that share its answer: nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import archive_faults
import faults
from asking_mast import AGENT, NIRCAM_1180, QUICK, ask, ask_one, held, kinds, names, pages
from misbehaving import FaultyArchive, is_about, is_page
from pedigreed.demo.rows import always
from pedigreed.demo.scenario import DAY_2
from pedigreed.model.instrument import Instrument
from pedigreed.sources.mast.archive import MastArchive
from pedigreed.sources.mast.query import PedigreeQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pedigreed.demo.filters import Row
    from pedigreed.model.coverage import Fetched
    from pedigreed.model.product import Product

MANY = tuple(range(1101, 1201))
HUNDRED = PedigreeQuery(Instrument.NIRCAM, MANY)
Parts = list[tuple[PedigreeQuery, "Fetched[Product]"]]


def hundred_programs() -> list[Row]:
    return [row for program in MANY for row in held(program, 3)]


def serving(rows: Iterable[Row]) -> FaultyArchive:
    return FaultyArchive(always(list(rows)), DAY_2)


def incomplete(parts: Parts) -> set[int]:
    return {program for part, fetched in parts if not fetched.is_complete for program in part.programs}


def asked(parts: Parts) -> list[int]:
    return sorted(program for part, _ in parts for program in part.programs)


def spoil(rows: list[Row], program: int, **values: object) -> None:
    """Spoil the first row of a program."""
    row = next(row for row in rows if row["program"] == program)
    row.update(values)  # type: ignore[arg-type]  # what no archive should hold


@pytest.mark.parametrize(
    "values",
    [
        {"date_mjd": "soon"},
        {"cal_ver": ["1.20.2"]},
        {"crds_ctx": True},
        {"filename": None},
        {"filename": "x" * 300},
    ],
    ids=["DATE", "CAL_VER", "CRDS_CTX", "no name", "long name"],
)
def test_an_unreadable_row_is_the_trouble_of_its_own_program(values: dict[str, object]) -> None:
    rows = hundred_programs()
    spoil(rows, 1150, **values)
    with serving(rows) as recorded:
        parts = ask(recorded, HUNDRED)
    assert incomplete(parts) == {1150}
    assert asked(parts) == list(MANY)
    assert sum(len(fetched.items) for _, fetched in parts) == len(rows) - 1
    assert sum(fetched.rows for _, fetched in parts) == len(rows)
    assert len(pages(recorded)) == 1, "nothing is asked again"
    assert sum(fetched.requests for _, fetched in parts) == len(recorded.requests)


@pytest.mark.parametrize(
    ("values", "column"),
    [
        ({"publicReleaseDate_mjd": "not yet"}, "publicReleaseDate_mjd"),
        ({"ingestCompletionDate_mjd": [1]}, "ingestCompletionDate_mjd"),
        ({"expstart": 1e300}, "expstart"),
        ({"fileSize": 10**30}, "fileSize"),
        ({"fileSize": "large"}, "fileSize"),
        ({"isStale": "perhaps"}, "isStale"),
    ],
)
def test_a_value_that_nothing_hangs_on_is_left_out_and_said(values: dict[str, object], column: str) -> None:
    rows = held(1180, 5)
    spoil(rows, 1180, **values)
    with serving(rows) as recorded:
        fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert len(fetched.items) == 5
    (warning,) = fetched.warnings
    assert warning.startswith(f"1 row taken without {column}: {rows[0]['filename']}")


@pytest.mark.parametrize("is_known", [False, True])
def test_a_row_that_came_twice_is_the_trouble_of_its_own_program(is_known: bool) -> None:
    rows = hundred_programs()
    with serving(rows) as before:
        products = ask_one(before, HUNDRED).items

    def known(part: PedigreeQuery) -> dict[bytes, str]:
        kept = [product for product in products if is_known and product.program in part.programs]
        return {product.fingerprint: product.filename for product in kept}

    with (
        serving([*rows, next(row for row in rows if row["program"] == 1150)]) as recorded,
        MastArchive(recorded.url, AGENT, patience=QUICK) as archive,
    ):
        parts = list(archive.answers(HUNDRED, known))
        assert incomplete(parts) == {1150}
        assert asked(parts) == list(MANY)
        assert kinds(recorded) == ["columnsconfig", "page", "count"]
    for part, fetched in parts:
        said = {product.filename for product in fetched.items} | fetched.unchanged
        assert said == {product.filename for product in products if product.program in part.programs}


def test_a_double_that_hides_a_gap_in_another_program_is_found_out() -> None:
    with serving(hundred_programs()) as recorded:
        # The last row, of the last program, is replaced by the first, of the first.
        recorded.misbehave(archive_faults.DuplicateRow(), times=1, when=is_page)
        parts = ask(recorded, HUNDRED)
        assert not incomplete(parts), "it was asked again, and came right"
        recorded.misbehave(archive_faults.DuplicateRow(), times=None, when=is_about(MANY[-1]))
        parts = ask(recorded, HUNDRED)
        assert MANY[-1] in incomplete(parts)
        assert len(incomplete(parts)) <= 2
        assert asked(parts) == list(MANY)


def page_about(program: int) -> Callable[..., bool]:
    return lambda received: is_page(received) and is_about(program)(received)


@pytest.mark.parametrize("troubled", [{1150}, {1101, 1200}, {1133, 1134}], ids=str)
@pytest.mark.parametrize(
    "fault", [archive_faults.WrongTotal(5), archive_faults.TruncatedPage(1)], ids=["wrong total", "short page"]
)
def test_rows_that_do_not_add_up_take_no_other_program_with_them(fault: faults.Fault, troubled: set[int]) -> None:
    with serving(hundred_programs()) as recorded:
        for program in troubled:
            recorded.misbehave(fault, times=None, when=page_about(program))
        parts = ask(recorded, HUNDRED)
    assert incomplete(parts) == troubled
    assert asked(parts) == list(MANY)
    assert sum(fetched.requests for _, fetched in parts) == len(recorded.requests)


def test_a_service_whose_rows_never_add_up_is_asked_little() -> None:
    with serving(hundred_programs()) as recorded:
        recorded.misbehave(archive_faults.WrongTotal(5), times=None, when=is_page)
        parts = ask(recorded, HUNDRED)
    assert incomplete(parts) == set(MANY)
    assert asked(parts) == list(MANY)
    assert len(pages(recorded)) <= 1 + 2 * 14, "14 splits lead to two of 100 programs"


def test_what_does_not_come_at_all_is_not_asked_for_in_halves() -> None:
    with serving(hundred_programs()) as recorded:
        recorded.misbehave(faults.ResetMidBody(), times=None, when=is_page)
        parts = ask(recorded, HUNDRED)
        assert len(parts) == 1
        assert kinds(recorded) == ["columnsconfig", *["page"] * QUICK.attempts]


def test_a_positional_row_of_another_length_is_unreadable(recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.ShortRow(), times=None, when=is_page)
    fetched = ask_one(recorded)
    assert not fetched.is_complete
    assert "1 row can't be read: a row of " in fetched.problems[0]
    assert len(fetched.items) == fetched.rows - 1


# Rows that contradict each other


def contradiction() -> tuple[list[Row], str]:
    """Five products, one of them a second time with another pedigree."""
    rows = held(1180, 5)
    changed: Row = {**rows[2], "cal_ver": "9.9.9", "crds_ctx": "jwst_9999.pmap"}
    return [*rows, changed], str(changed["filename"])


@pytest.mark.parametrize("is_reversed", [False, True])
def test_nothing_is_said_of_a_product_with_two_pedigrees(is_reversed: bool) -> None:
    rows, contradicted = contradiction()
    with serving(reversed(rows) if is_reversed else rows) as recorded:
        fetched = ask_one(recorded)
    assert not fetched.is_complete
    assert fetched.problems == (f"1 row came twice, {contradicted} among them",)
    assert len(fetched.items) == 4
    assert contradicted not in names(fetched) | fetched.unchanged


@pytest.mark.parametrize("is_reversed", [False, True])
def test_nothing_new_is_said_of_a_product_whose_known_row_is_still_there(is_reversed: bool) -> None:
    rows, contradicted = contradiction()
    with serving(rows[:5]) as before:
        known = {product.fingerprint: product.filename for product in ask_one(before).items}
    with serving(reversed(rows) if is_reversed else rows) as recorded:
        fetched = ask_one(recorded, known=known)
    assert not fetched.is_complete
    assert contradicted in fetched.problems[0]
    assert not fetched.items
    assert len(fetched.unchanged) == 5, "it is there all the same"


def test_a_contradiction_in_an_increment_is_noticed_too() -> None:
    rows, contradicted = contradiction()
    with serving(rows) as recorded:
        increment = replace(NIRCAM_1180, archived_since=DAY_2.replace(year=2020))
        fetched = ask_one(recorded, increment)
    assert not fetched.is_complete
    assert contradicted not in names(fetched)

"""Whom a notice concerns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pedigreed.config.settings import CrdsReport, Report
from pedigreed.model.instrument import Instrument
from pedigreed.model.notice import Facts, Notice, NoticeKind
from pedigreed.model.product import ExposureUse
from pedigreed.notices.reading import facts_of
from pedigreed.notices.relevance import concerns, is_wanted, more_than, touched_by
from pedigreed.notices.writing import notice_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pedigreed.model.notice import Heard

MIRI, NIRCAM, NIRSPEC = Instrument.MIRI, Instrument.NIRCAM, Instrument.NIRSPEC
EVERY_LEVEL = ("1b", "2a", "2b", "2c", "3")
AFFECTED, ALL = CrdsReport(report=Report.AFFECTED), CrdsReport(report=Report.ALL)


@pytest.fixture
def notice(hear: Callable[..., Heard]) -> Callable[..., Notice]:
    def of(
        *types: str,
        instruments: tuple[Instrument, ...] = (MIRI,),
        kind: NoticeKind = NoticeKind.DELIVERY,
        **said: object,
    ) -> Notice:
        facts = replace(Facts(kind=kind, instruments=instruments, reference_types=types), **said)  # type: ignore[arg-type]  # as the tests give them
        return Notice("jwst_1536", kind, facts, "A title", "", "", (hear(),))

    return of


def _uses(*exposures: tuple[Instrument, str | None], levels: tuple[str, ...] = EVERY_LEVEL) -> list[ExposureUse]:
    return [
        ExposureUse(instrument, 1180, 7, level, exp_type) for instrument, exp_type in exposures for level in levels
    ]


@pytest.mark.parametrize(
    ("exposures", "levels", "instruments", "is_concerned"),
    [
        ([(MIRI, "MIR_IMAGE")], EVERY_LEVEL, (), True),
        ([(MIRI, None)], ("2b",), (MIRI,), True),
        ([(NIRCAM, "NRC_IMAGE")], EVERY_LEVEL, (), False),
        ([(MIRI, "MIR_IMAGE"), (NIRCAM, "NRC_IMAGE")], EVERY_LEVEL, (NIRCAM,), False),
        ([], EVERY_LEVEL, (), False),
        ([(MIRI, "MIR_IMAGE")], ("1b",), (), False),
        ([(MIRI, "MIR_IMAGE")], ("2a",), (), False),
        ([(MIRI, "MIR_IMAGE")], ("3",), (), True),
    ],
)
def test_a_notice_concerns_who_has_such_exposures_at_such_levels(
    notice: Callable[..., Notice],
    exposures: list[tuple[Instrument, str | None]],
    levels: tuple[str, ...],
    instruments: tuple[Instrument, ...],
    is_concerned: bool,
) -> None:
    touched = touched_by(notice("photom"))
    assert concerns(touched, _uses(*exposures, levels=levels), instruments) is is_concerned


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("dark", {"2a", "2b", "2c", "3"}),
        ("photom", {"2b", "2c", "3"}),
        ("mrsptcorr", {"2c", "3"}),
        ("amplifier", set()),
    ],
)
def test_a_type_counts_from_its_stage_on(name: str, at: set[str]) -> None:
    found = {level for level in EVERY_LEVEL if concerns({(MIRI, name)}, _uses((MIRI, "MIR_MRS"), levels=(level,)))}
    assert found == at


def test_a_type_of_another_mode_does_not_concern() -> None:
    assert concerns({(MIRI, "fringe")}, _uses((MIRI, "MIR_MRS")))
    assert not concerns({(MIRI, "fringe")}, _uses((MIRI, "MIR_IMAGE")))


@pytest.mark.parametrize(
    ("exposure", "name", "level", "counts"),
    [
        ((MIRI, "MIR_IMAGE"), "emicorr", "2b", False),
        ((NIRCAM, "NRC_WFSS"), "photom", "2b", True),
        ((MIRI, "MIR_MRS"), "fringefreq", "2b", False),
        ((NIRSPEC, "NRS_IFU"), "pictureframe", "2b", False),
        ((MIRI, "MIR_IMAGE"), "flat", "2a", False),
        ((MIRI, "MIR_IMAGE"), "flat", "2b", True),
        ((MIRI, "MIR_IMAGE"), "pars-emicorrstep", "2b", True),
    ],
)
def test_a_step_that_is_off_by_default_makes_no_type_count(
    exposure: tuple[Instrument, str], name: str, level: str, counts: bool
) -> None:
    """Parameters do, since they may turn the step on."""
    assert concerns({(exposure[0], name)}, _uses(exposure, levels=(level,))) is counts


@pytest.mark.parametrize(
    ("types", "instruments"), [((), (MIRI,)), (("photom",), ()), ((), ()), (("brandnew",), (MIRI,))]
)
def test_what_is_not_named_cannot_be_left_out(
    notice: Callable[..., Notice], types: tuple[str, ...], instruments: tuple[Instrument, ...]
) -> None:
    assert concerns(touched_by(notice(*types, instruments=instruments)), _uses((MIRI, "MIR_IMAGE"), levels=("3",)))


def test_versions_of_software_touch_no_data(notice: Callable[..., Notice]) -> None:
    assert not concerns(touched_by(notice("calver", instruments=())), _uses((MIRI, "MIR_IMAGE")))


@pytest.mark.parametrize("kind", [NoticeKind.BUILD, NoticeKind.ROLLBACK])
def test_builds_and_rollbacks_concern_all_that_is_calibrated(
    notice: Callable[..., Notice], kind: NoticeKind
) -> None:
    touched = touched_by(notice("fringe", kind=kind))
    assert concerns(touched, _uses((NIRCAM, "NRC_IMAGE"), levels=("2a",)))
    assert not concerns(touched, _uses((NIRCAM, "NRC_IMAGE"), levels=("1b",)))
    assert not concerns(touched, _uses((NIRCAM, "NRC_IMAGE")), (NIRSPEC,))


@pytest.mark.parametrize("kind", [NoticeKind.DELIVERY, NoticeKind.ROLLBACK])
def test_what_crds_says_that_changed_is_all_that_is_touched(
    notice: Callable[..., Notice], kind: NoticeKind
) -> None:
    told = notice("dark", "flat", kind=kind, changed=((NIRCAM, "flat"),))
    assert touched_by(told) == {(NIRCAM, "flat")}
    assert touched_by(notice("dark", kind=kind, changed=())) == set()


def test_a_type_that_a_text_pairs_with_one_instrument_does_not_reach_another(
    notice: Callable[..., Notice],
) -> None:
    pairs = ((MIRI, "mask"), (NIRSPEC, "pathloss"))
    told = notice("mask", "pathloss", instruments=(MIRI, NIRSPEC), pairs=pairs)
    assert touched_by(told) == set(pairs)
    named = notice(
        *("dark", "flat"),
        instruments=(MIRI, NIRCAM),
        files=("jwst_miri_dark_0131.fits", "jwst_nircam_flat_0821.fits"),
    )
    assert touched_by(named) == {(MIRI, "dark"), (NIRCAM, "flat")}


def test_what_no_text_pairs_may_belong_together(notice: Callable[..., Notice]) -> None:
    told = notice("mask", "dark", "flat", instruments=(MIRI, NIRSPEC, NIRCAM), pairs=((MIRI, "mask"),))
    assert touched_by(told) == {
        (MIRI, "mask"),
        *((instrument, name) for instrument in (MIRI, NIRSPEC, NIRCAM) for name in ("dark", "flat")),
        *((NIRSPEC, "mask"), (NIRCAM, "mask")),
    }


def test_what_was_any_of_them_is_not_more_when_it_is_named() -> None:
    assert more_than({(MIRI, "dark")}, {(MIRI, None)}) == set()
    assert more_than({(MIRI, "dark")}, {(None, None)}) == set()
    assert more_than({(MIRI, "dark"), (MIRI, "flat")}, {(None, "flat")}) == {(MIRI, "dark")}


def test_a_text_that_is_not_understood_is_told_to_whom_it_names_or_its_list_is_of(
    hear: Callable[..., Heard],
) -> None:
    heard = hear(instruments=(MIRI,))
    told = notice_of([(heard, facts_of(heard.announcement))], NoticeKind.NOT_UNDERSTOOD)
    assert is_wanted(told, AFFECTED, _uses((MIRI, "MIR_IMAGE")))
    assert not is_wanted(told, AFFECTED, _uses((NIRCAM, "NRC_IMAGE")))
    assert is_wanted(replace(told, facts=Facts()), ALL, _uses((NIRCAM, "NRC_IMAGE")))
    assert not is_wanted(replace(told, facts=Facts()), AFFECTED, _uses((MIRI, "MIR_IMAGE")))

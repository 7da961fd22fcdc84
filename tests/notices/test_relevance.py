"""Whom a notice concerns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pedigreed.model.context_use import ContextsInUse
from pedigreed.model.instrument import Instrument
from pedigreed.model.notice import Facts, Notice, NoticeKind
from pedigreed.notices.relevance import concerns

if TYPE_CHECKING:
    from collections.abc import Callable

    from pedigreed.model.notice import Heard

MIRI, NIRCAM, NIRSPEC = Instrument.MIRI, Instrument.NIRCAM, Instrument.NIRSPEC
EVERY_LEVEL = ("1b", "2a", "2b", "2c", "3")
CONTEXTS_IN_USE = ContextsInUse("jwst_1583", None, "jwst_1535", "2.0.1")


@pytest.fixture
def notice(hear: Callable[..., Heard]) -> Callable[..., Notice]:
    def of(
        *types: str,
        instruments: tuple[Instrument, ...] = (MIRI,),
        kind: NoticeKind = NoticeKind.DELIVERY,
        context: str | None = "jwst_1536",
    ) -> Notice:
        facts = Facts(kind=kind, context=context, instruments=instruments, reference_types=types)
        return Notice("jwst_1536", kind, facts, "A title", "", "", (hear(),))

    return of


@pytest.mark.parametrize(
    ("exposures", "levels", "instruments", "is_concerned"),
    [
        ({(MIRI, "MIR_IMAGE")}, EVERY_LEVEL, (), True),
        ({(MIRI, "MIR_IMAGE")}, (), (), True),
        ({(MIRI, None)}, ("2b",), (MIRI,), True),
        ({(NIRCAM, "NRC_IMAGE")}, EVERY_LEVEL, (), False),
        ({(MIRI, "MIR_IMAGE"), (NIRCAM, "NRC_IMAGE")}, EVERY_LEVEL, (NIRCAM,), False),
        (set(), EVERY_LEVEL, (), False),
        ({(MIRI, "MIR_IMAGE")}, ("1b",), (), False),
        ({(MIRI, "MIR_IMAGE")}, ("2a",), (), False),
        ({(MIRI, "MIR_IMAGE")}, ("3",), (), True),
    ],
)
def test_a_notice_concerns_who_has_such_exposures_at_such_levels(
    notice: Callable[..., Notice],
    exposures: set[tuple[Instrument, str | None]],
    levels: tuple[str, ...],
    instruments: tuple[Instrument, ...],
    is_concerned: bool,
) -> None:
    assert concerns(notice("photom"), exposures, levels, instruments) is is_concerned


@pytest.mark.parametrize(
    ("name", "at"),
    [("dark", {"2a", "2b", "2c", "3"}), ("photom", {"2b", "2c", "3"}), ("mrsptcorr", {"3"}), ("amplifier", set())],
)
def test_a_type_counts_from_its_stage_on(notice: Callable[..., Notice], name: str, at: set[str]) -> None:
    mrs = {(MIRI, "MIR_MRS")}
    assert {level for level in EVERY_LEVEL if concerns(notice(name), mrs, (level,), ())} == at


def test_a_type_of_another_mode_does_not_concern(notice: Callable[..., Notice]) -> None:
    assert concerns(notice("fringe"), {(MIRI, "MIR_MRS")}, (), ())
    assert not concerns(notice("fringe"), {(MIRI, "MIR_IMAGE")}, (), ())


@pytest.mark.parametrize(
    ("types", "instruments"), [((), (MIRI,)), (("photom",), ()), ((), ()), (("brandnew",), (MIRI,))]
)
def test_what_is_not_named_cannot_be_left_out(
    notice: Callable[..., Notice], types: tuple[str, ...], instruments: tuple[Instrument, ...]
) -> None:
    assert concerns(notice(*types, instruments=instruments), {(MIRI, "MIR_IMAGE")}, ("3",), ())


def test_versions_of_software_touch_no_data(notice: Callable[..., Notice]) -> None:
    assert not concerns(notice("calver", instruments=()), {(MIRI, "MIR_IMAGE")}, (), ())


@pytest.mark.parametrize("kind", [NoticeKind.BUILD, NoticeKind.ROLLBACK])
def test_builds_and_rollbacks_concern_all_that_is_calibrated(
    notice: Callable[..., Notice], kind: NoticeKind
) -> None:
    told = notice("fringe", kind=kind)
    assert concerns(told, {(NIRCAM, "NRC_IMAGE")}, ("2a",), ())
    assert not concerns(told, {(NIRCAM, "NRC_IMAGE")}, ("1b",), ())
    assert not concerns(told, {(NIRCAM, "NRC_IMAGE")}, (), (NIRSPEC,))

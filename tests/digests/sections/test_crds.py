"""The phrases that tell what happened in CRDS."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from any_notice import build, delivery, mailed
from pedigreed.digests.sections.crds import (
    about_in_words,
    bad_files,
    build_in_words,
    crds_in_words,
    effects_in_words,
)
from pedigreed.model.context_use import ContextsInUse, ContextUse, context_use, is_installed
from pedigreed.model.instrument import Instrument
from pedigreed.model.notice import NoticeKind

if TYPE_CHECKING:
    from pedigreed.model.notice import Notice

SINCE = datetime(2026, 11, 21, tzinfo=UTC)


def bad(*files: str) -> Notice:
    return replace(delivery(kind=NoticeKind.MARKED_BAD, context=None, files=files), name="bad")


def test_each_kind_is_counted_and_files_that_are_bad_one_by_one() -> None:
    rollback = replace(delivery(kind=NoticeKind.ROLLBACK), name="rollback")
    assert crds_in_words([delivery()]) == "1 delivery"
    assert crds_in_words([delivery(), delivery(), rollback]) == "2 deliveries and 1 rollback"
    assert crds_in_words([bad("a.fits", "b.fits"), bad("c.fits")]) == "3 files marked bad"
    assert bad_files([bad(), delivery()]) == 1, "a file that nobody named is one too"


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (
            {
                "instruments": (Instrument.MIRI, Instrument.NIRCAM),
                "reference_types": ("dark", "flat"),
                "modes": (),
                "changed": ((Instrument.MIRI, "dark"), (Instrument.NIRCAM, "dark"), (Instrument.NIRCAM, "flat")),
            },
            "MIRI dark; NIRCam dark and flat",
        ),
        (
            {
                "instruments": (Instrument.MIRI, Instrument.NIRSPEC),
                "reference_types": ("mask", "pathloss"),
                "pairs": ((Instrument.MIRI, "mask"), (Instrument.NIRSPEC, "pathloss")),
            },
            "MIRI mask; NIRSpec pathloss (MRS)",
        ),
        ({}, "MIRI, MRS: flat and photom"),
        ({"modes": ()}, "MIRI: flat and photom"),
        ({"reference_types": ()}, "MIRI, MRS"),
        ({"instruments": (), "modes": ()}, "flat and photom"),
        ({"instruments": (), "modes": (), "reference_types": ()}, ""),
        ({"instruments": (Instrument.NIRCAM, Instrument.MIRI), "modes": ()}, "NIRCam, MIRI: flat and photom"),
    ],
)
def test_what_was_not_named_is_not_said(facts: dict[str, object], words: str) -> None:
    assert about_in_words(delivery(**facts)) == words


@pytest.mark.parametrize(
    ("facts", "made"),
    [({}, "2.0.1 and jwst_1535"), ({"context": None}, "2.0.1"), ({"cal_ver": None}, "jwst_1535")],
)
def test_a_build_is_told_with_what_is_known_of_it(facts: dict[str, object], made: str) -> None:
    installed = ContextsInUse("jwst_1583", SINCE, "jwst_1535", "2.0.1", "jwst_1535")
    assert build_in_words(build(**facts), installed) == f"MAST now makes products with {made}"


@pytest.mark.parametrize(
    "contexts",
    [
        None,
        ContextsInUse("jwst_1583", SINCE, None, None),
        ContextsInUse("jwst_1583", SINCE, "jwst_1535", "2.0.1"),
        ContextsInUse("jwst_1583", SINCE, "jwst_1535", "2.0.1", "jwst_1464"),
        ContextsInUse("jwst_1583", SINCE, "jwst_1464", "2.0.1", "jwst_1535"),
        ContextsInUse("jwst_1583", SINCE, "jwst_1535", "2.1.0", "jwst_1535"),
    ],
)
def test_only_crds_with_the_products_says_what_mast_makes_products_with(contexts: ContextsInUse | None) -> None:
    assert not is_installed(build(), contexts)
    assert "MAST now makes" not in build_in_words(build(), contexts)
    by_list = replace(build(), heard=(mailed(build().heard[0]),))
    assert build_in_words(by_list, contexts) == "2.0.1 and jwst_1535, not confirmed by CRDS and MAST's products"


def test_where_crds_and_the_products_differ_the_products_count() -> None:
    contexts = ContextsInUse("jwst_1583", SINCE, "jwst_1581", "2.0.1", "jwst_1535")
    assert context_use(delivery(context="jwst_1535"), contexts) is ContextUse.BUILD
    assert context_use(delivery(context="jwst_1560"), contexts) is ContextUse.LATEST


@pytest.mark.parametrize(
    ("context", "use"),
    [
        ("jwst_1535", ContextUse.BUILD),
        ("jwst_1536", ContextUse.LATEST),
        ("jwst_1583", ContextUse.LATEST),
        ("jwst_1584", ContextUse.UNKNOWN),
        (None, ContextUse.UNKNOWN),
    ],
)
def test_a_context_is_in_the_build_or_in_the_latest_by_its_number(context: str | None, use: ContextUse) -> None:
    assert context_use(delivery(context=context), ContextsInUse("jwst_1583", SINCE, "jwst_1535", "2.0.1")) is use


def test_effects_stand_in_the_order_of_the_pipeline() -> None:
    effects = effects_in_words(delivery(reference_types=("brandnew", "dark", "persat", "photom")))
    assert [effect.name for effect in effects] == ["dark", "persat", "photom"]
    assert effects[1].where.startswith("persistence step, ")
    assert str(effects[2]) == (
        "photom: photom step, stage 2 and 3; wfss_contam, stage 2, where the step is on: absolute flux calibration"
    )


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("emicorr", "emicorr, stage 1, where the step is on"),
        ("fringefreq", "residual_fringe, stage 2, where the step is on"),
        ("pictureframe", "picture_frame, stage 1, where the step is on"),
        ("flat", "flat_field step, stage 2; clean_flicker_noise, stage 1 and 2, where the step is on"),
        ("pars-emicorrstep", "emicorr step, stage 1"),
        ("dark", "dark_current step, stage 1"),
    ],
)
def test_a_step_that_is_off_by_default_is_said_to_count_where_it_is_on(name: str, where: str) -> None:
    [effect] = effects_in_words(delivery(reference_types=(name,)))
    assert effect.where == where

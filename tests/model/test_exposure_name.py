"""What the name of an exposure's file tells."""

from __future__ import annotations

import pytest

from pedigreed.model.instrument import DETECTORS, Instrument
from pedigreed.model.product_name import ExposureName, level_of, parse_product_name


def test_a_segmented_exposure() -> None:
    text = "jw01091002003_03102_00004-seg005_nis_rateints.fits"
    name = parse_product_name(text)
    assert name == ExposureName(1091, 2, 3, 3, 1, "02", 4, "nis", "rateints", segment=5)
    assert (name.instrument, name.level) == (Instrument.NIRISS, "2a")
    assert name.fileset == "jw01091002003_03102_00004"


def test_the_activity_of_an_exposure_is_base_36() -> None:
    name = parse_product_name("jw01386002001_0310a_00001_nrcalong_cal.fits")
    assert isinstance(name, ExposureName)
    assert (name.visit_group, name.parallel_sequence, name.activity) == (3, 1, "0a")


@pytest.mark.parametrize(
    ("letter", "association", "observation"),
    [("o", "o004", 4), ("c", "c1001", None), ("a", "a3001", None), ("r", "r0001", None)],
)
def test_stage_2c_carries_its_association(letter: str, association: str, observation: int | None) -> None:
    name = parse_product_name(f"jw05105001001_02201_00001_mirimage_{association}_crf.fits")
    assert isinstance(name, ExposureName)
    assert name.association is not None
    assert (name.association.kind, str(name.association)) == (letter, association)
    assert name.association.observation == observation
    assert (name.observation, name.level) == (1, "2c")
    assert name.fileset == "jw05105001001_02201_00001"


@pytest.mark.parametrize(
    ("product_type", "level"),
    [
        *(("uncal", "1b"), ("rate", "2a"), ("rateints", "2a"), ("ramp", "2a"), ("dark", "2a")),
        *(("cal", "2b"), ("calints", "2b"), ("i2d", "2b"), ("s2d", "2b"), ("s3d", "2b"), ("x1d", "2b")),
        *(("x1dints", "2b"), ("bsub", "2b"), ("crf", "2c"), ("crfints", "2c"), ("novel", None)),
    ],
)
def test_the_level_of_an_exposure_follows_from_its_product_type(product_type: str, level: str | None) -> None:
    name = parse_product_name(f"jw01345001001_02101_00001_nrca1_{product_type}.fits")
    assert name.is_recognised
    assert (name.product_type, name.level) == (product_type, level)
    assert level_of(product_type) == level


@pytest.mark.parametrize(("detector", "instrument"), sorted(DETECTORS.items()))
def test_the_detector_tells_the_instrument(detector: str, instrument: Instrument) -> None:
    assert parse_product_name(f"jw01345001001_02101_00001_{detector}_cal.fits").instrument is instrument


def test_an_unknown_detector_has_no_instrument_and_the_rest_is_read() -> None:
    name = parse_product_name("jw01345001001_02101_00001_newcam1_cal.fits")
    assert (name.is_recognised, name.instrument, name.program) == (True, None, 1345)


def test_the_preview_of_a_product_has_its_type_and_level() -> None:
    name = parse_product_name("jw01345012001_02101_00001_nrcalong_rate_thumb.jpg")
    assert (name.product_type, name.level) == ("rate", "2a")

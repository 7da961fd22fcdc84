"""Which reference types a product is made with."""

from __future__ import annotations

import pytest

from pedigreed.model.instrument import Instrument
from pedigreed.model.pipeline import Use, is_known_type, making, use_of
from pedigreed.model.reference_file import reference_types


def use(reftype: str, instrument: Instrument, exp_type: str, level: str, product_type: str) -> Use:
    made = making(exp_type, is_time_series=False, level=level, product_type=product_type)
    return use_of(reftype, instrument, exp_type, made)


@pytest.mark.parametrize(
    ("reftype", "exp_type", "level", "product_type", "expected"),
    [
        ("dark", "MIR_MRS", "1b", "uncal", Use.NO),
        ("dark", "MIR_MRS", "2a", "rate", Use.YES),
        ("flat", "MIR_MRS", "2a", "rate", Use.WHERE_ON),
        ("photom", "MIR_MRS", "2a", "rate", Use.NO),
        ("photom", "MIR_MRS", "2b", "cal", Use.YES),
        ("dark", "MIR_MRS", "2b", "cal", Use.YES),
        ("extract1d", "MIR_MRS", "2b", "cal", Use.NO),
        ("apcorr", "MIR_MRS", "2b", "s3d", Use.NO),
        ("cubepar", "MIR_MRS", "2b", "s3d", Use.YES),
        ("extract1d", "MIR_MRS", "2b", "x1d", Use.YES),
        ("extract1d", "MIR_MRS", "2c", "crf", Use.NO),
        ("flat", "MIR_MRS", "2c", "crf", Use.YES),
        ("mrsptcorr", "MIR_MRS", "3", "x1d", Use.YES),
        ("mrsptcorr", "MIR_MRS", "3", "s3d", Use.NO),
        ("dark", "MIR_MRS", "3", "s3d", Use.YES),
        ("emicorr", "MIR_MRS", "2b", "cal", Use.WHERE_ON),
        ("fringefreq", "MIR_MRS", "2b", "cal", Use.WHERE_ON),
        ("ipc", "MIR_IMAGE", "2a", "rate", Use.WHERE_ON),
        ("pars-tweakregstep", "MIR_IMAGE", "3", "i2d", Use.WHERE_ON),
        ("pars-tweakregstep", "MIR_IMAGE", "2b", "cal", Use.NO),
        ("pars-image2pipeline", "MIR_IMAGE", "2b", "cal", Use.WHERE_ON),
        ("apcorr", "MIR_IMAGE", "3", "i2d", Use.NO),
        ("apcorr", "MIR_IMAGE", "3", "cat", Use.YES),
        ("fringe", "MIR_IMAGE", "2b", "cal", Use.NO),
        ("lastframe", "MIR_IMAGE", "2b", "cal", Use.WHERE_ON),
        ("something", "MIR_IMAGE", "2b", "cal", Use.YES),
        ("something", "MIR_IMAGE", "1b", "uncal", Use.NO),
        ("cubepar", "MIR_NEW", "2b", "cal", Use.YES),
    ],
)
def test_a_type_counts_where_a_step_that_reads_it_comes_before_the_product(
    reftype: str, exp_type: str, level: str, product_type: str, expected: Use
) -> None:
    assert use(reftype, Instrument.MIRI, exp_type, level, product_type) is expected


def test_a_time_series_has_its_own_stage_three() -> None:
    of_series = making("MIR_IMAGE", is_time_series=True, level="3", product_type="phot")
    alone = making("MIR_IMAGE", is_time_series=False, level="3", product_type="i2d")
    assert "tso_photometry" in of_series.steps
    assert "tweakreg" not in of_series.steps
    assert "tso_photometry" not in alone.steps
    assert "tweakreg" in alone.steps


def test_dark_and_guider_exposures_have_one_stage() -> None:
    dark = making("NRC_DARK", is_time_series=False, level="2a", product_type="dark")
    assert "linearity" in dark.steps
    assert "ramp_fit" not in dark.steps
    guider = making("FGS_ACQ1", is_time_series=False, level="2b", product_type="cal")
    assert "guider_cds" in guider.steps
    assert "photom" not in guider.steps


def test_every_step_of_an_unknown_exposure_counts_and_it_is_said() -> None:
    made = making("NRC_NEW", is_time_series=False, level="2b", product_type="cal")
    assert not made.is_known
    assert {"ramp_fit", "extract_1d"} <= made.steps
    assert "tweakreg" not in made.steps


def test_every_type_that_some_step_reads_is_read_by_a_step_of_some_pipeline() -> None:
    """A step that is in one table and not in the other would make its types count for nothing."""
    everything = making(None, is_time_series=False, level="3", product_type="")
    for name, kind in reference_types().items():
        assert set(kind.steps) <= everything.steps, name
        assert is_known_type(name)

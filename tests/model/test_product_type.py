"""The product type alone."""

from __future__ import annotations

import pytest

from pedigreed.model.product_type import product_type_of


@pytest.mark.parametrize(
    ("filename", "product_type"),
    [
        ("jw01091002001_03102_00001-seg001_nis_rateints.fits", "rateints"),
        ("jw01039-o004_t001_miri_ch3-long_x1d.fits", "x1d"),
        ("jw87600-a3001_t001_niriss_f480m-nrm_aminorm-oi.fits", "aminorm-oi"),
        ("jw02586-o173_t035_nircam_f212n-wlm8-nrca3_wfscmb-0a.fits", "wfscmb"),
        ("jw00729011001_gs-id_1_stacked_uncal.fits", "stacked_uncal"),
        ("jw01118008001_01_msa.fits", "msa"),
        ("jw01345012001_02101_00001_nrcalong_rate_thumb.jpg", "rate"),
        ("jw01345001001_02101_00001_nrca1_cal.fits.gz", "cal"),
        ("notes_cal.fits", "cal"),
        ("cal.fits", ""),
        ("jw01039-o004_t001_miri", ""),
        ("jw01345001001_02101_00001_nrca1_CAL.fits", ""),
        ("_.", ""),
        ("", ""),
    ],
)
def test_the_product_type_is_the_last_field(filename: str, product_type: str) -> None:
    assert product_type_of(filename) == product_type

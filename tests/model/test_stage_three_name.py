"""What the name of a stage 3 file tells."""

from __future__ import annotations

import pytest

from pedigreed.model.instrument import Instrument
from pedigreed.model.product_name import StageThreeName, parse_product_name


def test_stage_three_of_one_observation() -> None:
    name = parse_product_name("jw01039-o004_t001_miri_ch3-long_x1d.fits")
    assert isinstance(name, StageThreeName)
    assert (name.program, name.observation, name.visit, name.level) == (1039, 4, None, "3")
    assert (name.target, name.source, name.epoch) == ("t001", None, None)
    assert (name.instrument, name.optical_elements, name.subarray) == (Instrument.MIRI, ("ch3", "long"), None)
    assert (name.product_type, name.fileset) == ("x1d", "jw01039-o004_t001_miri")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "jw80600-c0001_t001-epoch2_miri_f1130w_i2d.fits",
            {"target": "t001", "source": None, "epoch": 2, "observation": None},
        ),
        ("jw05224-o004_s000277193_nirspec_clear-prism_x1d.fits", {"target": None, "source": "s000277193"}),
        ("jw01309-o022_b000000021_nirspec_f290lp-g395h-s200a1-allslits_x1d.fits", {"source": "b000000021"}),
        ("jw80600-o009_s00001-epoch1_miri_f1130w_i2d.fits", {"source": "s00001", "epoch": 1}),
        (
            "jw12345-o066_v000000042_nirspec_f170lp_g235m_x1d.fits",
            {"source": "v000000042", "optical_elements": ("f170lp", "g235m"), "subarray": None},
        ),
        (
            "jw01538-o160_t002-s000000001_nirspec_f170lp-g235m-s1600a1-sub2048_x1d.fits",
            {
                "target": "t002",
                "source": "s000000001",
                "optical_elements": ("f170lp", "g235m", "s1600a1"),
                "subarray": "sub2048",
                "fileset": "jw01538-o160_t002-s000000001_nirspec",
            },
        ),
        (
            "jw02586-o173_t035_nircam_f212n-wlm8-nrca3_wfscmb-04.fits",
            {
                "optical_elements": ("f212n", "wlm8"),
                "detector": "nrca3",
                "product_type": "wfscmb",
                "activity": "04",
            },
        ),
        (
            "jw01386-c1020_t001_nircam_f410m-maskrnd-sub320a335r-image3_i2d.fits",
            {"optical_elements": ("f410m", "maskrnd"), "subarray": "sub320a335r", "product_type": "i2d"},
        ),
        (
            "jw87600-a3001_t001_niriss_f480m-nrm_psf-ami-oi.fits",
            {"optical_elements": ("f480m", "nrm"), "product_type": "psf-ami-oi", "activity": None},
        ),
        ("jw01000-o001_t001_niriss_i2d.fits", {"optics": "", "optical_elements": (), "product_type": "i2d"}),
        ("jw01068-o006_t004_nircam_f150w2-f164n-sub64p_phot.ecsv", {"subarray": "sub64p", "ending": ".ecsv"}),
    ],
)
def test_the_parts_of_stage_three_names(text: str, parts: dict[str, object]) -> None:
    name = parse_product_name(text)
    assert isinstance(name, StageThreeName)
    assert {part: getattr(name, part) for part in parts} == parts
    assert name.level == "3"

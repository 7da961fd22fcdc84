"""Which exposures a product of stage 3 combines, by the names that the archive gives products."""

from __future__ import annotations

import pytest

from pedigreed.impact.inventory import Inventory, group_of
from pedigreed.model.instrument import Instrument

Header = dict[str, object]

CLEAR_F090W: Header = {"exp_type": "NRC_IMAGE", "filter": "F090W", "pupil": "CLEAR", "detector": "NRCA1"}
CLEAR_F200W: Header = {"exp_type": "NRC_IMAGE", "filter": "F200W", "pupil": "CLEAR", "detector": "NRCA1"}
GRISM: Header = {"exp_type": "NRC_WFSS", "filter": "F444W", "pupil": "GRISMR", "detector": "NRCALONG"}
DIRECT: Header = {"exp_type": "NRC_IMAGE", "filter": "F444W", "pupil": "CLEAR", "detector": "NRCALONG"}
ACQUIRING: Header = {"exp_type": "NRC_TACQ", "filter": "F200W", "pupil": "CLEAR", "detector": "NRCA1"}
PINHOLE: Header = {"exp_type": "NRC_CORON", "filter": "F335M", "pupil": "MASKRND", "subarray": "SUB320A335R"}
OTHER_MASK: Header = {**PINHOLE, "subarray": "SUB640A210R"}
SENSING: Header = {"exp_type": "NRC_WFSC", "filter": "F212N", "pupil": "WLM8", "detector": "NRCA3"}
SENSING_4: Header = {**SENSING, "detector": "NRCA4"}
SHORT: Header = {"exp_type": "MIR_MRS", "channel": "12", "band": "SHORT", "detector": "MIRIFUSHORT"}
LONG: Header = {"exp_type": "MIR_MRS", "channel": "34", "band": "LONG", "detector": "MIRIFULONG"}
PRISM: Header = {"exp_type": "NRS_MSASPEC", "filter": "CLEAR", "grating": "PRISM", "detector": "NRS1"}
GRATING: Header = {"exp_type": "NRS_MSASPEC", "filter": "F170LP", "grating": "G235M", "detector": "NRS1"}
SOSS: Header = {"exp_type": "NIS_SOSS", "filter": "CLEAR", "pupil": "GR700XD", "subarray": "SUBSTRIP256"}
LYOT: Header = {"exp_type": "MIR_4QPM", "filter": "F1140C", "subarray": "MASK1140", "detector": "MIRIMAGE"}


def combined_by(filename: str, instrument: str, *products: tuple[str, Header]) -> list[str]:
    """Which of an instrument's products tell the exposures that `filename` is made of."""
    of = Instrument(instrument)
    inventory = Inventory()
    names = {}
    for name, header in (*products, (filename, {})):
        is_exposure = name[7] != "-"
        observation = int(name[7:10]) if is_exposure else int(name[9:12]) if name[8] == "o" else None
        level = "2c" if name.endswith("crf.fits") else "2a" if "rate" in name else "2b" if is_exposure else "3"
        number = len(inventory.headers)
        group = group_of(name, of, int(name[2:7]), observation, level, header=number)
        inventory.headers.append(tuple(header.items()))
        inventory.add(group, 0)
        names[group] = name
    inventory.close()
    own = next(group for group, name in names.items() if name == filename)
    return [names[group] for group in inventory.exposures.of(own)]


def exposure(number: int, ending: str = "cal", observation: int = 1) -> str:
    return f"jw01180{observation:03d}001_02101_{number:05d}_some_{ending}.fits"


@pytest.mark.parametrize(
    ("name", "instrument", "headers", "expected"),
    [
        ("o001_t001_nircam_clear-f090w_i2d.fits", "nircam", [CLEAR_F090W, CLEAR_F200W], [0]),
        ("o001_t001_nircam_clear-f444w_i2d.fits", "nircam", [GRISM, DIRECT], [1]),
        ("o001_s00012_nircam_f444w-grismr_x1d.fits", "nircam", [GRISM, DIRECT], [0]),
        ("o001_t001_nircam_clear-f200w_i2d.fits", "nircam", [ACQUIRING, CLEAR_F200W], [1]),
        ("o001_t001_nircam_f335m-maskrnd-sub320a335r_psfsub.fits", "nircam", [PINHOLE, OTHER_MASK], [0]),
        ("o001_t001_nircam_f212n-wlm8-nrca3_wfscmb-04.fits", "nircam", [SENSING, SENSING_4], [0]),
        ("o001_t001-epoch2_nircam_clear-f090w_i2d.fits", "nircam", [CLEAR_F090W, CLEAR_F200W], [0]),
        ("o001_t001_miri_ch4-long_s3d.fits", "miri", [SHORT, LONG], [1]),
        ("o001_t001_miri_ch1-shortmediumlong_s3d.fits", "miri", [SHORT, LONG], [0]),
        ("o001_t001_miri_ch1-2-shortlong_s3d.fits", "miri", [SHORT, LONG], [0]),
        ("o001_t001_miri_f1140c-mask1140_psfsub.fits", "miri", [LYOT, SHORT], [0]),
        ("o001_s000277193_nirspec_clear-prism_x1d.fits", "nirspec", [PRISM, GRATING], [0]),
        ("o001_v000000042_nirspec_f170lp_g235m_x1d.fits", "nirspec", [PRISM, GRATING], [1]),
        (
            "o001_t002-s000000001_nirspec_f170lp-g235m-s1600a1-sub2048_x1d.fits",
            "nirspec",
            [PRISM, GRATING],
            [1],
        ),
        ("o001_t001_niriss_clear-gr700xd-substrip256_whtlt.ecsv", "niriss", [SOSS], [0]),
        # Nothing in the name tells exposures apart.
        ("o001_t001_niriss_i2d.fits", "niriss", [SOSS], [0]),
        # Its filter is that of none.
        ("o001_t001_nircam_clear-f277w_i2d.fits", "nircam", [CLEAR_F090W, CLEAR_F200W], []),
        ("o002_t001_nircam_clear-f090w_i2d.fits", "nircam", [CLEAR_F090W], []),
    ],
)
def test_an_observations_product_is_made_of_the_exposures_with_its_optical_elements(
    name: str, instrument: str, headers: list[Header], expected: list[int]
) -> None:
    products = [(exposure(number), header) for number, header in enumerate(headers)]
    assert combined_by(f"jw01180-{name}", instrument, *products) == [exposure(number) for number in expected]


def test_exposures_of_which_only_an_earlier_level_is_there_are_found_by_that() -> None:
    products = ((exposure(1), CLEAR_F090W), (exposure(2, "rate"), CLEAR_F200W))
    name = "jw01180-o001_t001_nircam_clear-f200w_i2d.fits"
    assert combined_by(name, "nircam", *products) == [exposure(2, "rate")]


@pytest.mark.parametrize("association", ["c1001", "a3001", "r0001", "o007"])
def test_a_product_of_several_observations_is_made_of_what_was_made_in_its_association(association: str) -> None:
    one, two = exposure(1, f"{association}_crf"), exposure(1, f"{association}_crf", observation=2)
    other, alone = exposure(2, "c1002_crf"), exposure(3)
    products = ((one, CLEAR_F090W), (two, CLEAR_F200W), (other, CLEAR_F090W), (alone, CLEAR_F090W))
    name = f"jw01180-{association}_t001_nircam_clear-{{}}_i2d.fits"
    if association != "o007":
        assert combined_by(name.format("f090w"), "nircam", *products) == [one]
        assert combined_by(name.format("f200w"), "nircam", *products) == [two]
    # No filter fits: all of them, rather than none.
    assert combined_by(name.format("f277w"), "nircam", *products) == [one, two]

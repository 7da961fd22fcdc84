"""What the name of a guide-star file tells."""

from __future__ import annotations

import pytest

from pedigreed.model.instrument import Instrument
from pedigreed.model.product_name import GuideStarFunction, GuideStarName, parse_product_name


@pytest.mark.parametrize(
    ("text", "fileset", "name"),
    [
        (
            "jw00729011001_gs-id_1_image_cal.fits",
            "jw00729011001_gs-id_1",
            GuideStarName(729, 11, 1, GuideStarFunction.IDENTIFICATION, "image_cal", attempt=1),
        ),
        (
            "jw00729011001_gs-id_12_stacked_uncal.fits",
            "jw00729011001_gs-id_12",
            GuideStarName(729, 11, 1, GuideStarFunction.IDENTIFICATION, "stacked_uncal", attempt=12),
        ),
        (
            "jw00729011001_gs-id_7_image-uncal.fits",
            "jw00729011001_gs-id_7",
            GuideStarName(729, 11, 1, GuideStarFunction.IDENTIFICATION, "image-uncal", attempt=7),
        ),
        (
            "jw00729011001_gs-id_image_cal.fits",
            "jw00729011001_gs-id",
            GuideStarName(729, 11, 1, GuideStarFunction.IDENTIFICATION, "image_cal"),
        ),
        (
            "jw00799003001_gs-acq1_2019154181705_stream.fits",
            "jw00799003001_gs-acq1_2019154181705",
            GuideStarName(799, 3, 1, GuideStarFunction.ACQUISITION_1, "stream", ended="2019154181705"),
        ),
        (
            "jw00799003001_gs-acq2_2019154181705_cal.fits",
            "jw00799003001_gs-acq2_2019154181705",
            GuideStarName(799, 3, 1, GuideStarFunction.ACQUISITION_2, "cal", ended="2019154181705"),
        ),
        (
            "jw02738002002_gs-track_2022242044457_cal.fits",
            "jw02738002002_gs-track_2022242044457",
            GuideStarName(2738, 2, 2, GuideStarFunction.TRACK, "cal", ended="2022242044457"),
        ),
        (
            "jw01118005001_gs-fg_2022150070312-seg002_uncal.fits",
            "jw01118005001_gs-fg_2022150070312",
            GuideStarName(1118, 5, 1, GuideStarFunction.FINE_GUIDE, "uncal", ended="2022150070312", segment=2),
        ),
    ],
)
def test_the_parts_of_guide_star_names(text: str, fileset: str, name: GuideStarName) -> None:
    assert parse_product_name(text) == name
    assert name.fileset == fileset
    assert name.instrument is Instrument.FGS


@pytest.mark.parametrize(
    ("product_type", "level"),
    [
        *(("image_uncal", "1b"), ("image_cal", "2b"), ("stacked_uncal", "1b"), ("stacked_cal", "2b")),
        *(("image-uncal", "1b"), ("image-cal", "2b"), ("uncal", "1b"), ("cal", "2b"), ("stream", None)),
    ],
)
def test_the_level_of_a_guide_star_file_follows_from_its_product_type(
    product_type: str, level: str | None
) -> None:
    name = parse_product_name(f"jw00729011001_gs-id_1_{product_type}.fits")
    assert (name.product_type, name.level) == (product_type, level)

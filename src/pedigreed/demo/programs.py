"""What the recorded archive holds, or will: six programs on five instruments.

The numbers are of real programs in part. What was observed is made up.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pedigreed.demo.modes import (
    FGS_IMAGE,
    MIRI_IMAGE,
    MIRI_MRS_12,
    MIRI_MRS_34,
    NIRCAM_LONG,
    NIRCAM_SHORT,
    NIRISS_IMAGE,
    NIRISS_SOSS,
    NIRSPEC_MSA,
)
from pedigreed.demo.observed import Combined, Exposures

_at = datetime.fromisoformat

_1180 = _at("2023-09-14T03:00Z")
_1181 = _at("2024-02-02T11:00Z")
_1181_NEW = _at("2026-11-18T04:00Z")
_1210 = _at("2022-08-08T09:00Z")
_1210_EXCLUSIVE = _at("2025-11-21T20:15Z")
_1345 = _at("2023-06-30T18:00Z")
_2738 = _at("2024-01-19T01:00Z")
_6434 = _at("2026-11-19T02:40Z")

OBSERVED: tuple[Exposures | Combined, ...] = (
    *(
        Exposures(1180, (7, 9, 10, 11, 12), mode, ("rate", "cal"), exposures=2, begin=_1180)
        for mode in (NIRCAM_SHORT, NIRCAM_LONG)
    ),
    *(
        Combined(1180, association, observation, mode, (element,), ("i2d",), begin=_1180)
        for association, observation in (
            ("o007", 7),
            ("o009", 9),
            ("o010", 10),
            ("o011", 11),
            ("o012", 12),
            ("c1001", 7),
        )
        for mode, element in ((NIRCAM_SHORT, "clear-f200w"), (NIRCAM_LONG, "clear-f444w"))
    ),
    Exposures(1181, (3, 4), NIRSPEC_MSA, ("rate", "cal", "s2d", "x1d"), exposures=3, begin=_1181),
    Combined(
        1181,
        "o003",
        3,
        NIRSPEC_MSA,
        ("f290lp-g395m",),
        ("s2d", "x1d"),
        targets=("s000000412", "s000001234", "s000001377", "b000000003"),
        begin=_1181,
    ),
    Exposures(1181, (5,), NIRSPEC_MSA, ("rate", "cal", "s2d", "x1d"), begin=_1181_NEW),
    Exposures(1210, (2,), NIRISS_SOSS, ("rateints", "calints", "x1dints"), segments=4, group="04101", begin=_1210),
    Combined(1210, "o002", 2, NIRISS_SOSS, ("clear-gr700xd-substrip256",), ("x1dints",), begin=_1210),
    Exposures(
        1210,
        (3,),
        NIRISS_SOSS,
        ("rateints", "calints", "x1dints"),
        segments=3,
        group="04101",
        begin=_1210_EXCLUSIVE,
        exclusive_for=timedelta(days=365),
    ),
    Exposures(1345, (1, 2), MIRI_IMAGE, ("rate", "cal", "crf", "i2d"), exposures=4, begin=_1345),
    *(
        Combined(1345, f"o{observation:03d}", observation, MIRI_IMAGE, ("f770w",), ("i2d",), begin=_1345)
        for observation in (1, 2)
    ),
    *(
        Exposures(1345, (21,), mode, ("rate", "cal"), exposures=2, group="03102", begin=_1345)
        for mode in (MIRI_MRS_12, MIRI_MRS_34)
    ),
    *(
        Combined(1345, "o021", 21, mode, elements, ("s3d", "x1d"), begin=_1345)
        for mode, elements in (
            (MIRI_MRS_12, ("ch1-short", "ch2-short")),
            (MIRI_MRS_34, ("ch3-short", "ch4-short")),
        )
    ),
    Exposures(1345, (22,), MIRI_IMAGE, ("uncal",), begin=_1345),
    Exposures(2738, (1, 2), FGS_IMAGE, ("rate", "cal"), exposures=3, begin=_2738),
    Exposures(
        6434, (1,), NIRISS_IMAGE, ("rate", "cal"), exposures=4, begin=_6434, exclusive_for=timedelta(days=365)
    ),
)

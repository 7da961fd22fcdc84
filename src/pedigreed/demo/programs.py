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
        Exposures(
            program=1180,
            observations=(7, 9, 10, 11, 12),
            mode=mode,
            product_types=("rate", "cal"),
            exposures=2,
            begin=_1180,
        )
        for mode in (NIRCAM_SHORT, NIRCAM_LONG)
    ),
    *(
        Combined(
            program=1180,
            association=association,
            observation=observation,
            mode=mode,
            elements=(element,),
            product_types=("i2d",),
            begin=_1180,
        )
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
    Exposures(
        program=1181,
        observations=(3, 4),
        mode=NIRSPEC_MSA,
        product_types=("rate", "cal", "s2d", "x1d"),
        exposures=3,
        begin=_1181,
    ),
    Combined(
        program=1181,
        association="o003",
        observation=3,
        mode=NIRSPEC_MSA,
        targets=("s000000412", "s000001234", "s000001377", "b000000003"),
        elements=("f290lp-g395m",),
        product_types=("s2d", "x1d"),
        begin=_1181,
    ),
    Exposures(
        program=1181,
        observations=(5,),
        mode=NIRSPEC_MSA,
        product_types=("rate", "cal", "s2d", "x1d"),
        begin=_1181_NEW,
    ),
    Exposures(
        program=1210,
        observations=(2,),
        mode=NIRISS_SOSS,
        product_types=("rateints", "calints", "x1dints"),
        segments=4,
        group="04101",
        begin=_1210,
    ),
    Combined(
        program=1210,
        association="o002",
        observation=2,
        mode=NIRISS_SOSS,
        elements=("clear-gr700xd-substrip256",),
        product_types=("x1dints",),
        begin=_1210,
    ),
    Exposures(
        program=1210,
        observations=(3,),
        mode=NIRISS_SOSS,
        product_types=("rateints", "calints", "x1dints"),
        segments=3,
        group="04101",
        begin=_1210_EXCLUSIVE,
        exclusive_for=timedelta(days=365),
    ),
    Exposures(
        program=1345,
        observations=(1, 2),
        mode=MIRI_IMAGE,
        product_types=("rate", "cal", "crf", "i2d"),
        exposures=4,
        begin=_1345,
    ),
    *(
        Combined(
            program=1345,
            association=f"o{observation:03d}",
            observation=observation,
            mode=MIRI_IMAGE,
            elements=("f770w",),
            product_types=("i2d",),
            begin=_1345,
        )
        for observation in (1, 2)
    ),
    *(
        Exposures(
            program=1345,
            observations=(21,),
            mode=mode,
            product_types=("rate", "cal"),
            exposures=2,
            group="03102",
            begin=_1345,
        )
        for mode in (MIRI_MRS_12, MIRI_MRS_34)
    ),
    *(
        Combined(
            program=1345,
            association="o021",
            observation=21,
            mode=mode,
            elements=elements,
            product_types=("s3d", "x1d"),
            begin=_1345,
        )
        for mode, elements in (
            (MIRI_MRS_12, ("ch1-short", "ch2-short")),
            (MIRI_MRS_34, ("ch3-short", "ch4-short")),
        )
    ),
    Exposures(program=1345, observations=(22,), mode=MIRI_IMAGE, product_types=("uncal",), begin=_1345),
    Exposures(
        program=2738,
        observations=(1, 2),
        mode=FGS_IMAGE,
        product_types=("rate", "cal"),
        exposures=3,
        begin=_2738,
    ),
    Exposures(
        program=6434,
        observations=(1,),
        mode=NIRISS_IMAGE,
        product_types=("rate", "cal"),
        exposures=4,
        begin=_6434,
        exclusive_for=timedelta(days=365),
    ),
)

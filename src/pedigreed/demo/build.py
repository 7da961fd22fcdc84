"""The pipeline builds that made the recorded archive's products."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Build:
    """What a build writes into a product's header.

    Attributes:
        cal_ver, crds_ctx: the pipeline's version and the context; None for an uncalibrated product.
        crds_ver, sdp_ver, prd_ver: of the other software of the build.
    """

    cal_ver: str | None
    crds_ctx: str | None
    crds_ver: str | None
    sdp_ver: str
    prd_ver: str


B10_1 = Build("1.13.3", "jwst_1210.pmap", "11.17.14", "2023_4a", "PRDOPSSOC-064")
B10_1_LATER_CONTEXT = Build("1.13.3", "jwst_1225.pmap", "11.17.14", "2023_4a", "PRDOPSSOC-065")
B12_1_1 = Build("1.20.2", "jwst_1464.pmap", "13.0.6", "2025_4b", "PRDOPSSOC-070")
B12_3_1 = Build("2.0.1", "jwst_1535.pmap", "13.1.10", "2026_1a", "PRDOPSSOC-072")
NOT_CALIBRATED = Build(None, None, None, "2026_1a", "PRDOPSSOC-072")

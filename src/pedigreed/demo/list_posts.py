"""What made-up mailing lists tell of made-up deliveries, in the days of `scenario`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

NIRCAM_LIST = "NIRCAM_REFFILES"
MIRI_LIST = "MIRI_REFFILES"

_NIRCAM_BEFORE = """\
A new NIRCam WCSREGIONS file for the GRISM time-series modes was delivered to CRDS and is in use since
context jwst_1583.

Affected data: NRC_TSGRISM of module A. All other modes are unchanged. Change level: TRIVIAL."""

_NIRCAM_ON_DAY_2 = """\
New long-wavelength flat fields were delivered to CRDS. They became part of the latest context, jwst_1584, today.

Affected data: NIRCam imaging and WFSS with detectors NRCALONG and NRCBLONG, filters F277W, F356W and F444W,
for all observation dates. Photometry changes by up to 2 percent near the edges of the detectors.
Change level: MODERATE.

Files: jwst_nircam_flat_0821.fits, jwst_nircam_flat_0822.fits, jwst_nircam_flat_0823.fits

The archive goes on with its own context until the next build. Until then, set CRDS_CONTEXT=jwst_1584.pmap to
reduce data with the new files."""

_MIRI_ON_DAY_2 = """\
A new dark current file for the MIRI imager was delivered to CRDS and is in context jwst_1585.

Affected data: MIRI imaging in FASTR1, full frame, taken since 2026-08-01. Warm pixels are now subtracted.
Change level: MODERATE.

File: jwst_miri_dark_0131.fits"""


@dataclass(frozen=True, slots=True)
class ListPost:
    """A mail in a list's public archive.

    Attributes:
        list_name: in capitals, as LISTSERV has it.
        at: when it was sent, UTC.
        subject: one line.
        text: plain text.
    """

    list_name: str
    at: datetime
    subject: str
    text: str


POSTS = (
    ListPost(
        NIRCAM_LIST,
        datetime.fromisoformat("2026-11-12T15:04Z"),
        "NIRCam reference file delivery: WCSREGIONS (jwst_1583)",
        _NIRCAM_BEFORE,
    ),
    ListPost(
        NIRCAM_LIST,
        datetime.fromisoformat("2026-11-21T16:30Z"),
        "NIRCam reference file delivery: FLAT (jwst_1584)",
        _NIRCAM_ON_DAY_2,
    ),
    ListPost(
        MIRI_LIST,
        datetime.fromisoformat("2026-11-21T19:12Z"),
        "MIRI reference file delivery: DARK (jwst_1585)",
        _MIRI_ON_DAY_2,
    ),
)
"""One post from before the first day, and two that come between day 1 and day 2, the oldest first."""

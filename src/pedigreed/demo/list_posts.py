"""What made-up mailing lists tell of made-up deliveries, in the days of `scenario`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

NIRCAM_LIST = "NIRCAM_REFFILES"
MIRI_LIST = "MIRI_REFFILES"

_NIRCAM_BEFORE = """\
A new NIRCam WCSREGIONS file for the GRISM time-series modes was delivered to CRDS and is in use since
context {context}.

Affected data: NRC_TSGRISM of module A. All other modes are unchanged. Change level: TRIVIAL."""

_NIRCAM_ON_DAY_2 = """\
New long-wavelength flat fields were delivered to CRDS. They became part of the latest context, {context}, today.

Affected data: NIRCam imaging and WFSS with detectors NRCALONG and NRCBLONG, filters F277W, F356W and F444W,
for all observation dates. Photometry changes by up to 2 percent near the edges of the detectors.
Change level: MODERATE.

Files: jwst_nircam_flat_0821.fits, jwst_nircam_flat_0822.fits, jwst_nircam_flat_0823.fits

The archive goes on with its own context until the next build. Until then, set CRDS_CONTEXT={context}.pmap to
reduce data with the new files."""

_MIRI_ON_DAY_2 = """\
A new dark current file for the MIRI imager was delivered to CRDS and is in context {context}.

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


def list_posts(
    before: str = "jwst_1583",
    nircam: str = "jwst_1584",
    miri: str = "jwst_1585",
    nircam_text: str = _NIRCAM_ON_DAY_2,
) -> tuple[ListPost, ...]:
    """One post from before the first day, and two that come between day 1 and day 2, the oldest first.

    Args:
        before: the context of the first post.
        nircam: that of the second.
        miri: that of the third.
        nircam_text: what the second says; ``{context}`` stands for the context.
    """
    return (
        ListPost(
            NIRCAM_LIST,
            datetime.fromisoformat("2026-11-12T15:04Z"),
            f"NIRCam reference file delivery: WCSREGIONS ({before})",
            _NIRCAM_BEFORE.format(context=before),
        ),
        ListPost(
            NIRCAM_LIST,
            datetime.fromisoformat("2026-11-21T16:30Z"),
            f"NIRCam reference file delivery: FLAT ({nircam})",
            nircam_text.format(context=nircam),
        ),
        ListPost(
            MIRI_LIST,
            datetime.fromisoformat("2026-11-21T19:12Z"),
            f"MIRI reference file delivery: DARK ({miri})",
            _MIRI_ON_DAY_2.format(context=miri),
        ),
    )

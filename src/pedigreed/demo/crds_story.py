"""What CRDS holds in the days of the recorded archive, and in the year before.

Between day 1 and day 2 three deliveries, one for MIRI and two for NIRCam, become the latest context together.
Between day 2 and day 3 a file is marked bad. The context of the next build is there for weeks before MAST installs
it. In February there was a step back. Some of the contexts' numbers are real; the deliveries are made up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

INSTITUTE = ZoneInfo("America/New_York")
"""The server writes its times in no zone: see `sources.crds.contexts`."""

_at = datetime.fromisoformat


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference file, and what its catalogue entry says beside its name.

    Attributes:
        name: ``jwst_miri_dark_0072.fits``.
        change_level: ``SEVERE``, ``MODERATE`` or ``TRIVIAL``.
        pedigree: of the file's data.
        useafter: the first moment of the data that it is for, as the catalogue has it.
    """

    name: str
    change_level: str = "MODERATE"
    pedigree: str = "INFLIGHT 2022-06-20 2026-08-30"
    useafter: str = "2022-01-01 00:00:00"


@dataclass(frozen=True, slots=True)
class Delivered:
    """A context that became the latest.

    Attributes:
        at: when, UTC.
        context: ``jwst_1583``.
        description: what its authors say.
        references: the files that no context before has.
    """

    at: datetime
    context: str
    description: str
    references: tuple[Reference, ...] = ()

    @property
    def number(self) -> int:
        return int(self.context.removeprefix("jwst_"))


@dataclass(frozen=True, slots=True)
class CrdsState:
    """What the server holds at a moment.

    Attributes:
        deliveries: in the order of time, at least one.
        builds: CAL_VER -> the context that is fixed for it, ``jwst_1535``.
        bad_files: names.
    """

    deliveries: tuple[Delivered, ...]
    builds: dict[str, str] = field(default_factory=dict)
    bad_files: tuple[str, ...] = ()


def _references(kind: str, first: int, count: int, **said: str) -> tuple[Reference, ...]:
    return tuple(Reference(f"jwst_{kind}_{number:04d}.fits", **said) for number in range(first, first + count))


DELIVERIES = (
    Delivered(
        _at("2024-02-12T15:04:41Z"),
        "jwst_1210",
        "Darks, flats and photom files for all instruments.",
        (
            *_references("nircam_flat", 101, 20),
            *_references("nircam_photom", 61, 10),
            *_references("niriss_flat", 31, 12),
            *_references("nirspec_superbias", 401, 8),
            *_references("miri_flat", 901, 16),
            *_references("fgs_dark", 21, 2),
        ),
    ),
    Delivered(
        _at("2024-04-03T17:22:10Z"),
        "jwst_1225",
        "NIRISS SOSS: a new spectral trace table for both orders, from the spring's calibration programs.",
        _references("niriss_spectrace", 13, 1),
    ),
    Delivered(
        _at("2025-10-21T14:32:05Z"),
        "jwst_1464",
        "MIRI imager and LRS: photom files with the loss of throughput up to the summer of 2025. "
        "Fluxes at the longest wavelengths rise by up to 3 percent.",
        _references("miri_photom", 212, 3, change_level="SEVERE"),
    ),
    Delivered(
        _at("2025-12-09T16:45:33Z"),
        "jwst_1478",
        "NIRSpec MOS and fixed slits: the wavelength zero point of the gratings G140H and G235H is corrected "
        "for the mirror's tilt. Line centres move by at most a tenth of a pixel.",
        _references("nirspec_disperser", 73, 4),
    ),
    Delivered(
        _at("2026-02-17T15:10:27Z"),
        "jwst_1503",
        "MIRI imager: new dark files for the FULL and SUB256 subarrays.",
        _references("miri_dark", 131, 4),
    ),
    Delivered(
        _at("2026-02-19T20:03:12Z"),
        "jwst_1497",
        "Back to jwst_1497: the MIRI darks of jwst_1503 were matched by subarrays that they are not for. "
        "They return when their rules are mended.",
    ),
    Delivered(
        _at("2026-03-03T18:40:55Z"),
        "jwst_1506",
        "MIRI imager: the dark files for FULL and SUB256 again, with rules that name the two subarrays alone.",
        _references("miri_dark", 135, 4),
    ),
    Delivered(
        _at("2026-04-07T14:15:48Z"),
        "jwst_1535",
        "NIRISS WFSS: trace and wavelength solutions for F090W and F200W, fitted over the whole field. "
        "Extracted spectra near the edges of the detector move by up to two pixels.",
        _references("niriss_specwcs", 51, 4, change_level="SEVERE"),
    ),
    Delivered(
        _at("2026-06-25T13:58:19Z"),
        "jwst_1558",
        "NIRCam short wavelength: bad pixel masks for the eight detectors, "
        "with the pixels that turned hot in 2025.",
        _references("nircam_mask", 88, 8),
    ),
    Delivered(
        _at("2026-09-15T19:21:02Z"),
        "jwst_1571",
        "FGS: the units of the area files are spelled as the others spell them. No value changes.",
        _references("fgs_area", 9, 2, change_level="TRIVIAL", pedigree="GROUND"),
    ),
    Delivered(
        _at("2026-11-05T15:37:44Z"),
        "jwst_1580",
        "MIRI MRS: fringe flats for all twelve bands, made from extended sources of cycles 3 and 4. "
        "The residual fringes of extended sources are halved; point sources are not concerned.",
        _references("miri_fringe", 83, 3),
    ),
    Delivered(
        _at("2026-11-21T19:40:16Z"),
        "jwst_1583",
        "MIRI imager: a dark that follows the warm pixels of 2026. "
        "NIRCam long wavelength, imaging: flat fields for F277W, F356W and F444W, which remove a gradient of 2 "
        "percent across module B, and photom files for both modules, which were derived with them. "
        "Subarrays, coronagraphy and the short wavelength channel stay as they are.",
        (
            *_references("miri_dark", 139, 1),
            *_references("nircam_flat", 121, 6, change_level="SEVERE"),
            *_references("nircam_photom", 71, 2, change_level="MODERATE"),
        ),
    ),
)

MARKED_BAD = _at("2026-11-22T18:30:00Z")
"""A file is in the list of bad files from then on, UTC."""

NEWLY_BAD = "jwst_nirspec_superbias_0404.fits"
_LONG_BAD = ("jwst_miri_dark_0131.fits", "jwst_miri_dark_0132.fits", "jwst_niriss_wfssbkg_0007.rmap")


def crds_at(now: datetime) -> CrdsState:
    """What the server holds at a moment (UTC)."""
    return CrdsState(
        deliveries=tuple(each for each in DELIVERIES if each.at <= now),
        builds={
            "1.13.3": "jwst_1210",
            "1.20.2": "jwst_1464",
            "2.0.1": "jwst_1535",
            "2.1.0": "jwst_1580",
        },
        bad_files=(*_LONG_BAD, *((NEWLY_BAD,) if now >= MARKED_BAD else ())),
    )


def delivered_at(delivery: Delivered) -> datetime:
    """When the files of a context came, UTC: some days before it was used."""
    return delivery.at - timedelta(days=3, hours=5)


def written(moment: datetime) -> str:
    """A moment as the server writes it."""
    return moment.astimezone(INSTITUTE).strftime("%Y-%m-%d %H:%M:%S")

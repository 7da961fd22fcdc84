"""Which steps of the pipeline make a product, and so which reference types it is made with.

Sources: spacetelescope/jwst at commit 9c979f9 (2026-08-21): the order of steps (``jwst/pipeline``), the
EXP_TYPEs of each pipeline (``docs/jwst/pipeline/main.rst``), which steps are off by default (their `spec`).
Steps that only older pipelines have stand where those had them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from pedigreed.model.reference_file import reference_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pedigreed.model.instrument import Instrument

_COMBINES = 3
"""The stage that combines exposures."""

_STAGES: dict[str, int] = {
    **dict.fromkeys(("detector1", "dark", "guider"), 1),
    **dict.fromkeys(("image2", "spec2"), 2),
    **dict.fromkeys(("image3", "spec3", "tso3", "coron3", "ami3", "wfs-image3"), _COMBINES),
}

# Steps in their order, and behind each > the product types that are written then.
_COURSES = {
    "detector1": (
        "group_scale dq_init emicorr saturation ipc superbias refpix rscd firstframe lastframe linearity "
        "dark_current reset persistence charge_migration jump picture_frame clean_flicker_noise > ramp "
        "| ramp_fit gain_scale > rate rateints fitopt"
    ),
    "dark": (
        "group_scale dq_init emicorr saturation ipc superbias refpix rscd firstframe lastframe linearity > dark"
    ),
    "guider": (
        "dq_init guider_cds flat_field > cal image-cal image_cal stacked-cal stacked_cal "
        "image-uncal image_uncal stacked-uncal stacked_uncal"
    ),
    "image2": (
        "assign_wcs background > bsub bsubints "
        "| clean_flicker_noise flat_field photom targ_centroid > cal calints | resample > i2d"
    ),
    "spec2": (
        "assign_wcs badpix_selfcal msaflagopen nsclean clean_flicker_noise imprint background > bsub bsubints "
        "| extract_2d flat_field > flat | master_background_mos source_type straylight fringe residual_fringe "
        "pathloss barshadow wavecorr wfss_contam photom > cal calints "
        "| adaptive_trace_model pixel_replace resample_spec resample > s2d | cube_build > s3d "
        "| extract_1d > x1d x1dints"
    ),
    "image3": (
        "assign_mtwcs tweakreg skymatch outlier_detection > crf crfints | resample > i2d "
        "| source_catalog > cat segm"
    ),
    "spec3": (
        "assign_mtwcs master_background mrs_imatch outlier_detection > crf crfints "
        "| adaptive_trace_model pixel_replace resample_spec > s2d | cube_build > s3d "
        "| extract_1d spectral_leak photom > x1d x1dints | combine_1d > c1d"
    ),
    "tso3": (
        "outlier_detection > crf crfints | tso_photometry > phot | pixel_replace extract_1d photom > x1dints x1d "
        "| white_light > whtlt"
    ),
    "coron3": (
        "outlier_detection > crf crfints | stack_refs > psfstack | align_refs > psfalign | klip > psfsub "
        "| resample > i2d"
    ),
    "ami3": (
        "ami_analyze > ami ami-oi amilg amimulti-oi psf-ami psf-ami-oi psf-amimulti-oi psf-amilg "
        "| ami_average > amiavg psf-amiavg | ami_normalize > aminorm aminorm-oi"
    ),
    "wfs-image3": "wfs_combine > wfscmb",
}

_OFF_BY_DEFAULT = frozenset(
    (
        *("adaptive_trace_model", "badpix_selfcal", "charge_migration", "clean_flicker_noise", "emicorr", "ipc"),
        *("nsclean", "picture_frame", "pixel_replace", "residual_fringe", "targ_centroid", "wfss_contam"),
    )
)
"""Parameter files of CRDS turn some of them on for some exposures, and so may whoever runs the pipeline."""

_DARK = "dark"
_EXPOSURES = {
    _DARK: "FGS_DARK MIR_DARK MIR_DARKALL MIR_DARKIMG MIR_DARKMRS NIS_DARK NRC_DARK NRS_DARK",
    "guider": "FGS_ACQ1 FGS_ACQ2 FGS_FINEGUIDE FGS_ID-IMAGE FGS_ID-STACK FGS_TRACK",
    "detector1": (
        "FGS_INTFLAT FGS_SKYFLAT MIR_FLATALL MIR_FLATIMAGE MIR_FLATIMAGE-EXT MIR_FLATMRS MIR_FLATMRS-EXT "
        "NIS_EXTCAL NIS_LAMP NRC_FLAT NRC_LED"
    ),
    "detector1 image2": (
        "FGS_FOCUS MIR_TACQ MIR_TACONFIRM MIR_CORONCAL NRC_TACQ NRC_TACONFIRM NRC_FOCUS NIS_FOCUS NIS_TACQ "
        "NIS_TACONFIRM NRS_FOCUS NRS_MIMF NRS_BOTA NRS_TACQ NRS_TASLIT NRS_TACONFIRM NRS_CONFIRM NRS_WATA "
        "NRS_MSATA NRS_VERIFY"
    ),
    "detector1 image2 image3": "FGS_IMAGE NIS_IMAGE NRS_IMAGE",
    "detector1 image2 image3 tso3": "MIR_IMAGE NRC_IMAGE",
    "detector1 image2 image3 wfs-image3": "NRC_WFSC",
    "detector1 image2 tso3": "NRC_TSIMAGE",
    "detector1 image2 coron3 image3": "MIR_LYOT MIR_4QPM NRC_CORON",
    "detector1 image2 ami3 image3": "NIS_AMI",
    "detector1 spec2": "NRS_AUTOFLAT NRS_AUTOWAVE NRS_LAMP NRC_GRISM",
    "detector1 spec2 spec3": "MIR_LRS-FIXEDSLIT NRS_FIXEDSLIT NRS_IFU NRS_MSASPEC NIS_WFSS NRC_WFSS MIR_WFSS",
    "detector1 spec2 spec3 tso3": "MIR_LRS-SLITLESS MIR_MRS NIS_SOSS",
    "detector1 spec2 tso3": "NRC_TSGRISM NRS_BRIGHTOBJ",
}
_PIPELINES = {
    exp_type: tuple(pipelines.split())
    for pipelines, exp_types in _EXPOSURES.items()
    for exp_type in exp_types.split()
}
_ONLY_TIME_SERIES = frozenset(("NRC_TSGRISM", "NRC_TSIMAGE", "NRS_BRIGHTOBJ"))
_HANDED_ON = "cal"
"""The product of stage 2 that stage 3 begins with. Spectra of stage 2 are not handed on."""
_STAGE_OF_LEVEL = {"2a": 1, "2b": 2, "2c": 3, "3": 3}


class Use(StrEnum):
    """Whether a product is made with a reference type."""

    YES = "yes"
    WHERE_ON = "where the step is on"
    """Its steps are off by default, it holds a step's parameters, or only older pipelines use it."""
    NO = "no"


@dataclass(frozen=True, slots=True)
class Making:
    """How a product is made.

    Attributes:
        steps: the steps before it.
        pipelines: the pipelines that they are in, ``spec2``.
        is_known: whether its EXP_TYPE is. Of one that is not, every step counts.
    """

    steps: frozenset[str]
    pipelines: frozenset[str]
    is_known: bool


@cache
def making(exp_type: str | None, *, is_time_series: bool, level: str, product_type: str) -> Making:
    """How a product is made.

    Args:
        exp_type: EXP_TYPE, of the product or of an exposure that it combines; None where it is not known.
        is_time_series: TSOVISIT.
        level: the archive's level: ``1b``, ``2a``, ``2b``, ``2c`` or ``3``.
        product_type: the last field of the file's name, ``cal``.
    """
    last = _STAGE_OF_LEVEL.get(level, 0)
    named = _PIPELINES.get((exp_type or "").upper())
    if named is None:
        names = [name for name in _COURSES if _STAGES[name] <= last]
        every = frozenset(step for name in names for step in _steps_before(name, ""))
        return Making(every, frozenset(names), is_known=False)
    is_series = is_time_series or (exp_type or "").upper() in _ONLY_TIME_SERIES
    earlier = [name for name in named if _STAGES[name] < last]
    lasting = [name for name in _alternatives(named, is_time_series=is_series) if _STAGES[name] == last]
    if not lasting and earlier:
        # The exposures of a guider and of a dark have but one stage, whatever level the archive gives them.
        earlier, lasting = earlier[:-1], earlier[-1:]
    making_it = [name for name in lasting if level != "2a" and _makes(name, product_type)]
    steps = {step for name in earlier for step in _steps_before(name, _HANDED_ON)}
    for name in making_it or lasting:
        steps.update(_steps_before(name, product_type if making_it else ""))
    pipelines = [*earlier, *lasting]
    return Making(frozenset(steps), frozenset(pipelines), is_known=True)


@cache
def use_of(name: str, instrument: Instrument, exp_type: str | None, made: Making) -> Use:
    """Whether a product is made with a reference type. A type that is not known counts for all products."""
    kind = reference_type(name)
    if not made.steps:
        return Use.NO
    if kind is None:
        return Use.YES
    if kind.is_of_parameters:
        used = any(step in made.steps or step.removeprefix("calwebb_") in made.pipelines for step in kind.steps)
        return Use.WHERE_ON if used else Use.NO
    if not kind.may_serve(instrument, exp_type if made.is_known else None):
        return Use.NO
    used_by = made.steps.intersection(kind.steps)
    if used_by - _OFF_BY_DEFAULT:
        return Use.YES
    return Use.WHERE_ON if used_by or made.steps.intersection(kind.older_steps) else Use.NO


def is_combined(exp_type: str | None) -> bool:
    """Whether stage 3 combines exposures of an EXP_TYPE. It may those of one that is not known."""
    named = _PIPELINES.get((exp_type or "").upper())
    return named is None or any(_STAGES[name] == _COMBINES for name in named)


def is_off_by_default(step: str) -> bool:
    """Whether the pipeline runs a step only where somebody turns it on."""
    return step in _OFF_BY_DEFAULT


def is_known_type(name: str) -> bool:
    """Whether the table of reference types has it."""
    return reference_type(name) is not None


def _alternatives(pipelines: Sequence[str], *, is_time_series: bool) -> list[str]:
    """Without the stage 3 pipeline of time series, or without the others."""
    has_both = "tso3" in pipelines and is_time_series
    return [name for name in pipelines if _STAGES[name] < _COMBINES or (name == "tso3") is has_both]


def _makes(name: str, product_type: str) -> bool:
    return any(product_type in products for _, products in _course(name))


def _steps_before(name: str, product_type: str) -> set[str]:
    """The steps of a pipeline until it writes a product type, or all where it doesn't."""
    steps: set[str] = set()
    for some, products in _course(name):
        steps.update(some)
        if product_type in products:
            break
    return steps


@cache
def _course(name: str) -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    parts = (part.partition(">") for part in _COURSES[name].split("|"))
    return tuple((frozenset(steps.split()), frozenset(products.split())) for steps, _, products in parts)

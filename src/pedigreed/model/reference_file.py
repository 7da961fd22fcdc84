"""CRDS's reference files: what their names say, which step of the pipeline uses each type, and what it corrects.

Source of the names' form: the real rules of 2012 to 2019 and of 2024, ``jwst_<instrument>_<type>_<number>.<ext>``.
Instruments' rules name no type: ``jwst_miri_0159.imap``.

Sources of ``reference_types.csv``:

- name, instruments: the specifications of types in the package crds 14.0.3
  (``crds/jwst/specs/combined_specs.json``). `title` is that one's, shortened where it is a sentence.
- steps, stages: spacetelescope/jwst at commit 9c979f9 (2026-08-21), ``docs/jwst/references_general``,
  the steps' `reference_file_types` and the pipelines' `step_defs`.
- older_steps: earlier releases of the same. Where only the type's description tells of an older step, the step is
  inferred (resol, spectrace, straymask, wavemap, wfssbkg).
- exposures, effect: inferred from these. `exposures` is wide where there is doubt.

The steps of parameters (``pars-*``) are read off their names. The stages of steps are those of the pipelines in
the same commit; steps that are no longer in it have the stage that they had in jwst 1.20.2, as inferred.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from pedigreed.model.instrument import Instrument

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


_KNOWN = frozenset(Instrument)
_INSTRUMENTS = "|".join(Instrument)
_REFERENCE = re.compile(
    rf"jwst_({_INSTRUMENTS}|all|system)_(?:([a-z0-9]{{1,40}}|pars-[a-z0-9]{{1,60}})_)?[0-9]{{4,6}}\.(fits|asdf|json|rmap|imap)",
    re.ASCII,
)
RULE_FILE_NAME = re.compile(r"jwst(?:_[a-z0-9]{1,16})?(?:_[a-z0-9-]{1,70})?_[0-9]{4,6}\.[pir]map", re.ASCII)
"""What the name of every rule file must match before it becomes a path or an address."""
_CONTEXT = re.compile(r"jwst_([0-9]{4,6})(?:\.pmap)?", re.ASCII)


class FileName(NamedTuple):
    """A reference or rules file.

    `instrument` is None for a file of all of them or of CRDS itself, `reference_type` for an instrument's rules.
    """

    instrument: Instrument | None
    reference_type: str | None
    is_rules: bool


def file_name(name: str) -> FileName | None:
    """What a file's name says, in lower case. None for every other text."""
    form = _REFERENCE.fullmatch(name)
    if form is None or (form[2] is None) is not (form[3] == "imap"):
        return None
    instrument = Instrument(form[1]) if form[1] in _KNOWN else None
    return FileName(instrument, form[2], form[3] in {"rmap", "imap"})


def context_of(name: str) -> str | None:
    """A context without its ending, ``jwst_1535``, or None for every other text."""
    form = _CONTEXT.fullmatch(name)
    return f"jwst_{form[1]}" if form else None


_EVERY_STAGE = (1, 2, 3)
_STEPS_BY_STAGES: dict[tuple[int, ...], str] = {
    (1,): (
        "group_scale dq_init emicorr saturation ipc superbias refpix rscd firstframe lastframe linearity "
        "dark_current reset persistence charge_migration undersample_correction jump picture_frame ramp_fit "
        "gain_scale guider_cds"
    ),
    (1, 2): "clean_flicker_noise",
    (2,): (
        "assign_wcs background imprint msaflagopen nsclean extract_2d flat_field source_type straylight fringe "
        "residual_fringe pathloss barshadow wavecorr wfss_contam badpix_selfcal master_background_mos "
        "master_background_nrs_slits targ_centroid"
    ),
    (2, 3): (
        "photom resample resample_spec cube_build extract_1d pixel_replace adaptive_trace_model master_background "
        "subtract_images white_light"
    ),
    (3,): (
        "tweakreg skymatch outlier_detection outlier_detection_scaled outlier_detection_stack source_catalog "
        "mrs_imatch cube_skymatch spectral_leak combine_1d tso_photometry align_refs stack_refs klip hlsp "
        "ami_analyze ami_average ami_normalize assign_mtwcs wfs_combine"
    ),
}
_STEPS = {
    step.replace("_", ""): (step, stages) for stages, steps in _STEPS_BY_STAGES.items() for step in steps.split()
}
_PIPELINE_STAGES: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("detector1", "dark", "guider", "linear"), (1,)),
    **dict.fromkeys(("image2", "spec2"), (2,)),
    **dict.fromkeys(("image3", "spec3", "tso3", "coron3", "ami3"), (3,)),
}
_PARAMETERS = re.compile(r"pars-([a-z0-9]{1,60}?)(step|pipeline)")


@dataclass(frozen=True, slots=True)
class ReferenceType:
    """One kind of reference file.

    Attributes:
        name: CRDS's name, ``photom``.
        title: what it is, in words.
        instruments: whose files there are; empty where the name doesn't tell, which is so for parameters.
        steps: the steps of the pipeline that use it, ``photom``; for a whole pipeline's parameters its name.
        older_steps: the steps of older pipelines that used it and no longer do.
        stages: of all these steps: 1, 2 or 3, sorted. Empty where no step ever used it.
        exposures: patterns of EXP_TYPE, ``NIS_*``, of the exposures that use it; empty for all of its instruments.
        effect: what a change of it changes in products, a few words.
    """

    name: str
    title: str
    instruments: tuple[Instrument, ...]
    steps: tuple[str, ...]
    older_steps: tuple[str, ...]
    stages: tuple[int, ...]
    exposures: tuple[str, ...]
    effect: str

    @property
    def is_of_parameters(self) -> bool:
        """Whether it holds how a step runs, and so may turn it on, rather than what is applied to data."""
        return self.name.startswith("pars-")

    def stages_with(self, steps: Iterable[str]) -> tuple[int, ...]:
        """Its stages in which one of these of its steps runs."""
        known = {stage for step in steps for stage in _STEPS.get(step.replace("_", ""), (step, _EVERY_STAGE))[1]}
        return tuple(stage for stage in self.stages if stage in known) or self.stages

    def may_serve(self, instrument: Instrument, exp_type: str | None) -> bool:
        """Whether an exposure may use it. An EXP_TYPE that is not known may be any of its instrument's."""
        if not self.stages or (self.instruments and instrument not in self.instruments):
            return False
        return (
            exp_type is None
            or not self.exposures
            or any(fnmatchcase(exp_type.upper(), pattern) for pattern in self.exposures)
        )


def reference_type(name: str) -> ReferenceType | None:
    """The type of this name, in any case. None for a name that is neither in the table nor of parameters."""
    name = name.lower()
    known = reference_types().get(name)
    if known is not None:
        return known
    form = _PARAMETERS.fullmatch(name)
    return _parameters(name, form[1], is_step=form[2] == "step") if form else None


def step_parameters(name: str, what: str) -> str | None:
    """The type of the parameters of a step or pipeline (`what`), by its name ``darkcurrent``."""
    is_known = name in (_STEPS if what == "step" else _PIPELINE_STAGES)
    return f"pars-{name}{what}" if is_known else None


@cache
def reference_types() -> Mapping[str, ReferenceType]:
    """The whole table by name, sorted. Parameters are not in it."""
    text = resources.files("pedigreed.model").joinpath("reference_types.csv").read_text(encoding="utf-8")
    return MappingProxyType({row["name"]: _reference_type(row) for row in csv.DictReader(text.splitlines())})


def _reference_type(row: dict[str, str]) -> ReferenceType:
    return ReferenceType(
        name=row["name"],
        title=row["title"],
        instruments=tuple(sorted(Instrument(name) for name in row["instruments"].split())),
        steps=tuple(row["steps"].split()),
        older_steps=tuple(row["older_steps"].split()),
        stages=tuple(int(stage) for stage in row["stages"].split()),
        exposures=tuple(row["exposures"].split()),
        effect=row["effect"],
    )


def _parameters(name: str, of: str, *, is_step: bool) -> ReferenceType:
    if is_step:
        written, stages = _STEPS.get(of, (of, _EVERY_STAGE))
    else:
        written, stages = f"calwebb_{of}", _PIPELINE_STAGES.get(of, _EVERY_STAGE)
    return ReferenceType(
        name=name,
        title=f"parameters of {written}",
        instruments=(),
        steps=(written,),
        older_steps=(),
        stages=stages,
        exposures=(),
        effect=f"how {written} runs",
    )

"""Whether a notice is about the reference files of somebody's data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pedigreed.config.settings import Report
from pedigreed.model.notice import NoticeKind
from pedigreed.model.reference_file import ReferenceType, reference_type

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pedigreed.config.settings import CrdsReport
    from pedigreed.model.impact import Impact
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.notice import Notice
    from pedigreed.model.product import ExposureUse

_STAGES_BEHIND = {
    "1b": frozenset[int](),
    "2a": frozenset({1}),
    "2b": frozenset({1, 2}),
    "2c": frozenset({1, 2}),
    "3": frozenset({1, 2, 3}),
}
"""Product level -> the stages of the pipeline that made such a product. Raw data are made by none."""


_OF_CRDS_ITSELF = frozenset({"calver", "crdscfg", "datalvl"})
_OF_EVERYTHING = frozenset({NoticeKind.BUILD, NoticeKind.ROLLBACK})


def is_wanted(
    notice: Notice, report: CrdsReport, uses: Collection[ExposureUse], impact: Impact | None = None
) -> bool:
    """Whether a subscription is told of a notice.

    Where CRDS's rules say which products a switch changes, that decides. What they could not be evaluated for goes
    by instrument and type.

    Args:
        notice: what happened.
        report: what it wants to hear of CRDS.
        uses: the kinds of exposure that it watches.
        impact: what the switch that the notice tells of changes; None where that is not known.
    """
    if report.report is Report.NONE:
        return False
    instruments: Collection[Instrument] = report.instruments or {use.instrument for use in uses}
    if report.report is Report.ALL:
        named = notice.facts.instruments
        return not named or any(instrument in instruments for instrument in named)
    if impact is not None:
        if impact.errors or any(each in instruments for each in impact.instruments):
            return True
        instruments = {each for each in instruments if each in {unsure for unsure, _ in impact.uncertain}}
        if not instruments:
            return False
        notice = _of_types(notice, {name for _, name in impact.uncertain})
    exposures = {(use.instrument, use.exp_type) for use in uses}
    return concerns(notice, exposures, {use.level for use in uses}, instruments)


def _of_types(notice: Notice, types: Collection[str]) -> Notice:
    """The notice as if it named these types alone. An empty one stands for all that it names."""
    if "" in types:
        return notice
    named = tuple(name for name in notice.facts.reference_types if name in types)
    return replace(notice, facts=replace(notice.facts, reference_types=named or tuple(sorted(types))))


def concerns(
    notice: Notice,
    exposures: Collection[tuple[Instrument, str | None]],
    levels: Collection[str],
    instruments: Collection[Instrument],
) -> bool:
    """Whether a notice touches an instrument and a type that some exposures use.

    Types are those of `Facts.reference_types`; each counts at the levels that its stages lead to: stage 1 at 2a
    and above, stage 2 at 2b and above, stage 3 at 3. Raw data (1b) are made with no reference file.
    A notice that names no instrument, or no type, or a type that is not known, can't be told to touch nothing, so
    it does concern: a notice too many costs a look, one too few costs data. Builds and rollbacks touch all that is
    calibrated. CRDS's own types (calver) touch nothing.

    Args:
        notice: what happened.
        exposures: the instrument and EXP_TYPE of what the subscription has; None for an EXP_TYPE not known.
        levels: the product levels that it has, as in `config.value.LEVELS`; empty for all.
        instruments: those that it is limited to; empty for all.
    """
    stages = frozenset(stage for level in levels or _STAGES_BEHIND for stage in _STAGES_BEHIND.get(level, ()))
    chosen = {each for each in exposures if not instruments or each[0] in instruments}
    if notice.kind in _OF_EVERYTHING:
        return bool(stages and chosen)
    facts = notice.facts
    touched = {each for each in chosen if not facts.instruments or each[0] in facts.instruments}
    if not facts.reference_types or not stages or not touched:
        return bool(stages and touched)
    return any(
        kind is None or (not stages.isdisjoint(kind.stages) and _serves(kind, touched))
        for name in facts.reference_types
        if name not in _OF_CRDS_ITSELF
        for kind in (reference_type(name),)
    )


def _serves(kind: ReferenceType, exposures: Iterable[tuple[Instrument, str | None]]) -> bool:
    return any(kind.may_serve(instrument, exp_type) for instrument, exp_type in exposures)

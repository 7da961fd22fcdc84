"""Whether a notice is about the reference files of somebody's data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.config.settings import Report
from pedigreed.model.notice import NoticeKind
from pedigreed.model.pipeline import Use, making, use_of
from pedigreed.model.reference_file import file_name, reference_type

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pedigreed.config.settings import CrdsReport
    from pedigreed.model.impact import Impact
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.notice import Facts, Notice
    from pedigreed.model.product import ExposureUse

Pair = tuple["Instrument | None", "str | None"]
"""An instrument and a reference type. None stands for any."""

_OF_CRDS_ITSELF = frozenset({"calver", "crdscfg", "datalvl"})
_ANY: Pair = (None, None)
_RAW = "1b"
_PARAMETERS = "pars-"


def is_wanted(
    notice: Notice, report: CrdsReport, uses: Collection[ExposureUse], impact: Impact | None = None
) -> bool:
    """Whether a subscription is told of a notice.

    Where CRDS's rules say which products a switch changes, that decides. What they could not be evaluated for goes
    by instrument and type. A text that nobody can understand is told to who wants everything, and to whose
    instrument its source is configured for.

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
    if notice.kind is NoticeKind.NOT_UNDERSTOOD:
        return any(each in instruments for heard in notice.heard for each in heard.announcement.facts.instruments)
    pairs = touched_by(notice)
    if impact is not None:
        if impact.errors or any(each in instruments for each in impact.instruments):
            return True
        unsure = {(instrument, name or None) for instrument, name in impact.uncertain}
        pairs = {each for each in unsure if each[1]} | {
            (instrument, name)
            for instrument, every in unsure
            if every is None
            for of, name in pairs
            if of in {None, instrument}
        }
    return concerns(pairs, uses, instruments)


def touched_by(notice: Notice) -> set[Pair]:
    """The instruments and types that a notice touches.

    What CRDS says that a switch changed is all that it touches. A build, and a rollback of which that is not
    known, touch everything. A text that names no instrument or no type can't be told to touch nothing, so it
    touches all of them: a notice too many costs a look, one too few costs data.
    """
    facts = notice.facts
    if notice.kind is NoticeKind.BUILD:
        return {_ANY}
    if facts.changed is not None:
        return set(facts.changed)
    return {_ANY} if notice.kind is NoticeKind.ROLLBACK else _pairs_of_texts(facts)


def _pairs_of_texts(facts: Facts) -> set[Pair]:
    """What is named: as texts and the names of files pair it, and in every combination where they don't."""
    forms = [form for name in facts.files if (form := file_name(name.lower())) is not None]
    paired: set[Pair] = {*facts.pairs, *((form.instrument, form.reference_type) for form in forms)}
    paired = {(instrument, name) for instrument, name in paired if name is not None}
    instruments, types = set(facts.instruments), set(facts.reference_types)
    loose = instruments - {instrument for instrument, _ in paired}
    unpaired = types - {name for _, name in paired}
    paired.update((each, name) for name in unpaired for each in (*(loose or instruments),) or (None,))
    if not unpaired:
        paired.update((each, name) for each in loose for name in (*types,) or (None,))
    return paired or {_ANY}


def more_than(now: set[Pair], then: set[Pair]) -> set[Pair]:
    """What is touched now and was not then."""
    return {
        (instrument, name)
        for instrument, name in now
        if then.isdisjoint({_ANY, (instrument, name), (instrument, None), (None, name)})
    }


def concerns(
    pairs: Collection[Pair], uses: Iterable[ExposureUse], instruments: Collection[Instrument] = ()
) -> bool:
    """Whether something that is touched goes into products.

    A type counts for what is made with it, by the steps of the pipelines of an EXP_TYPE up to a level. Steps that
    are off by default make no type count. Parameters do, since they may turn such a step on; and so does a type
    that is not known. CRDS's own types (calver) touch nothing. Raw data (1b) are made with no reference file.

    Args:
        pairs: what is touched; see `touched_by`.
        uses: the kinds of exposure that there are products of.
        instruments: those that it is limited to; empty for all.
    """
    kinds = {
        (use.instrument, use.exp_type, use.level)
        for use in uses
        if use.level != _RAW and (not instruments or use.instrument in instruments)
    }
    return any(
        instrument in {None, used} and _is_made_with(name, used, exp_type, level)
        for instrument, name in pairs
        for used, exp_type, level in kinds
    )


def _is_made_with(name: str | None, instrument: Instrument, exp_type: str | None, level: str) -> bool:
    if name is None:
        return True
    if name in _OF_CRDS_ITSELF:
        return False
    if reference_type(name) is None:
        return True
    found = {
        use_of(name, instrument, exp_type, making(exp_type, is_time_series=series, level=level, product_type=""))
        for series in (False, True)
    }
    return Use.YES in found or (name.startswith(_PARAMETERS) and Use.WHERE_ON in found)

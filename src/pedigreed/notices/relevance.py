"""Which notices a digest tells: those that concern the subscription and that it was not told of, or not all of.

Anyone can write to a list, so what only lists and mails say may be early or forged. It is told as that, and keeps
back nothing that CRDS itself says later. A notice that was passed over, since it did not concern the subscription,
is not one that it was told of.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pedigreed.config.settings import Report
from pedigreed.model.notice import Again, ChangeLevel, Medium, NoticeKind
from pedigreed.model.pipeline import Use, making, use_of
from pedigreed.model.reference_file import file_name, reference_type
from pedigreed.notices.reading import facts_heard
from pedigreed.notices.writing import notice_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from pedigreed.config.settings import CrdsReport
    from pedigreed.model.impact import Impact
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.notice import Facts, Heard, Notice
    from pedigreed.model.product import ExposureUse

Pair = tuple["Instrument | None", "str | None"]
"""An instrument and a reference type. None stands for any."""

_OF_CRDS_ITSELF = frozenset({"calver", "crdscfg", "datalvl"})
_ANY: Pair = (None, None)
_RAW = "1b"
_LEVELS = tuple(ChangeLevel)
_NEVER_MORE = frozenset({NoticeKind.BUILD, NoticeKind.ROLLBACK, NoticeKind.NOT_UNDERSTOOD})


def to_tell(
    notice: Notice,
    covered: Collection[int],
    report: CrdsReport,
    uses: Collection[ExposureUse],
    impact: Impact | None = None,
) -> Notice | None:
    """The notice as a subscription is told of it, with the reason where it is told again; None where it is not.

    Args:
        notice: what happened.
        covered: the keys of the announcements that earlier digests of the subscription cover.
        report: what it wants to hear of CRDS.
        uses: the kinds of exposure that it watches.
        impact: what the switch that CRDS tells of changes; None where that is not known.
    """
    before = _of_these(notice, lambda heard: heard.key in covered)
    if before is not None and len(before.heard) == len(notice.heard):
        return None
    by_crds = _of_these(notice, lambda heard: heard.announcement.medium is Medium.SERVER)
    # What a text names beside CRDS's own words must not make it less than they are.
    if not any(each is not None and is_wanted(each, report, uses, impact) for each in (notice, by_crds)):
        return None
    if before is None or not is_wanted(before, report, uses, impact if before.is_of_crds else None):
        return notice
    if notice.is_of_crds and not before.is_of_crds:
        return replace(notice, again=Again.CONFIRMED)
    is_vouched_for = before.is_of_nobody and not notice.is_of_nobody
    if is_vouched_for or (impact is None and _is_more(notice, before, report, uses)):
        return replace(notice, again=Again.MORE)
    return None


def _of_these(notice: Notice, is_one: Callable[[Heard], bool]) -> Notice | None:
    """What the notice would be of some of its announcements; None for none."""
    chosen = [heard for heard in notice.heard if is_one(heard)]
    if len(chosen) == len(notice.heard):
        return notice
    return notice_of([(heard, facts_heard(heard)) for heard in chosen], notice.kind) if chosen else None


def _is_more(notice: Notice, before: Notice, report: CrdsReport, uses: Collection[ExposureUse]) -> bool:
    """Whether what was added concerns the subscription. Who named no instrument or no type has named all."""
    if notice.kind in _NEVER_MORE:
        return False
    now, then = notice.facts, before.facts
    if notice.kind is NoticeKind.MARKED_BAD and set(now.files) - set(then.files):
        return True
    if now.change_level and _LEVELS.index(now.change_level) < _LEVELS.index(
        then.change_level or ChangeLevel.MODERATE
    ):
        return True
    added = more_than(touched_by(notice), touched_by(before))
    if report.report is Report.ALL:
        return any(not report.instruments or instrument in {None, *report.instruments} for instrument, _ in added)
    return concerns(added, uses, report.instruments or ())


def is_wanted(
    notice: Notice, report: CrdsReport, uses: Collection[ExposureUse], impact: Impact | None = None
) -> bool:
    """Whether a subscription is told of a notice.

    Where CRDS's rules say which products a switch changes, that decides. What they could not be evaluated for goes
    by instrument and type. A text that nobody can understand is told to who wants everything, and to who has
    data of an instrument that it names, or that its list is of.

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
        return any(each in instruments for each in notice.facts.instruments)
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
    """What is named, as texts and the names of files pair it.

    A type that nothing pairs may be of every instrument that is named, and an instrument that nothing pairs may
    have every type that is named.
    """
    forms = [form for name in facts.files if (form := file_name(name.lower())) is not None]
    paired: set[Pair] = {*facts.pairs, *((form.instrument, form.reference_type) for form in forms)}
    paired = {(instrument, name) for instrument, name in paired if name is not None}
    instruments, types = set(facts.instruments), set(facts.reference_types)
    loose = instruments - {instrument for instrument, _ in paired}
    unpaired = types - {name for _, name in paired}
    paired.update((each, name) for name in unpaired for each in (*instruments,) or (None,))
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
    kind = reference_type(name)
    if kind is None:
        return True
    found = {
        use_of(name, instrument, exp_type, making(exp_type, is_time_series=series, level=level, product_type=""))
        for series in (False, True)
    }
    return Use.YES in found or (kind.is_of_parameters and Use.WHERE_ON in found)

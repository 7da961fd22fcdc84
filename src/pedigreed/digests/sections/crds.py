"""The sections that tell what happened in CRDS: a build, deliveries, rollbacks and files marked bad."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pedigreed.digests import view
from pedigreed.digests.sections.impact import made_with_in_words
from pedigreed.digests.view import Row, Section, Touched
from pedigreed.digests.wording import clipped, context_page, count, day, listed, shortlist
from pedigreed.model.context_use import ContextUse, context_use, is_installed
from pedigreed.model.notice import Again, Medium, NoticeKind, Sender
from pedigreed.model.pedigree import is_step_back
from pedigreed.model.pipeline import is_off_by_default
from pedigreed.model.reference_file import reference_type
from pedigreed.notices.sentences import sentences, whole_sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from pedigreed.digests.view import Budget
    from pedigreed.model.context_use import ContextsInUse
    from pedigreed.model.digest import Digest
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.notice import Notice
    from pedigreed.model.reference_file import ReferenceType

NAMES = 6
"""Files, types or sources that one phrase names."""

_MEDIA = list(Medium)

QUOTATIONS = 6

LONGEST_NAME = 40
LONGEST_SOURCE = 60
LONGEST_TITLE = 100


def new_build(digest: Digest, budget: Budget) -> Iterator[Section]:
    """The pipeline version and context that MAST makes products with from now on; and those that are announced."""
    builds = [notice for notice in digest.notices if notice.kind is NoticeKind.BUILD]
    for title, now in (("NEW BUILD", True), ("BUILD ANNOUNCED", False)):
        chosen = [notice for notice in builds if is_installed(notice, digest.contexts) is now]
        if not chosen:
            continue
        first, *others = [_notice(notice, digest, budget) for notice in chosen[: max(1, budget.notices)]]
        lines = [first.outlook, *first.quotes]
        lines += [line for each in others for line in (each.news, each.outlook, *each.quotes)]
        rows = tuple(Row("", line) for line in lines if line and budget.rows)
        yield Section(title, first.news, is_news=True, rows=rows)


def crds(digest: Digest, budget: Budget) -> Iterator[Section]:
    """Deliveries, rollbacks and files marked bad."""
    notices = [notice for notice in digest.notices if notice.kind is not NoticeKind.BUILD]
    if not notices:
        return
    left_out = notices[budget.notices :]
    yield Section(
        title="CRDS",
        summary=crds_in_words(notices),
        is_news=True,
        notices=tuple(_notice(notice, digest, budget) for notice in notices[: budget.notices]),
        more=f"and {count(len(left_out), 'more notice')}: see `pedigreed notices list`" if left_out else "",
    )


def crds_in_words(notices: Sequence[Notice]) -> str:
    """``2 deliveries and 1 rollback``."""
    numbers = {kind: sum(notice.kind is kind for notice in notices) for kind in NoticeKind}
    numbers[NoticeKind.MARKED_BAD] = bad_files(notices)
    nouns = {
        NoticeKind.DELIVERY: ("delivery", "deliveries"),
        NoticeKind.ROLLBACK: ("rollback", None),
        NoticeKind.MARKED_BAD: ("file marked bad", "files marked bad"),
        NoticeKind.NOT_UNDERSTOOD: ("announcement not understood", "announcements not understood"),
    }
    return listed([count(numbers[kind], *noun) for kind, noun in nouns.items() if numbers[kind]])


def bad_files(notices: Iterable[Notice]) -> int:
    """How many files are marked bad. One notice may be of several."""
    return sum(max(1, len(notice.facts.files)) for notice in notices if notice.kind is NoticeKind.MARKED_BAD)


def build_in_words(notice: Notice, contexts: ContextsInUse | None) -> str:
    """``MAST now makes products with 2.1.0 and jwst_1583``; of what is only said, who says it."""
    named = listed([_named(part) for part in (notice.facts.cal_ver, notice.facts.context) if part]) or "a build"
    if is_installed(notice, contexts):
        return f"MAST now makes products with {named}"
    if notice.is_of_crds:
        return f"CRDS names {named} for MAST"
    if notice.is_of_nobody:
        return f"{named}, by a mail whose sender could not be verified"
    return f"{named}, not confirmed by CRDS and MAST's products"


def _archive_in_words(contexts: ContextsInUse) -> str:
    """What is known of the context that MAST makes products with, where CRDS and the products do not agree."""
    version = f" for {_named(contexts.cal_ver)}" if contexts.cal_ver else ""
    said = [f"MAST's newest products have {_named(contexts.made)}"] if contexts.made else []
    said += [f"CRDS names {_named(contexts.build)}{version}"] if contexts.build else []
    return ", and ".join(said)


def _notice(notice: Notice, digest: Digest, budget: Budget) -> view.Notice:
    effects, facts = effects_in_words(notice), notice.facts
    left_out = effects[budget.types :]
    return view.Notice(
        name=clipped(_name(notice), LONGEST_NAME),
        page=context_page(f"{facts.context}.pmap") if facts.context else "",
        news=_news(notice, digest),
        quotes=tuple(_quotes(notice, digest, budget)),
        touched=tuple(effects[: budget.types]),
        more=f"and {count(len(left_out), 'more type')}" if left_out else "",
        outlook=outlook_in_words(notice, digest),
        sources=sources_in_words(notice),
    )


def _name(notice: Notice) -> str:
    """What it is about: a context, the first of the files, a pipeline version."""
    facts = notice.facts
    file = facts.files[0] if facts.files else None
    match notice.kind:
        case NoticeKind.BUILD:
            name = facts.cal_ver or facts.context or file
        case NoticeKind.MARKED_BAD:
            name = file or facts.context
        case _:
            name = facts.context or file
    return name or ("an announcement" if notice.kind is NoticeKind.NOT_UNDERSTOOD else "a delivery")


def _quotes(notice: Notice, digest: Digest, budget: Budget) -> Iterator[str]:
    """What was said of it. Where several said something, who, and when."""
    said = notice.quotations
    for each in said[:QUOTATIONS]:
        words = f'"{clipped(whole_sentences(sentences(each.words), budget.quote), budget.quote)}"'
        by = shortlist([clipped(source, LONGEST_SOURCE) for source in each.sources], NAMES, "source")
        yield words if len(said) == 1 else f"{by}{_on(each.said_at, digest)}: {words}"
    if len(said) > QUOTATIONS:
        yield f"and {count(len(said) - QUOTATIONS, 'more quotation')}: see `pedigreed notices show {notice.name}`"


def _news(notice: Notice, digest: Digest) -> str:
    parts = [_what_happened(notice, digest)]
    parts += _standing(notice)
    if notice.facts.change_level:
        parts.append(f"{notice.facts.change_level.value} change")
    if about := about_in_words(notice):
        all_of_it = "all " if _types_of_each(notice) else ""
        parts.append(f"{about}, {all_of_it}according to the announcement" if is_by_text(notice) else about)
    return "; ".join(parts)


def _standing(notice: Notice) -> list[str]:
    """Why it is told again, and whether CRDS says so too. A build's own words tell who says it."""
    said = [_AGAIN[notice.again]] if notice.again else []
    if notice.is_of_crds or notice.kind in {NoticeKind.BUILD, NoticeKind.NOT_UNDERSTOOD}:
        return said
    return [*said, f"announced by {_announced_by(notice)}, not confirmed by CRDS"]


_AGAIN = {Again.CONFIRMED: "now confirmed by CRDS", Again.MORE: "more is said of it than before"}


def _announced_by(notice: Notice) -> str:
    """``mail and a feed``, and what is known of the sender of the mails."""
    if notice.is_of_nobody:
        return "a mail whose sender could not be verified"
    media = {heard.announcement.medium for heard in notice.heard}
    is_verified = any(heard.announcement.sender is Sender.VERIFIED for heard in notice.heard)
    mail = "a mail of a verified sender" if is_verified else "mail"
    return listed([words for medium, words in ((Medium.MAIL, mail), (Medium.FEED, "a feed")) if medium in media])


def _what_happened(notice: Notice, digest: Digest) -> str:
    if notice.is_of_crds or notice.kind is NoticeKind.BUILD:
        return _what_crds_says(notice, digest)
    facts = notice.facts
    on = _on(facts.activated_at, digest)
    match notice.kind:
        case NoticeKind.NOT_UNDERSTOOD:
            return f"not understood: {clipped(notice.title, LONGEST_TITLE)}"
        case NoticeKind.ROLLBACK:
            return f"is said to be the latest context again{on}"
        case NoticeKind.MARKED_BAD:
            more = f", with {count(len(facts.files) - 1, 'more file')}" if len(facts.files) > 1 else ""
            return f"is said to be bad{more}"
        case NoticeKind.DELIVERY if facts.context and facts.activated_at:
            return f"is said to have become the latest context{on}"
        case _:
            return _delivered(notice, digest)


def _what_crds_says(notice: Notice, digest: Digest) -> str:
    facts = notice.facts
    on = _on(facts.activated_at, digest)
    match notice.kind:
        case NoticeKind.BUILD:
            return build_in_words(notice, digest.contexts)
        case NoticeKind.ROLLBACK:
            instead = f", in place of {_named(facts.before)}" if facts.before else ""
            return f"is the latest context again{on}{instead}"
        case NoticeKind.MARKED_BAD:
            more = f", with {count(len(facts.files) - 1, 'more file')}" if len(facts.files) > 1 else ""
            return f"is marked bad and must not be used any more{more}"
        case NoticeKind.DELIVERY if facts.context and facts.activated_at:
            return f"became the latest context{on}"
        case NoticeKind.DELIVERY | NoticeKind.NOT_UNDERSTOOD:
            return _delivered(notice, digest)


def _delivered(notice: Notice, digest: Digest) -> str:
    facts = notice.facts
    latest = digest.contexts.latest if digest.contexts else None
    if not notice.is_of_crds and facts.context and latest and is_step_back(latest, facts.context):
        # Who asks about an old one announces nothing.
        return f"is older than {_named(latest)}, the latest context"
    on = _on(facts.delivered_at or notice.first_heard.announcement.said_at, digest)
    return f"was delivered{on}" if facts.context or facts.files else f"of reference files{on}"


def is_by_text(notice: Notice) -> bool:
    """Whether what it touches was read in texts, since CRDS has not told of it what it changes."""
    facts = notice.facts
    is_switch = notice.kind in {NoticeKind.DELIVERY, NoticeKind.ROLLBACK}
    return is_switch and facts.changed is None and bool(facts.instruments or facts.reference_types)


def about_in_words(notice: Notice) -> str:
    """``MIRI, MRS: flat and photom``; ``MIRI dark; NIRCam dark and flat``. What was not named is not said."""
    facts = notice.facts
    modes = shortlist(list(map(_named, facts.modes)), NAMES, "mode")
    if of_each := _types_of_each(notice):
        pairs = "; ".join(f"{instrument.written} {_types(types)}" for instrument, types in of_each.items())
        return f"{pairs} ({modes})" if modes else pairs
    where = ", ".join([*(instrument.written for instrument in facts.instruments), *filter(None, [modes])])
    return ": ".join(filter(None, [where, _types(facts.reference_types)]))


def _types_of_each(notice: Notice) -> dict[Instrument, list[str]]:
    """The types of each instrument; empty where that is not known of all, and where each has all of them."""
    facts = notice.facts
    of_each: dict[Instrument, list[str]] = {}
    for instrument, name in sorted(facts.pairs if facts.changed is None else facts.changed):
        of_each.setdefault(instrument, []).append(name)
    named = [set(types) for types in of_each.values()]
    is_whole = of_each.keys() == set(facts.instruments) and set().union(*named) == set(facts.reference_types)
    return of_each if is_whole and any(types != named[0] for types in named) else {}


def _types(names: Iterable[str]) -> str:
    return shortlist(list(map(_named, names)), NAMES, "type")


def effects_in_words(notice: Notice) -> list[Touched]:
    """What it changes, for each type that a step uses or used, in the order of the pipeline."""
    kinds = [kind for name in notice.facts.reference_types if (kind := reference_type(name)) and kind.stages]
    return [_effect_in_words(kind) for kind in sorted(kinds, key=lambda kind: (kind.stages, kind.name))]


def _effect_in_words(kind: ReferenceType) -> Touched:
    used_by = kind.steps or kind.older_steps
    off = [] if kind.is_of_parameters else [step for step in used_by if is_off_by_default(step)]
    on = [step for step in used_by if step not in off]
    where = [f"{listed(on)} {'step' if len(on) == 1 else 'steps'}, {_stages(kind, on)}"] if on else []
    where += [f"{listed(off)}, {_stages(kind, off)}, where the step is on"] if off else []
    return Touched(_named(kind.name), "; ".join(where), kind.effect)


def _stages(kind: ReferenceType, steps: Sequence[str]) -> str:
    return f"stage {listed([str(stage) for stage in kind.stages_with(steps)])}"


def outlook_in_words(notice: Notice, digest: Digest) -> str:
    """What follows for the archive's products; empty where nothing does."""
    match notice.kind:
        case NoticeKind.BUILD:
            return _outlook_of_build(notice, digest.contexts)
        case NoticeKind.MARKED_BAD:
            return _made_with(notice, digest)
        case NoticeKind.DELIVERY:
            return _outlook_of_delivery(notice, digest.contexts)
        case _:
            return ""


def _outlook_of_delivery(notice: Notice, contexts: ContextsInUse | None) -> str:
    use = context_use(notice, contexts)
    if contexts is None or use is ContextUse.UNKNOWN:
        return "when MAST will use it is not known"
    if not contexts.is_certain:
        said = "already used by MAST" if use is ContextUse.BUILD else "not used by MAST yet"
        return f"{said}, as far as is known: {_archive_in_words(contexts)}"
    made = _named(contexts.made or "")
    if use is ContextUse.BUILD:
        return f"already used by MAST, which makes products with {made}"
    return f"not used by MAST yet: it makes products with {made} until a later build"


def _made_with(notice: Notice, digest: Digest) -> str:
    """How many products were made with files that CRDS marks bad; empty of those that are only said to be bad."""
    if notice.bad_files is None:
        return ""
    files = "it" if len(notice.facts.files) == 1 else "them"
    found = next((each for each in digest.bad_files if (each.old, each.new) == notice.bad_files), None)
    if found is not None and found.impact is not None:
        return made_with_in_words(found.impact, files)
    reason = f": {found.reason}" if found is not None else ""
    return f"how many of your products were made with {files} is not known{reason}"


def _outlook_of_build(notice: Notice, contexts: ContextsInUse | None) -> str:
    if is_installed(notice, contexts):
        before = f"Until now with {_named(notice.facts.before)}. " if notice.facts.before else ""
        return f"{before}All products will be reprocessed over the coming weeks."
    if contexts is None or contexts.archive is None:
        return "What MAST makes products with is not known."
    if contexts.is_certain:
        version = f"{_named(contexts.cal_ver)} and " if contexts.cal_ver else ""
        return f"MAST makes products with {version}{_named(contexts.archive)}."
    return f"{_archive_in_words(contexts)}."


def sources_in_words(notice: Notice) -> str:
    """``reported by CRDS and NIRCAM_REFFILES at maillist.example``."""
    # Sources are read side by side: which of them was the first of one reading tells nothing.
    heard = sorted(notice.heard, key=lambda each: (each.heard_at, _MEDIA.index(each.announcement.medium)))
    names = list(dict.fromkeys(clipped(each.announcement.source, LONGEST_SOURCE) for each in heard))
    return f"reported by {shortlist(names, NAMES, 'source')}"


def _named(name: str) -> str:
    return clipped(name, LONGEST_NAME)


def _on(moment: datetime | None, digest: Digest) -> str:
    if moment is None:
        return ""
    zone = ZoneInfo(digest.timezone)
    return f" on {day(moment.astimezone(zone), near=digest.ends.astimezone(zone))}"

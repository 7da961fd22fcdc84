"""The subject of a digest's mail: what matters most, in at most 70 characters."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pedigreed.digests.sections.crds import bad_files
from pedigreed.digests.sections.programs import STALE_FLAGS
from pedigreed.digests.transitions import KINDS_IN_READING_ORDER, keywords_of, products_of
from pedigreed.digests.wording import clipped, count, keywords_in_words, listed
from pedigreed.model.change import ChangeKind
from pedigreed.model.context_use import is_installed
from pedigreed.model.digest import ALL_KINDS, older_on_disk
from pedigreed.model.download import DownloadState
from pedigreed.model.notice import NoticeKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pedigreed.digests.transitions import Keywords
    from pedigreed.model.digest import Digest, Transition

MARK = "[pedigreed] "
"""What every subject begins with, for filters."""

LONGEST_SUBJECT = 70
"""Characters that a list of mails shows of one."""

LONGEST_NEWS = 120
LONGEST_NAME = 22
LONGEST_VALUE = 16

_NEWS = {
    ChangeKind.REGRESSED: "regressed",
    ChangeKind.REPROCESSED: "reprocessed",
    ChangeKind.SET_REPROCESSED: "in reprocessed file sets",
    ChangeKind.NEW: "new",
    ChangeKind.RELISTED: "now at a higher level",
    ChangeKind.PUBLIC: "public",
    ChangeKind.WITHDRAWN: "withdrawn",
    ChangeKind.STALE: "marked stale",
    ChangeKind.NO_LONGER_STALE: "no longer stale",
}


def subject_of(digest: Digest) -> str:
    """``[pedigreed] jades: 1,204 reprocessed (2.0.1, jwst_1535), 22 new``, at most 70 characters.

    What was not checked is said last, and is never cut off.
    """
    return _said(digest, MARK, LONGEST_NAME, LONGEST_SUBJECT)


def headline_of(digest: Digest) -> str:
    """The same as the heading of a page, without the mark and in up to 120 characters."""
    return _said(digest, "", 2 * LONGEST_NAME, LONGEST_NEWS)


def _said(digest: Digest, mark: str, longest_name: int, longest: int) -> str:
    whole, short = _news(digest, is_whole=True), _news(digest, is_whole=False)
    full, brief, least = _doubts(digest)
    room = longest - len(f"{mark}: ")
    taken = len(", ".join(["...", *least]))
    start = f"{mark}{clipped(digest.subscription, min(longest_name, room - taken))}: "
    room = longest - len(start)
    attempts = [[*news, *doubts] for news in (whole, short) for doubts in (full, brief)]
    attempts += [
        [*short[:kept], "...", *doubts] for kept in range(len(short) - 1, -1, -1) for doubts in (brief, least)
    ]
    return start + (next(said for news in attempts if len(said := ", ".join(news)) <= room) or _nothing(digest))


def _nothing(digest: Digest) -> str:
    if digest.in_motion:
        return f"{count(len(digest.programs_in_motion), 'program')} being reprocessed"
    return "nothing new" if digest.kinds >= ALL_KINDS - STALE_FLAGS else "nothing new of what you asked for"


def _doubts(digest: Digest) -> tuple[list[str], list[str], list[str]]:
    """In full, in brief, and as short as can be."""
    number, of = len(digest.checked.unchecked), digest.checked.of
    forms = [
        f"{number:,} of {count(of, 'program')} unchecked",
        f"{number:,} of {of:,} unchecked",
        f"{number:,} unchecked",
    ]
    unread = ["CRDS"] * bool(digest.checked.unread) + ["disk"] * bool(digest.unread_folders)
    not_read = [f"{listed(unread)} not read"] if unread else []
    full, brief, least = ([form, *not_read] if number else not_read for form in forms)
    return full, brief, least


def _news(digest: Digest, *, is_whole: bool) -> list[str]:
    """What is new, most urgent first; whole, with the pedigree that a reprocessing goes to."""
    news: list[str] = []
    for kind in KINDS_IN_READING_ORDER:
        mine = [transition for transition in digest.transitions if transition.kind is kind]
        if mine and kind is ChangeKind.FIRST:
            news.append(_first_data(mine))
        elif mine:
            target = _target(mine) if is_whole and kind is ChangeKind.REPROCESSED else ""
            news.append(f"{products_of(mine):,} {_NEWS[kind]}{target}")
    if older := older_on_disk(digest.on_disk):
        # Those that were older yesterday are less urgent than what is new today.
        place = 0 if any(each.newly for each in digest.on_disk) else len(news)
        news.insert(place, f"{older:,} outdated on disk")
    news += _crds(digest, is_whole=is_whole)
    news += _fetched(digest)
    if digest.suspects:
        news.append(f"{sum(suspect.missing for suspect in digest.suspects):,} missing")
    if digest.baselines:
        news.append(f"now watching {count(len(digest.baselines), 'program')}")
    return news


def _fetched(digest: Digest) -> list[str]:
    """``20 fetched``, ``2 not fetched``."""
    states = Counter(each.state for each in digest.downloads)
    words = {DownloadState.FETCHED: "fetched", DownloadState.MISSING: "not fetched"}
    return [f"{states[state]:,} {said}" for state, said in words.items() if states[state]]


def _crds(digest: Digest, *, is_whole: bool) -> list[str]:
    """``new build 2.0.1``, ``CRDS delivery jwst_1583``, ``2 CRDS deliveries``."""
    numbers = Counter(notice.kind for notice in digest.notices)
    builds = [notice for notice in digest.notices if notice.kind is NoticeKind.BUILD]
    builds.sort(key=lambda notice: not is_installed(notice, digest.contexts))
    news = []
    if builds:
        version = clipped(builds[0].facts.cal_ver or "", LONGEST_VALUE)
        is_new = is_installed(builds[0], digest.contexts)
        news.append(" ".join(filter(None, ("new build" if is_new else "announced build", version))))
    if deliveries := numbers[NoticeKind.DELIVERY]:
        contexts = [notice.facts.context for notice in digest.notices if notice.kind is NoticeKind.DELIVERY]
        noun = _announced(digest, NoticeKind.DELIVERY)
        if is_whole and deliveries == 1 and contexts[0]:
            news.append(f"{noun}CRDS delivery {clipped(contexts[0], LONGEST_VALUE)}")
        else:
            news.append(count(deliveries, f"{noun}CRDS delivery", f"{noun}CRDS deliveries"))
    if rollbacks := numbers[NoticeKind.ROLLBACK]:
        news.append(count(rollbacks, f"{_announced(digest, NoticeKind.ROLLBACK)}CRDS rollback"))
    if numbers[NoticeKind.MARKED_BAD]:
        bad = bad_files(digest.notices)
        news.append(count(bad, f"{_announced(digest, NoticeKind.MARKED_BAD)}bad CRDS file"))
    return news


def _announced(digest: Digest, kind: NoticeKind) -> str:
    """A word before what CRDS itself says nothing of."""
    is_confirmed = any(notice.is_of_crds for notice in digest.notices if notice.kind is kind)
    return "" if is_confirmed else "announced "


def _first_data(transitions: Sequence[Transition]) -> str:
    programs = {transition.program for transition in transitions}
    return f"first data of {min(programs) if len(programs) == 1 else count(len(programs), 'program')}"


def _target(transitions: Sequence[Transition]) -> str:
    """Where a reprocessing goes: the pedigree that most products have now."""
    targets: Counter[Keywords | None] = Counter()
    for transition in transitions:
        targets[keywords_of(transition.after)] += transition.products
    (target, _), *others = targets.most_common()
    if target is None:
        return ""
    more = f" and {count(len(others), 'other')}" if others else ""
    return f" ({keywords_in_words(*target, longest=LONGEST_VALUE)}{more})"

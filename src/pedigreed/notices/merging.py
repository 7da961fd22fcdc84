"""Announcements -> notices: one thing that happened in CRDS is one notice, whoever told of it.

What announcements must have in common, by the kind that `reading.facts_of` gives each:

- delivery: the context. An announcement without one belongs to the announcement, with a context or without, that
  has the same identity (the Message-ID of a mail that was sent to two lists); or more than half of its reference
  files, within 30 days; or its words, within 14 days (see `likeness`), unless instruments, types or files are
  named by both and those of neither are among the other's. Where it could belong to several, the nearest in
  identity, files, words and time counts, in that order. So two contexts never become one notice, even if a third
  announcement is like both.
- build: the pipeline's version and the context. Who names one of them belongs to the nearest within 30 days.
- rollback: the context, and the time: a context can become the latest twice, so what is more than three days after
  the one before is another one.
- marked bad: the file. Who names several files makes them one notice.

The order of hearing has no say in it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING

from pedigreed.model.announcement import NoticeKind
from pedigreed.notices.file_name import file_name
from pedigreed.notices.likeness import alike, pairs_with_common_runs, runs_of
from pedigreed.notices.reading import facts_of
from pedigreed.notices.writing import notice_of, told_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from pedigreed.model.announcement import Facts
    from pedigreed.model.notice import Heard, Notice

_SAME_FILES = timedelta(days=30)
_SAME_WORDS = timedelta(days=14)
_SAME_BUILD = timedelta(days=30)
_SAME_ROLLBACK = timedelta(days=3)
_FEWEST_OF_IDENTITY = 12
"""Characters. A shorter identity, such as a number, may be another source's by chance."""
_MOST_NEIGHBOURS = 8
_MOST_STEPS = 8
"""A text that is like one that is like one that ... has a context, so often."""


@dataclass(frozen=True, slots=True)
class _Told:
    """An announcement with what it is about. `at`: when it was said, or heard; UTC."""

    heard: Heard
    facts: Facts
    at: datetime
    references: frozenset[str]


@dataclass(frozen=True, slots=True, order=True)
class _Nearness:
    """How near two announcements are. Identity goes before files, files before words, words before time."""

    identity: bool
    files: float
    words: float
    seconds_apart: float
    """Negative, so that more is nearer."""


_Links = dict[int, list[tuple[_Nearness, int]]]


def notices_of(heard: Iterable[Heard]) -> tuple[Notice, ...]:
    """The notices of all announcements, newest first. Announcements that are about nothing in CRDS have none.

    Facts of one notice are joined: the server's word counts most, then the richest text's.
    """
    told = sorted(_told(heard), key=lambda each: (each.at, *_source_and_identity(each)))
    of_kind: dict[NoticeKind | None, list[_Told]] = defaultdict(list)
    for each in told:
        of_kind[each.facts.kind].append(each)
    groups = [
        *_deliveries(of_kind[NoticeKind.DELIVERY]),
        *_builds(of_kind[NoticeKind.BUILD]),
        *_rollbacks(of_kind[NoticeKind.ROLLBACK]),
        *_marked_bad(of_kind[NoticeKind.MARKED_BAD]),
    ]
    found = [notice_of([(each.heard, each.facts) for each in group]) for group in groups]
    found.sort(key=attrgetter("name"))
    found.sort(key=told_at, reverse=True)
    return tuple(found)


def _told(heard: Iterable[Heard]) -> Iterator[_Told]:
    for each in heard:
        facts = facts_of(each.announcement)
        if facts.kind is not None:
            references = frozenset(
                name for name in facts.files if not ((form := file_name(name)) and form.is_rules)
            )
            yield _Told(each, facts, each.announcement.said_at or each.heard_at, references)


def _source_and_identity(told: _Told) -> tuple[str, str]:
    return told.heard.announcement.source, told.heard.announcement.identity


def _deliveries(told: Sequence[_Told]) -> Iterator[list[_Told]]:
    links = _links(told)
    contexts = {place: each.facts.context for place, each in enumerate(told) if each.facts.context}
    for _ in range(_MOST_STEPS):
        nearer = _taken_in(links, contexts)
        if not nearer:
            break
        contexts |= nearer
    by_context: dict[str, list[_Told]] = defaultdict(list)
    for place, context in contexts.items():
        by_context[context].append(told[place])
    yield from by_context.values()
    loose = [place for place in range(len(told)) if place not in contexts]
    joined = [(one, other) for one in loose for _, other in links.get(one, ()) if other not in contexts]
    for group in _united(loose, joined):
        yield [told[place] for place in group]


def _taken_in(links: _Links, contexts: dict[int, str]) -> dict[int, str]:
    """The contexts of those that have none and are linked to one that has."""
    taken: dict[int, str] = {}
    for place, near in links.items():
        known = [(nearness, contexts[other]) for nearness, other in near if other in contexts]
        if place not in contexts and known:
            taken[place] = max(known)[1]
    return taken


def _links(told: Sequence[_Told]) -> _Links:
    """What belongs together although one of the two, or both, have no context."""
    runs = [runs_of(each.heard.announcement.text or each.heard.announcement.title) for each in told]
    links: _Links = defaultdict(list)
    pairs = {*_pairs_with_common_names(told), *pairs_with_common_runs(runs)}
    for one, other in sorted(pairs):
        first, second = told[one], told[other]
        if first.facts.context and second.facts.context:
            continue
        apart = abs(first.at - second.at)
        is_like = apart <= _SAME_WORDS and _may_be_one(first, second)
        nearness = _Nearness(
            identity=_is_same_mail(first, second),
            files=_shared_files(first, second) if apart <= _SAME_FILES else 0.0,
            words=alike(runs[one], runs[other]) if is_like else 0.0,
            seconds_apart=-apart.total_seconds(),
        )
        if nearness.identity or nearness.files or nearness.words:
            links[one].append((nearness, other))
            links[other].append((nearness, one))
    return links


def _pairs_with_common_names(told: Sequence[_Told]) -> Iterator[tuple[int, int]]:
    places: dict[str, list[int]] = defaultdict(list)
    for place, each in enumerate(told):
        for name in {*each.references, each.heard.announcement.identity}:
            places[name].append(place)
    for same in places.values():
        for index, one in enumerate(same):
            for other in same[index + 1 : index + 1 + _MOST_NEIGHBOURS]:
                yield one, other


def _is_same_mail(one: _Told, other: _Told) -> bool:
    first, second = one.heard.announcement, other.heard.announcement
    return (
        first.identity == second.identity
        and first.medium is second.medium
        and len(first.identity) >= _FEWEST_OF_IDENTITY
    )


def _shared_files(one: _Told, other: _Told) -> float:
    """The share of the files of who names fewer; 0 for half of them and less."""
    fewest = min(len(one.references), len(other.references))
    share = len(one.references & other.references) / fewest if fewest else 0.0
    return share if share > 1 / 2 else 0.0


def _may_be_one(one: _Told, other: _Told) -> bool:
    """Whether nothing that both name speaks against it."""
    return all(
        not first or not second or first <= second or second <= first
        for first, second in (
            (set(one.facts.instruments), set(other.facts.instruments)),
            (set(one.facts.reference_types), set(other.facts.reference_types)),
            (one.references, other.references),
        )
    )


def _builds(told: Sequence[_Told]) -> Iterator[list[_Told]]:
    groups: dict[tuple[str | None, str | None], list[_Told]] = defaultdict(list)
    with_part: dict[str | None, set[tuple[str | None, str | None]]] = defaultdict(set)
    for each in sorted(told, key=lambda each: None in _build(each)):
        key = _build(each)
        if None in key:
            apart = {
                whole: abs(each.at - groups[whole][0].at)
                for part in key
                if part is not None
                for whole in with_part[part]
            }
            near = [(time, whole) for whole, time in apart.items() if time <= _SAME_BUILD]
            key = min(near)[1] if near else key
        else:
            for part in key:
                with_part[part].add(key)
        groups[key].append(each)
    yield from groups.values()


def _build(told: _Told) -> tuple[str | None, str | None]:
    return told.facts.cal_ver, told.facts.context


def _rollbacks(told: Sequence[_Told]) -> Iterator[list[_Told]]:
    by_context: dict[str | None, list[_Told]] = defaultdict(list)
    for each in sorted(told, key=_rolled_back_at):
        by_context[each.facts.context].append(each)
    for same in by_context.values():
        group = [same[0]]
        for each in same[1:]:
            if _rolled_back_at(each) - _rolled_back_at(group[-1]) > _SAME_ROLLBACK:
                yield group
                group = []
            group.append(each)
        yield group


def _rolled_back_at(told: _Told) -> datetime:
    return told.facts.activated_at or told.at


def _marked_bad(told: Sequence[_Told]) -> Iterator[list[_Told]]:
    first_with: dict[str, int] = {}
    joined = [
        (place, first_with.setdefault(name, place)) for place, each in enumerate(told) for name in each.facts.files
    ]
    for group in _united(range(len(told)), joined):
        yield [told[place] for place in group]


def _united(places: Iterable[int], joined: Iterable[tuple[int, int]]) -> Iterable[list[int]]:
    """The places in groups, such that those that are joined are in one."""
    leader = {place: place for place in places}

    def lead(place: int) -> int:
        while leader[place] != place:
            leader[place] = place = leader[leader[place]]
        return place

    for one, other in joined:
        first, second = sorted((lead(one), lead(other)))
        leader[second] = first
    groups: dict[int, list[int]] = defaultdict(list)
    for place in leader:
        groups[lead(place)].append(place)
    return groups.values()

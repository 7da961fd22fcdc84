"""Announcements -> notices: one thing that happened in CRDS is one notice, whoever told of it.

`reading.facts_heard` gives each announcement its kind. Each kind has a key, and what has one key is one notice:

- delivery: the switch of the latest context, from the one before to the new one, as CRDS tells it. Several
  deliveries, each with a context of its own, are put into use together under the last of them. So who names a
  context belongs to the switch with before < context <= new, and by itself where CRDS tells of none.
- build: the pipeline's version and the context. Who names one of them belongs to the nearest within 30 days.
- rollback: the context, and the time: a context can become the latest twice, so what is more than three days after
  the one before is another one.
- marked bad: the file. Who names several files makes them one notice.

A delivery without a context has no key, nor has a text that alone is about nothing in CRDS, which is told as not
understood where it belongs to nothing else. Such an announcement
belongs to the one that it shares most with, with a key or without:

- the identity, which is the Message-ID of a mail that was sent to two lists;
- or more than half of the reference files of who names fewer, within 30 days, and between deliveries;
- or the words (see `text_similarity`), within 14 days, unless both name instruments, types or files and neither's
  are among the other's. Of a text of some ten words and less all must be there, in another source, within three
  days, and instruments and types must be the same;
- or else, for a delivery without a file, a switch within 7 days in which CRDS changed all types that it names.

Identity goes before files, files before words, words before time. As no announcement has two keys, two contexts
never become one notice, even if a third announcement is like both. The order of hearing has no say in it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING

from pedigreed.model.notice import Medium, NoticeKind
from pedigreed.model.pedigree import context_number
from pedigreed.model.reference_file import file_name
from pedigreed.notices.reading import facts_heard
from pedigreed.notices.text_similarity import FEWEST_RUNS, alike, pairs_with_common_runs, runs_of
from pedigreed.notices.writing import happened_at, notice_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from pedigreed.model.notice import Announcement, Facts, Heard, Notice


_SAME_FILES = timedelta(days=30)
_SAME_WORDS = timedelta(days=14)
_SAME_FEW_WORDS = timedelta(days=3)
_SAME_CHANGES = timedelta(days=7)
_SAME_BUILD = timedelta(days=30)
_SAME_SWITCH = timedelta(days=3)
_FEWEST_OF_IDENTITY = 12
"""Characters. A shorter identity, such as a number, may be another source's by chance."""
_MOST_NEIGHBOURS = 8
_MOST_STEPS = 8
"""A text that is like one that is like one that ... has a key, so often."""


@dataclass(frozen=True, slots=True)
class _WithFacts:
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
_Key = tuple[str, ...]
"""The kind, and what notices of that kind are told apart by."""


def notices_of(heard: Iterable[Heard]) -> tuple[Notice, ...]:
    """The notices of all announcements, newest first. Each announcement is in one of them.

    Facts of one notice are joined: the server's word counts most, then the richest text's.
    """
    announced = sorted(
        (_with_facts(each, facts_heard(each)) for each in heard),
        key=lambda each: (each.at, *_source_and_identity(each)),
    )
    keys = _keys(announced)
    links = _links(announced, keys)
    _take_in_all(links, keys)
    if told := _keys_by_what_changed(announced, keys):
        keys |= told
        _take_in_all(links, keys)
    groups: dict[_Key, list[int]] = defaultdict(list)
    for place, key in keys.items():
        groups[key].append(place)
    loose = [place for place in range(len(announced)) if place not in keys]
    joined = [(one, other) for one in loose for _, other in links.get(one, ()) if other not in keys]
    found = [
        notice_of([(announced[place].heard, announced[place].facts) for place in group], kind)
        for kind, group in (
            *((NoticeKind(key[0]), group) for key, group in groups.items()),
            *((_kind_of(announced[place] for place in group), group) for group in _united(loose, joined)),
        )
    ]
    found.sort(key=attrgetter("name"))
    found.sort(key=happened_at)
    return tuple(reversed(_each_with_a_name(found)))


def _kind_of(group: Iterable[_WithFacts]) -> NoticeKind:
    return NoticeKind.DELIVERY if any(each.facts.kind for each in group) else NoticeKind.NOT_UNDERSTOOD


def _each_with_a_name(notices: Iterable[Notice]) -> list[Notice]:
    """The first of a name keeps it. A context that became the latest once more has the date behind it."""
    known: set[str] = set()
    named = []
    for notice in notices:
        name = notice.name if notice.name not in known else f"{notice.name}-{happened_at(notice).date()}"
        known.add(name)
        named.append(notice if name == notice.name else replace(notice, name=name))
    return named


def _with_facts(heard: Heard, facts: Facts) -> _WithFacts:
    references = frozenset(name for name in facts.files if not ((form := file_name(name)) and form.is_rules))
    return _WithFacts(heard, facts, heard.announcement.said_at or heard.heard_at, references)


def _source_and_identity(announced: _WithFacts) -> tuple[str, str]:
    return announced.heard.announcement.source, announced.heard.announcement.identity


def _keys(announced: Sequence[_WithFacts]) -> dict[int, _Key]:
    """The keys of those that have one, by their places."""
    of_kind: dict[NoticeKind | None, list[int]] = defaultdict(list)
    for place, each in enumerate(announced):
        of_kind[each.facts.kind].append(place)
    return {
        **_keys_of_deliveries(announced, of_kind[NoticeKind.DELIVERY]),
        **_keys_of_builds(announced, of_kind[NoticeKind.BUILD]),
        **_keys_in_time(
            announced,
            {
                place: (NoticeKind.ROLLBACK, announced[place].facts.context or "")
                for place in of_kind[NoticeKind.ROLLBACK]
            },
        ),
        **_keys_of_bad_files(announced, of_kind[NoticeKind.MARKED_BAD]),
    }


def _take_in_all(links: _Links, keys: dict[int, _Key]) -> None:
    """Give keys to those that are linked to one that has, step by step."""
    for _ in range(_MOST_STEPS):
        nearer = _taken_in(links, keys)
        if not nearer:
            return
        keys |= nearer


def _taken_in(links: _Links, keys: dict[int, _Key]) -> dict[int, _Key]:
    """The keys of those that have none and are linked to one that has."""
    taken: dict[int, _Key] = {}
    for place, near in links.items():
        known = [(nearness, keys[other]) for nearness, other in near if other in keys]
        if place not in keys and known:
            taken[place] = max(known)[1]
    return taken


def _links(announced: Sequence[_WithFacts], keys: dict[int, _Key]) -> _Links:
    """What belongs together although one of the two, or both, have no key."""
    runs = [runs_of(each.heard.announcement.text or each.heard.announcement.title) for each in announced]
    links: _Links = defaultdict(list)
    for one, other in sorted({*_pairs_of_neighbours(announced, runs), *pairs_with_common_runs(runs)}):
        if one in keys and other in keys:
            continue
        first, second = announced[one], announced[other]
        are_few = min(len(runs[one]), len(runs[other])) < FEWEST_RUNS
        may_be = _may_be_one_by_few_words if are_few else _may_be_one_by_words
        nearness = _Nearness(
            identity=_is_same_mail(first, second),
            files=_shared_files(first, second),
            words=alike(runs[one], runs[other]) if may_be(first, second) else 0.0,
            seconds_apart=-abs(first.at - second.at).total_seconds(),
        )
        if nearness.identity or nearness.files or nearness.words:
            links[one].append((nearness, other))
            links[other].append((nearness, one))
    return links


def _pairs_of_neighbours(
    announced: Sequence[_WithFacts], runs: Sequence[frozenset[int]]
) -> Iterator[tuple[int, int]]:
    """The pairs with one identity, file or text that few others stand between in time."""
    places: dict[Hashable, list[int]] = defaultdict(list)
    for place, each in enumerate(announced):
        places[runs[place]].append(place)
        for name in {*each.references, each.heard.announcement.identity}:
            places[name].append(place)
    for same in places.values():
        for index, one in enumerate(same):
            for other in same[index + 1 : index + 1 + _MOST_NEIGHBOURS]:
                yield one, other


def _is_same_mail(one: _WithFacts, other: _WithFacts) -> bool:
    first, second = one.heard.announcement, other.heard.announcement
    return (
        first.identity == second.identity
        and first.medium is second.medium
        and len(first.identity) >= _FEWEST_OF_IDENTITY
    )


def _shared_files(one: _WithFacts, other: _WithFacts) -> float:
    """The share of the files of who names fewer; 0 for half of them and less."""
    are_deliveries = one.facts.kind is other.facts.kind is NoticeKind.DELIVERY
    fewest = min(len(one.references), len(other.references))
    if not are_deliveries or not fewest or abs(one.at - other.at) > _SAME_FILES:
        return 0.0
    share = len(one.references & other.references) / fewest
    return share if share > 1 / 2 else 0.0


def _may_be_one_by_words(one: _WithFacts, other: _WithFacts) -> bool:
    """Whether nothing that both name speaks against it."""
    return abs(one.at - other.at) <= _SAME_WORDS and all(
        not first or not second or first <= second or second <= first
        for first, second in (
            (set(one.facts.instruments), set(other.facts.instruments)),
            (set(one.facts.reference_types), set(other.facts.reference_types)),
            (one.references, other.references),
        )
    )


def _may_be_one_by_few_words(one: _WithFacts, other: _WithFacts) -> bool:
    return (
        abs(one.at - other.at) <= _SAME_FEW_WORDS
        and one.heard.announcement.source != other.heard.announcement.source
        and one.facts.instruments == other.facts.instruments
        and one.facts.reference_types == other.facts.reference_types
    )


def _keys_of_deliveries(announced: Sequence[_WithFacts], places: Sequence[int]) -> dict[int, _Key]:
    switches = {place: switch for place in places if (switch := _switch_of(announced[place].heard.announcement))}
    keys = _keys_in_time(announced, {place: (NoticeKind.DELIVERY, *switch) for place, switch in switches.items()})
    numbers: dict[int, list[int]] = defaultdict(list)
    for place in places:
        context = announced[place].facts.context
        if place not in keys and context is not None:
            keys[place] = (NoticeKind.DELIVERY, context)
            numbers[_number(context)].append(place)
    in_order = sorted(numbers)
    near: dict[int, list[tuple[timedelta, _Key]]] = defaultdict(list)
    for place, (before, context) in switches.items():
        first, last = (bisect_right(in_order, _number(name)) for name in (before, context))
        for number in in_order[first:last]:
            for text in numbers[number]:
                near[text].append((abs(announced[text].at - _activated_at(announced[place])), keys[place]))
    return keys | {text: min(of_switches)[1] for text, of_switches in near.items()}


def _keys_by_what_changed(announced: Sequence[_WithFacts], keys: Mapping[int, _Key]) -> dict[int, _Key]:
    """The keys of deliveries that name no context and no file, by what they name: CRDS changed all of it then."""
    switches = sorted(
        (_activated_at(each), keys[place], frozenset(each.facts.changed))
        for place, each in enumerate(announced)
        if place in keys and each.facts.changed
    )
    times = [at for at, _, _ in switches]
    found: dict[int, _Key] = {}
    for place, each in enumerate(announced) if switches else ():
        facts, pairs = each.facts, frozenset(each.facts.pairs)
        if place in keys or facts.kind is not NoticeKind.DELIVERY or not pairs or facts.files:
            continue
        if {*facts.instruments} != {of for of, _ in pairs} or {*facts.reference_types} != {
            name for _, name in pairs
        }:
            continue
        near = switches[bisect_left(times, each.at - _SAME_CHANGES) : bisect_right(times, each.at + _SAME_CHANGES)]
        apart = [(abs(each.at - at), key) for at, key, changed in near if pairs <= changed]
        if apart:
            found[place] = min(apart)[1]
    return found


def _keys_in_time(announced: Sequence[_WithFacts], names: Mapping[int, _Key]) -> dict[int, _Key]:
    """The keys of what can happen again, by places: what is so long after the one before is another one."""
    keys: dict[int, _Key] = {}
    last: dict[_Key, tuple[_Key, datetime]] = {}
    for place in sorted(names, key=lambda place: _activated_at(announced[place])):
        name, at = names[place], _activated_at(announced[place])
        key, before = last.get(name, ((*name, at.isoformat()), at))
        keys[place] = key if at - before <= _SAME_SWITCH else (*name, at.isoformat())
        last[name] = keys[place], at
    return keys


def _switch_of(announcement: Announcement) -> tuple[str, str] | None:
    """The contexts that CRDS itself says were the latest one after the other."""
    facts = announcement.facts
    is_of_crds = announcement.medium is Medium.SERVER
    return (facts.before, facts.context) if is_of_crds and facts.before and facts.context else None


def _number(context: str) -> int:
    """A context without a number is below all others."""
    return context_number(context) or -1


def _keys_of_builds(announced: Sequence[_WithFacts], places: Sequence[int]) -> dict[int, _Key]:
    keys: dict[int, _Key] = {}
    known: set[_Key] = set()
    wholes: dict[str, list[tuple[_Key, datetime]]] = defaultdict(list)
    for place in places:
        facts = announced[place].facts
        if facts.cal_ver and facts.context:
            key = (NoticeKind.BUILD, facts.cal_ver, facts.context)
            if key not in known:
                known.add(key)
                for part in key[1:]:
                    wholes[part].append((key, announced[place].at))
            keys[place] = key
    for place in places:
        if place not in keys:
            part = announced[place].facts.cal_ver or announced[place].facts.context or ""
            apart = [(abs(announced[place].at - at), key) for key, at in wholes[part]]
            nearest = min(apart, default=(_SAME_BUILD * 2, ()))
            keys[place] = nearest[1] if nearest[0] <= _SAME_BUILD else (NoticeKind.BUILD, part)
    return keys


def _activated_at(announced: _WithFacts) -> datetime:
    return announced.facts.activated_at or announced.at


def _keys_of_bad_files(announced: Sequence[_WithFacts], places: Sequence[int]) -> dict[int, _Key]:
    first_with: dict[str, int] = {}
    joined = [
        (place, first_with.setdefault(name, place)) for place in places for name in announced[place].facts.files
    ]
    return {place: (NoticeKind.MARKED_BAD, str(group[0])) for group in _united(places, joined) for place in group}


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

"""An announcement -> the facts that its text tells: what happened, contexts, dates, level, bad files."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib import resources
from itertools import takewhile
from typing import TYPE_CHECKING

from pedigreed.model.notice import ChangeLevel, Facts, NoticeKind
from pedigreed.model.pedigree import context_name, version_of
from pedigreed.notices.naming import named_in
from pedigreed.notices.sentences import sentences

if TYPE_CHECKING:
    from pedigreed.model.notice import Announcement, Heard


_LEVEL = re.compile(
    r"\bchange[ _-]?level(?: is| was| of)?\W{1,8}(severe|moderate|trivial)\b"
    r"|\b(severe|moderate|trivial) (?:change|impact)s?\b",
    re.IGNORECASE,
)
_BACK = r"(?:roll(?:ed|ing|s)?[ -]?back|revert(?:ed|ing|s)?|(?:went|gone|going|switch(?:ed|ing)?|moved?|set) back)"
_ROLLED_BACK = re.compile(
    rf"\b{_BACK}(?: (?:the|to|of|from|back|an?|crds|jwst|operational|latest|default|earlier|previous|old)){{0,6}}"
    r" (?:contexts?\b|pmap\b|jwst_[0-9]{4,6}\b(?!\.[ir]map))"
    rf"|\b(?:context|jwst_[0-9]{{4,6}}(?:\.pmap)?)(?: jwst_[0-9]{{4,6}}(?:\.pmap)?)? (?:was|is|has been) {_BACK}"
    r"\b",
    re.IGNORECASE,
)
_ROLLBACK_NOUN = re.compile(r"^\W*(?:\w+ ){0,3}roll[ -]?back\b", re.IGNORECASE)
_BAD = re.compile(
    r"\b(?:marked|flagged|declared|blacklisted)(?: as)? (?:bad|\"bad\"|'bad'|unusable)\b|\bblacklisted\b"
    r"|\b(?:should|must) (?:not|no longer) be used\b|\bdo not use\b|\bshould be considered bad\b"
    r"|\.(?:fits|asdf|json) (?:is|was) (?:bad|unusable|corrupt(?:ed)?)\b",
    re.IGNORECASE,
)
_LIST_FOLLOWS = re.compile(r":$|\bfollowing\b", re.IGNORECASE)
_OF_BEFORE = re.compile(
    r"(?:please )?(?:do not use (?:it|them|this|these)|it|they|both"
    r"|(?:the|this|these|those|both) (?:reference )?files?)\b",
    re.IGNORECASE,
)
_NOT_YET = re.compile(r"\b(?:will|going to|to be|would|may|might|could)\b", re.IGNORECASE)
_BUILD = r"(?:build[ -]?[0-9]{1,2}\.[0-9]|B[0-9]{1,2}\.[0-9]|cal_?ver\b)"
_BUILD_CONTEXT = re.compile(
    r"\b(?:build|quarterly|archive) contexts?\b"
    rf"|\b{_BUILD}.{{0,120}}\bcontexts?\b|\bcontexts?\b.{{0,120}}\b{_BUILD}",
    re.IGNORECASE,
)
_RELEASED = re.compile(
    r"\b(?:releas\w+|install\w+|deploy\w+|build [0-9]{1,2}\.[0-9]|B[0-9]{1,2}\.[0-9])\b", re.IGNORECASE
)
"""What is said of a version of the pipeline that comes into use."""
_FILES_ARE_NEW = re.compile(
    r"\b(?:reference|calibration) files?\b.{0,80}\b(?:deliver|updat|replac|releas|chang|revis|regenerat|avail)\w*"
    r"|\b(?:new|updated|revised|improved)\b.{0,40}\b(?:reference|calibration) files?\b",
    re.IGNORECASE,
)
"""That reference files came, whichever."""
_VERSION = re.compile(
    r"\b(?:jwst|pipeline|calibration software|cal_?ver|version|versions|software|package|release|and)\W{1,3}v?"
    r"([0-9]{1,2}\.[0-9]{1,3}\.[0-9]{1,3})\b(?!\.[0-9])",
    re.IGNORECASE,
)
_USE_INSTEAD = re.compile(
    r"\b(?:(?:replaced|superseded) by|instead|please use|successors?|(?:but|and|rather) use)\b|[;:,.] ?use\b",
    re.IGNORECASE,
)
_INSTEAD_OF = re.compile(r"\b(?:(?:instead|in place) of|(?:replac|supersed)(?:es|ed|ing)\b(?! by))", re.IGNORECASE)
"""What stands between the file to use and the one that is bad."""
_OF_ALL = frozenset((NoticeKind.BUILD, NoticeKind.ROLLBACK))
"""What is of all instruments, whichever one's list tells of it."""
_LONGEST_READ = 100_000


@cache
def reader() -> str:
    """The version of what reads announcements: a digest of its source, and so another after each change of it."""
    digest = sha256()
    for room in ("pedigreed.model", "pedigreed.notices"):
        for file in sorted(resources.files(room).iterdir(), key=lambda file: file.name):
            if file.name.endswith((".py", ".csv")):
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def facts_heard(heard: Heard) -> Facts:
    """What an announcement is about: as it was kept with it, or read now where that was by another reader."""
    if heard.facts_read is not None and heard.read_by == reader():
        return heard.facts_read
    return facts_of(heard.announcement)


def facts_of(announcement: Announcement) -> Facts:
    """What an announcement is about. Never raises; `kind` is None where it is about nothing in CRDS.

    Records win: a text adds what they leave open, and names more files, instruments, types and modes.
    Of several contexts see `contexts_of`.

    The kind, where no record tells it, is the first of these that holds:

    - marked bad: a sentence says of a file that it is bad, or must not be used; that is, the title says it, or no
      context is named. The files are then those that it says it of, without what is to be used instead.
      A delivery that says in passing that files *will* be marked bad is a delivery.
    - rollback: a sentence says that a context was rolled back or reverted, and a context is known.
    - build: a sentence has a build of the pipeline and its context, and a context is known; or neither a type nor
      a file is, and a sentence says that a version of the pipeline is released or installed.
    - delivery: a context, a file, or an instrument and a type are known; or an instrument is, and a sentence says
      that reference files are new.
    """
    recorded = announcement.facts
    told = recorded.kind is not None
    text = _written_out(f"{announcement.title}\n\n{announcement.text}"[:_LONGEST_READ])
    named = named_in(text)
    said = sentences(text)
    is_back = recorded.kind is NoticeKind.ROLLBACK or (recorded.kind is None and _is_rolled_back(said))
    context, before = contexts_of(text, named.contexts, is_back=is_back)
    if recorded.context is not None:
        context = context_name(recorded.context)
    before = context_name(recorded.before) or before
    facts = replace(
        recorded,
        context=context,
        before=before if before != context else None,
        files=_joined(recorded.files, named.files),
        # What a list is about says only what its texts do not.
        instruments=tuple(
            sorted({*named.instruments, *(recorded.instruments if told or not named.instruments else ())})
        ),
        reference_types=_joined(recorded.reference_types, named.reference_types),
        pairs=tuple(sorted({*recorded.pairs, *named.pairs})),
        modes=_joined(recorded.modes, named.modes),
        change_level=recorded.change_level or _change_level(text),
        delivered_at=recorded.delivered_at or delivered_at(text),
        activated_at=recorded.activated_at or activated_at(text),
    )
    bad = _bad_files(sentences(announcement.title)) or (_bad_files(said) if facts.context is None else ())
    kind = recorded.kind or (NoticeKind.MARKED_BAD if bad else _kind(facts, said, is_back=is_back))
    if kind is NoticeKind.MARKED_BAD:
        facts = replace(facts, files=recorded.files or bad or facts.files)
    if kind in _OF_ALL and not told:
        facts = replace(facts, instruments=named.instruments)
    if kind is NoticeKind.BUILD and facts.cal_ver is None:
        facts = replace(facts, cal_ver=_cal_ver(text))
    return replace(facts, kind=kind)


def _kind(facts: Facts, said: tuple[str, ...], *, is_back: bool) -> NoticeKind | None:
    if facts.context and is_back:
        return NoticeKind.ROLLBACK
    if facts.context and any(map(_BUILD_CONTEXT.search, said)):
        return NoticeKind.BUILD
    names_files = facts.files or facts.reference_types
    if (
        facts.context
        and not names_files
        and any(_RELEASED.search(each) and _VERSION.search(each) for each in said)
    ):
        return NoticeKind.BUILD
    if facts.context or facts.files or (facts.instruments and facts.reference_types):
        return NoticeKind.DELIVERY
    # Which types it is about it does not say, so it may be any.
    if facts.instruments and any(map(_FILES_ARE_NEW.search, said)):
        return NoticeKind.DELIVERY
    return None


def _is_rolled_back(said: tuple[str, ...]) -> bool:
    return any(_ROLLED_BACK.search(sentence) or _ROLLBACK_NOUN.search(sentence) for sentence in said)


def _says_bad(sentence: str) -> bool:
    return bool(_BAD.search(sentence)) and not _NOT_YET.search(sentence)


def _bad_files(said: tuple[str, ...]) -> tuple[str, ...]:
    """The files that sentences call bad, without those to use instead.

    They stand in the sentence, or in the list that follows it, or in the one before ("The file was marked bad").
    """
    found: set[str] = set()
    for place, sentence in enumerate(said):
        if not _says_bad(sentence):
            continue
        files = _not_to_use(sentence)
        if not files and _LIST_FOLLOWS.search(sentence):
            listed = takewhile(_is_listed, (said[later] for later in range(place + 1, len(said))))
            files = named_in("\n\n".join(listed)).files
        elif not files and place and _OF_BEFORE.match(sentence):
            files = _not_to_use(said[place - 1])
        found.update(files)
    return tuple(sorted(found))


def _not_to_use(sentence: str) -> tuple[str, ...]:
    """The files of a sentence, without those to use instead of them."""
    instead_of = _INSTEAD_OF.search(sentence)
    if instead_of and (files := named_in(sentence[instead_of.end() :]).files):
        return files
    return named_in(_USE_INSTEAD.split(sentence, maxsplit=1)[0]).files


def _is_listed(item: str) -> bool:
    return "jwst_" in item and not _BAD.search(item)


def _change_level(text: str) -> ChangeLevel | None:
    form = _LEVEL.search(text)
    return ChangeLevel((form[1] or form[2]).lower()) if form else None


def _cal_ver(text: str) -> str | None:
    """The newest version of the pipeline that is named."""
    known = ((version, name) for name in _VERSION.findall(text) if (version := version_of(name)))
    return max(known, default=(None, None))[1]


def _joined(told: tuple[str, ...], named: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*told, *named}))


_SPEAKS_OF_CONTEXTS = re.compile(r"pmap|context|crds", re.IGNORECASE)
_BY_NUMBER = re.compile(
    r"\b(?:pmaps?|contexts?)(?: is| number)?[ :#]{1,2}([0-9]{4})\b(?![-./:]?[0-9])", re.IGNORECASE
)
_ARROW = re.compile(r"\b(?:jwst_)?([0-9]{4})(?:\.pmap)? ?(?:-{1,2}>|=>|\u2192) ?(?:jwst_)?([0-9]{4})\b(?:\.pmap)?")


def _written_out(text: str) -> str:
    """A text whose contexts have their names: "pmap 1217" and "1263 -> 1274" are none."""
    if not _SPEAKS_OF_CONTEXTS.search(text):
        return text
    return _BY_NUMBER.sub(r"context jwst_\1", _ARROW.sub(r"from jwst_\1 to jwst_\2", text))


_CONTEXT = re.compile(r"\bjwst_([0-9]{4,6})(?:\.pmap)?(?![A-Za-z0-9_]|\.[a-z])", re.IGNORECASE | re.ASCII)
_CUE = re.compile(
    r"\b(?:(?P<old>replac(?:es?|ed|ing)|supersed(?:es?|ed|ing)|instead of|rather than|from|previous(?:ly)?|prior"
    r"|before|old|than|since|was|compared (?:to|with)|relative to|difference[sd]?)"
    r"|(?P<new>to|now|new|latest|current|becomes?|became|by|activated|restored?))\b",
    re.IGNORECASE,
)
_AFTER_OLD = re.compile(
    r"\W{0,3}(?:\([^)\n]{0,40}\) ?)?(?:was|is|has been|were|will be) (?:now )?(?:replaced|superseded)\b",
    re.IGNORECASE,
)
_NEAR = 40
"""Characters between a word and the context or the date that it is about, at most."""


def contexts_of(text: str, named: tuple[str, ...], *, is_back: bool) -> tuple[str | None, str | None]:
    """The context that a text is about, and the one before; None where it is not said.

    The words right before a context, or right after it, tell: "replaces jwst_1534", "from jwst_1534 to jwst_1535",
    "jwst_1534 was replaced by". Of what is not told to be the old one, the highest is the new one: numbers grow
    with deliveries. In a rollback what comes after "to" is the new one, and else the lowest; the highest of the
    others is the one before.

    Args:
        text: where they stand.
        named: the contexts in it.
        is_back: whether an earlier context became the latest again.
    """
    if not named:
        return None, None
    called_new, called_old = _called_new_and_old(text)
    if is_back:
        new = min(called_new or (set(named) - called_old) or set(named), key=_number)
        others = (called_old or set(named)) - {new}
    else:
        new = max((called_new - called_old) or (set(named) - called_old) or set(named), key=_number)
        others = called_old - {new}
    return new, max(others, key=_number, default=None)


def _called_new_and_old(text: str) -> tuple[set[str], set[str]]:
    """The contexts that the words beside them call new, and those that they call old."""
    new: set[str] = set()
    old: set[str] = set()
    begin = 0
    for found in _CONTEXT.finditer(text):
        context = f"jwst_{found[1]}"
        cues = list(_CUE.finditer(text, max(begin, found.start() - _NEAR), found.start()))
        if _AFTER_OLD.match(text, found.end()) or (cues and cues[-1]["old"]):
            old.add(context)
        elif cues:
            new.add(context)
        begin = found.end()
    return new, old


def _number(context: str) -> int:
    return int(context.removeprefix("jwst_"))


_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            *(("jan", "january"), ("feb", "february"), ("mar", "march"), ("apr", "april"), ("may",)),
            *(("jun", "june"), ("jul", "july"), ("aug", "august"), ("sep", "sept", "september")),
            *(("oct", "october"), ("nov", "november"), ("dec", "december")),
        ),
        start=1,
    )
    for name in names
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_TIME = r"(?:[ T](?:at )?([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?)?"
_DATE = re.compile(
    rf"\b(?:([12][0-9]{{3}})-([01][0-9])-([0-3][0-9]){_TIME}"
    rf"|([0-3]?[0-9])(?:st|nd|rd|th)? ({_MONTH})\.?,? ([12][0-9]{{3}})"
    rf"|({_MONTH})\.? ([0-3]?[0-9])(?:st|nd|rd|th)?,? ([12][0-9]{{3}}))\b",
    re.IGNORECASE,
)
_DELIVERED = re.compile(r"\b(?:delivered|delivery date|date of delivery|submitted)\b", re.IGNORECASE)
_ACTIVATED = re.compile(
    r"\b(?:activated|activation date|date of activation|went live|installed(?: in operations)?"
    r"|became (?:the )?(?:latest|operational|active|default)|made (?:operational|the default|the latest)"
    r"|(?:latest|operational|in use|active) (?:as of|from|since|on))\b",
    re.IGNORECASE,
)
_LONGEST_DATE = 30
_BETWEEN = re.compile(r"[^.!?\n]*(?:\.[a-z]{4,5}\b[^.!?\n]*)?")


def delivered_at(text: str) -> datetime | None:
    """When the text says that it was delivered, UTC. A date without a time is its first moment."""
    return _date_after(_DELIVERED, text)


def activated_at(text: str) -> datetime | None:
    """When the text says that it came into use, likewise."""
    return _date_after(_ACTIVATED, text)


def _date_after(said: re.Pattern[str], text: str) -> datetime | None:
    """The first date that stands right after such words, with no end of a sentence between."""
    for words in said.finditer(text):
        date = _DATE.search(text, words.end(), words.end() + _NEAR + _LONGEST_DATE)
        if date and date.start() - words.end() <= _NEAR and _BETWEEN.fullmatch(text, words.end(), date.start()):
            moment = _moment(date)
            if moment:
                return moment
    return None


def _moment(form: re.Match[str]) -> datetime | None:
    if form[1]:
        year, month, day = int(form[1]), int(form[2]), int(form[3])
    elif form[7]:
        day, month, year = int(form[7]), _MONTHS[form[8].lower()], int(form[9])
    else:
        month, day, year = _MONTHS[form[10].lower()], int(form[11]), int(form[12])
    try:
        return datetime(year, month, day, int(form[4] or 0), int(form[5] or 0), int(form[6] or 0), tzinfo=UTC)
    except ValueError:  # the 31st of a month that has none
        return None

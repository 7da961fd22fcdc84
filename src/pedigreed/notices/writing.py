"""The announcements of one thing that happened -> its notice, with a summary of the richest text."""

from __future__ import annotations

import re
from dataclasses import replace
from hashlib import blake2b
from itertools import dropwhile
from typing import TYPE_CHECKING, TypeVar

from pedigreed.model.notice import ChangeLevel, Facts, Medium, Notice, NoticeKind, Quotation, Sender
from pedigreed.notices.sentences import sentences, whole_sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from pedigreed.model.notice import Heard


Value = TypeVar("Value")
Text = TypeVar("Text", bound=str)

_MORE_THAN_A_GREETING = 1.25
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def notice_of(with_facts: Sequence[tuple[Heard, Facts]], kind: NoticeKind) -> Notice:
    """One notice of announcements with the facts of each; at least one."""
    with_facts = sorted(with_facts, key=lambda each: (each[0].heard_at, each[0].was_there, each[0].key))
    heard = tuple(each for each, _ in with_facts)
    # What may be forged adds nothing to what others say.
    with_facts = [
        each for each in with_facts if each[0].announcement.sender is not Sender.UNVERIFIED
    ] or with_facts
    richest = max((each for each, _ in with_facts), key=_richness).announcement
    by_weight = sorted(with_facts, key=lambda each: (not _is_server(each[0]), -len(each[0].announcement.text)))
    facts = replace(_joined([facts for _, facts in by_weight], _level(with_facts)), kind=kind)
    if kind is NoticeKind.MARKED_BAD:
        # Who only speaks of it may name other files, such as those to use instead.
        facts = replace(facts, files=_together(each.files for _, each in with_facts if each.kind is kind))
    began = min(facts.activated_at or each.announcement.said_at or each.heard_at for each, facts in with_facts)
    name = _name(facts, heard[0], began)
    titles = (richest.title, *(each.announcement.title for each, _ in with_facts), name)
    return Notice(
        name=name,
        kind=kind,
        facts=facts,
        title=next(title for title in titles if title),
        text=richest.text,
        summary=summary_of(richest.text),
        heard=heard,
        quotations=_quotations(heard),
    )


def happened_at(notice: Notice) -> datetime:
    """When it happened, as far as is known: activated, delivered, said or heard; UTC."""
    said = [each.announcement.said_at for each in notice.heard if each.announcement.said_at]
    return notice.facts.activated_at or notice.facts.delivered_at or min(said, default=notice.first_heard.heard_at)


def _quotations(heard: Iterable[Heard]) -> tuple[Quotation, ...]:
    """What each said, the same words once. Of the server the words on the context, or else those on its files."""
    by_words: dict[str, list[tuple[datetime, str]]] = {}
    server_spoke = False
    for each in sorted(heard, key=lambda each: (_said_at(each), each.key)):
        words = summary_of(each.announcement.text)
        if words and not (_is_server(each) and server_spoke):
            by_words.setdefault(words, []).append((_said_at(each), each.announcement.source))
            server_spoke = server_spoke or _is_server(each)
    return tuple(
        Quotation(tuple(dict.fromkeys(source for _, source in said)), said[0][0], words)
        for words, said in by_words.items()
    )


def _said_at(heard: Heard) -> datetime:
    return heard.announcement.said_at or heard.heard_at


def _richness(heard: Heard) -> float:
    """The length of the text. Who quotes the server and adds a greeting has no richer text than it."""
    return len(heard.announcement.text) * (_MORE_THAN_A_GREETING if _is_server(heard) else 1)


def _level(with_facts: Sequence[tuple[Heard, Facts]]) -> ChangeLevel | None:
    """The server's word, or else the most severe that anybody says: one text must not make little of another."""
    for is_said_by_server in (True, False):
        said = {facts.change_level for heard, facts in with_facts if _is_server(heard) is is_said_by_server}
        for level in ChangeLevel:
            if level in said:
                return level
    return None


def _is_server(heard: Heard) -> bool:
    return heard.announcement.medium is Medium.SERVER


def _name(facts: Facts, first: Heard, began: datetime) -> str:
    match facts.kind:
        case NoticeKind.BUILD if facts.cal_ver or facts.context:
            name = "-".join(part for part in ("build", facts.cal_ver, facts.context) if part)
        case NoticeKind.ROLLBACK if facts.context:
            name = f"rollback-{facts.context}-{began.date()}"
        case NoticeKind.MARKED_BAD if facts.files:
            name = f"bad-{facts.files[0]}"
        case NoticeKind.DELIVERY if facts.context:
            name = facts.context
        case _:
            identity = f"{first.announcement.source}\n{first.announcement.identity}"
            named = blake2b(identity.encode(errors="replace"), digest_size=6)
            name = f"notice-{named.hexdigest()}"
    return _UNSAFE.sub("-", name)


def _joined(facts: Sequence[Facts], level: ChangeLevel | None) -> Facts:
    """The first word on each thing counts; lists are put together."""
    context = _first(each.context for each in facts)
    by_crds = next((each for each in facts if each.changed is not None), None)
    pairs = by_crds.changed if by_crds and by_crds.changed is not None else None
    # What CRDS says of a switch is all of it; what texts name beside it is of something else.
    of = facts if by_crds is None else [by_crds]
    before = _first(each.before for each in facts if each.before != context)
    return Facts(
        context=context,
        before=before,
        cal_ver=_first(each.cal_ver for each in facts),
        files=_together(each.files for each in of),
        instruments=_together(each.instruments for each in facts)
        if pairs is None
        else tuple(sorted({instrument for instrument, _ in pairs})),
        reference_types=_together(each.reference_types for each in facts)
        if pairs is None
        else tuple(sorted({name for _, name in pairs})),
        pairs=tuple(sorted({pair for each in facts for pair in each.pairs})),
        changed=pairs,
        modes=_together(each.modes for each in facts),
        change_level=level,
        delivered_at=_first(each.delivered_at for each in facts),
        activated_at=_first(each.activated_at for each in facts),
    )


def _first(values: Iterable[Value | None]) -> Value | None:
    return next((value for value in values if value is not None), None)


def _together(lists: Iterable[tuple[Text, ...]]) -> tuple[Text, ...]:
    return tuple(sorted({value for values in lists for value in values}))


MOST_CHARACTERS = 500
_PASSED_OVER = re.compile(
    r"(?:(?:dear|hello|hi|greetings|good (?:morning|afternoon|day))\b"
    r"|(?:best|kind|with) regards|sincerely|thanks|thank you|cheers"
    r"|delivered by\b|for (?:more|further) (?:details|information)\b|more (?:details|information)\b"
    r"|on the crds (?:web ?page|web ?site)\b|see (?:diffs|the diffs|jira|crds)\b"
    r"|(?:instruments?|(?:reference|file)[ _]types?|modes?(?:[ _]affected)?|affected[ _]modes|(?:new |old )?files?"
    r"|change[ _]level|context|deliver(?:y date|ed|er)|activat(?:ion date|ed))\s?:|jwst_\S+$"
    r"|(?:from|to|cc|date|sent|subject|reply-to):|-- ?$|[>_=*#-]{3,}|set by system$)",
    re.IGNORECASE,
)
_LABEL = re.compile(r"(?:description|reason|summary|why)\s?:\s", re.IGNORECASE)
_HEADER = re.compile(r"affected (?:data|modes|instruments|files|observations)\b", re.IGNORECASE)
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|will|can|could|should|may|must|do|does|did"
    r"|(?!fixed slit)\w{2,30}ed|updates|includes?|adds?|contains?|reflects?|corrects?|fix(?:es)?|replaces?"
    r"|applies|apply|delivering"
    r"|removes?|deleting|provides?|uses?|improves?|makes?|sets?|turns?)\b",
    re.IGNORECASE,
)


def summary_of(text: str) -> str:
    """What a text says first, on one line of at most 500 characters; empty where there is no text.

    Whole sentences, as many as fit. Greetings, pointers elsewhere and lines of facts ("Instrument: MIRI") are
    passed over, and so is a header of what is affected, with the sentences without a verb that go on with it: the
    notice has that as facts. Where nothing else is left, the text's own beginning stands. A sentence that is too
    long is cut between words.
    """
    said = sentences(text)
    kept = [
        _LABEL.sub("", each, count=1) if _LABEL.match(each) else each
        for each in said
        if not _PASSED_OVER.match(each)
    ]
    if kept and _HEADER.match(kept[0]):
        kept = list(dropwhile(lambda sentence: not _VERB.search(sentence), kept[1:])) or kept
    return whole_sentences(kept or said, MOST_CHARACTERS)

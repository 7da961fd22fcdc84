"""The announcements of one thing that happened -> its notice."""

from __future__ import annotations

import re
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeVar

from pedigreed.model.notice import Facts, Medium, Notice, NoticeKind
from pedigreed.notices.summary import summary_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from pedigreed.model.notice import Heard

Value = TypeVar("Value")
Text = TypeVar("Text", bound=str)

_MORE_THAN_A_GREETING = 1.25
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def notice_of(told: Sequence[tuple[Heard, Facts]], kind: NoticeKind) -> Notice:
    """One notice of announcements with the facts of each; at least one."""
    told = sorted(told, key=lambda each: (each[0].heard_at, each[0].was_there, each[0].key))
    heard = tuple(each for each, _ in told)
    richest = max((each for each, _ in told), key=_richness).announcement
    by_weight = sorted(told, key=lambda each: (not _is_server(each[0]), -len(each[0].announcement.text)))
    facts = replace(_joined([facts for _, facts in by_weight]), kind=kind)
    if kind is NoticeKind.MARKED_BAD:
        # Who only speaks of it may name other files, such as those to use instead.
        facts = replace(facts, files=_together(each.files for _, each in told if each.kind is kind))
    began = min(facts.activated_at or each.announcement.said_at or each.heard_at for each, facts in told)
    name = _name(facts, heard[0], began)
    titles = (richest.title, *(each.announcement.title for each in heard), name)
    return Notice(
        name=name,
        kind=kind,
        facts=facts,
        title=next(title for title in titles if title),
        text=richest.text,
        summary=summary_of(richest.text),
        heard=heard,
    )


def told_at(notice: Notice) -> datetime:
    """When it happened, as far as is known: activated, delivered, said or heard; UTC."""
    said = [each.announcement.said_at for each in notice.heard if each.announcement.said_at]
    return notice.facts.activated_at or notice.facts.delivered_at or min(said, default=notice.first_heard.heard_at)


def _richness(heard: Heard) -> float:
    """The length of the text. Who quotes the server and adds a greeting has no richer text than it."""
    return len(heard.announcement.text) * (_MORE_THAN_A_GREETING if _is_server(heard) else 1)


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


def _joined(facts: Sequence[Facts]) -> Facts:
    """The first word on each thing counts; lists are put together."""
    context = _first(each.context for each in facts)
    before = _first(each.before for each in facts if each.before != context)
    return Facts(
        context=context,
        before=before,
        cal_ver=_first(each.cal_ver for each in facts),
        files=_together(each.files for each in facts),
        instruments=_together(each.instruments for each in facts),
        reference_types=_together(each.reference_types for each in facts),
        modes=_together(each.modes for each in facts),
        change_level=_first(each.change_level for each in facts),
        delivered_at=_first(each.delivered_at for each in facts),
        activated_at=_first(each.activated_at for each in facts),
    )


def _first(values: Iterable[Value | None]) -> Value | None:
    return next((value for value in values if value is not None), None)


def _together(lists: Iterable[tuple[Text, ...]]) -> tuple[Text, ...]:
    return tuple(sorted({value for values in lists for value in values}))

"""A notice for other programs. Its shape is told in docs/webhook.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pedigreed.model.contexts import context_use
from pedigreed.model.instant import iso

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.model.contexts import ContextsInUse
    from pedigreed.model.notice import Notice


def notice_document(notice: Notice, contexts: ContextsInUse | None) -> dict[str, Any]:
    """The notice's facts, its text and who told of it. What is not known is null or empty."""
    facts = notice.facts
    return {
        "name": notice.name,
        "kind": notice.kind.value,
        "context": facts.context,
        "context_before": facts.before,
        "cal_ver": facts.cal_ver,
        "change_level": facts.change_level.value if facts.change_level else None,
        "instruments": [instrument.value for instrument in facts.instruments],
        "modes": list(facts.modes),
        "reference_types": list(facts.reference_types),
        "files": list(facts.files),
        "delivered": moment_or_null(facts.delivered_at),
        "activated": moment_or_null(facts.activated_at),
        "track": context_use(notice, contexts).value,
        "title": notice.title,
        "summary": notice.summary,
        "text": notice.text,
        "heard": [
            {
                "source": heard.announcement.source,
                "said": moment_or_null(heard.announcement.said_at),
                "heard": moment_or_null(heard.heard_at),
                "link": heard.announcement.link,
            }
            for heard in notice.heard
        ],
    }


def moment_or_null(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)

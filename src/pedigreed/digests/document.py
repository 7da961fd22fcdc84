"""The JSON document of a digest, which other programs get by a webhook. Its shape is told in docs/webhook.md.

All times are ISO 8601, UTC, with ``Z``. What is unknown is null.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pedigreed.config.value import format_duration
from pedigreed.digests.attachments import EVENT_TYPES, NAMESPACE
from pedigreed.digests.transitions import KINDS_IN_READING_ORDER, products_of
from pedigreed.model.context_use import context_use
from pedigreed.model.download import DownloadState
from pedigreed.model.instant import iso

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pedigreed.model.campaign import Campaign, Pace
    from pedigreed.model.change import Change
    from pedigreed.model.context_use import ContextsInUse
    from pedigreed.model.digest import (
        Baseline,
        Checked,
        Digest,
        OnDisk,
        PedigreeSpan,
        Progress,
        Suspect,
        Transition,
    )
    from pedigreed.model.impact import Impact, Remade, Switch
    from pedigreed.model.notice import Notice
    from pedigreed.model.pedigree import Pedigree
    from pedigreed.model.program import AboutProgram

VERSION = 1
"""Of the shape. A key that is added is no new version."""

MOST_CHANGES = 20_000
"""One by one, which is some 12 MB. The transitions count all of them."""

Json = dict[str, Any]


def document_of(digest: Digest, subject: str, text: str) -> bytes:
    """The document, ASCII. Equal digests give equal bytes."""
    shown = digest.changes[:MOST_CHANGES]
    document = {
        "version": VERSION,
        "digest_id": digest.digest_id,
        "subscription": digest.subscription,
        "programs": [str(selection) for selection in digest.selections],
        "targets": list(digest.targets),
        "about": list(map(about_document, digest.about)),
        "period": {"starts": iso(digest.starts), "ends": iso(digest.ends), "timezone": digest.timezone},
        "kinds": [kind.value for kind in KINDS_IN_READING_ORDER if kind in digest.kinds],
        "subject": subject,
        "text": text,
        "counts": _counts(digest.transitions),
        "transitions": list(map(_transition, digest.transitions)),
        "progress": list(map(_progress, digest.progress)),
        "settle": None if digest.settle is None else format_duration(digest.settle),
        "in_motion": list(map(_campaign, digest.in_motion)),
        "baselines": list(map(_baseline, digest.baselines)),
        "missing": list(map(_suspect, digest.suspects)),
        "notices": [notice_document(notice, digest.contexts) for notice in digest.notices],
        "switches": list(map(_switch, digest.switches)),
        "remade": list(map(_switch, digest.remade.switches)),
        "bad_files": list(map(_bad_files, digest.bad_files)),
        "on_disk": list(map(_on_disk, digest.on_disk)),
        "fetched": None if digest.fetched_to is None else _fetched(digest),
        "checked": _checked(digest.checked),
        "changes": [_change(change, digest.remade) for change in shown],
        "changes_left_out": len(digest.changes) - len(shown),
    }
    return json.dumps(document).encode("ascii")


def about_document(about: AboutProgram) -> Json:
    """What MAST says that a program is about, for other programs."""
    return {
        "program": about.program,
        "title": about.proposal.title,
        "pi_name": about.proposal.pi_name,
        "targets": about.target_names,
    }


def notice_document(notice: Notice, contexts: ContextsInUse | None) -> dict[str, Any]:
    """A notice for other programs: its facts, its text and who told of it. What is not known is null or empty."""
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
        "changed": None
        if facts.changed is None
        else [{"instrument": instrument.value, "reference_type": name} for instrument, name in facts.changed],
        "files": list(facts.files),
        "delivered": _moment(facts.delivered_at),
        "activated": _moment(facts.activated_at),
        "track": context_use(notice, contexts).value,
        "confirmed": notice.is_of_crds,
        "again": notice.again.value if notice.again else None,
        "title": notice.title,
        "summary": notice.summary,
        "quotations": [
            {"sources": list(each.sources), "said": _moment(each.said_at), "words": each.words}
            for each in notice.quotations
        ],
        "text": notice.text,
        "heard": [
            {
                "source": heard.announcement.source,
                "said": _moment(heard.announcement.said_at),
                "heard": _moment(heard.heard_at),
                "link": heard.announcement.link,
                "sender": heard.announcement.sender.value if heard.announcement.sender else None,
            }
            for heard in notice.heard
        ],
    }


def _counts(transitions: Iterable[Transition]) -> dict[str, int]:
    """Products by kind of change, in reading order."""
    products: Counter[str] = Counter()
    for transition in transitions:
        products[transition.kind.value] += products_of([transition])
    return {kind.value: products[kind.value] for kind in KINDS_IN_READING_ORDER if kind.value in products}


def _transition(transition: Transition) -> Json:
    return {
        "kind": transition.kind.value,
        "program": transition.program,
        "instruments": [instrument.value for instrument in transition.instruments],
        "observations": list(transition.observations),
        "before": _span(transition.before),
        "after": _span(transition.after),
        "products": transition.products,
        "product_types": dict(transition.product_types),
    }


def _span(span: PedigreeSpan | None) -> Json | None:
    if span is None:
        return None
    return {
        "cal_ver": span.cal_ver,
        "crds_ctx": span.crds_ctx,
        "earliest": _moment(span.earliest),
        "latest": _moment(span.latest),
    }


def _progress(progress: Progress) -> Json:
    return {
        "cal_ver": progress.cal_ver,
        "crds_ctx": progress.crds_ctx,
        "moved": progress.moved,
        "total": progress.total,
        "recent": progress.recent,
        "began": _moment(progress.began),
        "newest": _moment(progress.newest),
        "day": progress.day,
        "forecast": _forecast(progress.pace, progress.total - progress.moved),
    }


def _campaign(campaign: Campaign) -> Json:
    return {
        "program": campaign.program,
        "cal_ver": campaign.cal_ver,
        "crds_ctx": campaign.crds_ctx,
        "began": _moment(campaign.began),
        "newest": _moment(campaign.newest),
        "moved": campaign.moved,
        "total": campaign.total,
        "waiting": campaign.waiting,
        "forecast": _forecast(campaign.pace, campaign.total - campaign.moved),
    }


def _forecast(pace: Pace | None, rest: int) -> Json | None:
    takes = pace.forecast(rest) if pace else None
    if pace is None or takes is None:
        return None
    return {
        "days": round(takes / timedelta(days=1), 1),
        "arrived": pace.arrived,
        "in": format_duration(pace.over),
    }


def _baseline(baseline: Baseline) -> Json:
    return {
        "program": baseline.program,
        "products": baseline.products,
        "has_other_data": baseline.has_other_data,
        "pedigrees": [{"pedigree": _span(span), "products": products} for span, products in baseline.spans],
    }


def _suspect(suspect: Suspect) -> Json:
    return {
        "program": suspect.program,
        "missing": suspect.missing,
        "total": suspect.total,
        "since": _moment(suspect.since),
        "newest": _moment(suspect.newest),
    }


def _switch(switch: Switch) -> Json:
    return {
        "context_before": switch.old or None,
        "context": switch.new,
        "impact": None if switch.impact is None else impact_document(switch.impact),
        "reason": switch.reason,
        "since": _moment(switch.since),
    }


def _bad_files(bad: Switch) -> Json:
    return {
        "files": bad.new.split(),
        "made_with": None if bad.impact is None else impact_document(bad.impact),
        "reason": bad.reason,
        "since": _moment(bad.since),
    }


def impact_document(impact: Impact) -> Json:
    """What a switch of contexts changes, for other programs."""
    return {
        "products": impact.products,
        "changed": impact.changed,
        "types": [{"type": name, "products": number} for name, number in impact.by_type],
        "where_the_step_is_on": [{"type": name, "products": number} for name, number in impact.where_on],
        "errors": [{"type": name, "products": number} for name, number in impact.errors],
        "types_without_effect": list(impact.without_effect),
        "places": [place._asdict() for place in impact.places],
        "not_known": impact.not_known,
        "without_exposures": impact.without_exposures,
        "not_understood": [
            {"instrument": instrument.value, "type": name, "reason": reason}
            for instrument, name, reason in impact.not_understood
        ],
        "unknown_exposure_types": [
            {"exp_type": name, "products": number} for name, number in impact.unknown_exposures
        ],
        "unknown_types": list(impact.unknown_types),
    }


def _on_disk(on_disk: OnDisk) -> Json:
    return {
        "folder": on_disk.folder,
        "older": on_disk.older,
        "checked": on_disk.checked,
        "newly": on_disk.newly,
        "damaged": on_disk.damaged,
        "unread": on_disk.unread,
        "problem": on_disk.problem,
    }


def _fetched(digest: Digest) -> Json:
    return {
        "folder": digest.fetched_to,
        "counts": {state.value: sum(each.state is state for each in digest.downloads) for state in DownloadState},
        "files": [
            {
                "filename": each.filename,
                "program": each.program,
                "state": each.state.value,
                "bytes": each.size,
                "reason": each.reason,
            }
            for each in digest.downloads[:MOST_CHANGES]
        ],
    }


def _checked(checked: Checked) -> Json:
    return {
        "programs": checked.programs,
        "of": checked.of,
        "unchecked": [
            {
                "program": unchecked.program,
                "reason": unchecked.reason,
                "last_complete": _moment(unchecked.last_complete),
            }
            for unchecked in checked.unchecked
        ],
        "unknown": list(checked.unknown),
        "last_complete": _moment(checked.last_complete),
        "swept_since": _moment(checked.swept_since),
        "flags_since": _moment(checked.flags_since),
        "notes": list(checked.notes),
        "stood_in": [
            {
                "instrument": each.instrument.value,
                "programs": list(each.programs),
                "reason": each.reason,
                "at": _moment(each.at),
                "unknown_file_sets": each.unknown_sets,
            }
            for each in checked.stood_in
        ],
        "sources": [
            {
                "source": source.name,
                "is_checked": source.is_checked,
                "reason": source.reason,
                "last_complete": _moment(source.last_complete),
            }
            for source in checked.sources
        ],
    }


def _change(change: Change, remade: Remade) -> Json:
    """The keys of MAST's own events, and what they lack: the kind and both pedigrees."""
    return {
        "event_id": str(uuid.uuid5(NAMESPACE, change.identity)),
        "mission": "JWST",
        "fileset": change.fileset,
        "filename": change.filename,
        "program": change.program,
        "event_type": EVENT_TYPES.get(change.kind),
        "archived_date": _moment(change.archived_at),
        "public_release_date": _moment(change.public_at),
        "kind": change.kind.value,
        "instrument": change.instrument.value,
        "observation": change.observation,
        "level": change.level,
        "before": _pedigree(change.before),
        "after": _pedigree(change.after),
        "other_reference_types": remade.types_of(change),
    }


def _pedigree(pedigree: Pedigree | None) -> Json | None:
    if pedigree is None:
        return None
    return {"cal_ver": pedigree.cal_ver, "crds_ctx": pedigree.crds_ctx, "date": _moment(pedigree.date)}


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)

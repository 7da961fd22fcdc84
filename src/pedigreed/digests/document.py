"""A digest's facts for other programs: one JSON document. Its shape is told in docs/webhook.md.

All times are ISO 8601, UTC, with ``Z``. What is unknown is null.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

from pedigreed.config.value import format_duration
from pedigreed.digests.manifest import EVENT_TYPES, NAMESPACE
from pedigreed.digests.moves import products_of
from pedigreed.digests.notice_document import moment_or_null, notice_document
from pedigreed.digests.transitions import KINDS_IN_READING_ORDER
from pedigreed.model.instant import iso

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pedigreed.model.campaign import Campaign
    from pedigreed.model.change import Change
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
    from pedigreed.model.pedigree import Pedigree

VERSION = 1
"""Of the shape. A key that is added is no new version."""

MOST_CHANGES = 20_000
"""One by one, which is some 12 MB. The transitions count all of them."""

Json = dict[str, Any]


def document_of(digest: Digest, subject: str, text: str) -> bytes:
    """The document, ASCII. Equal digests give equal bytes."""
    told = digest.changes[:MOST_CHANGES]
    document = {
        "version": VERSION,
        "digest_id": digest.digest_id,
        "subscription": digest.subscription,
        "programs": [str(selection) for selection in digest.selections],
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
        "on_disk": list(map(_on_disk, digest.on_disk)),
        "checked": _checked(digest.checked),
        "changes": list(map(_change, told)),
        "changes_left_out": len(digest.changes) - len(told),
    }
    return json.dumps(document).encode("ascii")


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
        "earliest": moment_or_null(span.earliest),
        "latest": moment_or_null(span.latest),
    }


def _progress(progress: Progress) -> Json:
    return {
        "cal_ver": progress.cal_ver,
        "crds_ctx": progress.crds_ctx,
        "moved": progress.moved,
        "total": progress.total,
        "recent": progress.recent,
        "began": moment_or_null(progress.began),
        "newest": moment_or_null(progress.newest),
        "day": progress.day,
    }


def _campaign(campaign: Campaign) -> Json:
    return {
        "program": campaign.program,
        "cal_ver": campaign.cal_ver,
        "crds_ctx": campaign.crds_ctx,
        "began": moment_or_null(campaign.began),
        "newest": moment_or_null(campaign.newest),
        "moved": campaign.moved,
        "total": campaign.total,
        "waiting": campaign.waiting,
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
        "since": moment_or_null(suspect.since),
        "newest": moment_or_null(suspect.newest),
    }


def _on_disk(on_disk: OnDisk) -> Json:
    return {
        "folder": on_disk.folder,
        "older": on_disk.older,
        "checked": on_disk.checked,
        "newly": on_disk.newly,
        "unread": on_disk.unread,
        "problem": on_disk.problem,
    }


def _checked(checked: Checked) -> Json:
    return {
        "programs": checked.programs,
        "of": checked.of,
        "unchecked": [
            {
                "program": unchecked.program,
                "reason": unchecked.reason,
                "last_complete": moment_or_null(unchecked.last_complete),
            }
            for unchecked in checked.unchecked
        ],
        "unknown": list(checked.unknown),
        "last_complete": moment_or_null(checked.last_complete),
        "swept_since": moment_or_null(checked.swept_since),
        "notes": list(checked.notes),
        "sources": [
            {
                "source": source.name,
                "is_checked": source.is_checked,
                "reason": source.reason,
                "last_complete": moment_or_null(source.last_complete),
            }
            for source in checked.sources
        ],
    }


def _change(change: Change) -> Json:
    """The keys of MAST's own events, and what they lack: the kind and both pedigrees."""
    return {
        "event_id": str(uuid.uuid5(NAMESPACE, change.identity)),
        "mission": "JWST",
        "fileset": change.fileset,
        "filename": change.filename,
        "program": change.program,
        "event_type": EVENT_TYPES.get(change.kind),
        "archived_date": moment_or_null(change.archived_at),
        "public_release_date": moment_or_null(change.public_at),
        "kind": change.kind.value,
        "instrument": change.instrument.value,
        "observation": change.observation,
        "level": change.level,
        "before": _pedigree(change.before),
        "after": _pedigree(change.after),
    }


def _pedigree(pedigree: Pedigree | None) -> Json | None:
    if pedigree is None:
        return None
    return {"cal_ver": pedigree.cal_ver, "crds_ctx": pedigree.crds_ctx, "date": moment_or_null(pedigree.date)}

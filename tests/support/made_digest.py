"""Digests from what has been judged already, for tests of how they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pedigreed.changes.settling import in_history
from pedigreed.digests.compose import digest_id_of, progress_of
from pedigreed.digests.net_changes import net_changes
from pedigreed.model.digest import ALL_KINDS, Baseline, Checked, Digest, Suspect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta

    from pedigreed.digests.transitions import Keywords
    from pedigreed.model.campaign import Campaign, Stretch
    from pedigreed.model.change import Change, ChangeKind
    from pedigreed.model.context_use import ContextsInUse
    from pedigreed.model.digest import OnDisk
    from pedigreed.model.download import Download
    from pedigreed.model.notice import Notice
    from pedigreed.model.program import ProgramSelection


def make_digest(
    *,
    subscription: str,
    selections: Iterable[ProgramSelection],
    starts: datetime,
    ends: datetime,
    timezone: str,
    changes: Iterable[Change],
    holdings: Mapping[Keywords, int],
    checked: Checked,
    baselines: Iterable[Baseline] = (),
    suspects: Iterable[Suspect] = (),
    kinds: frozenset[ChangeKind] = ALL_KINDS,
    notices: Iterable[Notice] = (),
    contexts: ContextsInUse | None = None,
    stretches: Mapping[Keywords, Stretch] | None = None,
    in_motion: Iterable[Campaign] = (),
    settle: timedelta | None = None,
    on_disk: Iterable[OnDisk] = (),
    downloads: Iterable[Download] = (),
    fetched_to: str | None = None,
) -> Digest:
    """A digest with these parts, in the order that digests have them, and with the progress that follows."""
    net = net_changes(sorted(changes, key=in_history), ALL_KINDS, frozenset(), ends)
    return Digest(
        digest_id=digest_id_of(subscription, ends),
        subscription=subscription,
        selections=tuple(sorted(selections)),
        starts=starts,
        ends=ends,
        timezone=timezone,
        changes=net.changes,
        transitions=net.transitions,
        progress=progress_of(
            net.remade, holdings=holdings, stretches=stretches or {}, ends=ends, zone=ZoneInfo(timezone)
        ),
        baselines=tuple(sorted(baselines, key=lambda baseline: baseline.program)),
        suspects=tuple(sorted(suspects, key=lambda suspect: suspect.program)),
        checked=checked,
        kinds=kinds,
        notices=tuple(notices),
        contexts=contexts,
        in_motion=tuple(in_motion),
        settle=settle,
        on_disk=tuple(on_disk),
        downloads=tuple(downloads),
        fetched_to=fetched_to,
    )

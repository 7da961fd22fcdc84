"""How the daemon is, in the words of `systemctl status`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.model.work import Work

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from zoneinfo import ZoneInfo

    from pedigreed.service.agenda import Agenda

_DOING = {Work.LISTEN: "listening to CRDS", Work.ASK: "asking MAST", Work.TELL: "telling"}


def status_line(found: Agenda, zone: ZoneInfo, *, busy: Collection[Work], faults: Mapping[Work, int]) -> str:
    """``next digest jades 2026-11-23 07:00 CET, 2 deliveries waiting; asking MAST``."""
    said = "every subscription is muted"
    if found.next_digest is not None:
        name, at = found.next_digest
        said = f"next digest {name} {at.astimezone(zone):%Y-%m-%d %H:%M %Z}"
    if found.waiting:
        said += f", {found.waiting:,} {'delivery' if found.waiting == 1 else 'deliveries'} waiting"
    doing = [_DOING[work] for work in Work if work in busy]
    failing = [f"{_DOING[work]} failed {_times(count)}" for work, count in faults.items() if count]
    return "; ".join([said, *doing, *failing])


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times in a row"

"""The section of the text that tells which programs are told later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.digests.layout import heading, prose
from pedigreed.digests.motion_words import (
    IN_MOTION,
    campaign_in_words,
    more_campaigns_in_words,
    motion_in_words,
)

if TYPE_CHECKING:
    from pedigreed.model.digest import Digest

ROWS = 12
"""Campaigns: what fits a screen."""


def motion_section(digest: Digest) -> list[str]:
    """A line for each campaign that is told when it is over; empty where there is none."""
    if not digest.in_motion:
        return []
    lines = prose(motion_in_words(digest), heading(IN_MOTION))
    for campaign in digest.in_motion[:ROWS]:
        lines += prose(campaign_in_words(campaign, digest), f"  {campaign.program:>5}  ")
    if left_out := digest.in_motion[ROWS:]:
        lines += prose(more_campaigns_in_words(left_out), "  ")
    return lines

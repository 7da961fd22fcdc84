"""The part of a Slack message that tells which programs are told later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.digests.motion_words import (
    IN_MOTION,
    campaign_in_words,
    more_campaigns_in_words,
    motion_in_words,
)
from pedigreed.digests.slack_blocks import bold, safe, section

if TYPE_CHECKING:
    from pedigreed.digests.slack_blocks import Block
    from pedigreed.model.digest import Digest


def motion_blocks(digest: Digest, rows: int) -> list[Block]:
    """A line for each campaign that is told when it is over, at most so many; nothing where there is none."""
    if not digest.in_motion:
        return []
    lines = [f"{bold(IN_MOTION)}  {safe(motion_in_words(digest))}"]
    lines += [
        f"\u2022 {bold(str(campaign.program))}  {safe(campaign_in_words(campaign, digest))}"
        for campaign in digest.in_motion[:rows]
    ]
    left_out = digest.in_motion[rows:]
    if left_out and rows:
        lines.append(safe(more_campaigns_in_words(left_out)))
    return [section(lines)]

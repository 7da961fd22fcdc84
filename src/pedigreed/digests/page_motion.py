"""The section of a page that tells which programs are told later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.digests.links import program_page
from pedigreed.digests.motion_words import (
    IN_MOTION,
    campaign_in_words,
    more_campaigns_in_words,
    motion_in_words,
)
from pedigreed.digests.page import Row, Section
from pedigreed.digests.wording import sentence

if TYPE_CHECKING:
    from pedigreed.model.digest import Digest


def motion_sections(digest: Digest, rows: int) -> list[Section]:
    """A row for each campaign that is told when it is over; nothing where there is none."""
    if not digest.in_motion:
        return []
    left_out = digest.in_motion[rows:]
    return [
        Section(
            title=IN_MOTION,
            summary=sentence(motion_in_words(digest)),
            rows=tuple(
                Row(
                    name=str(campaign.program),
                    page=program_page(campaign.program),
                    words=campaign_in_words(campaign, digest),
                )
                for campaign in digest.in_motion[:rows]
            ),
            more=more_campaigns_in_words(left_out) if left_out else "",
        )
    ]

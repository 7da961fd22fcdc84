"""Campaigns as lines: how many products were made anew so many days after each began. Pure, as `plot`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pedigreed.web.cal_ver_history import MOST, shades
from pedigreed.web.plot import Tick, nice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pedigreed.model.almanac import AlmanacEntry
    from pedigreed.web.plot import Frame

MOST_DAYS = 60
"""What trickles in after so long is in the table."""


@dataclass(frozen=True, slots=True)
class Line:
    """One campaign. `path` is what SVG draws; `style` as that of a band."""

    entry: AlmanacEntry
    style: str
    path: str


@dataclass(frozen=True, slots=True)
class CampaignPlot:
    """Everything that is drawn. `days` are counted from the first day of each campaign."""

    frame: Frame
    lines: tuple[Line, ...]
    heights: tuple[Tick, ...]
    days: tuple[Tick, ...]


def campaign_plot(entries: Sequence[AlmanacEntry], frame: Frame) -> CampaignPlot | None:
    """Draw the newest ones of which anything was seen; None where nothing was."""
    drawn = [entry for entry in entries if entry.days][:MOST]
    if not drawn:
        return None
    across, down = frame.width - frame.left - frame.right, frame.height - frame.top - frame.bottom
    last = min(max(entry.days_for(10) or 1 for entry in drawn), MOST_DAYS)
    step = nice(max(entry.remade for entry in drawn) / 4)
    top = max(-(-max(entry.remade for entry in drawn) // step), 1) * step

    def path_of(entry: AlmanacEntry) -> str:
        first = entry.days[0][0]
        points = [(0.0, 0)]
        for day, remade in entry.days:
            before, by_then = (day - first).days, (day - first).days + 1
            if by_then > last:
                break
            points += [(before, points[-1][1]), (by_then, remade)]
        points.append((last, points[-1][1]))
        return "M" + "L".join(
            f"{frame.left + across * day / last:.1f} {frame.top + down * (1 - remade / top):.1f}"
            for day, remade in points
        )

    day_step = nice(last / frame.dates)
    return CampaignPlot(
        frame,
        tuple(Line(entry, style, path_of(entry)) for entry, style in zip(drawn, shades(len(drawn)), strict=True)),
        tuple(
            Tick(round(frame.top + down * (1 - height / top), 1), f"{height:,}")
            for height in range(0, top + 1, step)
        ),
        tuple(
            Tick(round(frame.left + across * day / last, 1), f"day {day}" if day else "0")
            for day in range(0, last + 1, day_step)
        ),
    )

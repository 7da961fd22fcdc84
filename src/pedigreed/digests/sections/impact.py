"""The section that tells what CRDS's new contexts change for the subscription's products."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.digests.impact_words import changes_in_words, doubts_in_words, where_in_words
from pedigreed.digests.view import Row, Section
from pedigreed.digests.wording import clipped, count, moment_in_utc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pedigreed.digests.view import Budget
    from pedigreed.model.digest import Digest
    from pedigreed.model.impact import Switch

_BY_TYPE = "what could not be evaluated is yours if you have data of its instrument and reference type"


def for_your_data(digest: Digest, budget: Budget) -> Iterator[Section]:
    """Which products a switch of contexts changes, by CRDS's own rules."""
    if not digest.switches:
        return
    if len(digest.switches) == 1:
        first, *others = _in_words(digest.switches[0], digest)
        rows = tuple(Row("", clipped(line, budget.reason)) for line in others[: budget.rows])
        yield Section("FOR YOUR DATA", f"{digest.switches[0].new} {clipped(first, budget.reason)}", rows=rows)
        return
    shown, left_out = budget.split(digest.switches)
    changing = [each for each in digest.switches if each.impact is not None and each.impact.changed]
    yield Section(
        title="FOR YOUR DATA",
        summary=f"{len(changing):,} of {count(len(digest.switches), 'new context')} would change your products",
        rows=tuple(
            Row(f"{each.new}:", clipped("; ".join(_in_words(each, digest)), budget.reason)) for each in shown
        ),
        more=f"and {count(len(left_out), 'more context')}: see `pedigreed impact`" if left_out else "",
    )


def _in_words(switch: Switch, digest: Digest) -> list[str]:
    if switch.impact is None:
        since = f" since {moment_in_utc(switch.since, digest.ends)}" if switch.since else ""
        return [f"was not evaluated: its rules are not usable{since}: {switch.reason}", _BY_TYPE]
    impact = switch.impact
    where = [f"{line} pedigreed impact --why FILE {impact.by_type[0][0]}" for line in where_in_words(impact)]
    by_type = [] if impact.is_certain else [_BY_TYPE]
    return [changes_in_words(impact), *where, *doubts_in_words(impact), *by_type]

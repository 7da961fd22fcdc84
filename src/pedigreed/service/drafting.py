"""What a subscription would be told if its period ended now. It reads, and changes nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pedigreed.changes.fold import without_implied
from pedigreed.changes.selection import selection_of
from pedigreed.changes.withdrawal import QUORUM, are_many
from pedigreed.delivery.messages import feeds_a_program, operator_address
from pedigreed.digests.compose import compose
from pedigreed.digests.render import render
from pedigreed.digests.worth import is_worth_sending
from pedigreed.model.change import ChangeKind
from pedigreed.model.digest import Baseline, PedigreeSpan, Suspect
from pedigreed.service.campaigns import (
    campaigns_of,
    programs_moving,
    settle_of,
    settled_for,
    stretches_of,
)
from pedigreed.service.crds_news import told_news
from pedigreed.service.local_folders import on_disk
from pedigreed.service.releases import releases_due
from pedigreed.service.rhythms import CLOCK_AHEAD
from pedigreed.service.templates import own_template
from pedigreed.service.trust import checked, is_baselined
from pedigreed.service.watched_programs import pairs_of
from pedigreed.store import changes as stored_changes
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import periods as stored_periods
from pedigreed.store import products as stored_products
from pedigreed.store import watched as stored_watched

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.changes.selection import Selection
    from pedigreed.config.settings import Config, Subscription
    from pedigreed.model.change import Change
    from pedigreed.model.digest import Digest, RenderedDigest
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.period import Period
    from pedigreed.model.product import Holding, KnownProduct
    from pedigreed.service.crds_news import CrdsNews


@dataclass(frozen=True, slots=True)
class Draft:
    """A digest that could be told now, and what it would cover.

    Attributes:
        digest: composed.
        rendered: its words.
        covers: the row ids of the changes that it covers, folded and unselected ones included. What waits until
            a program has been quiet is not among them.
        hears: the keys of the announcements that it covers.
        is_worth_sending: whether it would be sent, or the period closed quietly.
    """

    digest: Digest
    rendered: RenderedDigest
    covers: tuple[int, ...]
    hears: tuple[int, ...]
    is_worth_sending: bool


def draft(
    connection: Connection,
    config: Config,
    subscription: Subscription,
    *,
    news: CrdsNews,
    last: Period | None,
    configuration: str,
    now: datetime,
    has_document: bool = False,
) -> Draft:
    """Compose what would be told if the period ended now. Changes nothing.

    Args:
        connection: a transaction.
        config: the configuration.
        subscription: whose digest it is.
        news: what was heard of CRDS.
        last: the period before.
        configuration: the configuration file's name, for the footer.
        now: UTC.
        has_document: whether the document for other programs is wanted where no channel of the subscription is.
    """
    starts = last.ends_at if last else now
    selection = selection_of(subscription)
    programs = subscription.programs
    instruments = subscription.watch.instruments
    # What was covered is read before what changed: a change that comes between is then told next time.
    states = stored_coverage.load(connection, programs)
    untold = stored_changes.uncovered(connection, subscription.name, programs)
    everything = stored_products.holdings(connection, programs)
    holdings = [held for held in everything if selection.is_about(held)]
    introduced = stored_watched.introduced(connection, subscription.name)
    new = pairs_of(subscription) - introduced
    fresh = sorted(
        program for program in {program for _, program in new} if is_baselined(program, instruments, states)
    )
    # Where a digest is told, they are recorded by now; a preview records nothing.
    untold += [
        (0, change)
        for change in releases_due(connection, programs, now)
        if (change.instrument, change.program) not in new
    ]
    settled = settled_for(subscription, untold, states, now)
    net = without_implied(change for change in settled.told if change.kind in selection.kinds)
    moving = programs_moving(subscription, net)
    off = stored_coverage.increments_off(connection, now)
    told = told_news(connection, news, subscription, starts=starts, now=now)
    digest = compose(
        subscription=subscription.name,
        selections=subscription.watch.programs,
        starts=starts,
        ends=now,
        timezone=config.timezone,
        changes=_still_public(connection, net, now),
        holdings=_by_pedigree(held for held in holdings if held.program in moving),
        baselines=[
            _baseline(
                program,
                [held for held in holdings if (held.instrument, held.program) in new],
                has_other_data=any(held.program == program for held in everything),
            )
            for program in fresh
        ],
        suspects=_suspects(connection, selection, holdings),
        kinds=selection.kinds,
        checked=checked(
            programs,
            instruments,
            states,
            with_data={held.program for held in everything},
            every=config.sources.mast.every,
            starts=starts,
            now=now,
            notes=tuple(
                f"{entry.instrument.written} is asked for everything each time: {entry.reason}"
                for entry in off.values()
                if entry.instrument in instruments
            ),
            sources=told.sources,
        ),
        notices=told.notices,
        contexts=news.contexts,
        stretches=stretches_of(connection, subscription, net, now),
        in_motion=campaigns_of(connection, subscription, settled.waiting, holdings, now),
        settle=settle_of(subscription),
        on_disk=on_disk(
            connection,
            subscription,
            starts=starts,
            now=now,
            changed={change.filename for key, change in untold if key not in settled.waits},
        ),
    )
    return Draft(
        digest=digest,
        rendered=render(
            digest,
            configuration=configuration,
            operator=operator_address(config),
            has_document=has_document or feeds_a_program(subscription, config),
            own_template=own_template(config.templates) if config.templates else None,
        ),
        covers=tuple(key for key, _ in untold if key not in settled.waits),
        hears=told.covers,
        is_worth_sending=is_worth_sending(
            digest,
            subscription.digest.empty,
            last_period=last,
            last_told=stored_periods.last_with_digest(connection, subscription.name, now + CLOCK_AHEAD),
        ),
    )


def _by_pedigree(holdings: Iterable[Holding]) -> dict[tuple[str | None, str | None], int]:
    counts: Counter[tuple[str | None, str | None]] = Counter()
    for held in holdings:
        counts[held.cal_ver, held.crds_ctx] += held.products
    return dict(counts)


def _baseline(program: int, holdings: Iterable[Holding], *, has_other_data: bool) -> Baseline:
    by_pedigree: dict[tuple[str | None, str | None], list[Holding]] = defaultdict(list)
    for held in holdings:
        if held.program == program:
            by_pedigree[held.cal_ver, held.crds_ctx].append(held)
    spans = []
    for (cal_ver, crds_ctx), group in by_pedigree.items():
        earliest = min((held.earliest for held in group if held.earliest), default=None)
        latest = max((held.latest for held in group if held.latest), default=None)
        spans.append((PedigreeSpan(cal_ver, crds_ctx, earliest, latest), sum(held.products for held in group)))
    spans.sort(key=lambda entry: (-entry[1], str(entry[0].crds_ctx)))
    products = sum(count for _, count in spans)
    return Baseline(program, products, tuple(spans), has_other_data and not products)


def _suspects(connection: Connection, selection: Selection, holdings: Sequence[Holding]) -> list[Suspect]:
    """What is missing and held: so much that the answers are suspect, or longer than a withdrawal takes.

    Whether it is much is judged by all of a program, as withdrawal is. What is told is what is selected of it.
    """
    groups: dict[tuple[Instrument, int], list[KnownProduct]] = defaultdict(list)
    lost: Counter[Instrument] = Counter()
    for known in stored_products.missed(connection, selection.program_numbers):
        groups[known.product.instrument, known.product.program].append(known)
        lost[known.product.instrument] += 1
    totals = {
        instrument: stored_products.counts(connection, selection.program_numbers, instrument)
        for instrument in lost
    }
    suspects = []
    for (instrument, program), missing in sorted(groups.items()):
        is_held = (
            are_many(len(missing), totals[instrument].get(program, 0))
            or are_many(lost[instrument], sum(totals[instrument].values()))
            or any(known.missed >= QUORUM for known in missing)
        )
        selected = (known.missed_since for known in missing if selection.is_about(known.product))
        mine = [since for since in selected if since is not None]
        if is_held and mine:
            held = [held for held in holdings if (held.instrument, held.program) == (instrument, program)]
            suspects.append(
                Suspect(program, len(mine), sum(each.products for each in held), since=min(mine), newest=max(mine))
            )
    return suspects


def _still_public(connection: Connection, net: Iterable[Change], now: datetime) -> list[Change]:
    """Without what was public for a while in the period, and is exclusive again."""
    changes = list(net)
    public = [change.filename for change in changes if change.kind is ChangeKind.PUBLIC]
    known = stored_products.known_by_name(connection, public)
    return [
        change
        for change in changes
        if change.kind is not ChangeKind.PUBLIC
        or (at := known[change.filename].product.public_at) is None
        or at <= now
    ]

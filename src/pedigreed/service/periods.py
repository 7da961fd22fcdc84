"""Close the periods that are due: compose each one's digest, put it into words, and its messages into the outbox.

A period, its digest and its messages are kept in one transaction.
"""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from pedigreed.changes.compare import release
from pedigreed.config.channels import Form
from pedigreed.delivery.messages import forms_of, messages_of, operator_address
from pedigreed.digests.attachments import downloads_of
from pedigreed.digests.compose import (
    announcements_covered,
    changes_covered,
    compose,
    is_worth_sending,
    unread_names_of,
)
from pedigreed.digests.print_html import TEMPLATE, OwnTemplate
from pedigreed.digests.render import render
from pedigreed.garbage import collected_seldom
from pedigreed.model.failure import PedigreedError, StoreError, TryAgain
from pedigreed.model.pause import Pause, Paused, nth_pause
from pedigreed.model.period import Period
from pedigreed.regular_file import open_regular
from pedigreed.schedule import due, due_periods
from pedigreed.service.after_attempt import PAUSES
from pedigreed.service.facts_reader import FactsReader
from pedigreed.service.subscriptions import last_ends, last_periods, pairs_of, rhythm_of
from pedigreed.store import announcements as stored_announcements
from pedigreed.store import changes as stored_changes
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import downloads as stored_downloads
from pedigreed.store import pauses as stored_pauses
from pedigreed.store import periods as stored_periods
from pedigreed.store import products as stored_products
from pedigreed.store.database import batches

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Config, Subscription
    from pedigreed.model.digest import Digest, RenderedDigest
    from pedigreed.store.database import Store


_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Closed:
    """A period that was closed.

    Attributes:
        period: the period.
        rendered: the digest's words; None where it was quiet.
        unknown: the subscription's programs that the archive has no data of.
    """

    period: Period
    rendered: RenderedDigest | None
    unknown: tuple[int, ...]


AT_ONCE = 100
"""Periods that are closed in one transaction."""

LONGEST_TEMPLATE = 1_000_000
"""Bytes."""

MOST_CHANGES = 20_000
"""Changes that are told in one transaction, unless a single digest has more: other processes wait for its end."""


def close_due_periods(
    config: Config, store: Store, configuration: str, now: datetime, *, has_asked: bool = True
) -> Iterator[list[Closed | Pause]]:
    """Close every period that is due, and enqueue its messages with it. Gives them as they are kept, some at once.

    A digest that can't be composed stops no other: its period stays due, it is left alone for a while, and the
    pause is given instead. What a subscription that is muted has to tell waits too.

    Args:
        config: the configuration.
        store: where everything is kept.
        configuration: the configuration file's name, for the footer.
        now: UTC.
        has_asked: whether the archive was just asked. A first digest says what the archive has, and else waits
            until each of its programs was asked for.
    """
    rhythms = {each.name: rhythm_of(each, config) for each in config.subscriptions}
    with store.reading() as connection:
        muted = stored_pauses.load_mutes(connection, now)
        pauses = stored_pauses.load(connection, Paused.DIGEST)
        asked = None if has_asked else stored_coverage.asked(connection)
        is_due = frozenset(due_periods(rhythms, last_ends(connection, set(rhythms.values()), now), now))
    silent = muted.keys() | {name for name, pause in pauses.items() if pause.holds(now)}
    speaking = [each for each in _side_by_side(config.subscriptions) if each.name not in silent]
    with store.writing() as connection:
        # Before any facts are read: what comes from then on is told to each of them.
        stored_periods.begin_watching(connection, {each.name: pairs_of(each) for each in speaking})
        if config.hears_of_crds:
            stored_announcements.begin(connection, [each.name for each in speaking])
    closing = Closing(config, configuration, store, now, pauses, asked)
    waiting = deque(batches((each for each in speaking if each.name in is_due), AT_ONCE))
    while waiting:
        done, left = closing.close(waiting.popleft())
        # What waits for so many is not read again and again for all of them.
        waiting.extendleft(reversed(list(batches(left, max(1, len(done))))))
        if not waiting:
            closing.forget()
        for each in done:
            if isinstance(each, Closed):
                _log.info(
                    "period closed",
                    subscription=each.period.subscription,
                    period=each.period.label,
                    digest=each.period.digest_id,
                    checked=each.period.is_checked,
                )
        yield done
        if told := [
            each.period.subscription for each in done if isinstance(each, Closed) and each.period.digest_id
        ]:
            with store.writing() as connection:
                stored_changes.pass_over_told(connection, told)


def _side_by_side(subscriptions: Iterable[Subscription]) -> list[Subscription]:
    """Those to the same programs one after the other, so that what is known of them is read once."""
    groups: dict[frozenset[int], list[Subscription]] = {}
    for subscription in subscriptions:
        groups.setdefault(subscription.programs, []).append(subscription)
    return [subscription for group in groups.values() for subscription in group]


@dataclass
class Closing:
    """Closes periods, some at once, so that thousands take no more statements than those need.

    Attributes:
        config: the configuration.
        configuration: its file's name, for the footer.
        store: where everything is kept.
        now: UTC.
        pauses: of the digests that could not be composed, those that are over included.
        asked: the pairs that the archive was ever asked for, which first digests wait for; None where they do not.
    """

    config: Config
    configuration: str
    store: Store
    now: datetime
    pauses: Mapping[str, Pause]
    asked: AbstractSet[tuple[str, int]] | None

    def __post_init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Let go of what was read, or may be known of a transaction that was rolled back."""
        self._reader = FactsReader(self.config, self.now)

    def close(self, subscriptions: list[Subscription]) -> tuple[list[Closed | Pause], list[Subscription]]:
        """Close their periods in one transaction. Gives what came of it, and those that are left for the next."""
        try:
            with collected_seldom(), self.store.writing() as connection:
                closed, left = self._close(connection, subscriptions)
        except (StoreError, TryAgain):
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, it is one digest's
            self.forget()
            if len(subscriptions) > 1:
                # It is looked for among fewer.
                half = len(subscriptions) // 2
                done, left = self.close(subscriptions[:half])
                return done, left + subscriptions[half:]
            return [self._leave_alone(subscriptions[0].name, error)], []
        return list(closed), left

    def _leave_alone(self, subscription: str, error: Exception) -> Pause:
        _log.exception("digest not composed", subscription=subscription)
        pause = _pause_of(subscription, self.pauses.get(subscription), error, self.now)
        with self.store.writing() as connection:
            stored_pauses.begin(connection, pause)
        return pause

    def _close(
        self, connection: Connection, subscriptions: list[Subscription]
    ) -> tuple[list[Closed], list[Subscription]]:
        now, reader = self.now, self._reader
        last = last_periods(connection, now, [each.name for each in subscriptions])
        labels = {each.name: label for each in subscriptions if (label := self._label(each, last.get(each.name)))}
        claimed = stored_periods.claim(connection, labels, now)
        mine = [each for each in subscriptions if each.name in claimed]
        if not mine:
            return [], []
        _record_releases(connection, frozenset().union(*(each.programs for each in mine)), now)
        reader.prepare(connection, mine, last)
        chosen = list(_until_there_are_many(mine, reader))
        left = mine[len(chosen) :]
        stored_periods.give_back(connection, {each.name: labels[each.name] for each in left})
        templates = stored_pauses.load(connection, Paused.TEMPLATE)
        closed = [self._compose(connection, each, labels[each.name], templates.get(each.name)) for each in chosen]
        stored_periods.close(connection, [each.period for each in closed])
        for each in chosen:
            if each.name in self.pauses:
                stored_pauses.end(connection, Paused.DIGEST, each.name)
        return closed, left

    def _label(self, subscription: Subscription, last: Period | None) -> str | None:
        """Of the period that is to be closed; None where none is due."""
        if last is None and self.asked is not None and not pairs_of(subscription) <= self.asked:
            return None
        boundary = due(rhythm_of(subscription, self.config), last.ends_at if last else None, self.now)
        return boundary.label if boundary else None

    def _compose(
        self, connection: Connection, subscription: Subscription, label: str, template: Pause | None
    ) -> Closed:
        """Compose what there is to tell in a period that was claimed, and keep all of it but the period itself."""
        now = self.now
        facts = self._reader.read(connection, subscription)
        digest = compose(facts)
        rendered = None
        if is_worth_sending(
            digest, subscription.digest.empty, last_period=facts.last_period, last_sent=facts.last_sent
        ):
            rendered = rendered_for(digest, subscription, self.config, self.configuration)
            _keep_template_problem(connection, subscription.name, rendered.template_problem, template, now)
            stored_periods.add_digest(connection, digest, rendered, now)
            messages = messages_of(rendered, subscription, self.config, now)
            stored_deliveries.enqueue(connection, digest.digest_id, messages, now)
        period = Period(
            subscription=subscription.name,
            label=label,
            starts_at=digest.starts,
            ends_at=digest.ends,
            closed_at=now,
            unchecked=frozenset(entry.program for entry in digest.checked.unchecked),
            digest_id=digest.digest_id if rendered else None,
            unread=unread_names_of(digest),
        )
        stored_changes.mark_covered(connection, subscription.name, label, changes_covered(facts))
        if told := announcements_covered(facts):
            stored_announcements.mark_covered(connection, subscription.name, label, told)
        if subscription.fetch is not None:
            stored_downloads.mark_told(connection, subscription.name, label, digest.downloads)
            files = ((change.filename, change.program) for change in downloads_of(digest.changes))
            stored_downloads.want(connection, subscription.name, files, now)
        introduced = {baseline.program for baseline in digest.baselines}
        pairs = {pair for pair in pairs_of(subscription) if pair[1] in introduced}
        stored_periods.introduce(connection, subscription.name, label, pairs)
        return Closed(period, rendered, digest.checked.unknown)


def _until_there_are_many(subscriptions: Iterable[Subscription], reader: FactsReader) -> Iterator[Subscription]:
    """The first, and those after it as long as they have not too many changes to tell together."""
    changes = 0
    for place, subscription in enumerate(subscriptions):
        changes += reader.changes_of(subscription)
        if place and changes > MOST_CHANGES:
            return
        yield subscription


def _pause_of(subscription: str, before: Pause | None, error: Exception, now: datetime) -> Pause:
    tries = before.tries + 1 if before else 1
    return Pause(
        kind=Paused.DIGEST,
        name=subscription,
        since=before.since if before else now,
        until=now + nth_pause(PAUSES, tries),
        tries=tries,
        # Of a failure that is foreseen the words are known; another's might hold anything.
        reason=str(error) if isinstance(error, PedigreedError) else f"pedigreed failed: {type(error).__name__}",
    )


def _keep_template_problem(
    connection: Connection, subscription: str, problem: str, before: Pause | None, now: datetime
) -> None:
    """The digest is told with the built-in page, so its operator has to hear why."""
    if not problem:
        if before is not None:
            stored_pauses.end(connection, Paused.TEMPLATE, subscription)
        return
    pause = Pause(
        kind=Paused.TEMPLATE,
        name=subscription,
        since=before.since if before else now,
        until=now,
        tries=before.tries + 1 if before else 1,
        reason=problem,
    )
    stored_pauses.begin(connection, pause)
    _log.warning("template not used", subscription=subscription, reason=problem)


def _record_releases(connection: Connection, programs: Collection[int], now: datetime) -> None:
    """Record that products have become public, each once, in a writing transaction."""
    exclusive = {
        known.product.filename: known
        for known in stored_products.released(connection, programs, now, for_update=True)
    }
    released = [release(known, now) for known in exclusive.values()]
    stored_changes.record(connection, (change for change, _ in released))
    stored_products.keep(connection, (known for _, known in released), exclusive)


def rendered_for(
    digest: Digest,
    subscription: Subscription,
    config: Config,
    configuration: str,
    *,
    has_document: bool = False,
    has_blocks: bool = False,
) -> RenderedDigest:
    """Render it for the destinations of its subscription.

    Args:
        digest: composed.
        subscription: whose digest it is.
        config: the configuration.
        configuration: the configuration file's name, for the footer.
        has_document: whether the document for other programs is wanted where no channel of the subscription is.
        has_blocks: the same of Slack's blocks.
    """
    forms = forms_of(subscription, config)
    return render(
        digest,
        configuration=configuration,
        operator=operator_address(config),
        has_document=has_document or Form.JSON in forms,
        has_blocks=has_blocks or None in forms,
        own_template=own_template(config.templates) if config.templates else None,
    )


def own_template(folder: Path) -> OwnTemplate:
    """What a folder has in the place of the built-in template, or why it can't be had. It is read each time."""
    file = folder / TEMPLATE
    try:
        with os.fdopen(open_regular(file), "rb") as opened:
            content = opened.read(LONGEST_TEMPLATE + 1)
    except OSError as error:
        return OwnTemplate("", f"{file}: {error.strerror or type(error).__name__}")
    if len(content) > LONGEST_TEMPLATE:
        return OwnTemplate("", f"{file} has more than {LONGEST_TEMPLATE:,} bytes")
    try:
        return OwnTemplate(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return OwnTemplate("", f"{file} is not UTF-8: byte {error.start}")

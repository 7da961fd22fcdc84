"""Read the facts that digests are composed of. It reads, and changes nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from pedigreed.changes.campaigns import LOOKS_BACK
from pedigreed.changes.flags import flag_history
from pedigreed.changes.selection import selection_of
from pedigreed.changes.settling import settled_for
from pedigreed.config.settings import Report
from pedigreed.digests.facts import ArchiveFacts, ChangeFacts, Facts, LocalFolder, NewsFacts, NewsSource
from pedigreed.model.change import ChangeKind
from pedigreed.model.impact import Switch
from pedigreed.model.work import Work
from pedigreed.notices.merging import notices_of
from pedigreed.schedule import due
from pedigreed.service.local_folders import folders_of
from pedigreed.service.news_sources import news_sources
from pedigreed.service.releases import releases_due
from pedigreed.service.rhythms import CLOCK_AHEAD, rhythm_of
from pedigreed.service.watched_programs import pairs_of
from pedigreed.store import announcements as stored_announcements
from pedigreed.store import changes as stored_changes
from pedigreed.store import contexts_in_use as stored_contexts
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import impacts as stored_impacts
from pedigreed.store import local_files as stored_files
from pedigreed.store import periods as stored_periods
from pedigreed.store import products as stored_products
from pedigreed.store import runs as stored_runs
from pedigreed.store import watched as stored_watched

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Config, Subscription
    from pedigreed.model.campaign import Moved
    from pedigreed.model.change import Change
    from pedigreed.model.digest import FlagHistory
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.local_file import FolderState
    from pedigreed.model.notice import Notice
    from pedigreed.model.period import Period

RUNS_LOOKED_AT = 10
"""How many of the last runs are read to see which came to their ends."""

Fact = TypeVar("Fact")


class FactsReader:
    """Reads the facts of one subscription after the other, all at one moment.

    What subscriptions to the same programs share is read and folded once, if they are read one after the other:
    only what is known of the last programs is kept. What the store takes in meanwhile belongs to the next digest.
    A reader whose transaction was rolled back is not used any more: it may know what was never kept.

    Attributes:
        config: the configuration.
        now: the moment, UTC.
        programs: those that were read last.
    """

    def __init__(self, config: Config, now: datetime) -> None:
        self.config = config
        self.now = now
        self._news: NewsFacts | None = None
        self.programs: frozenset[int] = frozenset()
        self._kept: dict[Hashable, Any] = {}

    def read(self, connection: Connection, subscription: Subscription, last_period: Period | None) -> Facts:
        """Read what its digest would be composed of if the period ended now, after the one that was the last."""
        if subscription.programs != self.programs:
            self.programs = subscription.programs
            self._kept = {}
        name = subscription.name
        # What was covered is read before what changed: a change that comes between is then told next time.
        archive = self._once("archive", lambda: self._archive(connection))
        not_introduced = pairs_of(subscription) - stored_watched.introduced(connection, name)
        rhythm = rhythm_of(subscription, self.config)
        return Facts(
            subscription=subscription,
            ends=self.now,
            timezone=self.config.timezone,
            ask_every=self.config.sources.mast.every,
            tell_every=rhythm.every,
            is_due=due(rhythm, last_period.ends_at if last_period else None, self.now) is not None,
            last_period=last_period,
            last_sent=stored_periods.last_with_digest(connection, name, self.now + CLOCK_AHEAD),
            not_introduced=not_introduced,
            archive=archive,
            changes=self._changes(connection, subscription, archive, not_introduced),
            news=self._news_for(connection, subscription),
            folders=self._folders(connection, subscription),
        )

    def _once(self, key: Hashable, read: Callable[[], Fact]) -> Fact:
        if key not in self._kept:
            self._kept[key] = read()
        fact: Fact = self._kept[key]
        return fact

    def _archive(self, connection: Connection) -> ArchiveFacts:
        return ArchiveFacts(
            coverage=stored_coverage.load(connection, self.programs),
            holdings=tuple(stored_products.holdings(connection, self.programs)),
            missed=tuple(stored_products.missed(connection, self.programs)),
            increments_off={
                instrument: off.reason
                for instrument, off in stored_coverage.increments_off(connection, self.now).items()
            },
            runs=tuple(stored_runs.newest(connection, Work.ASK, RUNS_LOOKED_AT)),
        )

    def _changes(
        self,
        connection: Connection,
        subscription: Subscription,
        archive: ArchiveFacts,
        not_introduced: frozenset[tuple[Instrument, int]],
    ) -> ChangeFacts:
        keys = tuple(stored_changes.uncovered_keys(connection, subscription.name, self.programs))
        # Where a digest is told, the releases are recorded by now. A preview records nothing.
        releases = tuple(
            (0, change)
            for change in self._once("releases", lambda: releases_due(connection, self.programs, self.now))
            if (change.instrument, change.program) not in not_introduced
        )
        uncovered = self._once(("uncovered", keys), lambda: self._of_keys(connection, keys)) + releases
        kinds = {change.kind for _, change in uncovered}
        selection = selection_of(subscription)
        return ChangeFacts(
            uncovered=uncovered,
            settled=self._once(
                ("settled", keys, releases, selection),
                lambda: settled_for(selection, uncovered, archive.coverage, self.now),
            ),
            moves=self._once("moves", lambda: self._moves(connection)) if ChangeKind.REPROCESSED in kinds else (),
            exclusive=(
                self._once(("exclusive", keys), lambda: self._exclusive(connection, uncovered))
                if ChangeKind.PUBLIC in kinds
                else frozenset()
            ),
            flags_lasted=self._once("flags", lambda: self._flags(connection))
            if ChangeKind.STALE in kinds
            else None,
        )

    def _of_keys(self, connection: Connection, keys: Sequence[int]) -> tuple[tuple[int, Change], ...]:
        """Changes by their keys. Those of other subscriptions to the same programs are mostly the same ones."""
        known: dict[int, Change] = self._once("changes", dict)
        missing = [key for key in keys if key not in known]
        if missing:
            known |= stored_changes.between(connection, self.programs, missing[0], missing[-1])
        return tuple((key, known[key]) for key in keys)

    def _flags(self, connection: Connection) -> FlagHistory | None:
        return flag_history(stored_changes.of_flagged(connection, self.programs))

    def _moves(self, connection: Connection) -> tuple[Moved, ...]:
        return tuple(stored_changes.moves(connection, sorted(self.programs), self.now - LOOKS_BACK))

    def _exclusive(self, connection: Connection, uncovered: Iterable[tuple[int, Change]]) -> frozenset[str]:
        names = [change.filename for _, change in uncovered if change.kind is ChangeKind.PUBLIC]
        known = stored_products.there_by_name(connection, names)
        return frozenset(
            name
            for name, product in known.items()
            if product.public_at is not None and product.public_at > self.now
        )

    def _news_for(self, connection: Connection, subscription: Subscription) -> NewsFacts:
        if self._news is None:
            states = stored_announcements.load_sources(connection)
            self._news = NewsFacts(
                notices=notices_of(stored_announcements.load(connection)),
                contexts=stored_contexts.load(connection),
                sources=tuple(
                    NewsSource(each.name, each.every, states.get(each.name)) for each in news_sources(self.config)
                ),
                runs=tuple(stored_runs.newest(connection, Work.LISTEN, RUNS_LOOKED_AT)),
            )
        news = replace(
            self._news,
            listens_after=stored_announcements.listens_after(connection, subscription.name),
            covered=stored_announcements.covered(connection, subscription.name),
        )
        if subscription.crds.report is Report.NONE or not news.uncovered(self.now):
            return news
        uses = self._once("uses", lambda: frozenset(stored_products.exposure_uses(connection, self.programs)))
        return replace(news, uses=uses, switches=_switches(connection, subscription.name, news.notices))

    def _folders(self, connection: Connection, subscription: Subscription) -> tuple[LocalFolder, ...]:
        if not subscription.local:
            return ()
        states = self._once("folders", lambda: stored_files.folder_states(connection))
        chosen = [states[folder] for folder in folders_of(subscription) if folder in states]
        return tuple(self._once(state, partial(_folder, connection, state)) for state in chosen)


def _switches(
    connection: Connection, subscription: str, notices: Iterable[Notice]
) -> dict[tuple[str, str], Switch]:
    """What is known of the switches that CRDS tells of: what they change, or why that could not be evaluated."""
    states = stored_impacts.rule_states(connection)
    evaluated = stored_impacts.load(connection, subscription)
    found = {}
    for old, new in {notice.switch for notice in notices if notice.switch is not None}:
        impact = evaluated.get((old, new))
        waits = next((each for name in (new, old) if (each := states.get(name)) and each.reason), None)
        if impact is not None:
            found[old, new] = Switch(old, new, impact)
        elif waits is not None:
            found[old, new] = Switch(old, new, None, waits.reason, waits.since)
    return found


def _folder(connection: Connection, state: FolderState) -> LocalFolder:
    files = tuple(stored_files.load(connection, [state.folder]).values())
    names = sorted({file.filename for file in files})
    return LocalFolder(state, files, stored_products.there_by_name(connection, names))

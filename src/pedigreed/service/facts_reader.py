"""Read the facts that digests are composed of. It reads, and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from heapq import merge
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from pedigreed.changes.campaigns import LOOKS_BACK
from pedigreed.changes.compare import release
from pedigreed.changes.flags import flag_history
from pedigreed.changes.selection import selection_of
from pedigreed.changes.settling import Uncovered, in_history, settled_for
from pedigreed.config.settings import Report
from pedigreed.digests.facts import (
    NEWS_FOR,
    ArchiveFacts,
    ChangeFacts,
    DigestFacts,
    LocalFolder,
    NewsFacts,
    NewsSource,
)
from pedigreed.digests.net_changes import net_changes
from pedigreed.model.change import ChangeKind
from pedigreed.model.impact import Remade, Switch
from pedigreed.model.work import Work
from pedigreed.notices.merge_candidates import merge_candidates
from pedigreed.notices.merging import notices_of
from pedigreed.notices.reading import reader
from pedigreed.schedule import due
from pedigreed.service.learning import programs_known
from pedigreed.service.local_folders import archived_in_store
from pedigreed.service.news_sources import news_sources
from pedigreed.service.reprocessed import other_files_of
from pedigreed.service.subscriptions import CLOCK_AHEAD, folders_of, last_periods, pairs_of, rhythm_of
from pedigreed.sources.source import CRDS_SERVER
from pedigreed.store import announcements as stored_announcements
from pedigreed.store import changes as stored_changes
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import downloads as stored_downloads
from pedigreed.store import holdings as stored_holdings
from pedigreed.store import impacts as stored_impacts
from pedigreed.store import local_files as stored_files
from pedigreed.store import periods as stored_periods
from pedigreed.store import products as stored_products
from pedigreed.store import programs as stored_programs
from pedigreed.store import runs as stored_runs
from pedigreed.store.database import batches

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Config, Subscription
    from pedigreed.model.campaign import Moved
    from pedigreed.model.change import Change
    from pedigreed.model.coverage import Coverage
    from pedigreed.model.digest import FlagHistory
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.local_file import FolderState
    from pedigreed.model.notice import Notice
    from pedigreed.model.period import Period
    from pedigreed.model.product import Holding, KnownProduct
    from pedigreed.model.program import AboutProgram
    from pedigreed.model.work import Run


RUNS_LOOKED_AT = 10
"""How many of the last runs are read to see which came to their ends."""

_MOST_LASTING = 12

Fact = TypeVar("Fact")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class _Own:
    """What the store has of one subscription alone.

    Attributes:
        last_period, last_sent: its newest period, and the newest that had a digest.
        introduced: the pairs whose baseline it was told.
        keys: the row ids of the changes that no period of it covers, by file name and revision.
        listens_after: the last announcement before it began to listen; None where it does not yet.
        covered: the announcements that a period of it covers.
    """

    last_period: Period | None
    last_sent: Period | None
    introduced: AbstractSet[tuple[Instrument, int]]
    keys: tuple[int, ...]
    listens_after: int | None
    covered: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of some programs, by program."""

    coverage: Mapping[int, list[Coverage]] = field(default_factory=dict)
    holdings: Mapping[int, list[Holding]] = field(default_factory=dict)
    missed: Mapping[int, list[KnownProduct]] = field(default_factory=dict)
    releases: Mapping[int, list[Change]] = field(default_factory=dict)
    runs: tuple[Run, ...] = ()
    about: Mapping[int, AboutProgram] = field(default_factory=dict)
    programs_known: Mapping[Instrument, datetime] = field(default_factory=dict)

    @classmethod
    def read(cls, connection: Connection, programs: Collection[int], now: datetime) -> _Known:
        """Read it."""
        return cls(
            _by_program(stored_coverage.load(connection, programs).values(), attrgetter("program")),
            _by_program(stored_holdings.load(connection, programs), attrgetter("program")),
            _by_program(stored_products.missed(connection, programs), attrgetter("product.program")),
            _by_program(releases_due(connection, programs, now), attrgetter("program")),
            tuple(stored_runs.newest(connection, Work.ASK, RUNS_LOOKED_AT)),
            stored_programs.load(connection, programs),
            {of: known.until for of, known in programs_known(connection, now).items() if known.is_all},
        )

    def of(self, programs: frozenset[int]) -> ArchiveFacts:
        """What is known of some of them."""
        return ArchiveFacts(
            coverage={(each.instrument, each.program): each for each in _of(self.coverage, programs)},
            holdings=tuple(_of(self.holdings, programs)),
            missed=tuple(_of(self.missed, programs)),
            runs=self.runs,
            about={program: self.about[program] for program in sorted(programs & self.about.keys())},
            programs_known=self.programs_known,
        )


def _by_program(items: Iterable[Item], program_of: Callable[[Item], int]) -> dict[int, list[Item]]:
    found: dict[int, list[Item]] = {}
    for item in items:
        found.setdefault(program_of(item), []).append(item)
    return found


def _of(by_program: Mapping[int, list[Item]], programs: Iterable[int]) -> list[Item]:
    return [item for program in sorted(programs) for item in by_program.get(program, ())]


class FactsReader:
    """Reads the facts of subscriptions, all at one moment.

    What each has of its own, and what is known of the programs, is read for many of them at once by `prepare`.
    What subscriptions to the same programs share is folded once, if they are read one after the other: only what
    follows for the last programs is kept, and of that from one `prepare` to the next what the store can't change.
    What the store takes in meanwhile belongs to the next digest.
    A reader whose transaction was rolled back is not used any more: it may know what was never kept.

    Attributes:
        config: the configuration.
        now: the moment, UTC.
    """

    def __init__(self, config: Config, now: datetime) -> None:
        self.config = config
        self.now = now
        self._news: NewsFacts | None = None
        self._own: dict[str, _Own] = {}
        self._known = _Known()
        self._programs: frozenset[int] = frozenset()
        self._kept: dict[Hashable, Any] = {}
        self._lasting: dict[Hashable, Any] = {}

    def prepare(
        self,
        connection: Connection,
        subscriptions: Collection[Subscription],
        last: Mapping[str, Period] | None = None,
    ) -> None:
        """Read what the facts of some subscriptions are made of, with as many statements for many as for one.

        Args:
            connection: a transaction.
            subscriptions: whose facts are read after.
            last: the last period of each that had one, where those that are being closed are claimed already.
        """
        names = [subscription.name for subscription in subscriptions]
        programs = frozenset().union(*(subscription.programs for subscription in subscriptions))
        # What was covered is read before what changed: a change that comes between is then told next time.
        self._known = _Known.read(connection, programs, self.now)
        last = last_periods(connection, self.now, names) if last is None else last
        sent = stored_periods.last_with_digest(connection, self.now + CLOCK_AHEAD, names)
        introduced = stored_periods.introduced(connection, names)
        keys = stored_changes.uncovered_keys(connection, {each.name: each.programs for each in subscriptions})
        covered, listens_after = self._who_heard(connection, names)
        self._kept = {}
        if len(self._lasting) > _MOST_LASTING:
            self._lasting = {}
        self._own = {
            name: _Own(
                last.get(name),
                sent.get(name),
                introduced[name],
                tuple(keys[name]),
                listens_after.get(name),
                covered.get(name, frozenset()),
            )
            for name in names
        }

    def changes_of(self, subscription: Subscription) -> int:
        """How many changes the digest of a subscription that is prepared covers."""
        return len(self._own[subscription.name].keys)

    def read(self, connection: Connection, subscription: Subscription) -> DigestFacts:
        """What the digest of a subscription would be composed of if its period ended now."""
        if subscription.name not in self._own:
            self.prepare(connection, [subscription])
        if subscription.programs != self._programs:
            self._programs = subscription.programs
            self._kept, self._lasting = {}, {}
        own = self._own[subscription.name]
        not_introduced = pairs_of(subscription) - own.introduced
        rhythm = rhythm_of(subscription, self.config)
        archive = self._once("archive", partial(self._known.of, self._programs))
        return DigestFacts(
            subscription=subscription,
            ends=self.now,
            timezone=self.config.timezone,
            ask_every=self.config.sources.mast.every,
            tell_every=rhythm.every,
            is_due=due(rhythm, own.last_period.ends_at if own.last_period else None, self.now) is not None,
            last_period=own.last_period,
            last_sent=own.last_sent,
            not_introduced=not_introduced,
            archive=archive,
            changes=self._changes(connection, subscription, archive, not_introduced),
            news=self._news_for(connection, subscription),
            folders=self._folders(connection, subscription),
            downloads=tuple(stored_downloads.untold(connection, subscription.name))
            if subscription.fetch is not None
            else (),
        )

    def _once(self, key: Hashable, read: Callable[[], Fact]) -> Fact:
        return _kept_in(self._kept, key, read)

    def _once_for_all(self, key: Hashable, read: Callable[[], Fact]) -> Fact:
        """The same for what follows from its key alone, whatever the store takes in."""
        return _kept_in(self._lasting, key, read)

    def _changes(
        self,
        connection: Connection,
        subscription: Subscription,
        archive: ArchiveFacts,
        not_introduced: frozenset[tuple[Instrument, int]],
    ) -> ChangeFacts:
        keys = self._own[subscription.name].keys
        # Where a digest is told, the releases are recorded by now. A preview records nothing.
        releases = tuple(
            change
            for change in _of(self._known.releases, self._programs)
            if (change.instrument, change.program) not in not_introduced
        )
        uncovered = self._once_for_all((keys, releases), lambda: _uncovered(connection, keys, releases))
        kinds = uncovered.kinds
        selection = selection_of(subscription, archive.about)
        told_by_set = self._told_by_set(connection, subscription, archive, uncovered.changes)
        settled = self._once_for_all(
            (uncovered, selection, told_by_set, tuple(archive.coverage.values())),
            lambda: settled_for(selection, uncovered, archive.coverage, self.now, told_by_set),
        )
        exclusive = (
            self._once(("exclusive", uncovered), lambda: self._exclusive(connection, uncovered.changes))
            if ChangeKind.PUBLIC in kinds
            else frozenset()
        )
        net = self._once_for_all(
            (settled, selection.kinds, exclusive),
            lambda: net_changes(settled.ready, selection.kinds, exclusive, self.now),
        )
        wants_rules = subscription.crds.report is not Report.NONE and self.config.has_rules
        return ChangeFacts(
            uncovered=uncovered,
            settled=settled,
            net=net,
            remade=self._once(
                ("remade", net.changes), lambda: other_files_of(connection, self.config, net.changes)
            )
            if wants_rules
            else Remade(),
            moves=self._once("moves", lambda: self._moves(connection)) if ChangeKind.REPROCESSED in kinds else (),
            flags_lasted=self._once("flags", lambda: self._flags(connection))
            if ChangeKind.STALE in kinds
            else None,
        )

    def _told_by_set(
        self,
        connection: Connection,
        subscription: Subscription,
        archive: ArchiveFacts,
        uncovered: Iterable[Change],
    ) -> frozenset[tuple[str, str | None, str | None]]:
        """What of the uncovered the subscription was told of as reprocessed file sets. Mostly none ever was."""
        stood_in = {pair for pair, state in archive.coverage.items() if state.stood_in_at is not None}
        if not stood_in:
            return frozenset()
        names = (
            change.filename
            for change in uncovered
            if change.kind is ChangeKind.REPROCESSED and (change.instrument, change.program) in stood_in
        )
        return stored_changes.told_by_set(connection, subscription.name, names)

    def _flags(self, connection: Connection) -> FlagHistory | None:
        return flag_history(stored_changes.of_flagged(connection, self._programs))

    def _moves(self, connection: Connection) -> tuple[Moved, ...]:
        return tuple(stored_changes.moves(connection, sorted(self._programs), self.now - LOOKS_BACK))

    def _exclusive(self, connection: Connection, uncovered: Iterable[Change]) -> frozenset[str]:
        names = (change.filename for change in uncovered if change.kind is ChangeKind.PUBLIC)
        return frozenset(
            name
            for some in batches(names)
            for name, product in stored_products.there_by_name(connection, some).items()
            if product.public_at is not None and product.public_at > self.now
        )

    def _news_for(self, connection: Connection, subscription: Subscription) -> NewsFacts:
        own = self._own[subscription.name]
        news = replace(self._all_news(connection), listens_after=own.listens_after, covered=own.covered)
        if subscription.crds.report is Report.NONE or not news.uncovered(self.now):
            return news
        uses = self._once("uses", lambda: frozenset(stored_products.exposure_uses(connection, self._programs)))
        return replace(news, uses=uses, switches=_switches(connection, subscription.name, news.notices))

    def _who_heard(
        self, connection: Connection, names: Collection[str]
    ) -> tuple[Mapping[str, frozenset[int]], Mapping[str, int]]:
        """Subscription -> what a period of it covers of the news, and the last announcement before it listened."""
        heard = {heard.key for notice in self._all_news(connection).notices for heard in notice.heard}
        if not heard:
            return {}, {}
        covered = stored_announcements.covered(connection, names, heard)
        return covered, stored_announcements.listens_after(connection, names)

    def _all_news(self, connection: Connection) -> NewsFacts:
        if self._news is None and not self.config.hears_of_crds:
            self._news = NewsFacts()
        if self._news is None:
            states = stored_announcements.load_sources(connection)
            sources = news_sources(self.config)
            crds = next((states.get(each.name) for each in sources if each.name == CRDS_SERVER), None)
            self._news = NewsFacts(
                notices=self._notices(connection),
                contexts=stored_announcements.load_contexts(connection),
                sources=tuple(NewsSource(each.name, each.every, states.get(each.name)) for each in sources),
                runs=tuple(stored_runs.newest(connection, Work.LISTEN, RUNS_LOOKED_AT)),
                is_crds_read=crds is not None and not crds.failures,
            )
        return self._news

    def _notices(self, connection: Connection) -> tuple[Notice, ...]:
        """Everything that happened of which some subscription was not told all."""
        names = [each.name for each in self.config.subscriptions if each.crds.report is not Report.NONE]
        not_told = stored_announcements.not_told(connection, names, self.now - NEWS_FOR)
        return notices_with(connection, not_told)

    def _folders(self, connection: Connection, subscription: Subscription) -> tuple[LocalFolder, ...]:
        if not subscription.local:
            return ()
        states = self._once("folders", lambda: stored_files.folder_states(connection))
        chosen = [states[folder] for folder in folders_of(subscription) if folder in states]
        return tuple(self._once(state, partial(_folder, connection, state)) for state in chosen)


def _kept_in(kept: dict[Hashable, Any], key: Hashable, read: Callable[[], Fact]) -> Fact:
    if key not in kept:
        kept[key] = read()
    fact: Fact = kept[key]
    return fact


def _uncovered(connection: Connection, keys: tuple[int, ...], releases: Iterable[Change]) -> Uncovered:
    kept = zip(keys, stored_changes.load(connection, keys), strict=True)
    not_kept = ((0, release) for release in sorted(releases, key=in_history))
    return Uncovered.of(merge(kept, not_kept, key=lambda keyed: in_history(keyed[1])))


def notices_with(connection: Connection, keys: frozenset[int]) -> tuple[Notice, ...]:
    """The notices that these announcements belong to, with others, the newest first. The rest is not loaded."""
    if not keys:
        return ()
    kin = merge_candidates(keys, stored_announcements.outlines(connection, reader()))
    return notices_of(stored_announcements.load(connection, kin))


def _switches(
    connection: Connection, subscription: str, notices: Iterable[Notice]
) -> dict[tuple[str, str], Switch]:
    """What is known of the switches that CRDS tells of, and of the files that it marks bad."""
    states = stored_impacts.rule_states(connection)
    evaluated = stored_impacts.load(connection, subscription)
    found = {}
    subjects = {about for notice in notices for about in (notice.switch, notice.bad_files) if about is not None}
    for old, new in subjects:
        impact = evaluated.get((old, new))
        waits = next((each for name in (new, old) if (each := states.get(name)) and each.reason), None)
        if impact is not None:
            found[old, new] = Switch(old, new, impact)
        elif waits is not None:
            found[old, new] = Switch(old, new, None, waits.reason, waits.since)
    return found


def _folder(connection: Connection, state: FolderState) -> LocalFolder:
    files = tuple(stored_files.load(connection, [state.folder]).values())
    return LocalFolder(state, files, archived_in_store(connection, files))


def releases_due(connection: Connection, programs: Collection[int], now: datetime) -> list[Change]:
    """What has become public since it was seen as exclusive, as changes that are not recorded yet.

    MAST's rows say nothing when a release date has passed, so it follows from the store alone.
    """
    return [release(known, now)[0] for known in stored_products.released(connection, programs, now)]

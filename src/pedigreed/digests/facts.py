"""The facts that one digest is composed of: all that the store knows for one subscription and one period.

`service/facts_reader.py` reads them. Nothing here is judged yet: `compose` does that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.changes.selection import selection_of
from pedigreed.digests.checking import CheckedSpan
from pedigreed.model.impact import Remade
from pedigreed.model.notice import NoticeKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pedigreed.changes.copies import Archived
    from pedigreed.changes.selection import Selection
    from pedigreed.changes.settling import Settled, Uncovered
    from pedigreed.config.settings import Subscription
    from pedigreed.digests.net_changes import NetChanges
    from pedigreed.model.campaign import Moved
    from pedigreed.model.context_use import ContextsInUse
    from pedigreed.model.coverage import Coverage
    from pedigreed.model.digest import FlagHistory
    from pedigreed.model.download import Download
    from pedigreed.model.impact import Switch
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.local_file import FolderState, LocalFile
    from pedigreed.model.news_source import SourceState
    from pedigreed.model.notice import Notice
    from pedigreed.model.period import Period
    from pedigreed.model.product import ExposureUse, Holding, KnownProduct
    from pedigreed.model.program import AboutProgram
    from pedigreed.model.work import Run

NEWS_FOR = timedelta(days=180)
"""What was first heard of CRDS before is no news any more."""

WAITS_FOR_CRDS = timedelta(days=1)
"""What lists and mails alone tell of a switch waits so long for CRDS to tell of it, too, and what it changes."""

_SWITCHES = frozenset({NoticeKind.DELIVERY, NoticeKind.ROLLBACK})


@dataclass(frozen=True, slots=True)
class ArchiveFacts:
    """What is known of some programs, whoever watches them.

    Attributes:
        coverage: what was asked, by instrument and program; a pair that was never asked is absent.
        holdings: the products that are there, counted, whether they are selected or not.
        missed: products that are missing from sweeps, and not withdrawn yet.
        runs: the last askings, the newest first.
        about: what MAST says that they are about, by number; nothing of those that it says nothing of.
        programs_known: until when every program of each instrument is known, UTC; where all were found once.
    """

    coverage: Mapping[tuple[Instrument, int], Coverage]
    holdings: tuple[Holding, ...]
    missed: tuple[KnownProduct, ...]
    runs: tuple[Run, ...] = ()
    about: Mapping[int, AboutProgram] = field(default_factory=dict)
    programs_known: Mapping[Instrument, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """The changes that no digest of the subscription covers yet.

    Attributes:
        uncovered: those that are not selected too.
        settled: what those that are selected come to, and what of it waits.
        net: what of that is told, counted.
        moves: what was reprocessed in the programs in the last months, covered or not; empty where none of the
            uncovered changes is a reprocessing.
        flags_lasted: how long stale flags lasted before; None where none is among the uncovered changes.
        remade: what the new contexts of those that are told as made anew change for them.
    """

    uncovered: Uncovered
    settled: Settled
    net: NetChanges
    moves: tuple[Moved, ...] = ()
    flags_lasted: FlagHistory | None = None
    remade: Remade = field(default_factory=Remade)


@dataclass(frozen=True, slots=True)
class NewsSource:
    """A source of CRDS's news.

    Attributes:
        name: as `status` has it.
        every: how often it is read.
        state: how the reading of it stands; None where it was never read.
    """

    name: str
    every: timedelta
    state: SourceState | None


@dataclass(frozen=True, slots=True)
class NewsFacts:
    """What was heard of CRDS.

    Attributes:
        notices: what happened and some subscription was not told all of, with others that are like it; the newest
            first.
        contexts: those in use; None where CRDS was never asked.
        sources: those of the configuration, the server first.
        listens_after: the key of the last announcement before the subscription began to listen; None where it does
            not listen yet.
        covered: the keys of the announcements that its digests cover.
        uses: the kinds of exposure that its programs' products are made of; empty where nothing is to be told.
        switches: the contexts before and after -> what is known of that switch; absent where it was not looked at.
            For nothing and the files that CRDS marks bad: what is known of the products that were made with them.
        runs: the last listenings, the newest first.
        is_crds_read: whether CRDS's server is asked, and answered completely the last time.
    """

    notices: tuple[Notice, ...] = ()
    contexts: ContextsInUse | None = None
    sources: tuple[NewsSource, ...] = ()
    listens_after: int | None = None
    covered: frozenset[int] = frozenset()
    uses: frozenset[ExposureUse] = frozenset()
    switches: Mapping[tuple[str, str], Switch] = field(default_factory=dict)
    runs: tuple[Run, ...] = ()
    is_crds_read: bool = False

    def fresh(self, now: datetime) -> list[Notice]:
        """What happened since the subscription listens, and not long ago (UTC), without what waits for CRDS."""
        if self.listens_after is None:
            return []
        return [
            notice
            for notice in self.notices
            if any(heard.key > self.listens_after and heard.heard_at >= now - NEWS_FOR for heard in notice.news)
            and not self._waits(notice, now)
        ]

    def _waits(self, notice: Notice, now: datetime) -> bool:
        is_of_texts = notice.kind in _SWITCHES and not notice.is_of_crds
        return is_of_texts and self.is_crds_read and abs(now - notice.first_heard.heard_at) < WAITS_FOR_CRDS

    def uncovered(self, now: datetime) -> list[Notice]:
        """The fresh ones of which something was said that no digest covers."""
        return [each for each in self.fresh(now) if any(heard.key not in self.covered for heard in each.heard)]


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """A folder on a disk of ours that was looked through.

    Attributes:
        state: how that went.
        files: those that are known there.
        archived: what the archive has of them.
    """

    state: FolderState
    files: tuple[LocalFile, ...]
    archived: Archived


@dataclass(frozen=True, slots=True)
class DigestFacts:
    """Everything that a digest is composed of. All times are UTC.

    Attributes:
        subscription: whose digest it is.
        ends: the end of the period, excluded. It is the moment of composing.
        timezone: the zone that times are shown in, an IANA name.
        ask_every: how often the archive is asked.
        tell_every: how often the subscription is told.
        is_due: whether the period ends by its rhythm, and not because somebody wants a preview of it.
        last_period: the period before; None where there was none.
        last_sent: the last period that had a digest; None where there was none.
        not_introduced: the instruments and programs whose baseline the subscription was not told yet.
        archive, changes, news, folders: see there. Folders are in the configuration's order.
        downloads: the files that are fetched for the subscription and of which no digest has told all; by name.
    """

    subscription: Subscription
    ends: datetime
    timezone: str
    ask_every: timedelta
    tell_every: timedelta
    is_due: bool
    last_period: Period | None
    last_sent: Period | None
    not_introduced: frozenset[tuple[Instrument, int]]
    archive: ArchiveFacts
    changes: ChangeFacts
    news: NewsFacts
    folders: tuple[LocalFolder, ...] = ()
    downloads: tuple[Download, ...] = ()

    @property
    def starts(self) -> datetime:
        """The begin of the period, which is the end of the one before. The first has no length."""
        return self.last_period.ends_at if self.last_period else self.ends

    @property
    def span(self) -> CheckedSpan:
        """The time that the digest says of what was checked.

        Before a period is due, its own asking may be still to come: then it says how things stand now.
        """
        starts = self.last_period.ends_at if self.last_period and self.is_due else None
        return CheckedSpan(starts, self.ends, self.tell_every)

    @property
    def selection(self) -> Selection:
        """What the subscription watches."""
        return selection_of(self.subscription, self.archive.about)

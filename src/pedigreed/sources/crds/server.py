"""The CRDS server as a source of announcements: what each reading asks it, and what is new in the answers."""

from __future__ import annotations

from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

import msgspec

from pedigreed.model.context_use import ContextsInUse
from pedigreed.model.failure import UpstreamRefused, UpstreamUnavailable
from pedigreed.model.news_source import Reading
from pedigreed.net.patience import Passing, Patience
from pedigreed.sources.crds import reference_files
from pedigreed.sources.crds.bookmark import Bookmark, KnownBuild, KnownRules, Waiting
from pedigreed.sources.crds.contexts import (
    announced_build,
    announced_latest,
    asked_version,
    read_context,
    read_history,
    went_down,
)
from pedigreed.sources.crds.reference_files import MOST_NEW_FILES
from pedigreed.sources.crds.rpc import LONG, NOT_ASKED, Rpc
from pedigreed.sources.source import CRDS_SERVER

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.model.instrument import Instrument
    from pedigreed.model.notice import Announcement
    from pedigreed.sources.crds.contexts import Activation
    from pedigreed.sources.crds.reference_files import Record


KEPT = timedelta(days=400)
"""How far back the context history is told. At the first reading it gives the notices of about a year."""


class CrdsServer:
    """The server's own records: the context history, the catalogue, the bad files and the archive's context.

    It implements `sources.source.Source`. It is asked in serial calls: three to each reading, one more a day, and
    some for each new context.
    """

    def __init__(
        self,
        url: str,
        user_agent: str,
        cal_ver: str | None,
        made: str | None,
        *,
        patience: Patience | None = None,
    ) -> None:
        """Ask nothing yet.

        Args:
            url: the server's address, http or https, without ``/json/``.
            user_agent: who asks, as the header has it.
            cal_ver: the newest pipeline version that was seen in the archive; None where none was.
            made: CRDS_CTX of the newest product with it.
            patience: limits of one reading.
        """
        self._url = url.rstrip("/")
        self._user_agent = user_agent
        self._cal_ver = cal_ver
        self._made = made
        self._patience = patience or Patience()

    @property
    def name(self) -> str:
        """What people call it."""
        return CRDS_SERVER

    def read(self, bookmark: str | None, now: datetime) -> Reading:
        """Read what is new. Each part of it fails alone; see `Source.read`."""
        rpc = Rpc(self._url, self._user_agent, self._patience)
        look = _Look(rpc, CRDS_SERVER, self._url, Bookmark.read(bookmark), now)
        look.read_history(now - KEPT)
        contexts = look.contexts_in_use(self._cal_ver, self._made)
        look.read_what_changed()
        look.read_bad_files()
        return Reading(
            announcements=tuple(look.announcements),
            is_complete=not look.problems,
            bookmark=look.bookmark.written(),
            problems=look.problems_in_words(),
            warnings=tuple(look.warnings),
            contexts=contexts,
        )


BAD_FILES_EVERY = timedelta(hours=23)
"""The list comes with all else that the server says of itself: some hundred kilobytes."""

CONTEXTS_A_LOOK = 4
"""New contexts of which is asked in one look what they change; the others wait for the next."""

MOST_WAITING = 40
"""New contexts that may wait for it: more than a year's worth."""

MOST_ROWS = 20_000
"""Of the context history, which grew by some 30 rows a year in 2018 and 2019."""

MOST_REFUSALS = 5
"""After so many refusals a context is told without what the server will not say of it, or not at all."""


class _Look:
    """One look at the server, part by part. What one part can't learn does not stop the next.

    Attributes:
        announcements, problems, warnings: see `Reading`.
        bookmark: for the next look.
    """

    def __init__(self, rpc: Rpc, source: str, url: str, bookmark: Bookmark, now: datetime) -> None:
        self.announcements: list[Announcement] = []
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self.bookmark = bookmark
        self._rpc = rpc
        self._names = cache(partial(reference_files.names_in, rpc))
        self._source = source
        self._url = url
        self._now = now
        self._activations: tuple[Activation, ...] = ()

    def problems_in_words(self) -> tuple[str, ...]:
        """One for each part; where nothing at all was answered, and for one reason, that reason alone."""
        whys = {problem.partition(": ")[2] for problem in self.problems} - {NOT_ASKED}
        is_outage = len(whys) == 1 and not self._activations and not self.announcements
        return tuple(whys) if is_outage and len(self.problems) > 1 else tuple(self.problems)

    def read_history(self, since: datetime) -> None:
        """Which contexts became the latest since a moment (UTC). What the new ones change is still to be asked."""
        try:
            rows = self._rpc.call("get_context_history", "jwst", shape=list[object], largest=LONG)
        except UpstreamUnavailable as error:
            self.problems.append(f"the context history: {error}")
            return
        if len(rows) > MOST_ROWS:
            self.problems.append(f"the context history: CRDS sent {len(rows):,} rows, more than there can be")
            return
        self._activations, unreadable = read_history(rows)
        if unreadable:
            self.problems.append(f"the context history: {unreadable} of {len(rows)} rows can't be read")
        if not self._activations:
            self.problems.append("the context history: CRDS named no context in it")
            return
        self.announcements.extend(
            activation.announced(self._source, self._url)
            for activation in self._activations
            if activation.started_at >= since
        )
        self._note_new()

    def read_what_changed(self) -> None:
        """The new files and the changed types of the contexts that wait, the oldest first."""
        waiting = self.bookmark.waiting
        kept = [each for each in map(self._ask_changes, waiting[:CONTEXTS_A_LOOK]) if each is not None]
        # Those that failed go to the end, so that they hold up nobody.
        self._keep(waiting=(*waiting[CONTEXTS_A_LOOK:], *kept))

    def read_bad_files(self) -> None:
        """The files that were marked bad since the last look, at most once a day."""
        known, asked_at = self.bookmark.bad_files, self.bookmark.bad_files_at
        if asked_at is not None and timedelta(0) <= self._now - asked_at < BAD_FILES_EVERY:
            return
        try:
            names, unreadable = reference_files.bad_names(self._rpc)
        except UpstreamUnavailable as error:
            self.problems.append(f"the list of bad files: {error}")
            return
        if unreadable:
            self.warnings.append(f"the list of bad files: names that are no files of JWST: {unreadable}")
        fresh = names - set(names if known is None else known)
        if fresh:
            self.announcements.append(reference_files.announced_bad(fresh, self._source))
        # A name that is missing once is no news when it is back.
        self._keep(bad_files=tuple(sorted(names.union(known or ()))), bad_files_at=self._now)

    def contexts_in_use(self, cal_ver: str | None, made: str | None) -> ContextsInUse | None:
        """The contexts in use; None where not even the latest is known.

        Args:
            cal_ver: the newest pipeline version of the archive; None where it is not known.
            made: CRDS_CTX of the newest product with it.
        """
        build = self._build(cal_ver, made) if cal_ver else None
        latest = self._latest()
        if latest is None:
            return None
        since = next((each.started_at for each in reversed(self._activations) if each.context == latest), None)
        if since is None and self._activations:
            self.problems.append(f"the context history: {latest}, which is the latest context, is not in it")
            self.announcements.append(announced_latest(latest, self._source, self._url))
        return ContextsInUse(latest, since, build, cal_ver)

    def _note_new(self) -> None:
        told_to = self.bookmark.told_to
        # A start that lies ahead must not hide what starts before it.
        newest = min(self._activations[-1].started_at, self._now)
        if told_to is None:
            self._keep(told_to=newest)
            return
        known = {(each.context, each.activated_at) for each in self.bookmark.waiting}
        fresh = [
            Waiting(each.context, each.before, each.started_at)
            for each in self._activations
            if each.started_at > told_to and each.before and (each.context, each.started_at) not in known
        ]
        waiting = (*self.bookmark.waiting, *fresh)
        if len(waiting) > MOST_WAITING:
            self.warnings.append(f"what {len(waiting) - MOST_WAITING} new contexts change is not asked")
        self._keep(told_to=max(told_to, newest), waiting=waiting[-MOST_WAITING:])

    def _ask_changes(self, waiting: Waiting) -> Waiting | None:
        """Announce what a context changes. Gives what is to wait for the next look."""
        try:
            changed = self._changed(waiting)
            records = () if waiting.goes_back else self._records(waiting)
        except UpstreamUnavailable as error:
            refusals = waiting.refusals + (not isinstance(error, Passing))
            self.problems.append(f"what {waiting.context} changes: {error}")
            if refusals > MOST_REFUSALS:
                self.warnings.append(f"what {waiting.context} changes is not asked any more")
                return None
            return msgspec.structs.replace(waiting, refusals=refusals)
        if records or changed is not None:
            self.announcements.append(
                reference_files.announced_changes(records, changed, self._source, self._url, waiting)
            )
        return None

    def _changed(self, waiting: Waiting) -> tuple[tuple[Instrument, str], ...] | None:
        try:
            return reference_files.changed_pairs(self._rules(waiting.before), self._rules(waiting.context))
        except UpstreamUnavailable as error:
            if isinstance(error, Passing) or waiting.refusals < MOST_REFUSALS:
                raise
            self.warnings.append(f"which types {waiting.context} changes: {error}")
            return None

    def _rules(self, context: str) -> tuple[str, ...]:
        known = self.bookmark.rules
        if known is not None and known.context == context:
            return known.names
        names = reference_files.rules_in(self._rpc, context)
        self._keep(rules=KnownRules(context, names))
        return names

    def _records(self, waiting: Waiting) -> tuple[Record, ...]:
        names = sorted(self._names(waiting.context) - self._names(waiting.before))
        if len(names) > MOST_NEW_FILES:
            self.warnings.append(
                f"{waiting.context} has {len(names):,} new files, of which {MOST_NEW_FILES:,} are told"
            )
            names = names[:MOST_NEW_FILES]
        try:
            return reference_files.records_of(self._rpc, names)
        except UpstreamUnavailable as error:
            if isinstance(error, Passing) or waiting.refusals < MOST_REFUSALS:
                raise
            self.warnings.append(f"what the catalogue says of the new files of {waiting.context}: {error}")
            return reference_files.bare_records(names)

    def _build(self, cal_ver: str, made: str | None) -> str | None:
        """The archive's context. Where it can't be asked, the one that is known of the same version.

        A change is told when products were made with it. The server has a build's context weeks before it is
        installed, and of a version that it does not know it may give another one's.
        """
        known = self.bookmark.build
        try:
            answered = self._rpc.call("get_build_context", "jwst", asked_version(cal_ver), shape=str)
            named = read_context(answered)
        except UpstreamUnavailable as error:
            if known is not None and known.cal_ver == cal_ver:
                self.problems.append(f"the archive's context: {error}")
                return known.context
            # A patch of the pipeline may have no context of its own. That is no failure of CRDS.
            is_unknown = isinstance(error, UpstreamRefused) and not isinstance(error, Passing)
            (self.warnings if is_unknown else self.problems).append(
                f"the archive's context for {cal_ver}: {error}"
            )
            return None
        if known is None:
            self._keep(build=KnownBuild(cal_ver, made or named))
        elif named == made and not went_down(known.cal_ver, cal_ver):
            build = KnownBuild(cal_ver, named)
            if known != build:
                self.announcements.append(announced_build(known, build, self._source, self._url))
            self._keep(build=build)
        return named

    def _latest(self) -> str | None:
        """The latest context, or the last of the history where it can't be asked."""
        try:
            return read_context(self._rpc.call("get_default_context", "jwst", "latest", shape=str))
        except UpstreamUnavailable as error:
            self.problems.append(f"the latest context: {error}")
            return self._activations[-1].context if self._activations else None

    def _keep(self, **what: object) -> None:
        self.bookmark = msgspec.structs.replace(self.bookmark, **what)

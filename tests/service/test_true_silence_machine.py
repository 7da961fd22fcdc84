"""Whatever kills or breaks asking, listening and telling: what a digest calls checked and unchanged was so."""

from __future__ import annotations

import shutil
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import event
from sqlalchemy.engine import Engine

from examples import examples
from news_watcher import DAY_0, NewsWatcher, news_watcher
from pedigreed.delivery.folder import FolderChannel
from pedigreed.digests import compose as composing
from pedigreed.model.instrument import Instrument
from pedigreed.service import periods
from pedigreed.service.cycle import ask, tell
from pedigreed.service.news import read_news
from pedigreed.service.subscriptions import last_periods
from pedigreed.sources.mast.archive import MastArchive
from pedigreed.store.database import Store
from watcher import QUICK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pedigreed.digests.facts import DigestFacts
    from pedigreed.model.digest import Digest

HOUR = timedelta(hours=1)
PROGRAMS = {1180: Instrument.MIRI, 1181: Instrument.NIRCAM}
"""Each is in the answers of one instrument, so that an asking may die between them."""

STATEMENTS = st.none() | st.integers(1, 40)
"""After so many statements the work dies; None where it is let live."""


class Killed(BaseException):
    """As a signal: nothing that handles errors sees it, and nothing is kept of it."""


class Crashed(Exception):
    """An error that nobody foresaw."""


@contextmanager
def dying(after: int | None, how: type[BaseException]) -> Iterator[None]:
    """Let the work die at a statement to the store."""
    left = after or 0

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise how

    if after is not None:
        event.listen(Engine, "before_cursor_execute", count)
    try:
        yield
    except how:
        pass
    finally:
        if after is not None:
            event.remove(Engine, "before_cursor_execute", count)


class TrueSilence(RuleBasedStateMachine):
    """A daemon's work on one store, as its ticks begin it, and an archive that changes meanwhile.

    Attributes:
        migrated_file: a store that has its tables, to begin with a copy of.
    """

    migrated_file: Path

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(TemporaryDirectory()))
        self.store = self.stack.enter_context(Store(f"sqlite:///{shutil.copy(self.migrated_file, folder)}"))
        self.heard: NewsWatcher = self.stack.enter_context(news_watcher(folder, self.store))
        self.heard.holdings.rows.clear()
        self.names = {
            program: self.heard.holdings.add(program, 2, instrument, cal_ver="2.0.1")
            for program, instrument in PROGRAMS.items()
        }
        document = self.heard.document(*[{"report": "all"}] * len(PROGRAMS), {"report": "all"})
        watched = [[program] for program in PROGRAMS] + [list(PROGRAMS)]
        for each, programs in zip(document["subscriptions"], watched, strict=True):
            each["watch"] = {"programs": programs, "instruments": ["miri", "nircam"]}
            each["digest"]["empty"] = "always"
        self.config = type(self.heard.config()).model_validate(document, strict=False)
        self.now = DAY_0
        self.context = 1535
        # File name -> the contexts that it was made with, and when.
        self.made: dict[str, list[tuple[datetime, int]]] = {
            name: [(DAY_0 - timedelta(days=99), 1464)] for names in self.names.values() for name in names
        }
        self.complete_readings: dict[str, list[datetime]] = {}
        # Subscription and file name -> the newest context that it was told.
        self.known: dict[tuple[str, str], int] = {}
        # By identity: what is composed once more, since its transaction was taken back, is the same digest.
        self.digests: dict[str, Digest] = {}
        self.checked_at_all = 0
        real = composing.compose

        def composed(facts: DigestFacts) -> Digest:
            digest = real(facts)
            self.digests[digest.digest_id] = digest
            return digest

        periods.compose = composed  # type: ignore[attr-defined]  # the real one, watched
        self.stack.callback(setattr, periods, "compose", real)

    def teardown(self) -> None:
        self.stack.close()

    @rule(hours=st.sampled_from([1, 6, 11, 23]))
    def time_passes(self, hours: int) -> None:
        self.now += hours * HOUR

    @rule(program=st.sampled_from(tuple(PROGRAMS)), number=st.integers(0, 1))
    def the_archive_changes(self, program: int, number: int) -> None:
        self.now += timedelta(seconds=1)
        self.context += 1
        name = self.names[program][number]
        self.heard.holdings.remake([name], self.now, context=self.context)
        self.made[name].append((self.now, self.context))

    @rule(after=STATEMENTS, how=st.sampled_from([Killed, Crashed]))
    def asks(self, after: int | None, how: type[BaseException]) -> None:
        self.now += timedelta(seconds=1)
        self.heard.is_now(self.now)
        with MastArchive(self.heard.archive.url, "pedigreed/test", patience=QUICK) as archive, dying(after, how):
            ask(self.config, self.store, archive, now=self.now)

    @rule(
        before=st.none() | st.sampled_from(tuple(PROGRAMS)),
        asked=st.lists(STATEMENTS, max_size=2),
        between=st.none() | st.sampled_from(tuple(PROGRAMS)),
        listened=st.lists(STATEMENTS, max_size=1),
        told=st.lists(STATEMENTS, max_size=1),
    )
    def a_day_passes(
        self,
        before: int | None,
        asked: list[int | None],
        between: int | None,
        listened: list[int | None],
        told: list[int | None],
    ) -> None:
        """The order in which a daemon does it, each part as often as it likes."""
        self.now += 22 * HOUR
        if before is not None:
            self.the_archive_changes(before, 0)
        for after in listened:
            self.listens(after, Killed)
        for after in asked:
            self.asks(after, Killed)
        if between is not None:
            self.the_archive_changes(between, 1)
        self.now += 2 * HOUR
        for after in (*told, None):
            self.tells(after, Killed)

    @rule(after=STATEMENTS, how=st.sampled_from([Killed, Crashed]))
    def listens(self, after: int | None, how: type[BaseException]) -> None:
        self.now += timedelta(seconds=1)
        self.heard.is_now(self.now)
        with dying(after, how):
            for each in read_news(self.heard.sources(self.config), self.config.programs, self.store, self.now):
                if each.reading.is_complete:
                    self.complete_readings.setdefault(each.source, []).append(self.now)

    @rule(after=STATEMENTS, how=st.sampled_from([Killed, Crashed]))
    def tells(self, after: int | None, how: type[BaseException]) -> None:
        self.now += timedelta(seconds=1)
        self.digests.clear()
        channels = {"keep": FolderChannel(self.heard.folder / "sent")}
        with dying(after, how):
            tell(self.config, "pedigreed.yaml", self.store, channels, now=self.now)
        with self.store.reading() as connection:
            kept = last_periods(connection, self.now)
        for digest in self.digests.values():
            period = kept.get(digest.subscription)
            if period is not None and period.ends_at == digest.ends:
                self._is_true(digest)

    @precondition(lambda self: self.digests)
    @invariant()
    def each_period_has_one_digest(self) -> None:
        periods_told = {(digest.subscription, digest.ends) for digest in self.digests.values()}
        assert len(periods_told) == len(self.digests)

    def _is_true(self, digest: Digest) -> None:
        """Hold one digest that was kept against what the archive had."""
        for change in digest.changes:
            assert change.after is not None
            assert change.after.crds_ctx is not None
            context = int(change.after.crds_ctx[5:9])
            place = digest.subscription, change.filename
            assert context > self.known.get(place, 0), "a change is told once"
            self.known[place] = context
        introduced = {baseline.program for baseline in digest.baselines}
        programs = {selected.program for selected in digest.selections}
        unchecked = {each.program for each in digest.checked.unchecked}
        answer = digest.checked.last_complete
        for program in programs:
            for name in self.names[program]:
                if program in introduced:
                    # What the archive had at first sight is not told one by one.
                    self.known.setdefault((digest.subscription, name), self._context_at(name, answer))
                elif program not in unchecked:
                    self.checked_at_all += 1
                    assert answer is not None
                    told = self.known[digest.subscription, name]
                    assert told >= self._context_at(name, answer), "it was changed before the answer that is named"
        for source in digest.checked.sources:
            if source.is_checked:
                assert source.last_complete is not None
                assert digest.ends - source.last_complete <= timedelta(hours=6, minutes=5)

    def _context_at(self, name: str, moment: datetime | None) -> int:
        assert moment is not None
        return max(context for made, context in self.made[name] if made <= moment)


def test_what_a_digest_calls_unchanged_was_so(migrated_file: Path) -> None:
    class OnCopies(TrueSilence):
        pass

    OnCopies.migrated_file = migrated_file
    run_state_machine_as_test(
        OnCopies,
        settings=settings(
            max_examples=examples(25),
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )

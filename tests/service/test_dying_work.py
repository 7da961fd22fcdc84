"""Work that dies: what it did not do is not checked, and after three times it is the operator's problem."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from news_watcher import NewsWatcher, news_watcher
from pedigreed.delivery.folder import FolderChannel
from pedigreed.model.problem import ProblemKind
from pedigreed.model.work import BROKEN_OFF, INTERRUPTED, Run, Work
from pedigreed.service.cycle import ask, tell
from pedigreed.service.overdue import overdue_work
from pedigreed.service.status import read_status
from pedigreed.sources.mast.archive import MastArchive
from pedigreed.store import runs as stored_runs
from pedigreed.store.database import Store
from watcher import DAY_0, QUICK, Watcher

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from pedigreed.service.cycle import Outgoing
    from pedigreed.service.kept_answer import KeptAnswer

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


class Killed(BaseException):
    """As a signal: nothing that handles errors sees it."""


def asked(watcher: Watcher, now: datetime, how: type[BaseException] | None = None) -> None:
    """Ask; it dies with its first answer."""
    config = watcher.configured({"programs": [1180]}, {"programs": [1181]}, empty="always")

    def dies(_answer: KeptAnswer) -> None:
        if how is not None:
            raise how

    with MastArchive(watcher.recorded.url, "pedigreed/test", patience=QUICK) as archive:
        if how is None:
            ask(config, watcher.store, archive, now=now)
            return
        with pytest.raises(how):
            ask(config, watcher.store, archive, now=now, watch=dies)


def told(watcher: Watcher, now: datetime) -> Outgoing:
    config = watcher.configured({"programs": [1180]}, {"programs": [1181]}, empty="always")
    return tell(config, "pedigreed.yaml", watcher.store, {"keep": FolderChannel(watcher.folder)}, now=now)


def texts(found: Outgoing) -> list[str]:
    return [closed.rendered.text for closed in found.closed if closed.rendered]


def break_off(watcher: Watcher, work: Work, at: datetime, problem: str = f"{BROKEN_OFF}want of memory") -> None:
    with watcher.store.writing() as connection:
        stored_runs.add_broken_off(connection, work, problem, at, at + timedelta(minutes=1))


@pytest.mark.failure("an asking dies, or the reading of CRDS's news")
@pytest.mark.parametrize("how", [Killed, ZeroDivisionError])
def test_what_an_asking_that_died_did_not_answer_is_not_checked(
    watcher: Watcher, how: type[BaseException]
) -> None:
    watcher.holdings.add(1180, 3)
    watcher.holdings.add(1181, 3)
    asked(watcher, DAY_0)
    assert all("NOT CHECKED" not in text for text in texts(told(watcher, DAY_0)))
    watcher.recorded.now = DAY_0 + DAY
    with pytest.MonkeyPatch.context() as patch:
        # Nothing was answered when it died.
        patch.setattr("pedigreed.service.cycle.collect", _dying(how))
        asked(watcher, DAY_0 + DAY - HOUR, how)
    for text in texts(told(watcher, DAY_0 + DAY)):
        assert "NOT CHECKED" in text
        assert "NO CHANGE" not in text
        assert "the asking of 21 Nov 05:00Z did not come to its end" in " ".join(text.split())
    asked(watcher, DAY_0 + DAY + HOUR)
    assert all("NOT CHECKED" not in text for text in texts(told(watcher, DAY_0 + 2 * DAY - 2 * HOUR)))


def _dying(how: type[BaseException]) -> object:
    def collect(*_: object, **__: object) -> object:
        raise how

    return collect


@pytest.mark.failure("an asking dies, or the reading of CRDS's news")
def test_what_was_answered_before_an_asking_died_is_kept_and_checked(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 3)
    asked(watcher, DAY_0)
    told(watcher, DAY_0)
    watcher.holdings.remake(names[:1], DAY_0 + HOUR)
    asked(watcher, DAY_0 + DAY, Killed)
    text, _ = texts(told(watcher, DAY_0 + DAY))
    assert "1180  1 product" in text
    assert "NOT CHECKED" not in text


@pytest.mark.failure("an asking dies, or the reading of CRDS's news")
@pytest.mark.parametrize("work", list(Work))
def test_work_that_dies_three_times_is_the_operators_problem_until_it_comes_to_its_end(
    watcher: Watcher, work: Work
) -> None:
    for number in range(1, 4):
        break_off(watcher, work, DAY_0 + number * HOUR)
    ((kind, reason),) = [
        (each.problem.kind, each.problem.reason) for each in told(watcher, DAY_0 + 4 * HOUR).news.known
    ]
    assert (kind, reason) == (ProblemKind.WORK, "want of memory")
    with watcher.store.writing() as connection:
        number = stored_runs.begin(connection, work, DAY_0 + 5 * HOUR) or 0
        stored_runs.end(connection, Run(number, work, DAY_0 + 5 * HOUR, DAY_0 + 5 * HOUR))
    assert told(watcher, DAY_0 + 6 * HOUR).news.known == ()


def test_a_source_that_a_listening_that_died_did_not_read_is_not_checked(
    tmp_path: Path, migrated_here: str
) -> None:
    with Store(migrated_here) as store, news_watcher(tmp_path, store) as heard:
        assert "3 of 3 sources" in told_by(heard, DAY_0)
        with store.writing() as connection:
            stored_runs.add_broken_off(connection, Work.LISTEN, INTERRUPTED, DAY_0 + DAY - HOUR, DAY_0 + DAY)
        config = heard.config({"report": "all"})
        heard.is_now(DAY_0 + DAY)
        with MastArchive(heard.archive.url, "pedigreed/test", patience=QUICK) as archive:
            ask(config, store, archive, now=DAY_0 + DAY)
        channels = {"keep": FolderChannel(heard.folder / "sent")}
        (closed,) = tell(config, "pedigreed.yaml", store, channels, now=DAY_0 + DAY).closed
        assert closed.rendered is not None
        said = " ".join(closed.rendered.text.split())
        assert "did not come to its end: pedigreed itself was ended" in said
        assert "NOT READ 3 of 3 sources" in said


def told_by(heard: NewsWatcher, now: datetime) -> str:
    return " ".join(heard.told(now, heard.config({"report": "all"}))["a"].split())


def test_work_is_overdue_when_no_end_of_it_is_as_recent_as_its_rhythm(watcher: Watcher) -> None:
    watcher.holdings.add(1180, 3)
    config = watcher.config
    with watcher.store.reading() as connection:
        assert overdue_work(connection, config, DAY_0) == (), "what never was begun is not late"
    watcher.cycle(DAY_0)
    # It is begun again and again, and never comes to its end.
    for number in range(1, 30):
        break_off(watcher, Work.ASK, DAY_0 + number * HOUR)
    with watcher.store.reading() as connection:
        assert overdue_work(connection, config, DAY_0 + DAY + HOUR) == ()
        late = overdue_work(connection, config, DAY_0 + DAY + 3 * HOUR)
        assert late == (
            "asking MAST was last done 2026-11-20 06:00Z",
            "the digest of a was due 2026-11-21 06:00Z",
        )
        assert read_status(connection, config, DAY_0 + DAY + 3 * HOUR).overdue == late
        in_baltimore = overdue_work(
            connection, config.model_copy(update={"timezone": "America/New_York"}), DAY_0 + DAY + 3 * HOUR
        )
        assert in_baltimore[0] == "asking MAST was last done 2026-11-20 01:00 EST"
    watcher.cycle(DAY_0 + DAY + 4 * HOUR)
    with watcher.store.reading() as connection:
        assert overdue_work(connection, config, DAY_0 + DAY + 4 * HOUR) == ()

"""Whole cycles, and what the operator hears of them."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

import archive_faults
from pedigreed.config.settings import Config
from pedigreed.delivery.folder import FolderChannel
from pedigreed.digests.compose import compose
from pedigreed.model.pause import Paused
from pedigreed.model.problem import ProblemKind
from pedigreed.service.cycle import Cycle, run_cycle
from pedigreed.service.problems import LITTLE_ROOM, update_problems
from pedigreed.service.status import read_status
from pedigreed.sources.mast.archive import MastArchive
from pedigreed.store import pauses as stored_pauses
from pedigreed.store import problems as stored_problems
from watcher import DAY_0, QUICK, Watcher

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from pedigreed.digests.facts import DigestFacts
    from pedigreed.model.digest import Digest

DAY = timedelta(days=1)


class Operated:
    """Cycles whose operator has a folder."""

    def __init__(self, watcher: Watcher, folder: Path) -> None:
        self.watcher = watcher
        self.folder = folder
        self.read: set[str] = set()
        self.templates: Path | None = None

    def config(self, names: str = "a") -> Config:
        own = {"templates": str(self.templates)} if self.templates else {}
        watcher = self.watcher
        plain = watcher.configured(*[{"programs": [1180]}] * len(names)).model_dump()
        return Config.model_validate(
            {
                "sources": {"mast": {"url": watcher.recorded.url}, "crds": {"url": "none"}},
                "channels": {
                    "keep": {"folder": {"path": str(watcher.folder)}},
                    "ops": {"folder": {"path": str(self.folder)}},
                },
                "subscriptions": [
                    {
                        "name": name,
                        "watch": {"instruments": ["nircam"], "programs": [1180]},
                        "digest": {"at": "06:00"},
                        "deliver": [{"channel": "keep"}],
                    }
                    for name in names
                ],
                "operator": {"channel": "ops"},
                **own,
                "timezone": plain["timezone"],
            },
            strict=False,
        )

    def cycle(self, now: datetime, names: str = "a") -> Cycle:
        self.watcher.recorded.now = now
        with MastArchive(self.watcher.recorded.url, "pedigreed/test", patience=QUICK) as archive:
            return run_cycle(
                self.config(names),
                "pedigreed.yaml",
                self.watcher.store,
                archive,
                {"keep": FolderChannel(self.watcher.folder), "ops": FolderChannel(self.folder)},
                now=now,
            )

    def words(self) -> list[str]:
        """The subjects that came since the last look."""
        subjects = []
        for place in sorted(self.folder.glob("*/message.eml"), key=lambda path: path.stat().st_mtime_ns):
            if place.parent.name not in self.read:
                self.read.add(place.parent.name)
                mail = message_from_bytes(place.read_bytes(), policy=policy.default)
                subjects.append(str(mail["Subject"]))
        return subjects


@pytest.fixture
def operated(watcher: Watcher, tmp_path: Path) -> Operated:
    watcher.holdings.add(1180, 3)
    return Operated(watcher, tmp_path / "ops")


def test_a_quiet_time_says_nothing_to_the_operator(operated: Operated) -> None:
    for day in range(4):
        operated.cycle(DAY_0 + day * DAY)
    assert operated.words() == []


@pytest.mark.failure("MAST does not answer")
def test_a_source_that_fails_for_days_is_told_once_and_once_when_it_answers(operated: Operated) -> None:
    operated.cycle(DAY_0)
    operated.watcher.recorded.misbehave(archive_faults.ErrorReply("Invalid object name"), times=None)
    said = []
    for day in range(1, 6):
        operated.cycle(DAY_0 + day * DAY)
        said.append(operated.words())
    assert said == [[], [], ["[pedigreed] problem: MAST NIRCam gives no complete answer"], [], []]
    operated.watcher.recorded.well_behaved()
    operated.cycle(DAY_0 + 6 * DAY)
    assert operated.words() == ["[pedigreed] over: MAST NIRCam answers completely again"]


def test_a_channel_that_takes_nothing_is_told_when_it_lasts_and_when_it_works_again(operated: Operated) -> None:
    operated.watcher.folder.write_text("a file is in the place of the folder")
    operated.cycle(DAY_0)
    assert operated.words() == []
    with operated.watcher.store.reading() as connection:
        assert [each.problem.name for each in read_status(connection, operated.config(), DAY_0).problems] == [
            "keep"
        ]
    operated.cycle(DAY_0 + timedelta(hours=2))
    assert operated.words() == ["[pedigreed] problem: channel keep accepts no messages"]
    operated.watcher.folder.unlink()
    operated.cycle(DAY_0 + timedelta(hours=8))
    assert operated.words() == ["[pedigreed] over: channel keep accepts messages again"]
    with operated.watcher.store.reading() as connection:
        assert read_status(connection, operated.config(), DAY_0).problems == ()


@pytest.mark.failure("a digest can't be composed")
def test_a_digest_that_can_not_be_composed_stops_no_other_and_is_told_once(
    operated: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poisoned(facts: DigestFacts) -> Digest:
        if facts.subscription.name == "a":
            raise ZeroDivisionError("hunter2")
        return compose(facts)

    monkeypatch.setattr("pedigreed.service.periods.compose", poisoned)
    cycle = operated.cycle(DAY_0, "ab")
    assert [closed.period.subscription for closed in cycle.outgoing.closed] == ["b"]
    assert [(each.name, each.reason) for each in cycle.outgoing.stalled] == [
        ("a", "pedigreed failed: ZeroDivisionError")
    ]
    assert operated.words() == ["[pedigreed] problem: the digest of a can't be composed"]
    assert operated.cycle(DAY_0 + timedelta(seconds=30), "ab").outgoing.stalled == (), (
        "it is left alone for a while"
    )
    assert operated.cycle(DAY_0 + timedelta(minutes=2), "ab").outgoing.stalled != ()
    assert operated.words() == []
    monkeypatch.undo()
    cycle = operated.cycle(DAY_0 + timedelta(minutes=10), "ab")
    assert [closed.period.subscription for closed in cycle.outgoing.closed] == ["a"], "its period was still open"
    assert operated.words() == ["[pedigreed] over: the digest of a is composed again"]


def test_increments_that_are_turned_off_are_told_once(operated: Operated) -> None:
    names = operated.watcher.holdings.add(1180, 20)
    operated.cycle(DAY_0)
    operated.watcher.recorded.misbehave(archive_faults.IgnoredFilter("ingestCompletionDate_mjd"), times=None)
    operated.watcher.holdings.remake(names[:2], at=DAY_0 + DAY / 2)
    for day in (1, 2, 3):
        operated.cycle(DAY_0 + day * DAY)
    (word,) = operated.words()
    assert word == "[pedigreed] problem: MAST NIRCam does not reliably tell what is new"


def test_a_disk_that_is_nearly_full_is_told_once_and_once_when_it_has_room(
    operated: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    operated.cycle(DAY_0)
    said = []
    for day, free in enumerate((LITTLE_ROOM - 1, LITTLE_ROOM - 2, 3 * LITTLE_ROOM), 1):
        monkeypatch.setattr(operated.watcher.store, "free", lambda free=free: free)
        operated.cycle(DAY_0 + day * DAY)
        said += operated.words()
    assert said == [
        "[pedigreed] problem: the disk of the store is nearly full",
        "[pedigreed] over: the disk of the store has room again",
    ]


def test_a_channel_that_leaves_the_configuration_is_no_problem_any_more(operated: Operated) -> None:
    operated.watcher.folder.write_text("a file is in the place of the folder")
    operated.cycle(DAY_0)
    operated.cycle(DAY_0 + timedelta(hours=2))
    operated.words()
    with operated.watcher.store.reading() as connection:
        problems = read_status(connection, operated.config(), DAY_0).problems
    assert [each.problem.name for each in problems] == ["keep"]
    config = operated.config()
    other = config.model_copy(update={"channels": {"ops": config.channels["ops"]}, "subscriptions": ()})
    update_problems(other, operated.watcher.store, "pedigreed.yaml", DAY_0 + DAY)
    with operated.watcher.store.writing() as connection:
        assert [each.problem.name for each in stored_problems.load(connection)] == ["keep"], (
            "a message waits for it"
        )
        for table in ("contents", "deliveries"):
            connection.execute(text(f"DELETE FROM {table}"))
    update_problems(other, operated.watcher.store, "pedigreed.yaml", DAY_0 + DAY)
    with operated.watcher.store.reading() as connection:
        assert stored_problems.load(connection) == []
        assert stored_pauses.load(connection, Paused.CHANNEL) == {}


@pytest.mark.failure("a template of your own fails")
def test_a_template_that_fails_is_told_once_and_once_when_it_works(operated: Operated, tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    operated.templates = templates
    pages = []
    for day, source in enumerate((None, "{{ page.sectoins }}", "<p>{{ page.news }}</p>", "{% if %}")):
        if source is not None:
            templates.mkdir(exist_ok=True)
            (templates / "digest.html").write_text(source, encoding="utf-8")
        now = DAY_0 + day * DAY
        operated.watcher.holdings.remake(list(operated.watcher.holdings.rows), now - DAY / 4, context=1535 + day)
        (closed,) = operated.cycle(now).outgoing.closed
        assert closed.rendered is not None
        pages.append(closed.rendered.html)
        with operated.watcher.store.reading() as connection:
            problems = read_status(connection, operated.config(), now).problems
        assert [each.problem.kind for each in problems] == ([ProblemKind.TEMPLATE] if day != 2 else [])
    wrong = "[pedigreed] problem: your template fails for the digest of a"
    assert operated.words() == [
        wrong,
        "[pedigreed] over: your template works for the digest of a again",
        wrong,
    ]
    assert ["<h2 " in page for page in pages] == [True, True, False, True]
    assert pages[2] == "<p>a: 3 reprocessed (2.0.1, jwst_1537)</p>"
    operated.templates = None
    operated.cycle(DAY_0 + 4 * DAY)
    assert operated.words() == ["[pedigreed] over: your template works for the digest of a again"]


def test_a_template_that_fails_is_logged_and_goes_with_its_configuration(
    operated: Operated, tmp_path: Path
) -> None:
    operated.templates = tmp_path
    with capture_logs() as logs:
        operated.cycle(DAY_0)
    (entry,) = [entry for entry in logs if entry["event"] == "template not used"]
    assert entry["reason"] == f"{tmp_path / 'digest.html'}: No such file or directory"
    operated.templates = None
    operated.cycle(DAY_0 + timedelta(minutes=1))
    assert operated.words()[-1].startswith("[pedigreed] over: your template")


def test_the_operator_is_said_to_be_told_when_the_word_arrived(operated: Operated) -> None:
    def told_at(now: datetime) -> list[datetime | None]:
        with operated.watcher.store.reading() as connection:
            return [each.told_at for each in read_status(connection, operated.config(), now).problems]

    for folder in (operated.watcher.folder, operated.folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.write_text("a file where the folder should be")
    operated.cycle(DAY_0)
    later = DAY_0 + timedelta(hours=2)
    operated.cycle(later)
    assert told_at(later), "what can't be told is a problem all the same"
    assert set(told_at(later)) == {None}
    operated.folder.unlink()
    arrived = later + timedelta(hours=8)
    operated.cycle(arrived)
    assert "[pedigreed] problem: channel keep accepts no messages" in ", ".join(operated.words())
    assert [at for at in told_at(arrived) if at and at >= arrived]

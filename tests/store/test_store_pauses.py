"""What is left alone, held quiet or known to be wrong, on both databases."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, text

from pedigreed.model.delivery import DeliveryState, Message
from pedigreed.model.failure import TryAgain
from pedigreed.model.pause import Mute, Pause, Paused
from pedigreed.model.problem import KnownProblem, Problem, ProblemKind
from pedigreed.store import deliveries, pauses, problems
from pedigreed.store.database import Store

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PAUSE = Pause(Paused.CHANNEL, "team", NOON, NOON + DAY, 1, "404 no_service")


# Pauses


def test_a_pause_is_kept_as_it_is_and_replaced_by_a_longer_one(store: Store) -> None:
    longer = replace(PAUSE, until=NOON + 2 * DAY, tries=2, reason="410", needs_mending=False)
    for pause in (PAUSE, longer):
        with store.writing() as connection:
            pauses.begin(connection, pause)
        with store.reading() as connection:
            assert pauses.load(connection, Paused.CHANNEL) == {"team": pause}
    with store.writing() as connection:
        pauses.end(connection, Paused.CHANNEL, "team")
        assert pauses.load(connection, Paused.CHANNEL) == {}


def test_what_is_left_alone_is_known_by_its_kind_while_it_lasts(store: Store) -> None:
    with store.writing() as connection:
        pauses.begin(connection, PAUSE)
        pauses.begin(connection, replace(PAUSE, kind=Paused.DIGEST, name="jades", until=PAUSE.until + DAY))
    nothing: dict[Paused, set[str]] = {kind: set() for kind in Paused}
    with store.reading() as connection:
        at_first = pauses.holding(connection, PAUSE.until - timedelta(seconds=1))
        assert at_first == nothing | {Paused.CHANNEL: {"team"}, Paused.DIGEST: {"jades"}}
        assert pauses.holding(connection, PAUSE.until) == nothing | {Paused.DIGEST: {"jades"}}
        assert pauses.holding(connection, PAUSE.until - 3 * DAY) == nothing, "a clock was ahead"


def test_a_channel_and_a_subscription_of_one_name_are_two(store: Store) -> None:
    with store.writing() as connection:
        pauses.begin(connection, PAUSE)
        pauses.begin(connection, replace(PAUSE, kind=Paused.DIGEST))
        pauses.end(connection, Paused.CHANNEL, "team")
        assert pauses.load(connection, Paused.CHANNEL) == {}
        assert list(pauses.load(connection, Paused.DIGEST)) == ["team"]


# Mutes


def test_a_mute_holds_until_its_end(store: Store) -> None:
    mute = Mute("jades", NOON, NOON + DAY)
    with store.writing() as connection:
        pauses.mute(connection, mute)
        assert pauses.load_mutes(connection, NOON) == {"jades": mute}
        assert pauses.load_mutes(connection, NOON + DAY) == {}
        assert pauses.unmute(connection, "jades")
        assert not pauses.unmute(connection, "jades")
        assert pauses.load_mutes(connection, NOON) == {}


# Problems


def test_a_problem_is_kept_until_it_is_over(store: Store) -> None:
    known = KnownProblem(Problem(ProblemKind.CHANNEL, "team", "404", NOON, NOON, waits=True), 1, None)
    told = KnownProblem(replace(known.problem, reason="410", seen_at=NOON + DAY), 2, NOON)
    other = KnownProblem(Problem(ProblemKind.STORE, "store", "full", NOON, NOON), 1, NOON)
    with store.writing() as connection:
        for each in (known, other, told):
            problems.keep(connection, each)
    with store.writing() as connection:
        assert problems.load(connection, for_update=True) == [told, other]
        problems.end(connection, told.problem)
        assert problems.load(connection) == [other]


# Destinations that had something given up


def finished(store: Store, recipient: str, state: DeliveryState, at: datetime, digest: str | None) -> None:
    with store.writing() as connection:
        if digest is not None:
            connection.execute(
                text(
                    "INSERT INTO digests (id, subscription, starts_at, ends_at, composed_at, subject, text) "
                    "VALUES (:id, 'jades', 0, 0, 0, '', '')"
                ),
                {"id": digest},
            )
        name = f"{recipient}-{at:%d%H}-{state}"
        deliveries.enqueue(
            connection, digest, [Message(name, "email", recipient, "s@x.example", "news", b"")], NOON - 9 * DAY
        )
        (taken,) = deliveries.claim(connection, "email", NOON, NOON + DAY)
        after = replace(taken, state=state, next_attempt_at=None, last_outcome=f"{state} {at:%d}", finished_at=at)
        deliveries.settle(connection, [after])


def test_a_destination_is_in_trouble_until_it_takes_something(store: Store) -> None:
    for number, (recipient, state, at, has_digest) in enumerate(
        [
            ("refused@x.example", DeliveryState.REFUSED, NOON - 2 * DAY, True),
            ("refused@x.example", DeliveryState.EXPIRED, NOON - DAY, True),
            ("recovered@x.example", DeliveryState.UNSURE, NOON - 2 * DAY, True),
            ("recovered@x.example", DeliveryState.SENT, NOON - DAY, True),
            ("relapsed@x.example", DeliveryState.SENT, NOON - 2 * DAY, True),
            ("relapsed@x.example", DeliveryState.UNSURE, NOON - DAY, True),
            ("cancelled@x.example", DeliveryState.CANCELLED, NOON - DAY, True),
            ("long-ago@x.example", DeliveryState.REFUSED, NOON - 8 * DAY, True),
            ("operator@x.example", DeliveryState.REFUSED, NOON - DAY, False),
        ]
    ):
        finished(store, recipient, state, at, f"digest-{number}" if has_digest else None)
    with store.reading() as connection:
        found = {
            (each.recipient, each.reason, each.at) for each in deliveries.given_up(connection, NOON - 7 * DAY)
        }
    assert found == {
        ("refused@x.example", "expired 20", NOON - DAY),
        ("relapsed@x.example", "unsure 20", NOON - DAY),
    }


# What finds the next message


def test_what_is_due_is_found_by_an_index_however_much_was_sent(store: Store) -> None:
    """The cost of a message must not grow with the years. What the planner says is what holds it."""
    asked: list[tuple[str, Any]] = []

    def listen(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        asked.append((statement, parameters))

    with store.writing() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        if not is_sqlite:
            # An empty table is read as a whole, whatever indexes it has.
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            connection.execute(text("SET LOCAL enable_bitmapscan = off"))
        event.listen(connection, "before_cursor_execute", listen)
        deliveries.claim(connection, "email", NOON, NOON + DAY, 16)
        (statement, parameters), *_ = asked
        explain = f"EXPLAIN {'QUERY PLAN ' if is_sqlite else ''}"
        plan = connection.exec_driver_sql(explain + statement, parameters).all()
    said = "\n".join(str(row) for row in plan)
    assert "ix_deliveries_open" in said
    assert "TEMP B-TREE" not in said, "nothing is sorted"
    assert "Sort" not in said, "nothing is sorted"


# One process at a time


@pytest.mark.process
def test_a_second_process_on_a_file_is_told_of_the_first(url: str, path: Path) -> None:
    with Store(url) as store, store.at_work() as at_work:
        assert at_work.is_alone
        code = (
            "from pedigreed.store.database import Store\n"
            "from pedigreed.model.failure import TryAgain\n"
            f"with Store({url!r}) as store:\n"
            "    try:\n"
            "        with store.at_work():\n"
            "            print('at work')\n"
            "    except TryAgain as error:\n"
            "        print(error)\n"
        )
        second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert f"another pedigreed (process {os.getpid()}) is at work on {path}" in second.stdout
        assert "PostgreSQL" in second.stdout
        with store.reading() as connection:
            assert connection.execute(text("SELECT 1")).scalar() == 1, "who only reads is not held up"


@pytest.mark.process
def test_a_file_is_free_again_when_its_process_ends_however_it_ends(url: str) -> None:
    code = (
        "import os, signal\n"
        "from pedigreed.store.database import Store\n"
        f"with Store({url!r}) as store, store.at_work():\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    assert killed.returncode == -9
    with Store(url) as store:
        for _ in range(2):
            with store.at_work() as at_work:
                assert at_work.is_alone


def test_a_server_is_shared(postgresql_url: str) -> None:
    with Store(postgresql_url) as store, store.at_work() as first, store.at_work() as second:
        assert not first.is_alone
        assert not second.is_alone
        assert store.free() is None


def test_the_room_on_the_disk_is_known(url: str, path: Path) -> None:
    with Store(url) as store:
        free = store.free()
    disk = os.statvfs(path)
    assert free is not None
    assert abs(free - disk.f_bavail * disk.f_frsize) < 1 << 30


def test_a_lock_that_can_not_be_made_is_said(url: str, path: Path) -> None:
    with Store(url) as store:
        path.with_name("pedigreed.db-lock").mkdir()
        with pytest.raises(Exception, match=r"pedigreed\.db-lock can't be made") as raised, store.at_work():
            pass
        assert not isinstance(raised.value, TryAgain)

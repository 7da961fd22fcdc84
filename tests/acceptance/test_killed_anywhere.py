"""The real program, killed at each boundary in the life of a message, and started again."""

from __future__ import annotations

import signal
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from kill_points import Point
from observatory import TO_FEED, TO_SLACK, Arrival, Observatory, to
from pedigreed.service.outbox import LEASE
from pedigreed.store import deliveries
from pedigreed.store.database import Store
from pedigreed.store.deliveries import unpack
from pedigreed.store.live_processes import Life
from watcher import DAY_0

if TYPE_CHECKING:
    from collections.abc import Sequence

KILLED = -signal.SIGKILL
WAYS: dict[str, dict[str, Any]] = {"email": to("a@x.example"), "team": TO_SLACK, "feed": TO_FEED}

each_way = pytest.mark.parametrize("way", WAYS)


def told_after_a_kill(obs: Observatory, way: str, point: Point) -> list[Arrival]:
    """What arrived by one way of one digest, whose process was killed at a point and started again."""
    obs.configure(WAYS[way])
    assert obs.killed(point, DAY_0) == KILLED
    ended = obs.once(DAY_0)
    assert ended.code == 0, ended.err
    obs.cycle(DAY_0 + 2 * LEASE)
    (row,) = obs.outbox()
    assert row.state == "sent"
    return obs.arrived(way)


def is_maybe_repeated(obs: Observatory) -> bool:
    (row,) = obs.outbox()
    maybe: bool = row.maybe_repeated
    return maybe


def assert_one_came_twice(arrived: Sequence[Arrival]) -> None:
    first, second = arrived
    assert first == second, "the same identity and the same bytes"


@pytest.mark.failure("the process is killed before the digest is kept")
def test_killed_before_the_commit_of_a_digest_it_is_told_once(obs: Observatory) -> None:
    assert len(told_after_a_kill(obs, "email", Point.BEFORE_CLOSING)) == 1
    assert not is_maybe_repeated(obs)


@pytest.mark.failure("the process is killed after the digest is kept, before it is sent")
@pytest.mark.parametrize("point", [Point.AFTER_CLOSING, Point.AFTER_CLAIM])
def test_killed_before_sending_it_is_sent_once(obs: Observatory, point: Point) -> None:
    assert len(told_after_a_kill(obs, "email", point)) == 1


@pytest.mark.failure("the process is killed after the destination took it, before that is kept")
@each_way
def test_killed_after_the_destination_took_it_it_is_repeated_byte_for_byte(obs: Observatory, way: str) -> None:
    assert_one_came_twice(told_after_a_kill(obs, way, Point.AFTER_ANSWER))
    assert is_maybe_repeated(obs)


@pytest.mark.failure("the process is killed after the destination took it, before that is kept")
def test_killed_before_the_commit_of_what_came_of_it_it_is_repeated_byte_for_byte(obs: Observatory) -> None:
    assert_one_came_twice(told_after_a_kill(obs, "email", Point.BEFORE_SETTLING))
    assert is_maybe_repeated(obs)


@pytest.mark.failure("the process is killed after what came of it is kept")
def test_killed_after_the_commit_of_what_came_of_it_it_is_not_repeated(obs: Observatory) -> None:
    assert len(told_after_a_kill(obs, "email", Point.AFTER_SETTLING)) == 1
    assert not is_maybe_repeated(obs)


@pytest.mark.failure("the process is killed after the digest is kept, before it is sent")
def test_what_another_process_is_sending_waits_until_its_lease_or_its_life_ends(shared_obs: Observatory) -> None:
    obs = shared_obs
    obs.configure(to("a@x.example"))
    assert obs.killed(Point.AFTER_CLOSING, DAY_0) == KILLED
    with Store(obs.store_url) as store:
        with store.alive(Life.SENDING, 7):
            with store.writing() as connection:
                assert deliveries.claim(connection, "email", DAY_0, DAY_0 + LEASE, owner=7)
            obs.once(DAY_0 + LEASE / 2)
            assert obs.arrived("email") == []
        obs.once(DAY_0 + LEASE / 2)
    assert len(obs.arrived("email")) == 1


@pytest.mark.failure("the process is killed after the destination took it, before that is kept")
def test_killed_again_and_again_nothing_is_lost_and_what_is_repeated_is_the_same(obs: Observatory) -> None:
    recipients = [f"{name}@x.example" for name in "abc"]
    obs.configure(to(*recipients), TO_SLACK, TO_FEED, subscriptions=2)
    now = DAY_0
    kills = [
        (Point.BEFORE_CLOSING, 1),
        (Point.AFTER_CLOSING, 1),
        (Point.AFTER_CLAIM, 2),
        (Point.AFTER_ANSWER, 3),
        (Point.BEFORE_SETTLING, 1),
    ]
    ends = []
    for point, number in kills:
        ends.append(obs.killed(point, now, number))
        now += LEASE + timedelta(minutes=1)
    assert ends == [KILLED] * len(kills)
    ended = obs.once(now)
    assert ended.code == 0, ended.err
    rows = obs.outbox()
    assert len(rows) == 2 * (len(recipients) + 2)
    assert {row.state for row in rows} == {"sent"}
    for row in rows:
        copies = [arrival for arrival in obs.arrived(row.channel) if is_of(row, arrival)]
        assert copies
        assert len(set(copies)) == 1, "every copy has the same identity and the same bytes"
        assert len(copies) == 1 or row.maybe_repeated
    assert sum(len(obs.arrived(way)) for way in WAYS) == sum(
        is_of(row, arrival) for row in rows for arrival in obs.arrived(row.channel)
    ), "nothing else came"


def is_of(row: Any, arrival: Arrival) -> bool:  # noqa: ANN401  # of the outbox
    if row.channel == "team":
        return arrival.content == unpack(row.content, row.size)
    return bool(arrival.identity == row.message_id)

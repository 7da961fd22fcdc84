"""What becomes of a delivery after an attempt."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.model.delivery import Delivery, DeliveryState, Message, Outcome, Refused, Retry, Sent, Unsure
from pedigreed.service import after_attempt
from pedigreed.service.after_attempt import LEAST_ATTEMPTS, PAUSES
from pedigreed.service.outbox import AGE_LIMIT

CREATED = datetime(2026, 11, 22, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MESSAGE = Message(
    "digest@pedigreed.example", "email", "a@obs.example", "bot@obs.example", "jades", b"From: ...\r\n"
)
TAKEN = Delivery(
    key=7,
    digest_id="0" * 32,
    message=MESSAGE,
    state=DeliveryState.SENDING,
    attempts=1,
    next_attempt_at=CREATED,
    last_outcome=None,
    maybe_repeated=False,
    created_at=CREATED,
    finished_at=None,
)
OUTCOMES: tuple[Outcome, ...] = (
    Sent("250 OK"),
    Refused("550 no such user"),
    Retry("421 later"),
    Unsure("the connection died"),
)


def decide(delivery: Delivery, outcome: Outcome, now: datetime, jitter: float = 0.0) -> Delivery:
    return after_attempt.decide(delivery, outcome, now, give_up_after=AGE_LIMIT, jitter=jitter)


pauses = st.timedeltas(timedelta(0), timedelta(days=5))
outcomes = (
    st.builds(Sent, st.just("250 OK"))
    | st.builds(Refused, st.just("550 no such user"))
    | st.builds(Retry, st.just("421 later"), pauses)
    | st.builds(Unsure, st.just("the connection died"))
)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (OUTCOMES[0], DeliveryState.SENT),
        (OUTCOMES[1], DeliveryState.REFUSED),
        (OUTCOMES[2], DeliveryState.WAITING),
        (OUTCOMES[3], DeliveryState.WAITING),
    ],
)
def test_every_outcome_has_its_state(outcome: Outcome, state: DeliveryState) -> None:
    assert decide(TAKEN, outcome, CREATED).state is state


@pytest.mark.parametrize(("outcome", "said"), [(OUTCOMES[0], "250 OK"), (OUTCOMES[1], "550 no such user")])
def test_what_is_finished_is_never_due_again(outcome: Outcome, said: str) -> None:
    now = CREATED + MINUTE
    after = decide(TAKEN, outcome, now)
    assert (after.next_attempt_at, after.finished_at, after.last_outcome) == (None, now, said)


@given(outcome=outcomes, attempts=st.integers(1, 50), age=st.timedeltas(timedelta(0), 2 * AGE_LIMIT))
def test_a_delivery_waits_for_its_next_attempt_or_is_finished(
    outcome: Outcome, attempts: int, age: timedelta
) -> None:
    before = replace(TAKEN, attempts=attempts)
    now = CREATED + age
    after = decide(before, outcome, now)
    assert after.attempts == attempts
    assert (after.key, after.digest_id, after.message) == (before.key, before.digest_id, before.message)
    if after.state is DeliveryState.WAITING:
        assert after.next_attempt_at is not None
        assert after.next_attempt_at > now
        assert after.finished_at is None
    else:
        assert after.next_attempt_at is None
        assert after.finished_at == now


def test_pauses_grow_and_the_last_one_repeats() -> None:
    delivery, now, waited = decide(TAKEN, Retry("421 later"), CREATED), CREATED, []
    while delivery.next_attempt_at is not None:
        waited.append(delivery.next_attempt_at - now)
        now = delivery.next_attempt_at
        taken = replace(delivery, state=DeliveryState.SENDING, attempts=delivery.attempts + 1)
        delivery = decide(taken, Retry("421 later"), now)
    assert waited[:6] == [MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE, 240 * MINUTE, 240 * MINUTE]
    assert all(earlier <= later for earlier, later in pairwise(waited))
    assert delivery.state is DeliveryState.EXPIRED
    assert AGE_LIMIT <= now - CREATED < AGE_LIMIT + PAUSES[-1]


@pytest.mark.parametrize(
    ("asked_for", "attempts", "pause"),
    [
        (30 * MINUTE, 1, 30 * MINUTE),
        (timedelta(seconds=1), 1, MINUTE),
        (timedelta(0), 4, 60 * MINUTE),
        (30 * MINUTE, 4, 60 * MINUTE),
    ],
)
def test_the_longer_of_our_pause_and_the_one_that_was_asked_for_is_kept(
    asked_for: timedelta, attempts: int, pause: timedelta
) -> None:
    after = decide(replace(TAKEN, attempts=attempts), Retry("429", asked_for), CREATED)
    assert after.next_attempt_at == CREATED + pause
    assert after.last_outcome == "429"


@pytest.mark.parametrize("outcome", OUTCOMES[2:])
def test_a_delivery_expires_with_the_attempt_that_its_age_limit_passes_before(outcome: Outcome) -> None:
    tried = replace(TAKEN, attempts=LEAST_ATTEMPTS)
    just = decide(tried, outcome, CREATED + AGE_LIMIT)
    assert just.state is DeliveryState.EXPIRED
    assert just.last_outcome in {"421 later", "the connection died"}
    assert decide(tried, outcome, CREATED + AGE_LIMIT - MINUTE).state is DeliveryState.WAITING


def test_what_was_hardly_tried_is_not_given_up_for_its_age() -> None:
    """A laptop that slept over the long weekend wakes before its network does."""
    after = decide(replace(TAKEN, attempts=2), OUTCOMES[2], CREATED + 2 * AGE_LIMIT)
    assert after.state is DeliveryState.WAITING


def test_what_may_have_arrived_is_repeated_once_and_no_more() -> None:
    first = decide(TAKEN, Unsure("the connection died"), CREATED)
    assert (first.state, first.unsure, first.message) == (DeliveryState.WAITING, 1, MESSAGE)
    taken = replace(first, state=DeliveryState.SENDING, attempts=2)
    between = replace(decide(taken, Retry("451 greylisted"), CREATED), state=DeliveryState.SENDING, attempts=3)
    assert (between.unsure, between.maybe_repeated) == (1, True)
    second = decide(between, Unsure("it died again"), CREATED + MINUTE)
    assert (second.state, second.last_outcome) == (DeliveryState.UNSURE, "it died again")


@given(outcome=st.builds(Retry, st.just("421 later"), pauses), jitter=st.floats(0, 1))
def test_jitter_makes_a_pause_longer_and_never_shorter(outcome: Retry, jitter: float) -> None:
    plain = decide(TAKEN, outcome, CREATED).next_attempt_at
    spread = decide(TAKEN, outcome, CREATED, jitter).next_attempt_at
    assert plain is not None
    assert spread is not None
    assert plain <= spread <= CREATED + (plain - CREATED) * 1.25 + timedelta(microseconds=1)


@pytest.mark.parametrize("outcome", OUTCOMES[:2])
def test_an_old_delivery_that_is_answered_for_good_is_not_expired(outcome: Outcome) -> None:
    assert decide(TAKEN, outcome, CREATED + 2 * AGE_LIMIT).state is not DeliveryState.EXPIRED


def test_an_attempt_whose_end_is_not_known_is_marked_and_keeps_its_bytes() -> None:
    after = decide(TAKEN, Unsure("the connection died"), CREATED)
    assert after.maybe_repeated
    assert after.message == MESSAGE
    assert after.next_attempt_at == CREATED + MINUTE


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_mark_of_a_possible_repeat_stays(outcome: Outcome) -> None:
    unsure = decide(TAKEN, Unsure("the connection died"), CREATED)
    assert decide(unsure, outcome, CREATED + MINUTE).maybe_repeated


@pytest.mark.parametrize("outcome", OUTCOMES[:3])
def test_a_known_end_marks_nothing(outcome: Outcome) -> None:
    assert not decide(TAKEN, outcome, CREATED).maybe_repeated

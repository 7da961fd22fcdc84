"""What becomes of a message after an attempt to send it, and of its channel: when each is tried again. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.delivery.messages import lighter_form
from pedigreed.model.delivery import Delivery, DeliveryState, Outcome, Refused, Retry, Scope, Sent, Unsure
from pedigreed.model.pause import Pause, Paused, nth_pause

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))
"""Between attempts at one message, and for a channel that can't be reached; the last one repeats."""

BROKEN_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (15, 60, 240))
"""How long a channel that someone has to mend is left alone; the last one repeats."""

SPREAD = 0.25
"""By how much of itself a pause is lengthened at most, so that what failed together is not tried together."""

_OF_CHANNEL = " (nothing else was taken, so this is held against no recipient)"
"""What is said of a refusal that is taken as the channel's."""

_CODE = re.compile(r"5\d\d|#?5\.\d{1,3}\.\d{1,3}", re.ASCII)
_DIGIT = re.compile(r"\d")

LEAST_ATTEMPTS = len(PAUSES)
"""Nothing is given up for its age before so many attempts: a machine that slept for a week has tried nothing."""


def decide(
    delivery: Delivery, outcome: Outcome, now: datetime, *, give_up_after: timedelta, jitter: float = 0.0
) -> Delivery:
    """What becomes of a delivery that was taken and tried.

    An attempt without an answer is repeated with the same bytes and the same Message-ID, once.
    A message whose form is refused is tried in a lighter form, where it has one.
    Where the whole channel fails, it is the channel's pause that the message waits for.

    Args:
        delivery: as it was taken.
        outcome: of the attempt.
        now: UTC.
        give_up_after: the age limit.
        jitter: from 0 to 1, for the length of the pause.
    """
    if isinstance(outcome, Sent):
        return _finished(delivery, DeliveryState.SENT, outcome.receipt, now)
    waiting = replace(delivery, state=DeliveryState.WAITING)
    asked, over = timedelta(0), None
    match outcome:
        case Refused(reason, of_form, _):
            light = lighter_form(delivery.message, reason) if of_form else None
            if light is not None:
                return replace(waiting, message=light, next_attempt_at=now, last_outcome=reason)
            over = DeliveryState.REFUSED
        case Unsure(reason, may_be_repeated):
            waiting = replace(waiting, maybe_repeated=True, unsure=delivery.unsure + 1)
            over = None if may_be_repeated and not delivery.unsure else DeliveryState.UNSURE
        case Retry(reason, _, Scope.CHANNEL_BUSY | Scope.CHANNEL_BROKEN):
            return replace(waiting, next_attempt_at=now, last_outcome=reason)
        case Retry(reason, asked):
            pass
    if over is None and delivery.attempts >= LEAST_ATTEMPTS and now - delivery.created_at >= give_up_after:
        over = DeliveryState.EXPIRED
    if over is not None:
        return _finished(waiting, over, reason, now)
    usual = nth_pause(PAUSES, delivery.attempts)
    pause = max(usual, asked) * (1 + SPREAD * jitter)
    return replace(waiting, next_attempt_at=now + pause, last_outcome=reason)


def pause_after(
    channel: str, before: Pause | None, outcome: Outcome, now: datetime, *, jitter: float = 0.0
) -> Pause | None:
    """The pause of a channel that an outcome begins or lengthens; None for one that says nothing of the channel.

    A first pause that the destination itself asks for is as long as it says.
    """
    if not isinstance(outcome, Retry) or outcome.scope is Scope.MESSAGE:
        return None
    tries = before.tries + 1 if before else 1
    is_broken = outcome.scope is Scope.CHANNEL_BROKEN
    steps = BROKEN_PAUSES if is_broken else PAUSES
    grown = timedelta(0) if tries == 1 and outcome.after else nth_pause(steps, tries)
    return Pause(
        kind=Paused.CHANNEL,
        name=channel,
        since=before.since if before else now,
        until=now + max(outcome.after, grown) * (1 + SPREAD * jitter),
        tries=tries,
        reason=outcome.reason,
        needs_mending=is_broken,
    )


def given_up_by(pause: Pause, now: datetime, give_up_after: timedelta) -> datetime | None:
    """What waits for this channel and was composed by this moment (UTC) is given up; None for nothing."""
    return now - give_up_after if pause.tries >= LEAST_ATTEMPTS else None


def are_of_channel(refusals: Sequence[tuple[str, Refused]], before: Pause | None) -> list[bool]:
    """Which refusals are the channel's: those of a run in which it took nothing.

    Where every recipient gets the same answer, it is not about any of them. An answer that does not say whom it is
    about may be the channel's too. The channel is held then, and nothing is lost.

    Args:
        refusals: the recipients and what was said, in their order.
        before: the channel's pause until then; None where it was in use.
    """
    is_same = len({_without_particulars(refused.reason) for _, refused in refusals}) == 1
    is_said_of_all = is_same and len({recipient for recipient, _ in refusals}) > 1
    return [is_said_of_all or not refused.is_certain or is_held_for(before, refused) for _, refused in refusals]


def beside_others_taken(outcome: Outcome) -> Outcome:
    """What an outcome means where the channel took another message in the same run.

    A refusal that does not say whom it is about is not given up at once: it is tried again as long as any other.
    """
    if isinstance(outcome, Refused) and not outcome.is_certain:
        return Retry(outcome.reason)
    return outcome


def held(refused: Refused) -> Retry:
    """A refusal that is the channel's."""
    return Retry(f"{refused.reason}{_OF_CHANNEL}", scope=Scope.CHANNEL_BROKEN)


def is_held_for(pause: Pause | None, outcome: Outcome) -> bool:
    """Whether a channel is left alone since it refused everything with this very answer."""
    if pause is None or not isinstance(outcome, Refused) or not pause.reason.endswith(_OF_CHANNEL):
        return False
    before = pause.reason.removesuffix(_OF_CHANNEL)
    return _without_particulars(before) == _without_particulars(outcome.reason)


def _without_particulars(reason: str) -> str:
    """An answer without addresses, and without what has digits but for its codes: a time or a session's number."""
    return " ".join(
        word for word in reason.split() if "@" not in word and (_CODE.fullmatch(word) or not _DIGIT.search(word))
    )


def _finished(delivery: Delivery, state: DeliveryState, said: str, now: datetime) -> Delivery:
    return replace(delivery, state=state, next_attempt_at=None, last_outcome=said, finished_at=now)

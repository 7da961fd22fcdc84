"""Days on which a destination is down, busy, dead or locked, and what arrives when it is there again."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import count, takewhile
from typing import TYPE_CHECKING

import pytest

from hooks import OK, answer
from mail_server import DIES, PASSWORD, USERNAME, silent_socket
from observatory import OPERATOR, TO_FEED, TO_SLACK, Observatory, subject_of, to
from pedigreed.config.load import load_config
from pedigreed.service.status import read_status
from pedigreed.store.database import Store
from watcher import DAY_0

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BY_MAILDIR = {"channel": "keep"}


def hours(first: float, last: float) -> Iterator[datetime]:
    """Every hour from one to the other, both counted from the first day's digest."""
    return takewhile(lambda at: at <= DAY_0 + last * HOUR, (DAY_0 + (first + number) * HOUR for number in count()))


def run(obs: Observatory, moments: Iterable[datetime]) -> None:
    for moment in moments:
        obs.cycle(moment)


def remake(obs: Observatory, program: int, at: datetime, context: int = 1535) -> None:
    obs.holdings.remake(
        [name for name in obs.holdings.rows if name.startswith(f"jw0{program}")], at, context=context
    )


def states(obs: Observatory) -> list[str]:
    return sorted(row.state for row in obs.outbox() if row.digest_id is not None)


@pytest.mark.failure("the mail server is down")
def test_a_mail_server_that_is_down_for_a_day_gets_everything_once(obs: Observatory) -> None:
    with silent_socket() as reserved:
        obs.email = {"port": reserved.getsockname()[1]}
        obs.configure(to("a@x.example", "b@x.example"), subscriptions=2, operator=BY_MAILDIR)
        run(obs, hours(0, 12))
        remake(obs, 1180, DAY_0 + DAY / 2)
        run(obs, hours(13, 25))
        assert states(obs) == ["waiting"] * 6
        assert obs.kept() == ["[pedigreed] problem: channel email accepts no messages"]
        up = obs.opens(at=reserved.dup())
        run(obs, hours(31, 34))
    assert states(obs) == ["sent"] * 6
    assert len({mail.message_id for mail in up.mails}) == len(up.mails) == 6
    assert len(up.to("a@x.example")) == len(up.to("b@x.example")) == 3
    assert obs.kept() == [
        "[pedigreed] over: channel email accepts messages again",
        "[pedigreed] problem: channel email accepts no messages",
    ]


@pytest.mark.failure("the mail server refuses one recipient for good")
def test_one_recipient_that_is_refused_stops_nobody_and_is_told_once(obs: Observatory) -> None:
    obs.mail.refused = {"nobody@x.example": "550 no such user"}
    obs.configure(to("a@x.example", "nobody@x.example", "b@x.example"), operator=BY_MAILDIR)
    for day in range(4):
        remake(obs, 1180, DAY_0 + (day - 0.5) * DAY, context=1535 + day)
        obs.cycle(DAY_0 + day * DAY)
    assert len(obs.mail.to("a@x.example")) == len(obs.mail.to("b@x.example")) == 4
    assert states(obs) == ["refused"] * 4 + ["sent"] * 8
    told = ["[pedigreed] problem: a digest for nobody@x.example was given up"]
    assert obs.kept() == told
    obs.mail.refused.clear()
    remake(obs, 1180, DAY_0 + 3.5 * DAY, context=1600)
    obs.cycle(DAY_0 + 4 * DAY)
    assert len(obs.mail.to("nobody@x.example")) == 1
    assert obs.kept() == ["[pedigreed] over: nobody@x.example receives digests again", *told]


@pytest.mark.failure("the mail server refuses for the moment")
def test_a_mail_that_is_greylisted_comes_once_with_the_next_attempts(obs: Observatory) -> None:
    obs.mail.refused = {"a@x.example": "451 greylisted"}
    obs.configure(to("a@x.example", "b@x.example"))
    obs.cycle(DAY_0)
    assert states(obs) == ["sent", "waiting"]
    obs.mail.answers = ["452 busy"]
    obs.mail.refused.clear()
    run(obs, (DAY_0 + minutes * timedelta(minutes=1) for minutes in (2, 10, 20)))
    assert states(obs) == ["sent"] * 2
    assert len(obs.mail.to("b@x.example")) == 1
    refused, taken = obs.mail.to("a@x.example")
    assert refused == taken, "the first of them was answered with 452"


@pytest.mark.failure("no answer after the whole message")
def test_a_mail_without_an_answer_is_repeated_once_byte_for_byte(obs: Observatory) -> None:
    obs.mail.answers = [DIES]
    obs.configure(to("a@x.example"))
    run(obs, hours(0, 3))
    first, second = obs.mail.mails
    assert first == second
    (row,) = obs.outbox()
    assert (row.state, row.maybe_repeated) == ("sent", True)


@pytest.mark.failure("no answer after the whole message")
def test_a_mail_twice_without_an_answer_is_given_up_and_told(obs: Observatory) -> None:
    obs.mail.answers = [DIES] * 5
    obs.configure(to("a@x.example"), operator=BY_MAILDIR)
    run(obs, hours(0, 6))
    first, second = obs.mail.mails
    assert first == second
    assert states(obs) == ["unsure"]
    assert obs.kept() == ["[pedigreed] problem: a digest for a@x.example was given up"]


@pytest.mark.failure("the login or the sender is refused")
def test_a_bad_login_is_tried_now_and_then_and_told_once(obs: Observatory) -> None:
    up = obs.opens(password=PASSWORD)
    password = obs.folder / "password"
    password.write_text("a wrong one")
    obs.email = {"port": up.port, "username": USERNAME, "password": {"file": str(password)}}
    obs.configure(to("a@x.example", "b@x.example"), operator=BY_MAILDIR)
    run(obs, hours(0, 12))
    assert up.logins <= 2 * 6, "a try offers two mechanisms"
    assert up.mails == []
    told = ["[pedigreed] problem: channel email accepts no messages"]
    assert obs.kept() == told
    password.write_text(PASSWORD)
    run(obs, hours(18, 20))
    assert sorted(mail.recipient for mail in up.mails) == ["a@x.example", "b@x.example"]
    assert obs.kept() == ["[pedigreed] over: channel email accepts messages again", *told]


@pytest.mark.failure("a permanent answer is about the sender, the login, the client or a quota")
def test_the_operator_is_told_by_slack_of_the_mail_server_that_takes_nothing(obs: Observatory) -> None:
    obs.mail.answers = ["550 5.7.60 SMTP; Client does not have permissions to send as this sender"] * 50
    obs.configure(to("a@x.example"), operator=to(OPERATOR))
    obs.cycle(DAY_0)
    (said,) = obs.slack.posts
    assert b"channel email accepts no messages" in said.body
    assert obs.feed.posts == []
    config = load_config(obs.config, obs.environ).config
    with Store(obs.store_url) as store, store.reading() as connection:
        (known,) = read_status(connection, config, DAY_0).problems
    assert known.problem.name == "email"
    assert known.told_at is not None
    assert DAY_0 <= known.told_at < DAY_0 + timedelta(minutes=1)
    obs.mail.answers.clear()
    run(obs, hours(1, 9))
    subjects = {subject_of(mail.content) for mail in obs.mail.mails if mail.recipient == OPERATOR}
    assert subjects == {
        "[pedigreed] problem: channel email accepts no messages",
        "[pedigreed] over: channel email accepts messages again",
    }
    assert len(obs.slack.posts) == 2, "who was told that it began is told that it is over"


@pytest.mark.failure("a permanent answer is about the sender, the login, the client or a quota")
def test_what_is_wrong_is_not_said_to_be_told_while_no_way_to_the_operator_is_open(obs: Observatory) -> None:
    obs.mail.answers = ["550 5.7.60 SMTP; Client does not have permissions to send as this sender"] * 50
    obs.slack.answers = obs.feed.answers = [answer(404, "no_service")]
    obs.configure(to("a@x.example"), TO_SLACK, TO_FEED, operator=[to(OPERATOR), TO_SLACK])
    run(obs, hours(0, 2))
    config = load_config(obs.config, obs.environ).config
    with Store(obs.store_url) as store, store.reading() as connection:
        known = read_status(connection, config, DAY_0 + timedelta(hours=2)).problems
    assert {each.problem.name: each.told_at for each in known} == {"email": None, "feed": None, "team": None}


@pytest.mark.failure("Slack says that it gets too much")
def test_slack_gets_the_quiet_that_it_asks_for_while_others_get_their_digests(obs: Observatory) -> None:
    storm = answer(429, "rate_limited", Retry_After="600")
    obs.slack.answers = [storm, storm, storm, OK]
    everywhere = (to("a@x.example"), TO_SLACK, TO_FEED)
    obs.configure(*everywhere, subscriptions=2)
    minute = timedelta(minutes=1)
    obs.cycle(DAY_0)
    assert (len(obs.slack.posts), len(obs.mail.mails), len(obs.feed.posts)) == (1, 2, 2)
    obs.configure(*everywhere, subscriptions=3)
    obs.cycle(DAY_0 + 5 * minute)
    assert len(obs.slack.posts) == 1, "what is new waits too"
    assert (len(obs.mail.mails), len(obs.feed.posts)) == (3, 3)
    run(obs, (DAY_0 + minutes * minute for minutes in range(9, 90, 4)))
    *refused, first, second, third = obs.slack.bodies
    assert len(refused) == 3, "one post for each pause"
    assert len({first, second, third}) == 3
    assert states(obs) == ["sent"] * 9
    assert (len(obs.mail.mails), len(obs.feed.posts)) == (3, 3)


@pytest.mark.failure("a webhook is dead")
@pytest.mark.parametrize("channel", ["team", "feed"])
def test_a_dead_webhook_is_tried_now_and_then_and_told_once(obs: Observatory, channel: str) -> None:
    hook = obs.slack if channel == "team" else obs.feed
    hook.answers = [answer(404, "no_service")]
    obs.configure({"channel": channel}, to("a@x.example"), subscriptions=2, operator=BY_MAILDIR)
    run(obs, hours(0, 12))
    tries = len(hook.posts)
    assert tries <= 6
    assert len(obs.mail.mails) == 2
    told = [f"[pedigreed] problem: channel {channel} accepts no messages"]
    assert obs.kept() == told
    hook.answers = [OK]
    run(obs, hours(18, 20))
    assert len(hook.bodies[tries:]) == len(set(hook.bodies[tries:])) == 2
    assert states(obs) == ["sent"] * 4
    assert obs.kept() == [f"[pedigreed] over: channel {channel} accepts messages again", *told]


@pytest.mark.failure("Slack refuses the form of the message")
def test_a_message_whose_form_slack_refuses_is_posted_as_its_text(obs: Observatory) -> None:
    obs.slack.answers = [answer(400, "invalid_blocks"), OK]
    obs.configure(TO_SLACK, operator=BY_MAILDIR)
    obs.cycle(DAY_0)
    refused, taken = (json.loads(body) for body in obs.slack.bodies)
    assert set(taken) == {"text"}
    assert taken["text"].startswith(refused["text"])
    assert states(obs) == ["sent"]
    assert obs.kept() == []


@pytest.mark.failure("the message is too large")
def test_a_mail_that_is_too_large_is_sent_without_its_attachments(obs: Observatory) -> None:
    obs.configure(to("a@x.example"), operator=BY_MAILDIR)
    obs.cycle(DAY_0)
    remake(obs, 1180, DAY_0 + DAY / 2)
    obs.mail.answers = ["552 5.3.4 the message is too large"]
    obs.cycle(DAY_0 + DAY)
    _, refused, taken = obs.mail.mails
    assert list(refused.read.iter_attachments())
    assert not list(taken.read.iter_attachments())
    assert taken.message_id == refused.message_id
    assert states(obs) == ["sent", "sent"]
    assert obs.kept() == []


@pytest.mark.failure("the age limit of a digest passes")
def test_what_nobody_took_for_days_is_given_up_and_told(obs: Observatory) -> None:
    with silent_socket() as reserved:
        obs.email = {"port": reserved.getsockname()[1]}
        obs.configure(to("a@x.example"), operator=BY_MAILDIR)
        run(obs, (DAY_0 + number * 6 * HOUR for number in range(14)))
    assert states(obs) == ["expired"]
    assert obs.kept() == [
        "[pedigreed] problem: a digest for a@x.example was given up",
        "[pedigreed] problem: channel email accepts no messages",
    ]

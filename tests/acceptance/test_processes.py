"""Several processes at the same time, and one that is held up by a destination."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta

import pytest

from background import wait_until
from commands import ended, running
from hooks import HANG, OK
from observatory import SENDER, TO_FEED, TO_SLACK, Observatory, to
from pedigreed.model.delivery import Message
from pedigreed.model.instant import iso
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store.database import Store
from watcher import DAY_0

WAITING = 2000


def enqueue(obs: Observatory, count: int) -> list[str]:
    """Put mails into the outbox. Gives their identities."""
    names = [f"{number:04d}@obs.example" for number in range(count)]
    messages = [
        Message(
            name,
            "email",
            f"{number % 50}@x.example",
            "pedigreed@obs.example",
            "news",
            f"From: {SENDER}\r\nMessage-ID: <{name}>\r\n\r\nnews\r\n".encode(),
        )
        for number, name in enumerate(names)
    ]
    with Store(obs.store_url) as store, store.writing() as connection:
        stored_deliveries.enqueue(connection, None, messages, DAY_0 - timedelta(hours=1))
    return names


@pytest.mark.failure("several processes share a store on PostgreSQL")
def test_of_three_processes_each_mail_is_sent_by_one(shared_obs: Observatory) -> None:
    obs = shared_obs
    obs.configure({"channel": "keep"})
    obs.cycle(DAY_0)
    names = enqueue(obs, WAITING)
    command = ("once", "--config", obs.config, "--now", iso(DAY_0 + timedelta(minutes=5)))
    with ExitStack() as stack:
        processes = [stack.enter_context(running(*command, environ=obs.environ)) for _ in range(3)]
        ends = [ended(process) for process in processes]
    assert [end.code for end in ends] == [0, 0, 0], [end.err for end in ends]
    assert sorted(mail.message_id for mail in obs.mail.mails) == names
    assert {row.state for row in obs.outbox()} == {"sent"}
    assert not any(row.maybe_repeated for row in obs.outbox())


@pytest.mark.failure("a second process is started on an SQLite file")
def test_a_second_process_on_a_file_names_the_first_and_does_nothing(file_obs: Observatory) -> None:
    obs = file_obs
    obs.configure(to("a@x.example"))
    obs.mail.is_held = True
    with running("once", "--config", obs.config, "--now", iso(DAY_0), environ=obs.environ) as first:
        wait_until(lambda: obs.mail.mails)
        second = obs.once(DAY_0)
        obs.mail.is_held = False
        end = ended(first)
    assert second.code == 75
    assert f"another pedigreed (process {first.pid}) is at work" in second.err
    assert second.out == ""
    assert end.code == 0, end.err
    assert len(obs.mail.mails) == 1


@pytest.mark.failure("a destination does not answer")
@pytest.mark.failure("Slack or a webhook gives no answer after the message")
def test_a_channel_that_hangs_holds_up_no_other(file_obs: Observatory) -> None:
    obs = file_obs
    obs.slack.answers = [HANG, OK]
    obs.configure(to("a@x.example", "b@x.example"), TO_SLACK, TO_FEED)
    with running("once", "--config", obs.config, "--now", iso(DAY_0), environ=obs.environ) as process:
        wait_until(
            lambda: (
                sorted((row.channel, row.state) for row in obs.outbox())
                == [("email", "sent"), ("email", "sent"), ("feed", "sent"), ("team", "sending")]
            )
        )
        wait_until(lambda: obs.slack.posts)
        assert process.poll() is None, "it still waits for Slack"
    end = obs.once(DAY_0)
    assert end.code == 0, end.err
    assert (len(obs.mail.mails), len(obs.feed.posts)) == (2, 1)
    first, second = obs.slack.bodies
    assert first == second

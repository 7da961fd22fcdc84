"""`pedigreed deliveries`: what a person does about mails that did not arrive."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from background import in_background
from commands import Ended, pedigreed, printed
from hooks import PATH, HookServer, answer, hook_server
from mail_server import MailServer, mail_server
from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.scenario import DAY_1, archive_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MORNING = "2026-11-21T06:00Z"
NOON = "2026-11-21T12:00Z"
KEY = "correct horse battery"
NOBODY = "nobody@x.example"


@pytest.fixture
def mails() -> Iterator[MailServer]:
    """It knows one address that is nobody's."""
    with in_background(mail_server()) as server:
        server.refused[NOBODY] = "550 no such user"
        yield server


@pytest.fixture
def feed() -> Iterator[HookServer]:
    """A web address that is gone at first, and then takes everything."""
    with in_background(hook_server(answer(404, f"no such path {PATH}"), answer(204))) as server:
        yield server


class User:
    """Types commands at one configuration."""

    def __init__(self, config: Path, environ: dict[str, str]) -> None:
        self.config = config
        self.environ = environ
        self.ended: list[Ended] = []

    def types(self, *arguments: str | int, code: int = 0, now: str = MORNING) -> Ended:
        words = [str(argument) for argument in arguments]
        ended = pedigreed(*words, "-c", self.config, "--now", now, environ=self.environ)
        self.ended.append(ended)
        assert ended.code == code, ended
        return ended

    def lists(self, *options: str, now: str = MORNING) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = json.loads(
            self.types("deliveries", "list", *options, "--json", now=now).out
        )["deliveries"]
        return listed

    def number(self, *, to: str) -> int:
        """Of the one delivery to a recipient, or by a channel without recipients."""
        (found,) = [each["number"] for each in self.lists() if (each["recipient"] or each["channel"]) == to]
        number: int = found
        return number


@pytest.fixture
def user(tmp_path: Path, mails: MailServer, feed: HookServer) -> Iterator[User]:
    with DemoArchive(archive_at, DAY_1) as archive:
        config = tmp_path / "pedigreed.yaml"
        (tmp_path / "key").write_text(KEY)
        config.write_text(f"""
store: sqlite:///{tmp_path}/pedigreed.db
sources: {{mast: {{url: "{archive.url}"}}, crds: {{url: none}}}}
channels:
  email: {{from: pedigreed@obs.example, host: 127.0.0.1, port: {mails.port}, security: plain}}
  feed: {{webhook: {{url: {{env: FEED_URL}}, secret: {{file: {tmp_path}/key}}}}}}
subscriptions:
  - name: jades
    watch: {{programs: [1180]}}
    digest: {{at: "06:00"}}
    deliver: [{{email: [a@x.example, {NOBODY}]}}]
  - name: feed
    watch: {{programs: [1180]}}
    digest: {{at: "06:00"}}
    deliver: [{{channel: feed}}]
""")
        yield User(config, {"FEED_URL": feed.url, "NO_PROXY": "*"})


def test_a_refused_recipient_is_listed_shown_retried_and_arrives_once(user: User, mails: MailServer) -> None:
    user.types("once", code=69)
    listed = user.types("deliveries", "list", "--state", "refused")
    assert listed.out.startswith("no.  subscription  to ")
    assert f"jades         email {NOBODY}  refused" in listed.out
    assert "550 no such user" in listed.out
    assert "a@x.example" not in listed.out
    number = user.number(to=NOBODY)
    shown = user.types("deliveries", "show", number).out
    assert f"to              email {NOBODY}\n" in shown
    assert "subject         [pedigreed] jades: now watching 1 program\n" in shown
    assert "Message-ID      " in shown
    del mails.refused[NOBODY]
    retried = user.types("deliveries", "retry", number, now=NOON)
    assert f"delivery {number} to email {NOBODY} waits again\n" in retried.out
    assert "the next cycle tries" in retried.out
    user.types("once", now=NOON)
    user.types("once", now=NOON)
    assert len(mails.to(NOBODY)) == 1
    (arrived,) = [each for each in user.lists() if each["number"] == number]
    assert (arrived["state"], arrived["attempts"], arrived["maybe_repeated"]) == ("sent", 1, False)


def test_raw_is_the_message_byte_for_byte(user: User, mails: MailServer) -> None:
    user.types("once", code=69)
    number = user.number(to="a@x.example")
    raw = printed("deliveries", "show", str(number), "--raw", "-c", user.config, environ=user.environ)
    assert [raw] == [mail.content for mail in mails.to("a@x.example")]
    assert raw.count(b"\r\n") == raw.count(b"\n") > 10
    assert json.loads(user.types("deliveries", "show", number, "--json").out)["bytes"] == len(raw)


def test_a_cancelled_delivery_does_not_go_out(user: User, mails: MailServer) -> None:
    mails.refused[NOBODY] = "451 greylisted"
    user.types("once", code=75)
    number = user.number(to=NOBODY)
    cancelled = user.types("deliveries", "cancel", number)
    assert cancelled.out == f"delivery {number} to email {NOBODY} is cancelled\n"
    del mails.refused[NOBODY]
    user.types("once", now=NOON)
    assert mails.to(NOBODY) == []
    assert [each["number"] for each in user.lists("--state", "cancelled")] == [number]
    again = user.types("deliveries", "cancel", number, code=64)
    assert f"delivery {number} is cancelled already: leave it out" in again.err


def test_retry_ends_the_pause_of_a_channel(user: User, feed: HookServer) -> None:
    user.types("once", code=69)
    number = user.number(to="feed")
    (waiting,) = user.lists("--channel", "feed")
    assert waiting["state"] == "waiting"
    assert waiting["paused_until"] > "2026-11-21T06:15:00.000Z"
    assert "paused to 2026-11-21 06:1" in user.types("deliveries", "list", "--state", "waiting").out
    shown = user.types("deliveries", "show", number).out
    assert "channel paused  since 2026-11-21 06:00Z: the webhook answered 404" in shown
    retried = user.types("deliveries", "retry", number)
    assert "the pause of channel feed is over; it began with: the webhook answered 404" in retried.out
    assert user.lists("--channel", "feed")[0]["paused_until"] is None
    user.types("once")
    assert len(feed.posts) == 2
    assert feed.posts[0].body == feed.posts[1].body
    assert user.lists("--channel", "feed")[0]["state"] == "sent"


def test_given_up_retries_all_that_did_not_arrive_of_a_channel(user: User, mails: MailServer) -> None:
    user.types("once", code=69)
    number = user.number(to=NOBODY)
    assert user.types("deliveries", "retry", "--given-up", "--channel", "feed").out == "nothing was given up\n"
    retried = user.types("deliveries", "retry", "--given-up", "--channel", "email")
    assert retried.out.startswith(f"delivery {number} to email {NOBODY} waits again\n")
    del mails.refused[NOBODY]
    user.types("once", now=NOON)
    assert len(mails.to(NOBODY)) == len(mails.to("a@x.example")) == 1


def test_of_many_numbers_all_or_none(user: User) -> None:
    user.types("once", code=69)
    sent, refused = user.number(to="a@x.example"), user.number(to=NOBODY)
    for verb, problem in (
        ("retry", f"delivery {sent} was sent: `pedigreed deliveries show {sent} --raw` prints the message"),
        ("cancel", f"delivery {sent} is sent already: leave it out"),
    ):
        ended = user.types("deliveries", verb, sent, refused, 99, 2**70, code=64)
        assert "nothing was changed" in ended.err
        assert problem in ended.err
        assert "delivery 99 is not there: `pedigreed deliveries list` has the numbers" in ended.err
        assert f"delivery {2**70} is not there" in ended.err
        assert ended.out == ""
    assert [each["number"] for each in user.lists("--state", "refused")] == [refused]


def test_before_the_first_cycle_there_is_no_delivery(user: User, tmp_path: Path) -> None:
    assert user.types("deliveries", "list").out == "there is no delivery yet\n"
    assert user.lists() == []
    assert not (tmp_path / "pedigreed.db").exists(), "looking makes nothing"


def test_the_newest_come_first_and_not_more_than_asked_for(user: User) -> None:
    user.types("once", code=69)
    numbers = [each["number"] for each in user.lists()]
    assert numbers == sorted(numbers, reverse=True)
    assert [each["number"] for each in user.lists("--limit", "1")] == numbers[:1]


def test_nothing_secret_is_printed(user: User) -> None:
    user.types("once", code=69)
    number = user.number(to="feed")
    user.types("deliveries", "list")
    user.types("deliveries", "show", number)
    user.types("deliveries", "retry", number)
    said = "".join(ended.out + ended.err for ended in user.ended)
    assert "404 no such path ***" in said
    assert PATH not in said
    assert KEY not in said

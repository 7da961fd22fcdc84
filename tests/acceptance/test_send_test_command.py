"""`pedigreed send-test`: whether a channel works."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from background import in_background
from commands import Ended, pedigreed
from hooks import DROP, OK, PATH, HookServer, answer, hook_server
from mail_server import MailServer, mail_server
from pedigreed.delivery.webhook import signature_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "correct horse battery"
OPERATOR = "operator: {email: ops@obs.example}\n"
CONFIG = """
store: sqlite:///{folder}/pedigreed.db
channels:
  email: {{from: "pedigreed <pedigreed@obs.example>", host: 127.0.0.1, port: {mails.port}, security: plain}}
  team: {{slack: {{webhook: {{file: {folder}/url}}}}}}
  feed: {{webhook: {{url: {{file: {folder}/url}}, secret: {{file: {folder}/key}}}}}}
  keep: {{folder: {{path: {folder}/mails}}}}
subscriptions: [{{name: jades, watch: {{programs: [1180]}}, deliver: [{{channel: keep}}]}}]
"""


@pytest.fixture
def mails() -> Iterator[MailServer]:
    with in_background(mail_server()) as server:
        yield server


@pytest.fixture
def hooks() -> Iterator[HookServer]:
    with in_background(hook_server()) as server:
        yield server


@pytest.fixture
def config(tmp_path: Path, mails: MailServer, hooks: HookServer) -> Path:
    (tmp_path / "url").write_text(f"{hooks.url}\n")
    (tmp_path / "key").write_text(KEY)
    file = tmp_path / "pedigreed.yaml"
    file.write_text(CONFIG.format(folder=tmp_path, mails=mails) + OPERATOR)
    return file


def send(config: Path, *arguments: str) -> Ended:
    ended = pedigreed("send-test", *arguments, "-c", config, environ={"NO_PROXY": "*"})
    assert not [secret for secret in (PATH, KEY) if secret in ended.out + ended.err]
    assert "Traceback" not in ended.err
    assert not (config.parent / "pedigreed.db").exists(), "it goes past the outbox"
    return ended


def test_a_test_mail_says_what_it_is(config: Path, mails: MailServer) -> None:
    ended = send(config, "email", "--to", "me@x.example")
    assert (ended.code, ended.out) == (0, "sent to email me@x.example: 250 taken\n")
    (came,) = mails.to("me@x.example")
    mail = came.read
    assert mail["Subject"] == "[pedigreed] a test of channel email"
    assert mail["To"] == "me@x.example"
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content().replace("\r\n", "\n")
    assert "Nothing needs to be done." in text
    assert f"configuration   {config}\n" in text
    assert all(len(line) <= 78 for line in text.splitlines() if not line.startswith("configuration"))


def test_without_an_address_the_operator_gets_it(config: Path, mails: MailServer) -> None:
    assert send(config, "email").out == "sent to email ops@obs.example: 250 taken\n"
    assert send(config, "email").code == 0
    first, second = (mail.read for mail in mails.to("ops@obs.example"))
    assert first["Message-ID"] != second["Message-ID"], "each test is a new one"


def test_slack_and_a_webhook_are_tested_as_they_are(config: Path, hooks: HookServer) -> None:
    assert send(config, "team").out == "sent to team: ok\n"
    assert send(config, "feed").code == 0
    to_team, to_feed = hooks.posts
    assert json.loads(to_team.body)["text"] == "[pedigreed] a test of channel team"
    document = json.loads(to_feed.body)
    assert document["subject"] == "[pedigreed] a test of channel feed"
    stamp = to_feed.headers["x-pedigreed-timestamp"]
    assert to_feed.headers["x-pedigreed-signature"] == signature_of(KEY, stamp, to_feed.body)


def test_a_folder_is_tested_too(config: Path) -> None:
    assert send(config, "keep").code == 0
    (text,) = (config.parent / "mails").glob("*/digest.txt")
    assert text.read_text(encoding="utf-8").startswith("This is a test of the channel keep of pedigreed")


def test_a_refusal_exits_69(config: Path, mails: MailServer) -> None:
    mails.refused["nobody@x.example"] = "550 no such user"
    ended = send(config, "email", "--to", "nobody@x.example")
    assert (ended.code, ended.out) == (69, "")
    assert "refused by email nobody@x.example: " in ended.err
    assert "550 no such user" in ended.err


def test_what_may_be_taken_later_exits_75(config: Path, mails: MailServer) -> None:
    mails.refused["me@x.example"] = "451 greylisted"
    ended = send(config, "email", "--to", "me@x.example", "--json")
    assert ended.code == 75
    assert "not sent to email me@x.example; a later try may do: " in ended.err
    said = json.loads(ended.out)
    assert (said["outcome"], said["needs_mending"], said["recipient"]) == ("not now", False, "me@x.example")
    assert "451 greylisted" in said["said"]


def test_a_channel_that_is_broken_exits_75_and_says_that_it_is_to_be_mended(
    config: Path, hooks: HookServer
) -> None:
    hooks.answers = [answer(404, f"no_service at {PATH}")]
    ended = send(config, "team", "--json")
    assert ended.code == 75
    assert "not sent to team, and nothing will be until this is mended: " in ended.err
    assert "404 no_service at ***" in ended.err
    assert json.loads(ended.out)["needs_mending"] is True


def test_what_may_have_arrived_exits_75(config: Path, hooks: HookServer) -> None:
    hooks.answers = [DROP]
    ended = send(config, "feed")
    assert ended.code == 75
    assert "it may have arrived at feed, and may not: " in ended.err
    hooks.answers = [OK]
    assert send(config, "feed").code == 0


def test_a_secret_that_is_not_there_is_named(config: Path) -> None:
    (config.parent / "url").write_text("")
    ended = send(config, "team")
    assert ended.code != 0
    assert "is empty: write the secret into it" in ended.err


def test_a_mail_to_nobody_exits_64_and_says_how_to_say_whom(config: Path) -> None:
    config.write_text(config.read_text(encoding="utf-8").removesuffix(OPERATOR), encoding="utf-8")
    ended = send(config, "email")
    assert ended.code == 64
    assert "to whom? Give --to ADDRESS, or write operator: {email: ADDRESS} into the configuration" in ended.err

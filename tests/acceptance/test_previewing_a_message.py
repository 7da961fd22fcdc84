"""`pedigreed preview --to`: what a destination would get, and then gets, byte for byte."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from background import in_background
from commands import pedigreed, printed
from hooks import HookServer, hook_server
from mail_server import MailServer, mail_server
from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.scenario import DAY_1, DAY_2, archive_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

YESTERDAY = "2026-11-21T06:00Z"
MORNING = "2026-11-22T06:00Z"
CONFIG = """
store: sqlite:///{folder}/pedigreed.db
sources: {{mast: {{url: "{mast}"}}, crds: {{url: none}}}}
channels:
  email: {{from: "pedigreed <pedigreed@obs.example>", host: 127.0.0.1, port: {mails.port}, security: plain}}
  team: {{slack: {{webhook: "{team.url}"}}}}
  feed: {{webhook: {{url: "{feed.url}", secret: hunter2}}}}
  keep: {{folder: {{path: {folder}/mails}}}}
  other: {{folder: {{path: {folder}/other}}}}
subscriptions:
  - name: jades
    watch: {{programs: [1180]}}
    digest: {{at: "06:00"}}
    deliver:
      [{{email: [a@x.example, b@x.example]}}, {{channel: team}}, {{channel: feed}}, {{channel: keep}}]
  - name: ceers
    watch: {{programs: [1345]}}
    digest: {{at: "06:00"}}
    deliver: [{{channel: other}}, {{channel: keep}}]
"""


@pytest.fixture
def recorded() -> Iterator[DemoArchive]:
    with DemoArchive(archive_at, DAY_1) as archive:
        yield archive


@pytest.fixture
def mails() -> Iterator[MailServer]:
    with in_background(mail_server()) as server:
        yield server


@pytest.fixture
def team() -> Iterator[HookServer]:
    with in_background(hook_server()) as server:
        yield server


@pytest.fixture
def feed() -> Iterator[HookServer]:
    with in_background(hook_server()) as server:
        yield server


@pytest.fixture
def config(tmp_path: Path, recorded: DemoArchive, mails: MailServer, team: HookServer, feed: HookServer) -> Path:
    file = tmp_path / "pedigreed.yaml"
    file.write_text(CONFIG.format(folder=tmp_path, mast=recorded.url, mails=mails, team=team, feed=feed))
    return file


def run(config: Path, *arguments: str, now: str) -> None:
    ended = pedigreed(*arguments, "-c", config, "--now", now, environ={"NO_PROXY": "*"})
    assert ended.code == 0, ended


def test_what_is_previewed_is_what_arrives(
    config: Path, recorded: DemoArchive, mails: MailServer, team: HookServer, feed: HookServer
) -> None:
    folder = config.parent / "mails"
    run(config, "once", now=YESTERDAY)
    recorded.now = DAY_2
    # A digest says when the archive answered last. So it is asked at the same moment before, and nothing is told.
    run(config, "mute", "jades", "--until", "1h", now=MORNING)
    run(config, "once", now=MORNING)
    run(config, "mute", "jades", "--off", now=MORNING)
    before = len(mails.mails), len(team.posts), len(feed.posts), len(list(folder.iterdir()))
    previewed = {
        to: printed("preview", "jades", "--to", to, "-c", config, "--now", MORNING)
        for to in ("a@x.example", "b@x.example", "team", "feed", "keep")
    }
    after = len(mails.mails), len(team.posts), len(feed.posts), len(list(folder.iterdir()))
    assert after == before, "a preview sends nothing"
    run(config, "once", now=MORNING)
    assert [mail.content for mail in mails.to("a@x.example")[1:]] == [previewed["a@x.example"]]
    assert [mail.content for mail in mails.to("b@x.example")[1:]] == [previewed["b@x.example"]]
    assert team.bodies[1:] == [previewed["team"]]
    assert feed.bodies[1:] == [previewed["feed"]]
    (mail,) = folder.glob("2026-11-22-jades-*/message.eml")
    assert mail.read_bytes() == previewed["keep"]
    assert b"66 reprocessed" in previewed["keep"]


def test_the_document_of_a_webhook_can_be_seen_without_one(config: Path) -> None:
    run(config, "once", now=YESTERDAY)
    document = json.loads(
        printed("preview", "ceers", "--format", "webhook", "-c", config, "--now", "2026-11-22T06:00Z")
    )
    assert document["subscription"] == "ceers"
    assert document["programs"] == ["1345"]


def test_a_destination_that_one_subscription_delivers_to_needs_no_name(config: Path) -> None:
    run(config, "once", now=YESTERDAY)
    mail = printed("preview", "--to", "other", "-c", config, "--now", MORNING)
    assert b"\r\nSubject: [pedigreed] ceers: " in mail

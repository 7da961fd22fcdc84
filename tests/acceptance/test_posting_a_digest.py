"""A cycle of the real program, whose digest goes to Slack and to a web address."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from commands import Ended, pedigreed
from hooks import OK, PATH, Post, answer, hook_server
from pedigreed.delivery.webhook import signature_of
from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.scenario import DAY_2, archive_at

if TYPE_CHECKING:
    from pathlib import Path

KEY = "correct horse battery"
CONFIG = """
store: sqlite:///{folder}/pedigreed.db
sources: {{mast: {{url: "{mast}"}}, crds: {{url: none}}}}
channels:
  team: {{slack: {{webhook: {{file: {folder}/slack}}}}}}
  feed: {{webhook: {{url: {{env: FEED_URL}}, secret: {{file: {folder}/key}}}}}}
subscriptions:
  - name: jades
    watch: {{programs: [1180]}}
    deliver: [{{channel: team}}, {{channel: feed}}, {{channel: team}}]
"""


def cycle(folder: Path, slack_answer: bytes = OK) -> tuple[Ended, list[Post], list[Post]]:
    """One cycle: how it ended, what Slack got and what the web address got."""

    async def scenario() -> tuple[Ended, list[Post], list[Post]]:
        with DemoArchive(archive_at, DAY_2) as archive:
            async with hook_server(slack_answer) as slack, hook_server(answer(204)) as feed:
                (folder / "slack").write_text(f"{slack.url}\n")
                (folder / "key").write_text(KEY)
                config = folder / "pedigreed.yaml"
                config.write_text(CONFIG.format(folder=folder, mast=archive.url))
                environ = {"FEED_URL": feed.url, "NO_PROXY": "*"}
                ended = await asyncio.to_thread(pedigreed, "once", "-c", config, environ=environ)
                return ended, slack.posts, feed.posts

    return asyncio.run(scenario())


def said(ended: Ended, folder: Path) -> bytes:
    """All that was printed, logged or kept."""
    kept = b"".join(path.read_bytes() for path in folder.glob("pedigreed.db*"))
    return f"{ended.out}{ended.err}".encode() + kept


def test_a_digest_is_posted_once_to_each(tmp_path: Path) -> None:
    ended, (to_slack,), (to_feed,) = cycle(tmp_path)
    assert ended.code == 0, ended.err
    header = json.loads(to_slack.body)["blocks"][0]["text"]["text"]
    document = json.loads(to_feed.body)
    assert header == "jades: now watching 1 program"
    assert document["subject"] == f"[pedigreed] {header}"
    assert document["baselines"][0]["program"] == 1180
    stamp = to_feed.headers["x-pedigreed-timestamp"]
    assert to_feed.headers["x-pedigreed-signature"] == signature_of(KEY, stamp, to_feed.body)
    assert not [secret for secret in (PATH, KEY) if secret.encode() in said(ended, tmp_path)]


def test_a_dead_webhook_keeps_its_message_and_its_secret(tmp_path: Path) -> None:
    ended, to_slack, to_feed = cycle(tmp_path, answer(404, f"no_service at {PATH}"))
    assert ended.code == 75
    assert (len(to_slack), len(to_feed)) == (1, 1)
    assert "404 no_service at ***" in ended.out
    assert not [secret for secret in (PATH, KEY) if secret.encode() in said(ended, tmp_path)]

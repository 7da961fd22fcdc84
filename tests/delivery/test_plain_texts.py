from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from pedigreed.delivery.slack import slack_payload
from pedigreed.delivery.webhook import webhook_document
from pedigreed.model.digest import RenderedDigest

TEXTS = st.text(max_size=200) | st.text("&<>`\n ", max_size=400).map(lambda text: text * 40)


def rendered(subject: str, text: str) -> RenderedDigest:
    return RenderedDigest("0" * 32, "jades", subject, text, ())


@given(TEXTS, TEXTS)
def test_whatever_the_text_slack_takes_it(subject: str, text: str) -> None:
    payload = json.loads(slack_payload(rendered(subject, text)))
    blocks = [Block.parse(block) for block in payload["blocks"]]
    for block in blocks:
        assert block is not None
        block.validate_json()
    assert payload["text"]
    assert len(blocks) <= 4
    header, *sections = (block["text"]["text"] for block in payload["blocks"])
    assert header
    for shown in sections:
        assert shown.removeprefix("```").removesuffix("```").strip()
        assert shown.count("```") == 2
    for shown in (header, *sections):
        without_entities = shown.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
        assert not set(without_entities) & set("&<>")
    assert sum(len(block["text"]["text"]) for block in payload["blocks"]) < 10_000


def test_a_short_text_is_told_as_it_is() -> None:
    payload = json.loads(slack_payload(rendered("a & b", "one\n  two <three>\n")))
    assert payload == {
        "text": "a &amp; b",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "a &amp; b", "emoji": False}},
            {
                "type": "section",
                "text": {"type": "mrkdwn", "text": "```\none\n  two &lt;three&gt;\n```", "verbatim": True},
            },
        ],
    }


def test_a_long_text_is_cut_and_says_so() -> None:
    payload = json.loads(slack_payload(rendered("a", "line\n" * 10_000)))
    assert len(payload["blocks"]) == 4
    assert payload["blocks"][-1]["text"]["text"].endswith("...\n```")


@pytest.mark.parametrize("text", ["", "hello\n", "\u661f \x00 \ud800"])
def test_a_document_holds_what_there_is(text: str) -> None:
    content = webhook_document(rendered("subject", text))
    assert json.loads(content) == {
        "version": 1,
        "digest_id": "0" * 32,
        "subscription": "jades",
        "subject": "subject",
        "text": text,
    }
    assert content.isascii()

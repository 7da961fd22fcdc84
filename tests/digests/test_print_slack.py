from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from any_digest import AMPERSANDS, DIGESTS, WORDS, worst
from made_digest import make_digest
from pedigreed.digests.print_slack import fits, safe
from pedigreed.digests.render import render
from pedigreed.digests.subject import headline_of
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.digest import Checked, Digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENDS = datetime(2026, 11, 22, 6, tzinfo=UTC)


def payload_of(
    digest: Digest, configuration: str = "pedigreed.yaml", operator: str | None = None
) -> dict[str, Any]:
    content = render(digest, configuration=configuration, operator=operator).slack
    assert content.isascii()
    payload: dict[str, Any] = json.loads(content)
    return payload


def texts_of(payload: dict[str, Any]) -> Iterator[tuple[str, str, int]]:
    """Kind, text and longest length of every text of the blocks."""
    for block in payload["blocks"]:
        if "text" in block:
            yield block["type"], block["text"]["text"], 150 if block["type"] == "header" else 3000
        for text in (*block.get("fields", ()), *block.get("elements", ())):
            yield block["type"], text["text"], 2000


def whole_text(digest: Digest) -> str:
    return "\n".join(text for _, text, _ in texts_of(payload_of(digest)))


def assert_slack_takes(payload: dict[str, Any]) -> None:
    assert set(payload) == {"text", "blocks"}
    assert payload["text"]
    assert 0 < len(payload["blocks"]) <= 40
    assert len(json.dumps(payload, ensure_ascii=False)) < 10_000
    for block in payload["blocks"]:
        parsed = Block.parse(block)
        assert parsed is not None
        assert parsed.to_dict() == block
        assert 1 <= len(block.get("fields", [0])) <= 10
    for _, text, longest in texts_of(payload):
        assert 1 <= len(text) <= longest


LINK = re.compile(r"<https://(mast\.stsci\.edu|jwst-crds\.stsci\.edu)/[^<>|]*\|([^<>|]*)>")


def assert_nothing_is_markup(text: str) -> None:
    """But for links of our own."""
    text = LINK.sub(r"\2", text)
    for entity in ("&amp;", "&lt;", "&gt;"):
        text = text.replace(entity, "")
    assert not set(text) & set("&<>")


@given(DIGESTS, WORDS, st.none() | WORDS)
def test_slack_takes_whatever_is_told(digest: Digest, configuration: str, operator: str | None) -> None:
    payload = payload_of(digest, configuration, operator)
    assert_slack_takes(payload)
    for text in (payload["text"], *(text for _, text, _ in texts_of(payload))):
        assert_nothing_is_markup(text)
        assert all(line.isprintable() for line in text.split("\n"))


@given(DIGESTS)
def test_the_header_and_the_notification_tell_the_news(digest: Digest) -> None:
    subject = render(digest, configuration="pedigreed.yaml").subject
    payload = payload_of(digest)
    assert payload["text"] == safe(subject)
    assert payload["blocks"][0]["type"] == "header"
    news = headline_of(digest)
    if not set(news) & set("&<>"):
        assert payload["blocks"][0]["text"]["text"] == news


@given(st.text())
def test_a_safe_text_is_one_line_that_formats_nothing(text: str) -> None:
    told = safe(text)
    assert told.isprintable()
    assert not set(told) & set("*~`")
    assert_nothing_is_markup(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("jwst_1464, jw01180007001_02101_00001_nrca1", "jwst_1464, jw01180007001_02101_00001_nrca1"),
        (
            "an _emphasis_, *bold*, ~struck~ and `code`",
            "an \u02cdemphasis\u02cd, \u2217bold\u2217, \u223cstruck\u223c and 'code'",
        ),
        ("<!channel> & <https://x.example|y>", "&lt;!channel&gt; &amp; &lt;https://x.example|y&gt;"),
        (":tada: and :100: at 05:58:12Z", "\u2236tada: and \u2236100: at 05:58:12Z"),
        ("one\r\ntwo\u2028three", "one two three"),
        ("\x1b[31m", "\\x1b[31m"),
    ],
)
def test_what_slack_would_format_is_shown_as_it_is(text: str, told: str) -> None:
    assert safe(text) == told


@pytest.mark.long
def test_at_the_worst_the_numbers_are_left() -> None:
    digest = worst()
    payload = payload_of(digest, AMPERSANDS, AMPERSANDS)
    assert_slack_takes(payload)
    told = whole_text(digest)
    for title in (
        "FIRST DATA", "REGRESSED", "REPROCESSED", "REPROCESSED SETS", "NEW", "HIGHER LEVEL", "PUBLIC", "WITHDRAWN",
        "MARKED STALE", "NO LONGER STALE",
        "MISSING", "NOW WATCHING", "NOT CHECKED", "CHECKED",
    ):  # fmt: skip
        assert f"*{title}*" in told
    assert told.count("1,500 products") == 10
    assert "15,000 changes in full" in told


@pytest.mark.parametrize("size", [0, 1, 10, 100, 1000])
def test_each_program_that_is_not_shown_is_counted(change: Callable[..., Change], size: int) -> None:
    changes = [
        change(ChangeKind.REPROCESSED, f"jw{program:05d}001001_02101_00001_nrca1_cal.fits")
        for program in range(1, size + 1)
    ]
    digest = make_digest(
        subscription="jades",
        selections=[],
        starts=ENDS - timedelta(days=1),
        ends=ENDS,
        timezone="UTC",
        changes=changes,
        holdings={},
        checked=Checked(size, size, last_complete=ENDS),
    )
    told = whole_text(digest)
    shown = told.count("\u2022 ")
    assert shown == min(size, 12)
    assert (f"and {size - 12:,} more programs, {size - 12:,} products" in told) == (size > 12)


def test_a_payload_over_any_limit_does_not_fit() -> None:
    def of(*blocks: dict[str, Any]) -> dict[str, Any]:
        return {"text": "x", "blocks": list(blocks)}

    def words(length: int) -> dict[str, Any]:
        return {"type": "mrkdwn", "text": "x" * length}

    section = {"type": "section", "text": words(10)}
    assert fits(of(*[section] * 40))
    assert not fits(of(*[section] * 41))
    assert fits(of({"type": "section", "text": words(3000)}))
    assert not fits(of({"type": "section", "text": words(3001)}))
    assert fits(of({**section, "fields": [words(10)] * 10}))
    assert not fits(of({**section, "fields": [words(10)] * 11}))
    assert fits(of({**section, "fields": [words(2000)]}))
    assert not fits(of({**section, "fields": [words(2001)]}))
    assert not fits(of({"type": "context", "elements": [words(2001)]}))
    assert not fits(of(*[{"type": "section", "text": words(2900)}] * 4))

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes

import pytest

from pedigreed.config.channels import (
    Channel,
    EmailChannel,
    FolderChannel,
    MaildirChannel,
    SlackChannel,
    WebhookChannel,
)
from pedigreed.config.settings import Config
from pedigreed.delivery.messages import build_message, operator_places
from pedigreed.model.delivery import Message
from pedigreed.model.digest import RenderedDigest

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
DIGEST = RenderedDigest(
    "4f" * 16, "jades", "[pedigreed] jades: 3 new", "3 new\n", (), b'{"blocks": []}', b'{"counts": {}}'
)
EMAIL = EmailChannel.model_validate(
    {"from": "pedigreed@obs.example", "host": "smtp.obs.example", "security": "tls"}
)
SLACK = SlackChannel.model_validate({"webhook": "https://hooks.example/hunter2"})
WEBHOOK = WebhookChannel.model_validate({"url": "https://hooks.example/hunter2", "secret": "key"})
FOLDERS = (MaildirChannel.model_validate({"path": "/mail"}), FolderChannel.model_validate({"path": "/mail"}))


def message(
    settings: Channel, digest: RenderedDigest = DIGEST, channel: str = "team", recipient: str = ""
) -> Message:
    return build_message(digest, settings, channel=channel, recipient=recipient, now=NOW, operator="ops@x.example")


def configured(**operator: object) -> Config:
    channels = {
        "email": {"from": "pedigreed@obs.example", "host": "smtp.obs.example", "security": "tls"},
        "feed": {"webhook": {"url": "https://hooks.example/hunter2", "secret": "key"}},
        "team": {"slack": {"webhook": "https://hooks.example/hunter2"}},
        "keep": {"maildir": {"path": "/mail"}},
    }
    subscription = {"name": "a", "watch": {"programs": [1]}, "deliver": [{"channel": "keep"}]}
    return Config.model_validate({"channels": channels, "subscriptions": [subscription], **operator}, strict=False)


@pytest.mark.parametrize(
    ("operator", "failing", "places"),
    [
        ({"email": "ops@x.example"}, set(), ["email"]),
        ({"email": "ops@x.example"}, {"team"}, ["email"]),
        ({"email": "ops@x.example"}, {"email"}, ["email", "team"]),
        ({"email": "ops@x.example"}, {"ops@x.example"}, ["email", "team"]),
        ({"email": "ops@x.example"}, {"email", "team"}, ["email", "feed"]),
        ({"email": "ops@x.example"}, {"email", "team", "feed"}, ["email"]),
        ({"channel": "team"}, {"team"}, ["team", "feed"]),
        ([{"channel": "team"}, {"email": "ops@x.example"}], set(), ["team", "email"]),
        ([{"channel": "team"}, {"email": "ops@x.example"}], {"team"}, ["team", "email"]),
        ([{"channel": "team"}, {"email": "ops@x.example"}], {"team", "email"}, ["team", "email", "feed"]),
        ({"email": ["ops@x.example", "b@x.example"]}, {"ops@x.example"}, ["email", "email"]),
    ],
)
def test_the_operator_is_told_by_another_way_where_the_own_are_in_trouble(
    operator: object, failing: set[str], places: list[str]
) -> None:
    assert [channel for channel, _ in operator_places(configured(operator=operator), failing)] == places


def test_without_an_operator_nobody_is_told() -> None:
    assert operator_places(configured(), {"email"}) == ()


def test_mail_is_from_the_channels_sender_to_its_recipient() -> None:
    built = message(EMAIL, channel="email", recipient="a@x.example")
    mail = message_from_bytes(built.content)
    assert (mail["From"], mail["To"]) == ("<pedigreed@obs.example>", "a@x.example")
    assert (built.sender, built.recipient) == ("pedigreed@obs.example", "a@x.example")


@pytest.mark.parametrize("settings", FOLDERS, ids=lambda settings: settings.kind)
def test_what_is_written_to_disk_is_mail_from_nobody(settings: Channel) -> None:
    built = message(settings)
    assert message_from_bytes(built.content)["To"] == "undisclosed-recipients:;"
    assert (built.sender, built.recipient) == ("", "")


@pytest.mark.parametrize(("settings", "content"), [(SLACK, DIGEST.slack), (WEBHOOK, DIGEST.document)])
def test_what_is_posted_was_rendered_already(settings: Channel, content: bytes) -> None:
    built = message(settings)
    assert built == Message(built.message_id, "team", "", "", DIGEST.subject, content)


@pytest.mark.parametrize("settings", [SLACK, WEBHOOK], ids=lambda settings: settings.kind)
def test_a_message_id_follows_from_digest_and_channel(settings: Channel) -> None:
    ids = {
        message(settings).message_id,
        message(settings, replace(DIGEST, subject="other", slack=b"{}")).message_id,
        message(settings, replace(DIGEST, digest_id="5a" * 16)).message_id,
        message(settings, channel="other").message_id,
    }
    assert len(ids) == 3
    assert all(len(identity) == 32 + len("@pedigreed.invalid") for identity in ids)
    assert all(identity.isascii() and identity.isprintable() for identity in ids)


@pytest.mark.parametrize("settings", [SLACK, WEBHOOK], ids=lambda settings: settings.kind)
def test_a_word_without_json_of_its_own_is_posted_as_its_text(settings: Channel) -> None:
    content = message(settings, replace(DIGEST, slack=b"", document=b"")).content
    assert "3 new" in json.dumps(json.loads(content))
    assert b"hunter2" not in content

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from pedigreed.config.channels import EmailChannel
from pedigreed.config.channels import FolderChannel as FolderSettings
from pedigreed.config.channels import MaildirChannel as MaildirSettings
from pedigreed.config.channels import SlackChannel as SlackSettings
from pedigreed.config.channels import WebhookChannel as WebhookSettings
from pedigreed.config.secret import Secret
from pedigreed.delivery.channels import open_channels
from pedigreed.delivery.folder import FolderChannel, MaildirChannel
from pedigreed.delivery.slack import SlackChannel
from pedigreed.delivery.smtp import SmtpChannel
from pedigreed.delivery.webhook import WebhookChannel
from pedigreed.model.delivery import Message, Retry, Scope

if TYPE_CHECKING:
    from pathlib import Path


def email(**changes: object) -> EmailChannel:
    settings = {"from": "pedigreed@obs.example", "host": "smtp.obs.example", "security": "starttls", **changes}
    return EmailChannel.model_validate(settings)


def test_every_kind_of_channel_opens_under_its_name(tmp_path: Path) -> None:
    channels = open_channels(
        {
            "email": email(),
            "team": SlackSettings.model_validate({"webhook": "https://hooks.example/secret"}),
            "feed": WebhookSettings.model_validate({"url": "https://hooks.example", "secret": "key"}),
            "keep": MaildirSettings.model_validate({"path": str(tmp_path / "mail")}),
            "show": FolderSettings.model_validate({"path": str(tmp_path / "shown")}),
        }
    )
    assert {name: type(channel) for name, channel in channels.items()} == {
        "email": SmtpChannel,
        "team": SlackChannel,
        "feed": WebhookChannel,
        "keep": MaildirChannel,
        "show": FolderChannel,
    }
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("security", ["starttls", "tls", "plain"])
def test_the_mail_server_is_the_configured_one(security: str) -> None:
    channel = open_channels({"email": email(security=security, port=2525, timeout="90s")})["email"]
    assert isinstance(channel, SmtpChannel)
    assert (channel.host, channel.port, channel.security, channel.timeout) == (
        "smtp.obs.example",
        2525,
        security,
        90.0,
    )


@pytest.mark.process
def test_a_token_command_is_run_when_something_is_sent(tmp_path: Path) -> None:
    command = str(tmp_path / "no-such-command")
    settings = email(host="127.0.0.1", security="plain", username="bot", token_command=(command, "smtp"))
    channel = open_channels({"email": settings})["email"]
    outcome = asyncio.run(channel.send(Message("1@obs.example", "email", "a@x.example", "p@obs.example", "", b"")))
    assert isinstance(outcome, Retry)
    assert outcome.scope is Scope.CHANNEL_BROKEN
    assert command in outcome.reason


def test_a_secret_that_is_missing_does_not_hinder_opening() -> None:
    secret = Secret("env", "SMTP_PASSWORD", environ={})
    settings = email(host="127.0.0.1", security="plain", username="bot", password=secret)
    channel = open_channels({"email": settings})["email"]
    outcome = asyncio.run(channel.send(Message("1@obs.example", "email", "a@x.example", "p@obs.example", "", b"")))
    assert isinstance(outcome, Retry)
    assert "SMTP_PASSWORD" in outcome.reason


@pytest.mark.parametrize(
    ("kind", "settings", "missing"),
    [
        (SlackSettings, {"webhook": Secret("env", "SLACK_WEBHOOK", environ={})}, "SLACK_WEBHOOK"),
        (WebhookSettings, {"url": Secret("env", "FEED_URL", environ={}), "secret": "key"}, "FEED_URL"),
        (
            WebhookSettings,
            {"url": "https://hooks.example", "secret": Secret("env", "FEED_KEY", environ={})},
            "FEED_KEY",
        ),
    ],
)
def test_a_webhook_whose_secret_is_missing_waits_for_it(
    kind: type[SlackSettings | WebhookSettings], settings: dict[str, object], missing: str
) -> None:
    channel = open_channels({"team": kind.model_validate(settings)})["team"]
    outcome = asyncio.run(channel.send(Message("1@pedigreed.invalid", "team", "", "", "", b"{}")))
    assert isinstance(outcome, Retry)
    assert outcome.scope is Scope.CHANNEL_BROKEN
    assert missing in outcome.reason

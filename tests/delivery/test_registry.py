from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from pedigreed.config.channels import EmailChannel, SlackChannel
from pedigreed.config.channels import FolderChannel as FolderSettings
from pedigreed.config.channels import MaildirChannel as MaildirSettings
from pedigreed.config.secret import Secret
from pedigreed.delivery.folder import FolderChannel
from pedigreed.delivery.maildir import MaildirChannel
from pedigreed.delivery.registry import open_channels
from pedigreed.delivery.smtp import SmtpChannel
from pedigreed.model.failure import ConfigurationInvalid
from pedigreed.model.message import Message
from pedigreed.model.outcome import Retry

if TYPE_CHECKING:
    from pathlib import Path


def email(**changes: object) -> EmailChannel:
    settings = {"from": "pedigreed@obs.example", "host": "smtp.obs.example", "security": "starttls", **changes}
    return EmailChannel.model_validate(settings)


def test_every_kind_of_channel_opens_under_its_name(tmp_path: Path) -> None:
    channels = open_channels(
        {
            "email": email(),
            "keep": MaildirSettings.model_validate({"path": str(tmp_path / "mail")}),
            "show": FolderSettings.model_validate({"path": str(tmp_path / "shown")}),
        }
    )
    assert {name: type(channel) for name, channel in channels.items()} == {
        "email": SmtpChannel,
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


def test_a_secret_that_is_missing_does_not_hinder_opening() -> None:
    secret = Secret("env", "SMTP_PASSWORD", environ={})
    settings = email(host="127.0.0.1", security="plain", username="bot", password=secret)
    channel = open_channels({"email": settings})["email"]
    outcome = asyncio.run(channel.send(Message("1@obs.example", "email", "a@x.example", "p@obs.example", "", b"")))
    assert isinstance(outcome, Retry)
    assert "SMTP_PASSWORD" in outcome.reason


def test_a_kind_that_cannot_be_sent_through_is_refused_by_name() -> None:
    slack = SlackChannel.model_validate({"webhook": "https://hooks.example/secret"})
    with pytest.raises(ConfigurationInvalid, match="team") as refused:
        open_channels({"team": slack})
    assert "hooks.example" not in str(refused.value)

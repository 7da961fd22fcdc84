"""The configuration as the rest of pedigreed sees it: checked, frozen, with every default filled in."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from pedigreed.config.address import StoreUrl
from pedigreed.config.channels import (
    ByName,
    Channel,
    EmailChannel,
    FolderChannel,
    MaildirChannel,
    SecretUrl,
    Security,
    SlackChannel,
    WebhookChannel,
)
from pedigreed.config.http import HttpEndpoint
from pedigreed.config.sources import CrdsSource, Feed, ImapMailbox, MailboxSource, MastSource, Sources
from pedigreed.config.subscription import (
    ChannelDestination,
    CrdsReport,
    Destination,
    Destinations,
    DigestSchedule,
    EmailDestination,
    FetchRules,
    Report,
    Subscription,
    Watch,
    WhenEmpty,
)
from pedigreed.config.value import AbsolutePath, Duration, Settings, TimeZoneName

__all__ = [
    "Channel",
    "ChannelDestination",
    "Config",
    "CrdsReport",
    "CrdsSource",
    "DeliveryRules",
    "Destination",
    "DigestSchedule",
    "EmailChannel",
    "EmailDestination",
    "Feed",
    "FetchRules",
    "FolderChannel",
    "HistoryRules",
    "HttpEndpoint",
    "ImapMailbox",
    "MailboxSource",
    "MaildirChannel",
    "MastSource",
    "Report",
    "Security",
    "SlackChannel",
    "Sources",
    "StoreUrl",
    "Subscription",
    "Watch",
    "WebhookChannel",
    "WhenEmpty",
]


class DeliveryRules(Settings):
    """What holds for every channel."""

    give_up_after: Duration = Field(
        default=timedelta(days=3),
        description="A message that could not be handed over for so long is given up, and the operator is told.",
    )
    keep: Duration = Field(
        default=timedelta(days=90),
        description="How long the bytes of a message are kept after it arrived. Then only what proves that it was "
        "sent is: its Message-ID and SHA-256, when, and to whom.",
    )


class HistoryRules(Settings):
    """What is kept of what was told."""

    keep: Duration | None = Field(
        default=None,
        description="How long a change is kept that was told to all who watch its product, and a period without a "
        "digest. Default: for good. `pedigreed history`, the plots and how campaigns went come from them.",
    )


class Config(Settings):
    """The whole configuration."""

    timezone: TimeZoneName = Field(default="UTC", description="The time zone of every time below, an IANA name.")
    store: StoreUrl = Field(
        default_factory=StoreUrl.default,
        description="Where state is kept: an SQLite or PostgreSQL URL, or a reference to one. "
        "Default: pedigreed.db in $STATE_DIRECTORY, $XDG_STATE_HOME/pedigreed or ~/.local/state/pedigreed; "
        "on macOS in ~/Library/Application Support/pedigreed.",
    )
    sources: Sources = Field(default_factory=Sources, description="The outside world, which is only read.")
    channels: Annotated[Mapping[str, Channel], ByName()] = Field(
        default_factory=dict, description="Where digests are handed over, by name."
    )
    subscriptions: Annotated[tuple[Subscription, ...], Field(min_length=1)] = Field(
        description="The digests: what each is about, when it is composed and where it goes.",
        examples=[[{"name": "jades", "watch": {"programs": [1180]}, "deliver": [{"email": "me@obs.example"}]}]],
    )
    delivery: DeliveryRules = Field(
        default_factory=DeliveryRules,
        description="How long messages are tried and kept.",
    )
    history: HistoryRules = Field(default_factory=HistoryRules, description="What is kept of what was told.")
    templates: AbsolutePath | None = Field(
        default=None,
        description="A folder with a `digest.html` of your own, for the page of a digest; see docs/templates.md.",
        examples=["/etc/pedigreed/templates"],
    )
    operator: Destinations = Field(
        default_factory=tuple,
        description="Who is told of what goes wrong with pedigreed itself: a destination, or a list of them.",
        examples=[{"email": "ops@obs.example"}],
    )
    heartbeat: SecretUrl | None = Field(
        default=None,
        description="A web address that is asked for after each complete cycle, so that a monitor notices when "
        "there are none.",
        examples=[{"credential": "heartbeat_url"}],
    )
    http: HttpEndpoint | None = Field(
        default=None,
        description="Where `pedigreed run` can be looked at by HTTP. Without it there is no such place.",
        examples=[{"listen": "127.0.0.1:9464"}],
    )

    @property
    def programs(self) -> frozenset[int]:
        """The numbers of the programs that any subscription watches."""
        return frozenset(
            selection.program for subscription in self.subscriptions for selection in subscription.watch.programs
        )

    @property
    def hears_of_crds(self) -> bool:
        """Whether anything is read that tells of CRDS: its server, a feed or a mailbox."""
        return self.sources.crds.url is not None or bool(self.sources.crds.feeds or self.sources.mailbox)

    @property
    def has_rules(self) -> bool:
        """Whether CRDS's rules can be had: of its server, or of a folder."""
        return self.sources.crds.url is not None or self.sources.crds.rules is not None

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of every configured time."""
        return ZoneInfo(self.timezone)

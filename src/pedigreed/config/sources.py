"""Where pedigreed reads: the archive, CRDS and a mailbox."""

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from pedigreed.config.address import Host, OptionalServiceUrl, ServiceUrl, Url, parse_address
from pedigreed.config.channels import Command, Port, Security, SecurityMode
from pedigreed.config.config_problem import quoted
from pedigreed.config.secret import Secret
from pedigreed.config.value import AbsolutePath, Duration, Settings, member_of, once
from pedigreed.model.instrument import Instrument

InstrumentName = Annotated[
    Instrument,
    member_of(Instrument, "instrument of JWST"),
    BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value),
]
"""In any case: people write NIRCam."""
IMAP_PORTS = {Security.STARTTLS: 143, Security.TLS: 993, Security.PLAIN: 143}


class Fallback(StrEnum):
    """What stands in for a keyword service of MAST that does not answer."""

    NONE = "none"
    MISSIONS = "missions"
    """MAST's search of file sets."""


class MastSource(Settings):
    """The MAST archive."""

    url: ServiceUrl = Field(default="https://mast.stsci.edu", description="The archive's address, http or https.")
    every: Duration = Field(
        default=timedelta(days=1),
        description="How often to ask what is younger than the last answer. MAST asks for no more than daily.",
    )
    sweep: Duration = Field(
        default=timedelta(days=7),
        description="How often to ask for everything, which proves that nothing was missed.",
    )
    token: Secret | None = Field(
        default=None, description="A MAST token, for data in their exclusive-access period."
    )
    request_timeout: Duration = Field(default=timedelta(seconds=120), description="How long one request may take.")
    timeout: Duration = Field(
        default=timedelta(minutes=15), description="How long a whole query may take, polling and pages."
    )
    fallback: Annotated[Fallback, member_of(Fallback, "fallback")] = Field(
        default=Fallback.NONE,
        description="What to ask where an instrument's keyword service does not answer, such as one that was "
        "retired. missions: MAST's search of file sets, which has one CAL_VER and CRDS_CTX for each, and no DATE.",
    )


class Feed(Settings):
    """An RSS or Atom feed, such as that of a LISTSERV archive."""

    url: Url = Field(description="The feed's address.")
    instrument: InstrumentName | None = Field(
        default=None, description="The instrument that the feed is about, if it is about one."
    )


def _known_sender(text: str) -> str:
    """An address, or a domain with a dot, lower case."""
    if "@" in text:
        return parse_address(text).lower()
    if not _DOMAIN.fullmatch(text):
        raise ValueError(f"{quoted(text)} is no address and no domain: write name@stsci.edu or stsci.edu")
    return text.lower()


_DOMAIN = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.IGNORECASE)
KnownSender = Annotated[str, AfterValidator(_known_sender)]
_OTHER_OBSERVATORY = re.compile(r"(?:^|[.-])(hst|roman|wfirst)(?=[.-])", re.IGNORECASE)


def _crds_of_jwst(url: str | None) -> str | None:
    """A CRDS server's address. What is added to it is where the server of JWST answers."""
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.path:
        raise ValueError(
            f"{quoted(url)} has a path: write the server's address alone, {parts.scheme}://{parts.netloc}"
        )
    if other := _OTHER_OBSERVATORY.search(parts.hostname or ""):
        raise ValueError(f"this is the CRDS of {other[1].upper()}, and pedigreed is for JWST: leave url out")
    return url


class CrdsSource(Settings):
    """CRDS, the calibration reference data system, and the lists that tell of its deliveries."""

    url: Annotated[OptionalServiceUrl, AfterValidator(_crds_of_jwst)] = Field(
        default="https://jwst-crds.stsci.edu",
        description="The CRDS server's address. none: the server is not asked.",
    )
    every: Duration = Field(default=timedelta(hours=6), description="How often to ask CRDS and the feeds.")
    feeds: tuple[Feed, ...] = Field(default=(), description="Feeds that tell of deliveries.")
    rules: AbsolutePath | None = Field(
        default=None,
        description="A CRDS_PATH of the crds package on this machine. Its rule files are read, and never changed, "
        "before the server is asked for them.",
    )


class ImapMailbox(Settings):
    """A folder on an IMAP server."""

    host: Host = Field(description="The IMAP server's name or IP address.")
    username: str = Field(min_length=1, description="Who to log in as.", examples=["bot"])
    password: Secret | None = Field(
        default=None,
        description="The password that goes with username.",
        examples=[{"credential": "imap_password"}],
    )
    token_command: Command | None = Field(
        default=None,
        description="A program, by its whole path, and its arguments: it writes an access token for username, "
        "which is used instead of a password (OAuth 2.0, XOAUTH2 or OAUTHBEARER).",
        examples=[["/usr/bin/oauth2-token", "imap"]],
    )
    folder: str = Field(default="INBOX", min_length=1, description="The folder that is read.")
    security: SecurityMode = Field(default=Security.TLS, description="starttls, tls or plain.")
    port: Port = Field(
        default_factory=lambda data: IMAP_PORTS[data["security"]],
        description="The IMAP server's port. Default: 993 for tls, 143 for starttls and plain.",
    )


class MailboxSource(Settings):
    """A mailbox that gets the mails of CRDS lists and MAST subscriptions. It is only read, and stays as it is."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": [kind]} for kind in ("imap", "maildir", "mbox", "eml")]}
    )

    imap: ImapMailbox | None = Field(default=None, description="A folder on an IMAP server.")
    maildir: AbsolutePath | None = Field(default=None, description="A Maildir on this machine.")
    mbox: AbsolutePath | None = Field(default=None, description="A file in mbox format on this machine.")
    eml: AbsolutePath | None = Field(
        default=None, description="A folder on this machine with a file NAME.eml for each mail."
    )
    every: Duration = Field(default=timedelta(minutes=30), description="How often to look for new mails.")
    senders: Annotated[
        tuple[KnownSender, ...],
        BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
        AfterValidator(once),
    ] = Field(
        default=(),
        alias="from",
        description="Addresses and domains that mails about CRDS come from. Any other's is told as one whose "
        "sender could not be verified. Default: anybody's.",
        examples=[["stsci.edu"]],
    )
    authserv_id: Host | None = Field(
        default=None,
        description="The name at the beginning of the Authentication-Results that your own mail server writes. "
        "Default: those that stand above every Received are its own.",
        examples=["mx.obs.example"],
    )

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if sum(kind is not None for kind in (self.imap, self.maildir, self.mbox, self.eml)) != 1:
            raise ValueError("a mailbox is of one kind: write imap, maildir, mbox or eml, and one of them")
        return self


class Sources(Settings):
    """The outside world, which is only read."""

    mast: MastSource = Field(default_factory=MastSource, description="The MAST archive.")
    crds: CrdsSource = Field(
        default_factory=CrdsSource, description="CRDS and the feeds that tell of its deliveries."
    )
    mailbox: MailboxSource | None = Field(
        default=None, description="A mailbox with the mails of CRDS lists and MAST."
    )

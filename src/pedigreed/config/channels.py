"""Where digests are handed over: a mail server, a web address, files of several kinds, or a program."""

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from pedigreed.config.address import Address, From, Host, parse_secret_url
from pedigreed.config.config_problem import choose, quoted
from pedigreed.config.secret import Secret
from pedigreed.config.value import NAME_PATTERN, AbsolutePath, Duration, Settings, Under, member_of, only_key


class Security(StrEnum):
    """How a connection to a mail server is protected."""

    STARTTLS = "starttls"
    """It begins in the clear and must turn to TLS before anything is said."""
    TLS = "tls"
    """TLS from the first byte."""
    PLAIN = "plain"
    """Not at all."""


SecurityMode = Annotated[Security, member_of(Security, "kind of security")]
SMTP_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.PLAIN: 25}
Port = Annotated[int, Field(ge=1, le=65535)]


def _url(secret: Secret) -> Secret:
    if secret.kind == "inline":
        parse_secret_url(secret.reference)
    return secret


def _command(command: tuple[str, ...]) -> tuple[str, ...]:
    program = command[0]
    if not program.startswith("/"):
        raise ValueError(f"{quoted(program)} is no whole path of a program: start it with '/'")
    return command


Command = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_command)]
"""A program and its arguments. There is no shell that would read them."""

STDOUT = ("stdout",)
SENDMAIL = ("sendmail",)
_WORDS = (*STDOUT, *SENDMAIL)


def _word(value: object) -> object:
    if isinstance(value, str):
        if value.startswith("/"):
            raise ValueError(f"a program and its arguments are a list: write [{value}]")
        return (choose(value, _WORDS, "program"),)
    return value


def _program(run: tuple[str, ...]) -> tuple[str, ...]:
    return run if run in {STDOUT, SENDMAIL} else _command(run)


Program = Annotated[
    tuple[str, ...],
    BeforeValidator(_word),
    Field(min_length=1),
    AfterValidator(_program),
    WithJsonSchema(
        {"anyOf": [{"type": "array", "items": {"type": "string"}, "minItems": 1}, {"enum": list(_WORDS)}]}
    ),
]
"""As `Command`, or `STDOUT` or `SENDMAIL`."""

SecretUrl = Annotated[Secret, AfterValidator(_url)]
"""A web address that is, or may be, a secret. One that is referred to is checked where it is read."""


class EmailChannel(Settings):
    """A mail server that takes messages by SMTP."""

    kind: ClassVar[Literal["email"]] = "email"

    sender: From = Field(
        alias="from", description="Who the mails are from: an address, or a name with an address."
    )
    host: Host = Field(description="The mail server's name or IP address.")
    security: SecurityMode = Field(
        description="starttls, tls or plain. There is no default, and no falling back.", examples=["starttls"]
    )
    port: Port = Field(
        default_factory=lambda data: SMTP_PORTS[data["security"]],
        description="The mail server's port. Default: 587 for starttls, 465 for tls, 25 for plain.",
    )
    username: str | None = Field(
        default=None, min_length=1, description="Who to log in as. Without one there is no login."
    )
    password: Secret | None = Field(default=None, description="The password that goes with username.")
    token_command: Command | None = Field(
        default=None,
        description="A program, by its whole path, and its arguments: it writes an access token for username, "
        "which is used instead of a password (OAuth 2.0, XOAUTH2).",
        examples=[["/usr/bin/oauth2-token", "smtp"]],
    )
    timeout: Duration = Field(
        default=timedelta(seconds=60), description="How long to wait for the server at each step."
    )
    ehlo: Host | None = Field(
        default=None,
        description="The name that the server is greeted with (EHLO). Default: this machine's full name, or else "
        "an address in brackets. Some servers want a name that resolves.",
        examples=["pedigreed.obs.example"],
    )


class SlackChannel(Settings):
    """A Slack incoming webhook, which posts to one Slack channel."""

    kind: ClassVar[Literal["slack"]] = "slack"

    webhook: SecretUrl = Field(
        description="The webhook's URL. It is a secret: who has it can post.",
        examples=[{"credential": "slack_webhook"}],
    )


class WebhookChannel(Settings):
    """A web address that gets each digest as signed JSON, for other programs."""

    kind: ClassVar[Literal["webhook"]] = "webhook"

    url: SecretUrl = Field(
        description="The web address that is posted to, or a reference to it where it is a secret.",
        examples=["https://hooks.obs.example/pedigreed"],
    )
    secret: Secret = Field(
        description="The key that each message is signed with, by HMAC-SHA-256.",
        examples=[{"credential": "webhook_secret"}],
    )


class MaildirChannel(Settings):
    """A Maildir that messages are put into. Any mail reader opens it."""

    kind: ClassVar[Literal["maildir"]] = "maildir"

    path: AbsolutePath = Field(description="The Maildir's folder. It is made if it is not there.")


class FolderChannel(Settings):
    """A folder that gets a folder for each message: the mail, its text, its page and its attachments."""

    kind: ClassVar[Literal["folder"]] = "folder"

    path: AbsolutePath = Field(description="The folder. It is made if it is not there.")


def _service_address(secret: Secret) -> Secret:
    if secret.kind == "inline":
        parse_service_address(secret.reference)
    return secret


def parse_service_address(text: str) -> str:
    """An address in the form of `apprise`. Raises `ValueError`, without repeating it."""
    address = text.strip()
    if not re.match(r"[a-z][a-z0-9+.-]*://\S", address, re.IGNORECASE):
        raise ValueError("this is no address of apprise: write it like ntfy://HOST/TOPIC")
    return address


class AppriseChannel(Settings):
    """A chat or another service that the library `apprise` knows."""

    kind: ClassVar[Literal["apprise"]] = "apprise"

    url: Annotated[Secret, AfterValidator(_service_address)] = Field(
        description="The service's address as apprise has it, such as ntfy://HOST/TOPIC. It is a secret.",
        examples=[{"credential": "chat_url"}],
    )


class FeedChannel(Settings):
    """An Atom file with the last digests, for feed readers."""

    kind: ClassVar[Literal["feed"]] = "feed"

    path: AbsolutePath = Field(
        description="The file. With http, the daemon serves it too.", examples=["/srv/www/pedigreed.atom"]
    )


class Form(StrEnum):
    """What a program gets of a digest on its standard input."""

    TEXT = "text"
    """The subject, an empty line and the text, in UTF-8."""
    MAIL = "mail"
    """The whole mail, with its page and attachments."""
    JSON = "json"
    """The document that a webhook gets."""


class CommandChannel(Settings):
    """A program on this machine that gets each message on its standard input."""

    kind: ClassVar[Literal["command"]] = "command"

    run: Program = Field(
        description="A program, by its whole path, and its arguments; there is no shell. Or a word: stdout prints "
        "the text where pedigreed runs, sendmail hands a mail to this machine's own mail system.",
        examples=[["/usr/local/bin/post-to-chat", "--room", "jwst"]],
    )
    gives: Annotated[Form, member_of(Form, "form of a message")] = Field(
        default=Form.TEXT, description="What the program gets: text, mail or json. sendmail gets a mail."
    )
    to: Address | None = Field(
        default=None,
        description="For sendmail, and only for it: whom the mails go to.",
        examples=["me@obs.example"],
    )
    timeout: Duration = Field(
        default=timedelta(seconds=60), description="How long the program may take; then it is ended."
    )

    @model_validator(mode="after")
    def _recipient_is_of_sendmail(self) -> "CommandChannel":
        if (self.run == SENDMAIL) != (self.to is not None):
            raise ValueError(
                "sendmail needs to know whom the mails go to: add to: ADDRESS"
                if self.run == SENDMAIL
                else "'to' is for sendmail alone: a program gets its arguments in run"
            )
        return self

    @property
    def form(self) -> Form:
        """What the program gets."""
        return Form.MAIL if self.run == SENDMAIL else self.gives


Channel = (
    EmailChannel
    | SlackChannel
    | WebhookChannel
    | AppriseChannel
    | MaildirChannel
    | FolderChannel
    | FeedChannel
    | CommandChannel
)
CHANNEL_KINDS = ("slack", "webhook", "apprise", "maildir", "folder", "feed", "command")
_FORM = (
    "{slack: {webhook: URL}}, {webhook: {url: URL, secret: KEY}}, {apprise: {url: URL}}, "
    "{maildir: {path: PATH}}, {folder: {path: PATH}}, {feed: {path: PATH}}, {command: {run: [PROGRAM]}} or stdout"
)


def _kind(value: Any) -> str | None:  # noqa: ANN401  # whatever the configuration holds
    if isinstance(value, dict):
        return next(iter(value), None)
    return getattr(value, "kind", None)


def _check(value: object) -> object:
    if isinstance(value, Settings):
        return value
    if value == STDOUT[0]:
        return {"command": {"run": value}}
    if isinstance(value, dict) and len(value) == 1 and "email" in value:
        raise ValueError("the e-mail channel is called 'email': write email: {from: ..., host: ...} in channels")
    only_key(value, CHANNEL_KINDS, "channel", _FORM)
    return value


AnyOther = (
    Annotated[SlackChannel, Under("slack"), Tag("slack")]
    | Annotated[WebhookChannel, Under("webhook"), Tag("webhook")]
    | Annotated[AppriseChannel, Under("apprise"), Tag("apprise")]
    | Annotated[MaildirChannel, Under("maildir"), Tag("maildir")]
    | Annotated[FolderChannel, Under("folder"), Tag("folder")]
    | Annotated[FeedChannel, Under("feed"), Tag("feed")]
    | Annotated[CommandChannel, Under("command"), Tag("command")]
)
OtherChannel = Annotated[
    AnyOther,
    Discriminator(_kind),
    BeforeValidator(_check, json_schema_input_type=Annotated[AnyOther, Discriminator(_kind)] | Literal["stdout"]),
]
"""A channel that has a name of its own; what it is stands in its one key."""


class Channels(Settings):
    """The channels by name. 'email' is the mail server; the others have names of their own."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"propertyNames": {"pattern": f"^{NAME_PATTERN}$"}})
    __pydantic_extra__: dict[str, OtherChannel] = Field(init=False)

    email: EmailChannel | None = Field(
        default=None, description="The mail server that takes what is sent to addresses."
    )

    def by_name(self) -> Mapping[str, Channel]:
        """Every channel under its name."""
        email = {"email": self.email} if self.email else {}
        return MappingProxyType({**email, **self.__pydantic_extra__})


class ByName:
    """Makes a mapping of channels out of `Channels`, which is how they are written."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            Channels.by_name,
            handler.generate_schema(Channels),
            serialization=core_schema.plain_serializer_function_ser_schema(dict),
        )

"""Addresses: of people, of machines, on the web, and of the store, whose URL may hold a password."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from email.utils import formataddr, parseaddr
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple
from urllib.parse import urlsplit

from platformdirs import user_state_path
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import core_schema

from pedigreed.config.config_problem import quoted
from pedigreed.config.secret import Secret
from pedigreed.config.value import described, once

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core.core_schema import CoreSchema, ValidationInfo


_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL})*"
_HOST_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
"""By RFC 952 no host has an underscore. Many that work do: containers, and Windows machines."""

_HOST = re.compile(rf"{_HOST_LABEL}(?:\.{_HOST_LABEL})*\.?", re.ASCII)
_LOCAL_PART = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LOOSE_ADDRESS = r"^[^@\s]+@[^@\s]+$"
_ADDRESS = re.compile(rf"(?=.{{1,64}}@){_LOCAL_PART}@{_DOMAIN}", re.ASCII)


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, has_user = parts.hostname, "@" in parts.netloc
        _ = parts.port
    except ValueError:
        raise ValueError("this is no URL: write https://HOST/PATH") from None
    if has_user:
        raise ValueError("a URL with a user or password in it: leave them out")
    if parts.scheme not in {"http", "https"} or not host or re.search(r"\s", text):
        raise ValueError(f"{quoted(text)} is no web address: write https://HOST/PATH")
    return text


def parse_service_url(text: str) -> str:
    """The address of a service, without a slash at its end. Raises `ValueError` with the fix."""
    parts = urlsplit(_url(text))
    if parts.query or parts.fragment:
        raise ValueError(f"{quoted(text)} has a '?' or '#': write the address of the service alone")
    return text.rstrip("/")


def parse_secret_url(text: str) -> str:
    """A web address that may be a secret, without the white space around it.

    Raises `ValueError`, without repeating the text.
    """
    url = text.strip()
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one or not url.isprintable() or " " in url:
        raise ValueError("this is no web address: write https://HOST/PATH")
    return url


def _host(text: str) -> str:
    if "://" in text or "/" in text:
        raise ValueError(f"{quoted(text)} is no host name: leave out '://' and all after the name")
    try:
        ip_address(text)
    except ValueError:
        if not _HOST.fullmatch(text):
            name, colon, port = text.rpartition(":")
            if colon and _HOST.fullmatch(name) and port.isdigit():
                raise ValueError(
                    f"{quoted(text)} has the port in it: write host: {name} and port: {port}"
                ) from None
            raise ValueError(f"{quoted(text)} is no host name: write it like smtp.obs.example") from None
    return text


def parse_address(text: str) -> str:
    """An e-mail address, ASCII, without a name. Raises `ValueError` with the fix."""
    if _ADDRESS.fullmatch(text):
        return text
    name, address = parseaddr(text)
    if name and _ADDRESS.fullmatch(address):
        raise ValueError(f"{quoted(text)} has a name with it: write {address}")
    if not text.isascii():
        raise ValueError(f"{quoted(text)} is not ASCII: use an address without accents")
    raise ValueError(f"{quoted(text)} is no e-mail address: write it like name@obs.example")


class Sender(NamedTuple):
    """Who a mail is from: a name that people see, which may be empty, and the address."""

    name: str
    address: str

    def __str__(self) -> str:
        """As the header has it: ``pedigreed <pedigreed@obs.example>``."""
        return formataddr((self.name, self.address))


def _sender(value: object) -> Sender:
    if isinstance(value, Sender):
        return value
    if not isinstance(value, str):
        raise ValueError("'from' is text: write \"pedigreed <pedigreed@obs.example>\"")  # noqa: TRY004  # as above
    name, address = parseaddr(value)
    if not _ADDRESS.fullmatch(address) or not value.isprintable() or value.count("@") != 1 + name.count("@"):
        raise ValueError(f'{quoted(value)} is no sender: write name@obs.example or "pedigreed <name@obs.example>"')
    return Sender(name, address)


Url = Annotated[str, AfterValidator(_url), described("^https?://", "https://maillist.example/feed")]
ServiceUrl = Annotated[
    str, AfterValidator(parse_service_url), described("^https?://[^?#]+$", "https://archive.example")
]
NO_SERVICE = "none"
"""Stands where an address would, for a service that is not asked."""

OptionalServiceUrl = Annotated[
    str | None,
    BeforeValidator(lambda value: None if value == NO_SERVICE else value),
    AfterValidator(lambda value: value if value is None else parse_service_url(value)),
    described(f"^({NO_SERVICE}|https?://[^?#]+)$", "https://archive.example"),
]
Host = Annotated[str, AfterValidator(_host), described("^[A-Za-z0-9_.:-]+$", "smtp.obs.example")]
Address = Annotated[str, AfterValidator(parse_address), described(_LOOSE_ADDRESS, "me@obs.example")]
Addresses = Annotated[
    tuple[Address, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    Field(min_length=1),
    AfterValidator(once),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": _LOOSE_ADDRESS},
                {"type": "array", "items": {"type": "string", "pattern": _LOOSE_ADDRESS}, "minItems": 1},
            ],
            "examples": ["me@obs.example", ["me@obs.example", "you@obs.example"]],
        }
    ),
]
"""One address, or a list of them."""
From = Annotated[
    Sender,
    BeforeValidator(_sender),
    PlainSerializer(str, return_type=str),
    described("@", "pedigreed <pedigreed@obs.example>"),
]


_POSTGRESQL = ("postgresql", "postgresql+psycopg")
_FORMS = "write sqlite:////PATH/pedigreed.db or postgresql://USER@HOST/DATABASE"


@dataclass(frozen=True, slots=True)
class StoreUrl:
    """The store's URL, which is read and checked at use as it may come from a secret."""

    secret: Secret

    @classmethod
    def of(cls, url: str) -> StoreUrl:
        """A store by its URL. Raises `ValueError` where it is none."""
        normalise(url)
        return cls(Secret("inline", url))

    @classmethod
    def default(cls) -> StoreUrl:
        """``pedigreed.db`` in $STATE_DIRECTORY, or where this system keeps the state of a person's programs."""
        # systemd gives several directories with colons between them.
        directory = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
        folder = Path(directory) if directory else user_state_path("pedigreed")
        return cls.of(f"sqlite:///{folder / 'pedigreed.db'}")

    def reveal(self) -> str:
        """The URL for SQLAlchemy, with its driver and its password.

        Raises:
            ConfigurationInvalid: the secret is not there.
            ValueError: it is no URL of a store; without repeating it.
        """
        return normalise(self.secret.reveal())

    def __str__(self) -> str:
        """The file of an SQLite store, else where the URL is kept: never a password."""
        if self.secret.kind != "inline":
            return str(self.secret)
        url = self.secret.reveal()
        return url if url.startswith("sqlite:") else f"{url.partition(':')[0]}://..."

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: object, info: ValidationInfo[Any]) -> StoreUrl:
            if isinstance(value, cls):
                return value
            secret = Secret.read(value, (info.context or {}).get("environ"))
            if secret.kind == "inline":
                normalise(secret.reference)
            return cls(secret)

        return core_schema.with_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(str, return_schema=None)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        *references, inline = Secret.__get_pydantic_json_schema__(schema, handler)["anyOf"]
        pattern = r"^(sqlite:///.|postgresql(\+psycopg)?://.)"
        return {"anyOf": [{**inline, "pattern": pattern, "description": "The URL itself."}, *references]}


def normalise(url: str) -> str:
    """The URL with the driver that is used. Raises `ValueError`, without repeating it."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise ValueError(f"the store is a URL: {_FORMS}")
    if scheme == "sqlite":
        return _sqlite(rest)
    if scheme in _POSTGRESQL:
        if not rest:
            raise ValueError("the store's URL ends too early: write postgresql://USER@HOST/DATABASE")
        return f"postgresql+psycopg://{rest}"
    if scheme == "postgres":
        raise ValueError("the store's URL starts with postgresql://, not postgres://")
    raise ValueError(f"the store is SQLite or PostgreSQL: {_FORMS}")


def _sqlite(rest: str) -> str:
    path = rest.partition("?")[0]
    if path in {"", "/", "//", "/:memory:"}:
        raise ValueError("an SQLite store in memory forgets all: write sqlite:////PATH/pedigreed.db")
    if not path.startswith("/"):
        raise ValueError("an absolute path has four slashes: write sqlite:////PATH/pedigreed.db")
    if not path.startswith("//"):
        raise ValueError(
            "a relative path depends on where the daemon was started: write the whole path, with four slashes, "
            "as in sqlite:////PATH/pedigreed.db"
        )
    return f"sqlite://{rest}"


def has_password(url: str) -> bool:
    """Whether a store's URL, as written, holds a password."""
    authority = url.partition("://")[2].partition("/")[0]
    user = authority.rpartition("@")[0]
    return ":" in user or "password=" in url

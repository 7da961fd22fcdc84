"""Where the store is: an SQLAlchemy URL, which may hold a password."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_core import core_schema

from pedigreed.config.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core.core_schema import CoreSchema, ValidationInfo

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
    def default(cls, environ: Mapping[str, str] | None = None) -> StoreUrl:
        """``pedigreed.db`` in $STATE_DIRECTORY, $XDG_STATE_HOME/pedigreed or ~/.local/state/pedigreed."""
        environ = os.environ if environ is None else environ
        # systemd gives several directories with colons between them.
        if directory := environ.get("STATE_DIRECTORY", "").split(":")[0]:
            folder = Path(directory)
        else:
            home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
            state = environ.get("XDG_STATE_HOME", "")
            folder = (Path(state) if state.startswith("/") else home / ".local" / "state") / "pedigreed"
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

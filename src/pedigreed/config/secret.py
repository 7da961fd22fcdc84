"""Secrets by reference: the configuration says where a secret is, never what it is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic_core import core_schema

from pedigreed.config.config_problem import listed
from pedigreed.model.failure import ConfigurationInvalid
from pedigreed.redaction import remember
from pedigreed.regular_file import open_regular

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core.core_schema import CoreSchema, ValidationInfo

SecretKind = Literal["credential", "file", "env", "keyring", "inline"]
REFERENCES = ("credential", "file", "env", "keyring")
PRIVATE_KEYS = frozenset(("password", "secret", "token", "webhook", "store", "heartbeat"))
"""The keys whose values are, or may hold, a secret: they are never repeated in a message."""

REFERRING_KEYS = PRIVATE_KEYS | {"url"}
"""The keys whose value may be a reference to a secret."""

_LARGEST = 65_536
HOW_TO_REFER = "write {file: PATH}, {credential: NAME}, {env: NAME} or {keyring: SERVICE/USER}"


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """Where a secret is. Its text never shows; `reveal` reads it at the moment of use.

    Attributes:
        kind: a systemd credential, a file, a variable of the environment, an entry of the keyring of this desktop,
            or written in the configuration.
        reference: the credential's name, the file's path, the variable's name or the entry's service and user; the
            secret itself if inline.
        environ: where variables and $CREDENTIALS_DIRECTORY are looked up.
    """

    kind: SecretKind
    reference: str = field(repr=False)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False, compare=False)

    def __repr__(self) -> str:
        return "Secret(inline)" if self.kind == "inline" else f"Secret({self.kind}: {self.reference})"

    __str__ = __repr__

    def reveal(self) -> str:
        """The secret's text, without the line end that a file closes with. From here on, no text tells it.

        Raises:
            ConfigurationInvalid: it is not where it should be, or it is empty.
        """
        return remember(self._text())

    def _text(self) -> str:
        if self.kind == "inline":
            return self.reference
        if self.kind == "env":
            text = self.environ.get(self.reference, "")
            if not text:
                raise ConfigurationInvalid(
                    f"the environment variable {self.reference} is not set or empty: set it for the service"
                )
            return text
        if self.kind == "keyring":
            return _of_keyring(self.reference)
        return self._read(self.path())

    @property
    def is_out_of_sight(self) -> bool:
        """Whether it is a credential, which none but a service sees."""
        return self.kind == "credential" and not self.environ.get("CREDENTIALS_DIRECTORY")

    def path(self) -> Path:
        """The file of a credential or file secret. Raises `ConfigurationInvalid` without a directory."""
        if self.kind == "file":
            home = self.environ.get("HOME")
            return Path(home, self.reference[2:]) if home and self.reference[:2] == "~/" else Path(self.reference)
        directory = self.environ.get("CREDENTIALS_DIRECTORY", "")
        if not directory:
            raise ConfigurationInvalid(
                f"the credential {self.reference!r} can't be looked up, since $CREDENTIALS_DIRECTORY is not set: "
                "systemd sets it for a service with LoadCredential=; elsewhere write {file: PATH}"
            )
        return Path(directory) / self.reference

    def _read(self, path: Path) -> str:
        what = f"the {self.kind} {self.reference!r}"
        try:
            with os.fdopen(open_regular(path), "rb") as file:
                text = file.read(_LARGEST + 1).decode()
        except FileNotFoundError:
            where = f" in {path.parent}" if self.kind == "credential" else ""
            to_write = f"write the secret into {path}, mode 0600"
            fix = f"add LoadCredential={self.reference}:/PATH to the unit" if where else to_write
            raise ConfigurationInvalid(f"{what} is not there{where}: {fix}") from None
        except OSError as error:
            raise ConfigurationInvalid(f"{what} can't be read: {error.strerror}") from error
        except ValueError:
            raise ConfigurationInvalid(f"{what} is not UTF-8 text: write the secret as plain text") from None
        if len(text) > _LARGEST:
            raise ConfigurationInvalid(f"{what} is larger than 64 KB: a secret is one line of text")
        text = text.removesuffix("\n").removesuffix("\r")
        if not text:
            raise ConfigurationInvalid(f"{what} is empty: write the secret into it")
        return text

    @classmethod
    def read(cls, value: object, environ: Mapping[str, str] | None = None) -> Secret:
        """A secret as the configuration has it. Raises `ValueError`, without repeating the value."""
        where = os.environ if environ is None else environ
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            if not value:
                raise ValueError(f"an empty secret: {HOW_TO_REFER}")
            return cls("inline", value, where)
        if not isinstance(value, Mapping):
            raise ValueError(f"a secret is a reference: {HOW_TO_REFER}")  # noqa: TRY004  # pydantic reads ValueError
        if len(value) != 1 or next(iter(value)) not in REFERENCES:
            raise ValueError(f"a secret has one of the keys {listed(REFERENCES, 'and')}: {HOW_TO_REFER}")
        kind, reference = next(iter(value.items()))
        return cls(kind, _checked_reference(kind, reference), where)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: object, info: ValidationInfo[Any]) -> Secret:
            return cls.read(value, (info.context or {}).get("environ"))

        return core_schema.with_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(repr, return_schema=None)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        references = [_reference_schema(kind, text) for kind, text in _DESCRIPTIONS.items()]
        inline = {"type": "string", "minLength": 1, "description": "The secret itself. Warned about."}
        return {"anyOf": [*references, inline]}


def _of_keyring(reference: str) -> str:
    """The password of an entry ``SERVICE/USER``; the user is what follows the last slash."""
    import keyring  # noqa: PLC0415  # few use it
    from keyring.errors import KeyringError, NoKeyringError  # noqa: PLC0415  # likewise

    service, _, user = reference.rpartition("/")
    try:
        found = keyring.get_password(service, user)
    except NoKeyringError as error:
        raise ConfigurationInvalid(
            f"there is no keyring here to ask for {reference!r}: write {{file: PATH}}"
        ) from error
    except KeyringError as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise ConfigurationInvalid(
            f"the keyring can't be asked for {reference!r}: {said}: without a desktop, write {{file: PATH}}"
        ) from error
    if not found:
        raise ConfigurationInvalid(f"the keyring has no {reference!r}: run `keyring set {service} {user}`")
    return found


_DESCRIPTIONS = {
    "credential": "Name of a systemd credential (LoadCredential=).",
    "file": "Path of a file that holds the secret and nothing else; whole, or from ~/ on.",
    "env": "Name of an environment variable.",
    "keyring": "SERVICE/USER, an entry of the keyring of this desktop.",
}


def _reference_schema(kind: str, description: str) -> JsonSchemaValue:
    key = {"type": "string", "minLength": 1, "description": description}
    return {"type": "object", "properties": {kind: key}, "required": [kind], "additionalProperties": False}


def _checked_reference(kind: str, reference: object) -> str:
    if not isinstance(reference, str) or not reference:
        raise ValueError(f"'{kind}' needs a name as text: {HOW_TO_REFER}")
    if kind == "credential" and ("/" in reference or reference in {".", ".."}):
        raise ValueError("a credential is a name, not a path: write {file: PATH} for a path")
    if kind == "file" and not reference.startswith(("/", "~/")):
        raise ValueError("the path of a secret's file starts with '/' or '~/': write the whole path")
    if kind == "keyring" and not all(reference.rpartition("/")):
        raise ValueError("an entry of a keyring has a service and a user: write {keyring: SERVICE/USER}")
    if kind == "env" and ("=" in reference or "$" in reference or not reference.isprintable()):
        raise ValueError("an environment variable is written by its name alone, on one line, without '$' and '='")
    return reference

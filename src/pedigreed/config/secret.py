"""Secrets by reference: the configuration says where a secret is, never what it is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic_core import core_schema

from pedigreed.model.failure import ConfigurationInvalid
from pedigreed.redaction import remember

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core.core_schema import CoreSchema, ValidationInfo

SecretKind = Literal["credential", "file", "env", "inline"]
REFERENCES = ("credential", "file", "env")
PRIVATE_KEYS = frozenset(("password", "secret", "token", "webhook", "store", "heartbeat"))
"""The keys whose values are, or may hold, a secret: they are never repeated in a message."""

REFERRING_KEYS = PRIVATE_KEYS | {"url"}
"""The keys whose value may be a reference to a secret."""

_LARGEST = 65_536
HOW_TO_REFER = "write {credential: NAME}, {file: PATH} or {env: NAME}"


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """Where a secret is. Its text never shows; `reveal` reads it at the moment of use.

    Attributes:
        kind: a systemd credential, a file, a variable of the environment, or written in the configuration.
        reference: the credential's name, the file's path or the variable's name; the secret itself if inline.
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
        return self._read(self.path())

    def path(self) -> Path:
        """The file of a credential or file secret. Raises `ConfigurationInvalid` without a directory."""
        if self.kind == "file":
            return Path(self.reference)
        directory = self.environ.get("CREDENTIALS_DIRECTORY", "")
        if not directory:
            raise ConfigurationInvalid(
                f"the credential {self.reference!r} can't be looked up, since $CREDENTIALS_DIRECTORY is not set: "
                "systemd sets it for a service with LoadCredential="
            )
        return Path(directory) / self.reference

    def _read(self, path: Path) -> str:
        what = f"the {self.kind} {self.reference!r}"
        if path.is_fifo() or path.is_socket() or path.is_char_device() or path.is_block_device():
            # To open it may wait for ever.
            raise ConfigurationInvalid(f"{what} is no regular file: write the secret into one")
        try:
            with path.open("rb") as file:
                text = file.read(_LARGEST + 1).decode()
        except FileNotFoundError:
            where = f" in {path.parent}" if self.kind == "credential" else ""
            fix = f"add LoadCredential={self.reference}:/PATH to the unit" if where else "create it, mode 0600"
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
            raise ValueError(f"a secret has one of the keys credential, file and env: {HOW_TO_REFER}")
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


_DESCRIPTIONS = {
    "credential": "Name of a systemd credential (LoadCredential=).",
    "file": "Absolute path of a file that holds the secret and nothing else.",
    "env": "Name of an environment variable.",
}


def _reference_schema(kind: str, description: str) -> JsonSchemaValue:
    key = {"type": "string", "minLength": 1, "description": description}
    return {"type": "object", "properties": {kind: key}, "required": [kind], "additionalProperties": False}


def _checked_reference(kind: str, reference: object) -> str:
    if not isinstance(reference, str) or not reference:
        raise ValueError(f"'{kind}' needs a name as text: {HOW_TO_REFER}")
    if kind == "credential" and ("/" in reference or reference in {".", ".."}):
        raise ValueError("a credential is a name, not a path: write {file: PATH} for a path")
    if kind == "file" and not reference.startswith("/"):
        raise ValueError("the path of a secret's file starts with '/': write the whole path")
    if kind == "env" and ("=" in reference or "$" in reference or not reference.isprintable()):
        raise ValueError("an environment variable is written by its name alone, on one line, without '$' and '='")
    return reference

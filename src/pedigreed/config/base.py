"""What all settings have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import core_schema

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core.core_schema import CoreSchema

from pedigreed.config.suggestion import choose, listed


class Settings(BaseModel):
    """Frozen, without unknown keys, and silent about its input in errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class Under:
    """Written under a key that says what it is: ``{slack: {webhook: ...}}`` is a `SlackChannel`."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        def unwrap(value: Any) -> Any:  # noqa: ANN401  # whatever the configuration holds
            return value[self._key] if isinstance(value, dict) else value

        return core_schema.no_info_before_validator_function(unwrap, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {
            "type": "object",
            "properties": {self._key: handler(schema)},
            "required": [self._key],
            "additionalProperties": False,
        }


def only_key(value: object, known: tuple[str, ...], noun: str, form: str) -> str:
    """The one key of a mapping that has exactly one of the known keys. Raises `ValueError` with the fix."""
    if not isinstance(value, dict):
        raise ValueError(f"a {noun} is written as {form}")  # noqa: TRY004  # pydantic reads ValueError
    if not value:
        raise ValueError(f"an empty {noun}: write {form}")
    if len(value) > 1:
        raise ValueError(f"a {noun} has one key, {listed(known)}, and this has {len(value)}: write {form}")
    return choose(next(iter(value)), known, f"kind of {noun}")

"""The JSON Schema of the configuration as it is written: for editors, and for messages."""

from __future__ import annotations

from datetime import time, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from pedigreed.config.settings import Config
from pedigreed.config.value import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import core_schema

    from pedigreed.config.yaml_node import Path

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _AsWritten(GenerateJsonSchema):
    """Leaves out what a person never writes: titles, and null for a setting that is not given."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        json_schema = super().default_schema(schema)
        if json_schema.get("default", ...) is None:
            del json_schema["default"]
        return json_schema

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:  # noqa: ARG002  # as pydantic declares it
        """Keys stay in the order of the settings, which is the order to read them in."""
        return value

    def encode_default(self, dft: Any) -> Any:  # noqa: ANN401  # as pydantic declares it
        if isinstance(dft, timedelta):
            return format_duration(dft)
        return f"{dft:%H:%M}" if isinstance(dft, time) else super().encode_default(dft)

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002  # as pydantic declares it
        return False


@cache
def json_schema() -> JsonSchemaValue:
    """The schema of a configuration file, JSON Schema 2020-12."""
    schema = Config.model_json_schema(schema_generator=_AsWritten)
    for definition in (schema, *schema["$defs"].values()):
        definition.pop("title", None)
    return {"$schema": DIALECT, "title": "pedigreed configuration", **schema}


def describe(path: Path) -> tuple[JsonSchemaValue, ...]:
    """What may stand at a path: one schema, or several where there is a choice. None for an unknown path."""
    schemas = tuple(_choices(json_schema()))
    for step in path:
        schemas = tuple(choice for schema in schemas for choice in _choices(_step(schema, step)))
    return schemas


def keys_at(path: Path) -> tuple[str, ...]:
    """The keys that a mapping at a path may have, in the schema's order."""
    return tuple(dict.fromkeys(key for schema in describe(path) for key in schema.get("properties", {})))


def keys_below(path: Path, depth: int = 3) -> Iterator[Path]:
    """Every path of keys below a path, the nearest first. Steps into lists are left out."""
    level: list[tuple[Path, Path]] = [(path, ())]
    for _ in range(depth):
        level = [
            ((*absolute, *inside, key), (*relative, key))
            for absolute, relative in level
            for inside in _insides(absolute)
            for key in keys_at((*absolute, *inside))
        ]
        yield from (relative for _, relative in level)


def _insides(path: Path) -> tuple[Path, ...]:
    """A mapping is entered as it is, a list by its items."""
    return ((0,),) if any("items" in schema for schema in describe(path)) else ((),)


def _step(schema: JsonSchemaValue, step: str | int) -> JsonSchemaValue | None:
    if isinstance(step, int):
        return schema.get("items")
    found = schema.get("properties", {}).get(step, schema.get("additionalProperties"))
    return found if isinstance(found, dict) else None


def _choices(schema: JsonSchemaValue | None) -> Iterator[JsonSchemaValue]:
    """A schema without references and alternatives. What stands beside a reference is kept."""
    if schema is None:
        return
    if "$ref" in schema:
        definition = json_schema()["$defs"][schema["$ref"].rpartition("/")[2]]
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        yield from _choices({**definition, **beside})
        return
    alternatives = schema.get("anyOf") or schema.get("oneOf")
    if not alternatives:
        yield schema
        return
    beside = {key: value for key, value in schema.items() if key not in {"anyOf", "oneOf"}}
    for alternative in alternatives:
        for choice in _choices(alternative):
            yield {**choice, **beside}

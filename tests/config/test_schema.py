"""The JSON Schema: it describes what people write, and agrees with what is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from pedigreed.cli.config import schema_text
from pedigreed.config.load import parse_config
from pedigreed.config.schema import describe, json_schema, keys_at, keys_below
from pedigreed.model.failure import ConfigurationInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator

KEPT = Path(__file__).parents[2] / "config" / "pedigreed.schema.json"


def is_valid(text: str) -> bool:
    value = yaml.safe_load(text)
    return jsonschema.Draft202012Validator(json_schema()).is_valid(value)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_the_schema_that_is_kept_is_the_one_that_is_printed() -> None:
    assert KEPT.read_text(encoding="utf-8") == schema_text(), (
        "pedigreed config schema > config/pedigreed.schema.json"
    )


def settings(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from schema.get("properties", {}).items()
    for definition in schema.get("$defs", {}).values():
        yield from settings(definition)


def test_every_setting_is_described() -> None:
    schema = json_schema()
    described = [
        (name, part.get("description") or schema["$defs"][part["$ref"].rpartition("/")[2]].get("description"))
        for name, part in settings(schema)
    ]
    assert len(described) > 50
    assert [name for name, description in described if not description] == []


def test_defaults_are_written_as_people_write_them() -> None:
    (mast_every,) = describe(("sources", "mast", "every"))
    (digest_at,) = describe(("subscriptions", 0, "digest", "at"))
    assert (mast_every["default"], digest_at["default"]) == ("1d", "07:00")
    defaults = [part["default"] for _, part in settings(json_schema()) if "default" in part]
    assert None not in defaults


WATCH = "subscriptions: [{name: a, watch: WATCH, deliver: [DELIVER]}]\nchannels: CHANNELS\n"
EMAIL = "{email: {from: a@x.example, host: x.example, security: tls}, keep: {folder: {path: /mail}}}"


@pytest.mark.parametrize(
    ("watch", "deliver", "channels"),
    [
        ("{programs: [1, '1210:5'], levels: [2b, 3]}", "{email: a@x.example}", EMAIL),
        ("{programs: [1]}", "{email: [a@x.example]}", EMAIL),
        ("{programs: [1]}", "{channel: keep}", EMAIL),
        ("{programs: [1], events: [no longer stale]}", "{channel: keep}", "{keep: {maildir: {path: /mail}}}"),
        ("{programs: [1]}", "{channel: keep}", "{keep: {slack: {webhook: {env: HOOK}}}}"),
        ("{programs: [1]}", "{channel: keep}", "{keep: {webhook: {url: {env: HOOK}, secret: {env: HOOK}}}}"),
        ("{programs: [1]}", "{channel: keep}", "{keep: {webhook: {url: https://x.example, secret: {env: HOOK}}}}"),
    ],
)
def test_what_is_loaded_is_valid(watch: str, deliver: str, channels: str) -> None:
    text = WATCH.replace("WATCH", watch).replace("DELIVER", deliver).replace("CHANNELS", channels)
    parse_config(text, "f", {"HOOK": "https://hooks.example"})
    assert is_valid(text)


@pytest.mark.parametrize(
    ("watch", "deliver", "channels"),
    [
        ("{programs: []}", "{email: a@x.example}", EMAIL),
        ("{programs: 1}", "{email: a@x.example}", EMAIL),
        ("{programs: [x]}", "{email: a@x.example}", EMAIL),
        ("{programs: [1], level: [3]}", "{email: a@x.example}", EMAIL),
        ("{programs: [1], levels: [2]}", "{email: a@x.example}", EMAIL),
        ("{programs: [1], events: [old]}", "{email: a@x.example}", EMAIL),
        ("{programs: [1], events: null}", "{email: a@x.example}", EMAIL),
        ("{programs: [1]}", "{email: a@x.example, channel: keep}", EMAIL),
        ("{programs: [1]}", "{}", EMAIL),
        ("{programs: [1]}", "{channel: keep}", "{keep: {folder: {path: mail}}}"),
        ("{programs: [1]}", "{channel: keep}", "{keep: {webhook: {url: https://x.example}}}"),
        ("{programs: [1]}", "{channel: keep}", "{keep: {kind: folder, path: /mail}}"),
        ("{programs: [1]}", "{channel: keep}", "{Keep: {folder: {path: /mail}}, keep: {folder: {path: /mail}}}"),
        ("{programs: [1]}", "{email: a@x.example}", EMAIL.replace("security: tls", "security: ssl")),
        ("{programs: [1]}", "{email: a@x.example}", EMAIL.replace("security: tls", "port: 1")),
    ],
)
def test_what_is_refused_for_its_shape_is_not_valid(watch: str, deliver: str, channels: str) -> None:
    text = WATCH.replace("WATCH", watch).replace("DELIVER", deliver).replace("CHANNELS", channels)
    with pytest.raises(ConfigurationInvalid):
        parse_config(text, "f", {})
    assert not is_valid(text)


def test_the_keys_of_a_place_are_found_through_references_and_choices() -> None:
    assert keys_at(("channels", "team")) == (
        "slack",
        "webhook",
        "apprise",
        "maildir",
        "folder",
        "feed",
        "command",
    )
    assert keys_at(("channels", "email"))[:3] == ("from", "host", "security")
    assert keys_at(("subscriptions", 3, "deliver", 0)) == ("email", "channel")
    assert keys_at(("nowhere",)) == ()
    assert ("watch", "programs") in keys_below(("subscriptions", 0))


def test_the_schema_is_the_same_in_every_process() -> None:
    """No set, whose order changes from process to process, may come into it."""
    assert json.loads(schema_text())["$defs"]["Watch"]["properties"]["levels"]["default"] == [
        "1b",
        "2a",
        "2b",
        "2c",
        "3",
    ]

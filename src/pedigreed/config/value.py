"""Kinds of values that settings have: how each is read, and how the JSON Schema describes it."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema
from pydantic_core import core_schema

from pedigreed.config.config_problem import choose, did_you_mean, listed, quoted
from pedigreed.model.program import ProgramSelection

if TYPE_CHECKING:
    from enum import StrEnum

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidatorFunctionWrapHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core.core_schema import CoreSchema


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


NAME_PATTERN = "[a-z0-9][a-z0-9._-]{0,63}"
_NAME = re.compile(NAME_PATTERN, re.ASCII)
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
LEVELS = ("1b", "2a", "2b", "2c", "3")


def parse_name(text: str) -> str:
    """The name of a subscription or channel. Raises `ValueError` with one that would do."""
    if _NAME.fullmatch(text):
        return text
    better = re.sub(r"[^a-z0-9._-]+", "-", text.lower()).lstrip("._-")[:64].rstrip("-")
    fix = f"write {better!r}" if better else "write a word such as 'jades'"
    raise ValueError(
        f"{quoted(text)} can't be a name: use up to 64 of a-z, 0-9, '.', '_' and '-', "
        f"and start with a letter or digit; {fix}"
    )


def _time_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        known = sorted(available_timezones())
        by_city = {zone.rpartition("/")[2].lower(): zone for zone in known}
        city = by_city.get(text.rpartition("/")[2].replace(" ", "_").lower())
        is_region = any(zone.startswith(f"{text}/") for zone in known)
        near = "" if is_region else did_you_mean(text, known)
        hint = f", did you mean {city!r}?" if city else near
        raise ValueError(
            f"{quoted(text)} is no time zone{hint or ': write an IANA name such as Europe/Madrid or UTC'}"
        ) from None
    return text


def _time_of_day(value: object) -> time:
    if isinstance(value, time):
        return value
    form = _TIME.fullmatch(value) if isinstance(value, str) else None
    if form is None:
        raise ValueError(
            f'{quoted(str(value))} is no time of day: write hours and minutes in quotes, such as "07:00"'
        )
    return time(int(form[1]), int(form[2]))


def _path(value: object) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str):
        raise ValueError("a path is text: put it in quotes")  # noqa: TRY004  # pydantic reads ValueError
    if value.startswith("~/"):
        with suppress(RuntimeError):  # there is no home
            return Path(value).expanduser()
    if not value.startswith("/"):
        raise ValueError(f"{quoted(value)} is no whole path: start it with '/'")
    return Path(value)


def _program(value: object) -> ProgramSelection:
    if isinstance(value, ProgramSelection):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError('a program is a number such as 1345, or "1345:5" for an observation of it')  # noqa: TRY004  # as above
    return ProgramSelection.parse(str(value))


def _level(value: object) -> str:
    if not isinstance(value, str | int | float):
        raise ValueError(f"a product level is one word: write {listed(LEVELS)}")  # noqa: TRY004  # as above
    text = str(value)
    if text in {"1", "2"}:
        exact = " or ".join(level for level in LEVELS if level.startswith(text))
        raise ValueError(f"level {text} has parts: write {exact.replace(' or ', ', ', exact.count(' or ') - 1)}")
    return choose(text, LEVELS, "product level")


_LONGEST_TARGET = 100


def _target(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("a target is a name, such as NGC-6552, or GOODS-S* for all that begin so")  # noqa: TRY004  # as above
    name = str(value).strip()
    if not name or len(name) > _LONGEST_TARGET or not name.isprintable():
        raise ValueError(
            f"{quoted(name)} is no target: write a name of at most {_LONGEST_TARGET} letters, such as NGC-6552"
        )
    return name


def member_of(kind: type[StrEnum], noun: str) -> BeforeValidator:
    """Reads a member of a closed set by its text, and suggests the nearest."""
    known = {member.value: member for member in kind}

    def read(value: object) -> StrEnum:
        if isinstance(value, str) and value in known:
            return known[value]
        if not isinstance(value, str | int | float):
            raise ValueError(f"one word is expected here, the {noun}: write {listed(kind)}")  # noqa: TRY004  # as above
        return known[choose(str(value), tuple(known), noun)]

    return BeforeValidator(read)


def once(values: tuple[object, ...]) -> tuple[object, ...]:
    """Each value once, in their order."""
    return tuple(dict.fromkeys(values))


def described(pattern: str, *examples: str) -> WithJsonSchema:
    """A text of this form, for the JSON Schema."""
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": list(examples)})


Name = Annotated[str, AfterValidator(parse_name), described(f"^{NAME_PATTERN}$", "jades")]
TimeZoneName = Annotated[
    str, AfterValidator(_time_zone), WithJsonSchema({"type": "string", "examples": ["Europe/Madrid"]})
]
TimeOfDay = Annotated[
    time,
    BeforeValidator(_time_of_day),
    PlainSerializer(lambda at: at.strftime("%H:%M"), return_type=str),
    described("^([01]?[0-9]|2[0-3]):[0-5][0-9]$", "07:00"),
]
AbsolutePath = Annotated[Path, BeforeValidator(_path), described("^(/|~/)", "/data/jades", "~/data")]
Program = Annotated[
    ProgramSelection,
    BeforeValidator(_program),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 99999},
                {"type": "string", "pattern": "^0*[0-9]{1,5}(:[0-9, -]+)?$"},
            ],
            "examples": [1345, "1345:5", "1345:1-3,7"],
        }
    ),
]
FROM_DISK = "from-disk"
ALL_PROGRAMS = "all"


class ProgramsFromDisk(tuple[ProgramSelection, ...]):
    """Those whose files lie in the `local` folders. A configuration that was just read knows none of them."""

    __slots__ = ()


class AllPrograms(tuple[ProgramSelection, ...]):
    """Every program of the archive. A configuration that was just read knows none of them."""

    __slots__ = ()


class ProgramsOrWord:
    """In the place of a list of programs there may be the word `all` or `from-disk`."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: object, as_list: ValidatorFunctionWrapHandler) -> object:
            if value == FROM_DISK:
                return ProgramsFromDisk()
            if value == ALL_PROGRAMS:
                return AllPrograms()
            if isinstance(value, str):
                for word in (FROM_DISK, ALL_PROGRAMS):
                    if word.split("-")[-1] in value.lower():
                        raise ValueError(f"{quoted(value)} is no list of programs, did you mean {word!r}?")
            if isinstance(value, ProgramsFromDisk | AllPrograms):
                return value
            # A list of JSON's comes here as Python's.
            return as_list(tuple(value) if isinstance(value, list) else value)

        return core_schema.no_info_wrap_validator_function(read, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [handler(schema), {"enum": [ALL_PROGRAMS, FROM_DISK]}]}


Target = Annotated[
    str,
    BeforeValidator(_target),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "minLength": 1, "maxLength": _LONGEST_TARGET}, {"type": "number"}],
            "examples": ["NGC-6552", "GOODS-S*"],
        }
    ),
]
Level = Annotated[str, BeforeValidator(_level), WithJsonSchema({"enum": [*LEVELS, 3]})]


_BYTES = {"MB": 10**6, "GB": 10**9, "TB": 10**12, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_SIZE = re.compile(r"([0-9]{1,7})\s?([MGT]i?B)", re.ASCII)


def read_size(value: object) -> int:
    """Bytes: read ``200GB``, ``1 TB`` or ``500GiB``. Raises `ValueError` with what was expected."""
    form = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if form and int(form[1]):
        return int(form[1]) * _BYTES[form[2]]
    raise ValueError(f"{quoted(str(value))} is no size: write a number and its unit, such as 200GB or 2TB")


def format_size(size: int) -> str:
    """The shortest text that `read_size` reads as this size."""
    texts = [f"{size // of}{unit}" for unit, of in _BYTES.items() if size % of == 0]
    return min(texts, key=len)


Size = Annotated[
    int,
    BeforeValidator(read_size),
    PlainSerializer(format_size, return_type=str),
    described("^[0-9]{1,7} ?[MGT]i?B$", "200GB", "2TB"),
]
"""A setting that is a number of bytes."""

_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_FORM = re.compile(r"([0-9]{1,8})([smhdw])", re.ASCII)
_IN_WORDS = re.compile(r"([0-9]{1,8})\s*(second|sec|minute|min|hour|day|week)s?", re.ASCII | re.IGNORECASE)
_LONGEST = timedelta(days=366)


def parse_duration(text: str) -> timedelta:
    """Read ``90s``, ``30m``, ``24h``, ``7d`` or ``1w``. Raises `ValueError` with what was expected."""
    if form := _FORM.fullmatch(text):
        duration = int(form[1]) * _UNITS[form[2]]
        if not timedelta(0) < duration <= _LONGEST:
            raise ValueError(f"{text!r} is out of range: write 1s to {_LONGEST.days}d")
        return duration
    if words := _IN_WORDS.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is no duration, write {int(words[1])}{words[2][0].lower()}")
    if text.isascii() and text.isdigit() and len(text) < 9:  # noqa: PLR2004  # as many digits as a duration has
        raise ValueError(f"a duration needs its unit: write {text}s, {text}m, {text}h or {text}d")
    raise ValueError(f"{text[:40]!r} is no duration: write a number and a unit (s, m, h, d, w), such as 24h or 7d")


def format_duration(duration: timedelta) -> str:
    """The shortest text that `parse_duration` reads as this duration: ``1d``, not ``24h``."""
    seconds = round(duration.total_seconds())
    for unit in ("d", "h", "m"):
        length = round(_UNITS[unit].total_seconds())
        if seconds and seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def read_duration(value: object) -> timedelta:
    """As `parse_duration`, for a value of any type."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return parse_duration(str(value))
    raise ValueError("a duration is a number and a unit, such as 24h or 7d")


Duration = Annotated[
    timedelta,
    BeforeValidator(read_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,8}[smhdw]$", "examples": ["24h", "7d", "30m"]}),
]
"""A setting that is a length of time."""

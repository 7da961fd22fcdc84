"""A subscription: what someone watches, when a digest of it is due, and where it goes."""

from datetime import time, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core.core_schema import CoreSchema

from pedigreed.config.address import Addresses
from pedigreed.config.config_problem import choose, nearest
from pedigreed.config.sources import InstrumentName
from pedigreed.config.value import (
    LEVELS,
    AbsolutePath,
    AllPrograms,
    Duration,
    Level,
    Name,
    Program,
    ProgramsFromDisk,
    ProgramsOrWord,
    Settings,
    Size,
    Target,
    TimeOfDay,
    format_duration,
    member_of,
    once,
    only_key,
    read_duration,
)
from pedigreed.model.change import ChangeKind
from pedigreed.model.instrument import Instrument

Instruments = Annotated[tuple[InstrumentName, ...], Field(min_length=1), AfterValidator(once)]
_USUAL_EVENTS = tuple(kind for kind in ChangeKind if kind not in {ChangeKind.STALE, ChangeKind.NO_LONGER_STALE})


def _with_first(events: tuple[ChangeKind, ...]) -> tuple[ChangeKind, ...]:
    """First data and higher levels are new data too: who asks for new products is told of them.

    Who asks for what is reprocessed is told of file sets, too, where no more is known.
    """
    chosen = set(events)
    if ChangeKind.NEW in events:
        chosen |= {ChangeKind.FIRST, ChangeKind.RELISTED}
    if ChangeKind.REPROCESSED in events:
        chosen.add(ChangeKind.SET_REPROCESSED)
    return tuple(kind for kind in ChangeKind if kind in chosen)


class Watch(Settings):
    """Which products, and which of their changes."""

    programs: Annotated[tuple[Program, ...], Field(min_length=1), AfterValidator(once), ProgramsOrWord()] = Field(
        description='Programs by number, or observations of one. As in 1180, "1210:5", "1210:1-3,7". '
        "Or from-disk: those whose files lie in the `local` folders. Or all: every program of the archive.",
        examples=[[1345]],
    )
    targets: Annotated[tuple[Target, ...], Field(min_length=1), AfterValidator(once)] | None = Field(
        default=None,
        description="Only these targets of the programs, by the name that MAST has. * stands for anything. "
        "Default: all.",
        examples=[["NGC-6552", "GOODS-S*"]],
    )
    instruments: Instruments = Field(
        default=tuple(Instrument), description="Only these instruments. Default: all."
    )
    levels: Annotated[tuple[Level, ...], Field(min_length=1), AfterValidator(once)] = Field(
        default=LEVELS, description="Only these product levels. Default: all."
    )
    events: Annotated[
        tuple[Annotated[ChangeKind, member_of(ChangeKind, "event")], ...],
        Field(min_length=1),
        AfterValidator(_with_first),
    ] = Field(
        default=_USUAL_EVENTS,
        description=(
            "Only these kinds of change. 'new' includes 'first' and 'relisted', and 'reprocessed' includes "
            "'file set reprocessed'. "
            "Default: all but the two about 'stale'."
        ),
    )


class Report(StrEnum):
    """Which deliveries to CRDS are told."""

    AFFECTED = "affected"
    """Those of a reference type that exposures of the subscription use."""
    ALL = "all"
    NONE = "none"


class CrdsReport(Settings):
    """What to tell of deliveries to CRDS."""

    instruments: Instruments | None = Field(
        default=None,
        description="Only these instruments. Default: those that the subscription has products of.",
    )
    report: Annotated[Report, member_of(Report, "kind of report")] = Field(
        default=Report.AFFECTED,
        description="affected: what touches a reference type that these exposures use; all; or none.",
    )


class WhenEmpty(StrEnum):
    """How often a digest is sent that has nothing to tell but that all was checked."""

    NEVER = "never"
    WEEKLY = "weekly"
    ALWAYS = "always"


def _every(value: object) -> Literal["day", "week"] | timedelta:
    if value in {"day", "week"}:
        return value
    if isinstance(value, str) and (word := nearest(value, ("day", "week", "daily", "weekly"))):
        raise ValueError(f"{value!r} is no period, did you mean {'week' if word.startswith('week') else 'day'!r}?")
    duration = read_duration(value)
    # A day by the calendar has 23 or 25 hours twice a year, and the digest keeps its time of day.
    by_calendar: dict[timedelta, Literal["day", "week"]] = {timedelta(days=1): "day", timedelta(days=7): "week"}
    return by_calendar.get(duration, duration)


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _weekday(value: object) -> str:
    return choose(str(value).lower(), WEEKDAYS, "day of the week")


class DigestSchedule(Settings):
    """When a digest is composed. Times are in the configuration's time zone."""

    every: Annotated[
        Literal["day", "week"] | timedelta,
        BeforeValidator(_every),
        PlainSerializer(
            lambda every: every if isinstance(every, str) else format_duration(every), return_type=str
        ),
        WithJsonSchema(
            {"type": "string", "pattern": "^(day|week|[0-9]{1,8}[smhdw])$", "examples": ["day", "week"]}
        ),
    ] = Field(default="day", description="day, week, or a duration such as 12h.")
    at: TimeOfDay = Field(default=time(7), description="The time of day that a period ends at, as HH:MM.")
    on: Annotated[str, BeforeValidator(_weekday), WithJsonSchema({"enum": list(WEEKDAYS)})] = Field(
        default=WEEKDAYS[0], description="With every: week, the day that a period ends on, such as friday."
    )
    settle: Duration | None = Field(
        default=None,
        description="Tell what is reprocessed of a program when it has been quiet for so long, as one campaign. "
        "Default: tell each period's part.",
    )
    empty: Annotated[WhenEmpty, member_of(WhenEmpty, "choice for 'empty'")] = Field(
        default=WhenEmpty.NEVER,
        description="Whether to send a digest with nothing to tell: never, weekly or always.",
    )

    @model_validator(mode="after")
    def _day_is_of_a_week(self) -> "DigestSchedule":
        if "on" in self.model_fields_set and self.every != "week":
            raise ValueError(f"'on' is the day of a week: write every: week, or leave out on: {self.on}")
        return self


class EmailDestination(Settings):
    """Addresses that get a mail each, through the channel 'email'."""

    addresses: Addresses = Field(
        alias="email", description="An address, or a list of them. Each gets a mail of its own."
    )


class ChannelDestination(Settings):
    """A channel of the configuration."""

    channel: str = Field(description="The name of a channel under 'channels'.")


def _destination_kind(value: Any) -> str:  # noqa: ANN401  # whatever the configuration holds
    if isinstance(value, dict):
        return str(next(iter(value), ""))
    return "email" if isinstance(value, EmailDestination) else "channel"


def _check_destination(value: object) -> object:
    if isinstance(value, Settings):
        return value
    if isinstance(value, str) and "@" in value and value.isprintable():
        raise ValueError(f"an address is written with its key: write {{email: {value[:80]}}}")
    if isinstance(value, dict) and {"email", "channel"} == set(value):
        raise ValueError("two destinations in one: write {email: ADDRESS}, {channel: NAME}")
    only_key(value, ("email", "channel"), "destination", "{email: ADDRESS} or {channel: NAME}")
    return value


Destination = EmailDestination | ChannelDestination
AnyDestination = Annotated[
    Annotated[EmailDestination, Tag("email")] | Annotated[ChannelDestination, Tag("channel")],
    Discriminator(_destination_kind),
    BeforeValidator(_check_destination),
]


class _OrOne:
    """Says in the schema that a list of one may be written without the list."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        several = handler(schema)
        return {"anyOf": [several["items"], several]}


Destinations = Annotated[
    tuple[AnyDestination, ...],
    Field(min_length=1),
    BeforeValidator(lambda value: value if isinstance(value, list | tuple) else (value,)),
    _OrOne(),
]
"""One destination, or a list of them."""


class FetchRules(Settings):
    """What is fetched after a digest, and to where."""

    to: AbsolutePath = Field(
        description="The folder. An old copy in it is replaced where it lies; the others go to jwPPPPP below it."
    )
    at_most: Size = Field(
        description="What would make the folder larger than that is not fetched.", examples=["200GB"]
    )


class Subscription(Settings):
    """One digest: what it is about, when it is composed and where it goes."""

    name: Name = Field(description="The digest's name, in its subject and in commands.")
    watch: Watch = Field(
        description="Which products, and which of their changes.", examples=[{"programs": [1345]}]
    )
    crds: CrdsReport = Field(default_factory=CrdsReport, description="What to tell of deliveries to CRDS.")
    local: tuple[AbsolutePath, ...] = Field(
        default=(), description="Folders whose files are compared with the archive's."
    )
    fetch: FetchRules | None = Field(
        default=None,
        description="Fetch the files that a digest tells of, after it was composed. Default: nothing is fetched.",
        examples=[{"to": "/data/jades", "at_most": "200GB"}],
    )
    digest: DigestSchedule = Field(default_factory=DigestSchedule, description="When the digest is composed.")
    deliver: Annotated[tuple[AnyDestination, ...], Field(min_length=1)] = Field(
        description="Where the digest goes.", examples=[[{"email": "me@obs.example"}]]
    )

    @property
    def watches_disk(self) -> bool:
        """Whether it watches the programs whose files lie in its `local` folders."""
        return isinstance(self.watch.programs, ProgramsFromDisk)

    @property
    def watches_all(self) -> bool:
        """Whether it watches every program of the archive."""
        return isinstance(self.watch.programs, AllPrograms)

    @property
    def programs(self) -> frozenset[int]:
        """The numbers of the programs that are watched."""
        return frozenset(selection.program for selection in self.watch.programs)

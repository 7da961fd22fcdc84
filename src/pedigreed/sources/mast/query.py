"""One question to one keyword service: its columns, without those that the service lacks, filters and size.

Which instrument has which column follows the services' own lists of May 2026, and so do the names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pedigreed.model.instant import to_mjd
from pedigreed.model.instrument import Instrument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime


IDENTITY = ("filename", "fileSetName", "productLevel", "program", "observtn")
PEDIGREE = ("cal_ver", "crds_ctx", "date_mjd")
STATE = (
    "ingestCompletionDate_mjd",
    "publicReleaseDate_mjd",
    "isStale",
    "fileSize",
    "checksum",
)
ABOUT = ("targname", "title", "pi_name")
"""What the program is about. A service without them lacks nothing that a pedigree needs."""

START = ("expstart", "date_obs_mjd")
"""When the observation began. The first is right to a microsecond; the other was 2 ms early in real rows."""

_EVERY = frozenset(Instrument)
_NIRCAM, _NIRISS, _NIRSPEC, _MIRI = (
    Instrument.NIRCAM,
    Instrument.NIRISS,
    Instrument.NIRSPEC,
    Instrument.MIRI,
)

MATCHING: dict[str, frozenset[Instrument]] = {
    "exp_type": _EVERY,
    "detector": _EVERY,
    "filter": _EVERY,
    "pupil": frozenset({_NIRCAM, _NIRISS}),
    "grating": frozenset({_NIRSPEC}),
    "band": frozenset({_MIRI}),
    "channel": frozenset({_MIRI, _NIRCAM}),
    "module": frozenset({_NIRCAM}),
    "subarray": _EVERY,
    "readpatt": _EVERY,
    "coronmsk": frozenset({_MIRI, _NIRCAM}),
    "tsovisit": _EVERY,
    "lamp": _EVERY,
    "opmode": _EVERY,
    "ngroups": _EVERY,
    "noutputs": _EVERY,
    "crowdfld": _EVERY,
    "visitype": _EVERY,
    "substrt1": _EVERY,
    "substrt2": _EVERY,
    "subsize1": _EVERY,
    "subsize2": _EVERY,
}
"""What CRDS matches reference files by -> the instruments whose service has the column."""


def matching_columns(instrument: Instrument) -> tuple[str, ...]:
    """What CRDS matches by, of what an instrument's service has."""
    return tuple(column for column, instruments in MATCHING.items() if instrument in instruments)


REQUIRED = frozenset(("filename", "program", "cal_ver", "crds_ctx"))
"""Without one of these an answer says nothing about pedigree."""

SUBSTITUTES = {
    "expstart": "date_obs_mjd",
    "date_mjd": "date",
    "ingestCompletionDate_mjd": "ingestCompletionDate",
    "publicReleaseDate_mjd": "publicReleaseDate",
    "date_obs_mjd": "date_obs",
}
"""The other form of a date, asked for where the service has not the first."""

_RAW = "1b"
_NOT_OF_RAW = frozenset(("cal_ver", "crds_ctx"))

NEEDED_TO_TELL = {
    "isStale": "which products MAST marks as stale",
    "publicReleaseDate_mjd": "when products become public",
    "ingestCompletionDate_mjd": "when a product was archived",
    "date_mjd": "that a product was made anew by the same pipeline and context",
    "cal_ver": "which pipeline version made a product",
    "crds_ctx": "which context a product was made with",
}
"""Column -> what can't be told where a service does not give it."""


def columns_filled(row: Mapping[str, object]) -> Iterator[str]:
    """Those of `NEEDED_TO_TELL` that have a value in a row, be it in their other form, or need none: raw data."""
    is_raw = str(row.get("productLevel")).lower() == _RAW
    for column in NEEDED_TO_TELL:
        values = (row.get(column), row.get(SUBSTITUTES.get(column, column)))
        if (is_raw and column in _NOT_OF_RAW) or not all(map(is_missing, values)):
            yield column


_EVERY_COLUMN = frozenset((*IDENTITY, *PEDIGREE, *STATE, *ABOUT, *START, *MATCHING, *SUBSTITUTES.values()))
_SPELLINGS = {column.lower(): column for column in _EVERY_COLUMN}

_NEVER_DROPPED_UNHEARD = (
    *((column,) for column in sorted(REQUIRED)),
    ("productLevel",),
    ("date_mjd", SUBSTITUTES["date_mjd"]),
    ("ingestCompletionDate_mjd",),
)
"""In each of these groups a keyword service has a column. A list without one is not believed."""

_QUOTED = re.compile(r"""['"\[`]([A-Za-z_]\w*)['"\]`]""")


def columns_for(instrument: Instrument) -> tuple[str, ...]:
    """The columns to ask of an instrument's keyword service, in a fixed order."""
    return (*IDENTITY, *PEDIGREE, *STATE, *ABOUT, *START, *matching_columns(instrument))


_NOTHING = frozenset(("", "none", "n/a", "null", "nan", "undefined", "unknown", "-"))
"""What stands for a value that is none, such as a keyword that a file has not."""


def is_missing(value: object) -> bool:
    """Whether a value is none: null, empty, or a word that says so."""
    return value is None or (isinstance(value, str) and value.strip().lower() in _NOTHING)


def spelt_as_asked(row: Mapping[str, object]) -> Mapping[str, object]:
    """A row with the names of its columns as they were asked for; a service may spell them in other letters."""
    if row.keys() <= _EVERY_COLUMN:
        return row
    return {_SPELLINGS.get(name.lower(), name): value for name, value in row.items()}


def service_of(instrument: Instrument) -> str:
    """The name of an instrument's keyword service: ``Mast.Jwst.Filtered.Nircam``."""
    return f"Mast.Jwst.Filtered.{instrument.value.capitalize()}"


def configured_columns(names: Iterable[str]) -> frozenset[str]:
    """The columns of a service by its configuration, lower case.

    Empty where it can't be the configuration of a keyword service, such as an error. Then nothing is known of its
    columns, and everything is asked for: the service itself refuses by name what it has not.
    """
    configured = frozenset(name.lower() for name in names)
    is_credible = all(any(form.lower() in configured for form in forms) for forms in _NEVER_DROPPED_UNHEARD)
    return configured if is_credible else frozenset()


def required_keys(columns: Iterable[str]) -> frozenset[str]:
    """The keys that every row must have, be it with null, when these columns were asked for.

    They are the identity and the pedigree. A pedigree without one of its values would look like a change.
    """
    return frozenset(columns) & (REQUIRED | {"date_mjd", SUBSTITUTES["date_mjd"]})


class ColumnChoice:
    """Which columns to ask of each service: those that are wanted, less those that it does not have.

    What a service has is learnt from its configuration, and from the columns that it refuses.
    """

    def __init__(self, offered: Callable[[str], frozenset[str]]) -> None:
        """`offered`: service -> its columns, lower case; empty where that is not known."""
        self._offered = offered
        self._refused: dict[Instrument, set[str]] = {}

    def has(self, instrument: Instrument, column: str) -> bool:
        """Whether the service has a column, as far as is known."""
        if column in self._refused.get(instrument, ()):
            return False
        offered = self._offered(service_of(instrument))
        return not offered or column.lower() in offered

    def columns(self, instrument: Instrument) -> list[str]:
        """The columns to ask for. A date is asked for in its other form where the service has not the first."""
        columns = []
        for column in columns_for(instrument):
            other = SUBSTITUTES.get(column)
            if self.has(instrument, column):
                columns.append(column)
            elif other is not None and self.has(instrument, other):
                columns.append(other)
        return list(dict.fromkeys(columns))

    def refused(self, instrument: Instrument, message: str) -> frozenset[str]:
        """The columns that an error refuses and that can be done without. They are not asked for again."""
        asked = self.columns(instrument)
        refused = frozenset(_columns_named(message, asked)) - REQUIRED
        self._refused.setdefault(instrument, set()).update(refused)
        return refused

    def warnings(self, instrument: Instrument) -> tuple[str, ...]:
        """What is wanted of the service and not asked for."""
        asked = set(self.columns(instrument))
        dropped = [
            column
            for column in columns_for(instrument)
            if column not in (*asked, *ABOUT) and SUBSTITUTES.get(column) not in asked
        ]
        if not dropped:
            return ()
        return (f"{instrument.written} no longer has {', '.join(dropped)}: the rest was read",)


def _columns_named(message: str, columns: list[str]) -> set[str]:
    """Which of our columns an error is about: those that it quotes, or the only one that it mentions."""
    lower = {column.lower(): column for column in columns}
    quoted = {lower[word.lower()] for word in _QUOTED.findall(message) if word.lower() in lower}
    if quoted:
        return quoted
    mentioned = {lower[word] for word in re.findall(r"\w+", message.lower()) if word in lower}
    return mentioned if len(mentioned) == 1 else set()


ARCHIVED = "ingestCompletionDate_mjd"
"""What increments go by. A file may be ingested long after its DATE; only then can it be seen."""

_END_OF_TIME_MJD = 99999

PROGRAMS_A_QUERY = 100
"""A request names its programs one by one, so their number is limited."""

LAST_OBSERVATION = 99_999
"""Past every observation number: they have three digits."""


def archived_between(since: datetime, until: datetime | None) -> dict[str, Any]:
    """The filter on the end of ingest, from one instant (UTC) to another, both of them included."""
    span = {"min": to_mjd(since), "max": _END_OF_TIME_MJD if until is None else to_mjd(until)}
    return {"paramName": ARCHIVED, "values": [span]}


@dataclass(frozen=True, slots=True)
class PedigreeQuery:
    """Ask for the products of some programs in one instrument's keyword service.

    Attributes:
        instrument: whose service.
        programs: program numbers, sorted.
        archived_since: only products whose ingest ended at this instant (UTC) or later; None for all of them.
        observations: only products of the observations from one number to another; None for all of them.
        only_stale: only products that MAST marks as stale.
        names_programs: whether the programs are named in the question. Without, the service is asked for those of
            every program, and what comes of others is passed over. A question without any limit names them.
    """

    instrument: Instrument
    programs: tuple[int, ...]
    archived_since: datetime | None = None
    observations: tuple[int, int] | None = None
    only_stale: bool = False
    names_programs: bool = True

    @property
    def is_sweep(self) -> bool:
        """Whether it asks for everything, so that what is missing can be told."""
        return self.archived_since is None and not self.only_stale

    @property
    def filters(self) -> list[dict[str, Any]]:
        """The portal's filter list. Discrete values must be strings."""
        filters: list[dict[str, Any]] = []
        if self.names_programs or self.is_sweep:
            filters.append({"paramName": "program", "values": [str(program) for program in self.programs]})
        if self.archived_since is not None:
            filters.append(archived_between(self.archived_since, None))
        if self.only_stale:
            # A bit in the database, which takes 1 whether it is quoted or not.
            filters.append({"paramName": "isStale", "values": ["1"]})
        if self.observations is not None:
            first, last = self.observations
            filters.append({"paramName": "observtn", "values": [{"min": first, "max": last}]})
        return filters

    @property
    def otherwise(self) -> PedigreeQuery:
        """The same question in other words: a cache that ignores the cacheBreaker has no answer to it yet."""
        return replace(self, observations=(0, LAST_OBSERVATION))

    @property
    def whole(self) -> PedigreeQuery:
        """The same question without its limit."""
        return replace(self, archived_since=None, names_programs=True)

    def of(self, programs: tuple[int, ...]) -> PedigreeQuery:
        """The same question for some programs of it."""
        return replace(self, programs=programs, names_programs=True)

    def halves(self) -> tuple[PedigreeQuery, ...]:
        """The same question in two parts, each with about half of the programs.

        One that did not name its programs is asked in as many parts as it takes to name them.
        """
        if not self.names_programs:
            some = range(0, len(self.programs), PROGRAMS_A_QUERY)
            return tuple(self.of(self.programs[start : start + PROGRAMS_A_QUERY]) for start in some)
        middle = len(self.programs) // 2
        return self.of(self.programs[:middle]), self.of(self.programs[middle:])

    def by_observation(self, rows: Mapping[int, int], parts: int) -> tuple[PedigreeQuery, ...]:
        """The same question in about so many parts, which together are about every observation number.

        Args:
            rows: observation -> how many rows of it are known. They say where to cut; parts are alike in rows.
            parts: how many; fewer come where there are not as many observations.
        """
        first, last = self.observations or (0, LAST_OBSERVATION)
        inside = sorted(number for number in rows if first <= number <= last)
        each = sum(rows[number] for number in inside) / parts
        cuts: list[int] = []
        so_far = 0
        for number in inside[:-1]:
            so_far += rows[number]
            if so_far >= each * (len(cuts) + 1):
                cuts.append(number)
        starts = [first, *(cut + 1 for cut in cuts)]
        return tuple(
            replace(self, observations=(start, end)) for start, end in zip(starts, [*cuts, last], strict=True)
        )

    def __str__(self) -> str:
        many = len(self.programs)
        which = f"program {self.programs[0]}" if many == 1 else f"{many} programs"
        return f"{self.instrument.written}, {which}"


@dataclass(slots=True)
class QuestionSizes:
    """What was learnt after a question that was too slow or too big.

    Attributes:
        programs: instrument -> about how many programs one question may be.
        parts: instrument and program -> in how many parts, by observation, the program's rows are asked for;
            1 where all of it was too much and it can't be cut.
    """

    programs: dict[Instrument, int] = field(default_factory=dict)
    parts: dict[tuple[Instrument, int], int] = field(default_factory=dict)

    def answered(self, instrument: Instrument, programs: int) -> None:
        """A question of so many programs was answered, after a larger one was too much."""
        self.programs[instrument] = max(programs, self.programs.get(instrument, 0))

    def was_too_much_alone(self, instrument: Instrument, program: int) -> None:
        """A question of one program was too much, and there was no smaller one."""
        self.parts.setdefault((instrument, program), 1)

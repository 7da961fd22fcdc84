"""What each benchmark hands back. Times are seconds, memory is bytes."""

from __future__ import annotations

from statistics import median

from msgspec import Struct


class Timing(Struct, frozen=True):
    """The times of one thing that was done several times."""

    samples: list[float]

    @property
    def median(self) -> float:
        return median(self.samples)

    def __str__(self) -> str:
        return f"{_time(self.median)} ({_time(min(self.samples))} to {_time(max(self.samples))})"


class OneReply(Struct, frozen=True):
    """One reply of 50,000 rows.

    Attributes:
        size: of the reply with 1 % changed.
        loads: `orjson.loads` on the bytes of the reply with 1 % changed; likewise those of the unchanged one, and
            of the one in which every row changed.
        changed, unchanged, all_changed: from the bytes to the committed store and changes.
        first_look: the same on an empty store, where every row is new.
    """

    size: int
    loads: Timing
    loads_unchanged: Timing
    changed: Timing
    unchanged: Timing
    loads_all: Timing
    all_changed: Timing
    first_look: Timing


class Script(Struct, frozen=True):
    """The script that a user would write, beside the product on the same reply."""

    script: Timing
    changed: Timing


class Pass(Struct, frozen=True):
    """A million rows in 20 replies. `peak` is the most memory of the process until then."""

    seconds: list[float]
    changes: int
    peak: int

    @property
    def growth(self) -> float:
        """Time per reply of the last five against that of the first five."""
        return median(self.seconds[-5:]) / median(self.seconds[:5])


class ArchiveDay(Struct, frozen=True):
    """One day of the whole archive: seconds of the processor, and the most memory of the process until then."""

    asking: float
    telling: float
    requests: int
    rows: int
    changes: int
    peak: int


class WholeArchive(Struct, frozen=True):
    """The whole archive, or a part of it.

    Attributes:
        scale: how many times smaller it is than the archive; 1 for all of it.
        programs, products: how many there are.
        first, quiet, campaign: the first look, a day as most are, and one of a campaign.
        page, history: seconds of the processor that the status page and `pedigreed history` take after these.
    """

    scale: int
    programs: int
    products: int
    first: ArchiveDay
    quiet: ArchiveDay
    campaign: ArchiveDay
    page: float
    history: float


class MillionRows(Struct, frozen=True):
    """A first look at a million rows, and a second one with 1 % changed."""

    idle: int
    first: Pass
    second: Pass


class Days(Struct, frozen=True):
    """Requests of each day, the first look first."""

    requests: list[int]
    rows: list[int]


class RequestsADay(Struct, frozen=True):
    """The same programs watched with increments and without, when they are small and when they are large."""

    small: Days
    small_sweeps: Days
    large: Days
    large_sweeps: Days


class ManyMessages(Struct, frozen=True):
    """Mails to a server on loopback, by a bare loop, by one that commits after each, and by the outbox.

    Attributes:
        count: how many messages.
        size: bytes of one.
        a_session: how many messages go over one connection, for both.
        bare, committing, outbox: seconds for all of them.
        slow_count: how many messages go to a server that takes longer for each.
        slow_seconds: how long it takes.
        slow_bare, slow_committing, slow_outbox: seconds for all of these.
    """

    count: int
    size: int
    a_session: int
    bare: Timing
    committing: Timing
    outbox: Timing
    slow_count: int
    slow_seconds: float
    slow_bare: Timing
    slow_committing: Timing
    slow_outbox: Timing


class Backlog(Struct, frozen=True):
    """Seconds for one of `few` messages: where only they wait, where `many` wait, and after `many` were sent."""

    few: int
    many: int
    among_few: Timing
    among_many: Timing
    after_many: Timing


class Started(Struct, frozen=True):
    """A process from its start to its end."""

    wall: Timing
    peak: int


class OneProcess(Struct, frozen=True):
    """What one process took of the processor, with its start and its end, and the most that was resident."""

    seconds: float
    peak: int


class WholeOnce(Struct, frozen=True):
    """`pedigreed once` and the script that a user would write, whole processes by turns.

    Attributes:
        one_percent, one_percent_script: where 1 % of 50,000 products was reprocessed.
        everything, everything_script: where all were.
        nothing: `once` where nothing came since, and nothing is due.
        client: an import of astroquery's own client and SQLAlchemy, and no more.
    """

    one_percent: list[OneProcess]
    one_percent_script: list[OneProcess]
    everything: list[OneProcess]
    everything_script: list[OneProcess]
    nothing: list[OneProcess]
    client: list[OneProcess]


class StartUp(Struct, frozen=True):
    help: Started
    check: Started


class StartDaemon(Struct, frozen=True):
    """The daemon until it is ready, on a store that was used and on a new one, and imports for comparison."""

    used: Timing
    new: Timing
    imports: Timing


class Memory(Struct, frozen=True):
    """Of a process, now; `peak` is the most that was resident, `proportional` shares what others map too."""

    resident: int
    peak: int
    proportional: int


class Idle(Struct, frozen=True):
    """A daemon with nothing to do.

    Attributes:
        settled: seconds from its start until its memory was looked at.
        memory: then.
        processor: seconds of it that were used during so many ticks.
        ticks: how often it looked at the clock meanwhile.
        tick: seconds from one to the next.
    """

    settled: float
    memory: Memory
    processor: float
    ticks: int
    tick: float

    @property
    def an_hour(self) -> float:
        """Seconds of the processor in an hour."""
        return self.processor / self.ticks * 3600 / self.tick


class Cost(Struct):
    """What something took: seconds of the processor, and statements to the store."""

    seconds: float = 0.0
    statements: int = 0


class Institute(Struct, frozen=True):
    """Thousands of subscriptions.

    Attributes:
        subscriptions, programs: how many of each.
        configuration: to read it.
        libraries: what libyaml and pydantic alone take of that.
        status: what `pedigreed status` reads.
        page: the status page, without its rendering.
        quiet: to close a day on which nothing happened.
        digests: to compose a digest for each, and to hand it to a channel that costs nothing.
        first: seconds of the processor until the channel has the first of them.
    """

    subscriptions: int
    programs: int
    configuration: Cost
    libraries: Cost
    status: Cost
    page: Cost
    quiet: Cost
    digests: Cost
    first: float


class YearDay(Struct, frozen=True):
    """A day of a year: seconds of the processor for asking and telling, and the store's size at its end."""

    asking: float
    telling: float
    requests: int
    rows: int
    changes: int
    digests: int
    store: int

    @property
    def cycle(self) -> float:
        return self.asking + self.telling


class SimulatedYear(Struct, frozen=True):
    """Every day of a year.

    Attributes:
        subscriptions: to a program each.
        month: days of it.
        campaigns: how many there were.
        days: the first look first.
    """

    subscriptions: int
    month: int
    campaigns: int
    days: list[YearDay]

    @property
    def first_month(self) -> list[YearDay]:
        return self.days[1 : self.month + 1]

    @property
    def last_month(self) -> list[YearDay]:
        return self.days[-self.month :]


class Hosts(Struct, frozen=True):
    """What telling and sending took, by so many daemons on one server.

    Attributes:
        processor: seconds of it that the workers of each daemon used.
        waited: seconds that each daemon's connections to the server waited for another's locks.
        server: seconds of the processor that the server used.
    """

    processor: list[float]
    waited: list[float]
    server: float

    @property
    def longest(self) -> float:
        """Seconds of the busiest daemon, as if it had a processor of its own."""
        return max(map(sum, zip(self.processor, self.waited, strict=True)))


class KilledHosts(Struct, frozen=True):
    """What came of daemons that were killed again and again.

    Attributes:
        daemons: how many.
        every: seconds from one kill to the next.
        kills, restarts: of daemons, and of the server.
        seconds: until all was sent.
        lost: subscriptions that got no digest.
        doubled: subscriptions that got two, and messages that came again though nobody was killed while it was
            sent.
        repeated: messages that came again, since a process was killed that had sent them.
        taken_up: the longest that a message was in the hands of a killed process, in seconds.
    """

    daemons: int
    every: float
    kills: int
    restarts: int
    seconds: float
    lost: int
    doubled: int
    repeated: int
    taken_up: float


class SeveralHosts(Struct, frozen=True):
    """Daemons that share a server, with a connection pooler before it; nothing where these are not installed.

    Attributes:
        subscriptions: how many.
        one, two, four: what so many of them took.
        killed: what came of four that were killed.
        idle: seconds of the processor of a telling that finds nothing due, from its start to its end.
        at_once: the same of processes that do one thing each and share nothing, the most of them where one runs,
            two and four at once.
    """

    subscriptions: int = 0
    one: Hosts | None = None
    two: Hosts | None = None
    four: Hosts | None = None
    killed: KilledHosts | None = None
    idle: float | None = None
    at_once: tuple[float, float, float] | None = None


class Telling(Struct, frozen=True):
    """What a telling took: seconds of the processor, the memory before it, and the most of it."""

    seconds: float
    before: int
    peak: int


class LargeDigest(Struct, frozen=True):
    """Digests of very many changes.

    Attributes:
        many_changes, many: a digest of so many.
        few_changes, one: a digest of fewer.
        subscriptions, several: so many subscriptions that have the same changes as `one`.
    """

    many_changes: int
    many: Telling
    few_changes: int
    one: Telling
    subscriptions: int
    several: Telling


class TableSize(Struct, frozen=True):
    """A table with its indexes: its rows, the bytes of its pages, and what of them is data."""

    rows: int
    pages: int
    data: int


class DayEnd(Struct, frozen=True):
    """How a daemon and its store are at the end of a day. `ticks`: how often it looked at the clock until then."""

    ticks: int
    memory: Memory
    descriptors: int
    threads: int
    store: int
    tables: dict[str, TableSize]


class OneWeek(Struct, frozen=True):
    """A week of a daemon that has work every day.

    Attributes:
        speed: how many times as fast as others its clock was.
        days: the ends of its days.
        looks: how often a day has the daemon look at the clock and the store.
        looking: seconds of the processor that a day's looks take where nothing is due.
    """

    speed: float
    days: list[DayEnd]
    looks: int
    looking: float

    @property
    def added(self) -> tuple[DayEnd, DayEnd]:
        """The ends of the second day and of the last: on the first one everything is new."""
        return self.days[1], self.days[-1]

    @property
    def memory_added(self) -> int:
        begin, end = self.added
        return end.memory.resident - begin.memory.resident

    @property
    def descriptors_and_threads_added(self) -> int:
        begin, end = self.added
        return max(end.descriptors - begin.descriptors, end.threads - begin.threads)

    @property
    def store_added(self) -> int:
        begin, end = self.added
        return end.store - begin.store

    def rows_added(self, table: str) -> int:
        begin, end = self.added
        return end.tables[table].rows - begin.tables[table].rows

    def pages_added(self, *tables: str) -> int:
        begin, end = self.added
        return sum(end.tables[table].pages - begin.tables[table].pages for table in tables)

    def data_added(self, *tables: str) -> int:
        begin, end = self.added
        return sum(end.tables[table].data - begin.tables[table].data for table in tables)


class Accuracy(Struct, frozen=True):
    """What was read in texts beside what is true: how often both, read only, and true only."""

    right: int
    wrong: int
    unsaid: int

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.unsaid)


class NoticeAccuracy(Struct, frozen=True):
    """What is read in notices.

    Attributes:
        texts: how many real ones there were; none where they are not at hand.
        held_back: how many of our own, that the words were not chosen by.
    """

    texts: int
    instruments: Accuracy
    types: Accuracy
    held_back: int
    held_back_instruments: Accuracy
    held_back_types: Accuracy


class KeptAnnouncements(Struct, frozen=True):
    """A telling where much was heard of CRDS before.

    Attributes:
        announcements: that are kept.
        told: notices that the digest tells.
        telling: from the store to the composed digest.
        whole: all that was heard put together into notices.
    """

    announcements: int
    told: int
    telling: Timing
    whole: Timing


class ChaosRun(Struct, frozen=True):
    """What was done to daemons on one kind of store, and what came of it.

    Attributes:
        name: on which kind of store.
        seed: of the plan.
        minutes: how long.
        folder: where all of it is kept.
        counts: what was done and what arrived, how often each.
        broken: each promise that was broken, in words.
    """

    name: str
    seed: str
    minutes: float
    folder: str
    counts: dict[str, int]
    broken: list[str]


class Chaos(Struct, frozen=True):
    """No run where the machine has no clock that can be set."""

    runs: tuple[ChaosRun, ...]


class Impact(Struct, frozen=True):
    """CRDS's rules evaluated here and by `crds`; all 0 where the real rules are not at hand.

    Attributes:
        context: how many times faster a context is read from its compiled files.
        crds: seconds that `get_best_references` takes for a header.
        different, repeated: how many times faster 10,000 different headers and a million repeated ones are.
        in_memory: seconds of the slowest of 20 switches over a million products in memory.
        made_with: seconds of a million products, each against its own of 88 contexts.
        from_store: seconds of a switch over a million products from the SQLite store to counts.
        read: of these, the seconds of the read.
        peak: bytes of the process that does it.
        flight_context, flight_different, flight_repeated: as those above, with made-up rules of 2025's size.
    """

    context: float = 0
    crds: float = 0
    different: float = 0
    repeated: float = 0
    in_memory: float = 0
    made_with: float = 0
    from_store: float = 0
    read: float = 0
    peak: int = 0
    flight_context: float = 0
    flight_different: float = 0
    flight_repeated: float = 0


class Disk(Struct, frozen=True):
    """Files on a disk.

    Attributes:
        files: how many headers were read, by `ours` and by `astropy`.
        second: a second look at the same files; `disk` is the disk alone.
        compared: how many files were compared with a store, in a process that took `peak` bytes.
        many, large: seconds of a fetch, and of httpx without any check.
    """

    files: int
    ours: Timing
    astropy: Timing
    second: Timing
    disk: Timing
    compared: int
    peak: int
    many: tuple[Timing, Timing]
    large: tuple[Timing, Timing]


class Measured(Struct, frozen=True):
    """Everything that one run of the benchmarks found. `short` is a reply with fewer columns."""

    full: OneReply
    short: OneReply
    script: Script
    once: WholeOnce
    million: MillionRows
    requests: RequestsADay
    messages: ManyMessages
    backlog: Backlog
    idle: Idle
    daemon: StartDaemon
    week: OneWeek
    start: StartUp
    notices: NoticeAccuracy
    kept: KeptAnnouncements
    chaos: Chaos
    impact: Impact
    disk: Disk
    institute: Institute
    whole: WholeArchive
    whole_on_postgresql: WholeArchive | None
    large_digest: LargeDigest
    several_hosts: SeveralHosts
    year: SimulatedYear


def _time(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.2f} ms"  # noqa: PLR2004  # three digits are enough

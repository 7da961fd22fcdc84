"""A digest: what one message to a subscription says of one period. Composed once, then printed in every format."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pedigreed.model.change import ChangeKind
from pedigreed.model.impact import Remade

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

    from pedigreed.model.campaign import Campaign, Pace
    from pedigreed.model.change import Change
    from pedigreed.model.context_use import ContextsInUse
    from pedigreed.model.download import Download
    from pedigreed.model.impact import Switch
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.notice import Notice
    from pedigreed.model.program import AboutProgram, ProgramSelection

ALL_KINDS = frozenset(ChangeKind)


@dataclass(frozen=True, slots=True)
class PedigreeSpan:
    """One CAL_VER and CRDS_CTX, with the earliest and latest DATE (UTC) of the products that share them."""

    cal_ver: str | None
    crds_ctx: str | None
    earliest: datetime | None
    latest: datetime | None


@dataclass(frozen=True, slots=True)
class Transition:
    """Changes of one kind in one program that went from one pedigree to one other.

    Attributes:
        kind: what became different.
        program: the program's number.
        instruments: the instruments concerned, most products first.
        observations: the observations concerned, sorted. A product of several observations names none.
        before: the pedigree before; None where there was none (first, new).
        after: the pedigree after; None where there is none (withdrawn). Equal to `before` for a flag.
        products: how many products.
        product_types: (type, count), most frequent first: ``(("cal", 412), ("rate", 412), ("i2d", 22))``.
    """

    kind: ChangeKind
    program: int
    instruments: tuple[Instrument, ...]
    observations: tuple[int, ...]
    before: PedigreeSpan | None
    after: PedigreeSpan | None
    products: int
    product_types: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the subscription's products have come towards the pedigree that they are moving to.

    Where programs wait until they have been quiet, these are the products of those that are told.

    Attributes:
        cal_ver, crds_ctx: the pedigree that they move to.
        moved: how many of the products have it now.
        total: how many of them are calibrated.
        recent: how many of this period's moves the archive took in in the last six hours of it.
        began: the first move of the campaign, UTC; None where that is not known.
        newest: its newest one, UTC.
        day: the day of the campaign that the period ends on, from 1.
        pace: how fast it goes; None where there is too little to say it by.
    """

    cal_ver: str | None
    crds_ctx: str | None
    moved: int
    total: int
    recent: int
    began: datetime | None = None
    newest: datetime | None = None
    day: int = 1
    pace: Pace | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """A program that is watched from this period on: what the archive had at first sight.

    Attributes:
        program: the program's number.
        products: how many of those that the subscription watches; 0 where there are none.
        spans: (pedigree, how many products have it), most frequent first.
        has_other_data: whether the archive has products of the program that the subscription leaves out.
    """

    program: int
    products: int
    spans: tuple[tuple[PedigreeSpan, int], ...]
    has_other_data: bool = False


@dataclass(frozen=True, slots=True)
class Suspect:
    """Products that are missing from complete answers, and are not yet told as withdrawn.

    Attributes:
        program: the program's number.
        missing: how many products are missing.
        total: how many the program had.
        since: when the first of them was missed, UTC.
        newest: when the last of them was missed, UTC.
    """

    program: int
    missing: int
    total: int
    since: datetime
    newest: datetime


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A program that no complete answer was had for in this period.

    Attributes:
        program: the program's number.
        reason: one sentence, without secrets.
        last_complete: the last complete answer of every instrument asked, UTC; None if there was none.
    """

    program: int
    reason: str
    last_complete: datetime | None


@dataclass(frozen=True, slots=True)
class StoodIn:
    """Programs that were checked by MAST's search of file sets, in the place of an instrument's keyword service.

    Attributes:
        instrument: whose service did not answer.
        programs: their numbers, sorted.
        reason: why it did not, one sentence, without secrets.
        at: the oldest of the search's answers, UTC.
        unknown_sets: how many calibrated file sets it has that are not known.
    """

    instrument: Instrument
    programs: tuple[int, ...]
    reason: str
    at: datetime
    unknown_sets: int


@dataclass(frozen=True, slots=True)
class SourceCheck:
    """Whether a source of CRDS's news was read in this period.

    Attributes:
        name: as `status` has it: ``CRDS``, a feed's address without secrets, a mailbox.
        is_checked: whether the last reading is as young as the rhythm goes, and complete.
        reason: why it is not, one sentence, without secrets; None where it is checked.
        last_complete: the last complete reading, UTC; None if there was none.
    """

    name: str
    is_checked: bool
    reason: str | None
    last_complete: datetime | None


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A folder of ours, compared with the archive.

    Attributes:
        folder: its absolute path.
        older: how many of its files are older than the archive's, of the products that the subscription selects.
        checked: how many files could be compared.
        newly: how many of the older are so by a change that this digest covers, or were first seen as they are in
            its period.
        unread: how many files and folders below it could not be read.
        damaged: how many files are no whole products.
        problem: why it was not looked through the last time, one sentence; the numbers are then of before.
    """

    folder: str
    older: int
    checked: int
    newly: int = 0
    unread: int = 0
    problem: str | None = None
    damaged: int = 0


def older_on_disk(folders: Iterable[OnDisk]) -> int:
    """How many files are older than the archive's, in the folders that were looked through."""
    return sum(each.older for each in folders if each.problem is None)


@dataclass(frozen=True, slots=True)
class Checked:
    """What the digest's silence is worth.

    Attributes:
        programs: the subscription's programs that a complete answer was had for, or that were checked by file set.
        of: how many programs the subscription has.
        unchecked: the others, each with its reason.
        unknown: programs that the archive has no data of.
        last_complete: when the newest complete answer came, UTC.
        swept_since: the oldest of the programs' last sweeps, UTC; None where there was none. What only a sweep
            sees, which is withdrawals and flags that were taken back, is known up to then.
        flags_since: up to when MAST's stale flags are known: the same of sweeps and of questions for flags alone.
        notes: one sentence each, such as a target that no product has.
        sources: those of CRDS's news, the server first; none where the subscription wants no news of CRDS.
        stood_in: the instruments in which programs were checked by file set.
    """

    programs: int
    of: int
    unchecked: tuple[Unchecked, ...] = ()
    unknown: tuple[int, ...] = ()
    last_complete: datetime | None = None
    notes: tuple[str, ...] = ()
    swept_since: datetime | None = None
    flags_since: datetime | None = None
    sources: tuple[SourceCheck, ...] = ()
    stood_in: tuple[StoodIn, ...] = ()

    @property
    def unread(self) -> list[SourceCheck]:
        """The sources that were not read."""
        return [source for source in self.sources if not source.is_checked]


@dataclass(frozen=True, slots=True)
class FlagHistory:
    """How long MAST's stale flags lasted that ended in a reprocessing.

    Attributes:
        flags: how many.
        median, longest: from the flag being seen to the product being made anew.
    """

    flags: int
    median: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Digest:
    """What one subscription is told of one period.

    Attributes:
        digest_id: subscription and end of the period, as 32 hexadecimal digits.
        subscription: its name in the configuration.
        selections: the programs that it watches, as configured.
        starts, ends: the period, UTC; the end is excluded.
        timezone: the zone that times are shown in, an IANA name.
        changes: the net changes of the period, for the attachments; sorted by file name.
        transitions: the same changes folded for reading: kinds in reading order, programs by number, most
            products first within one.
        progress: for each pedigree that this period's reprocessing moves to, most moved first.
        baselines: programs watched from this period on.
        suspects: what is missing and held.
        checked: what was and was not checked.
        kinds: the kinds of change that the subscription asks for; others are not among the changes.
        notices: what happened in CRDS that concerns the subscription: builds first, then the newest first.
        contexts: the contexts that CRDS had in use when it was last asked; None where that is not known.
        in_motion: campaigns that are told when they are over, and not among the changes; programs by number.
        settle: how long a program has to be quiet before its reprocessing is told; None where nothing waits.
        on_disk: the folders whose files are compared with the archive's, as configured.
        flags_lasted: how long stale flags of its programs lasted; None where none is told, or that is not known.
        switches: what the switches of CRDS's latest context change for the subscription, the newest first.
        bad_files: what is known of the products that were made with files that CRDS marks bad.
        remade: what the new contexts of the reprocessed products change for them.
        downloads: what came of the files that earlier digests told of and that are fetched for the subscription,
            with those that wait; by name.
        fetched_to: the folder that they are fetched to; None where nothing is.
        about: what MAST says that the programs are about, by number.
        targets: those that the subscription asks for, as configured; none where it asks for all.
        is_of_all_programs: whether the subscription watches every program of the archive.
    """

    digest_id: str
    subscription: str
    selections: tuple[ProgramSelection, ...]
    starts: datetime
    ends: datetime
    timezone: str
    changes: Sequence[Change]
    transitions: tuple[Transition, ...]
    progress: tuple[Progress, ...]
    baselines: tuple[Baseline, ...]
    suspects: tuple[Suspect, ...]
    checked: Checked
    kinds: frozenset[ChangeKind] = ALL_KINDS
    notices: tuple[Notice, ...] = ()
    contexts: ContextsInUse | None = None
    in_motion: tuple[Campaign, ...] = ()
    settle: timedelta | None = None
    on_disk: tuple[OnDisk, ...] = ()
    flags_lasted: FlagHistory | None = None
    switches: tuple[Switch, ...] = ()
    bad_files: tuple[Switch, ...] = ()
    remade: Remade = field(default_factory=Remade)
    downloads: tuple[Download, ...] = ()
    fetched_to: str | None = None
    about: tuple[AboutProgram, ...] = ()
    targets: tuple[str, ...] = ()
    is_of_all_programs: bool = False

    @property
    def unread_folders(self) -> list[str]:
        """The folders that were not looked through."""
        return [each.folder for each in self.on_disk if each.problem is not None]

    @property
    def programs_in_motion(self) -> set[int]:
        """The programs that are told later."""
        return {campaign.program for campaign in self.in_motion}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a digest. `media_type` is like ``application/json``."""

    filename: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class RenderedDigest:
    """A digest in words, the same for every destination.

    Attributes:
        digest_id: of the digest.
        subscription: its name.
        subject: one line of at most 70 characters, ASCII where the names allow it.
        text: 78 columns, LF line ends, ends with a line end.
        attachments: the whole of the lists.
        slack: the payload of a Slack webhook, JSON in ASCII; empty where there is none but the text.
        document: the digest's facts for other programs, JSON in ASCII, as docs/webhook.md has it; likewise.
        html: a page in ASCII of less than 80 kB, LF line ends; empty where there is none but the text.
        template_problem: why the operator's own template was not used for the page, one line; empty where it
            was, or where there is none.
        text_without_files: the text for who gets no attachments; empty where there is none but the text.
    """

    digest_id: str
    subscription: str
    subject: str
    text: str
    attachments: tuple[Attachment, ...]
    slack: bytes = b""
    document: bytes = b""
    html: str = ""
    template_problem: str = ""
    text_without_files: str = ""

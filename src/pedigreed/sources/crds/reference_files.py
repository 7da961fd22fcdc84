"""CRDS's reference files: what a context changes of them and of their rules, and those that were marked bad.

The list of bad files has references and rules. The client of `crds` 14.0.3 makes a set of it.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from pedigreed.model.failure import UpstreamUnavailable
from pedigreed.model.instrument import Instrument
from pedigreed.model.notice import Announcement, ChangeLevel, Facts, Medium, NoticeKind
from pedigreed.model.reference_file import file_name
from pedigreed.sources.crds.contexts import page_of, read_time_or_none, rules_file
from pedigreed.sources.crds.rpc import LONG
from pedigreed.sources.plain_text import plain, plain_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from pedigreed.sources.crds.bookmark import Waiting
    from pedigreed.sources.crds.rpc import Rpc


_NAME = re.compile(r"jwst[A-Za-z0-9_-]{1,90}\.[A-Za-z0-9]{1,8}", re.ASCII)


def is_file_name(name: object) -> bool:
    """Whether it can be a file of CRDS for JWST."""
    return isinstance(name, str) and bool(_NAME.fullmatch(name))


def said_by(name: str) -> tuple[Instrument | None, str | None]:
    """The instrument and the reference type that a name tells; None where it does not."""
    form = file_name(name.lower())
    return (form.instrument, form.reference_type) if form else (None, None)


def instrument_named(name: object) -> Instrument | None:
    """The instrument; None for what is none, such as ``all`` and ``system``."""
    with suppress(ValueError):
        return Instrument(name.strip().lower()) if isinstance(name, str) else None
    return None


MOST_NEW_FILES = 1_000
"""New files of one context that are told. A usual delivery has some dozens."""

BATCH = 100
"""Files that are asked about in one call."""

FIELDS = (
    *("change_level", "delivery_date", "description", "filekind", "instrument", "pedigree"),
    *("reference_file_type", "useafter_date"),
)
"""Of the catalogue: see CRDS's users' guide, "Database"."""

_TYPE = re.compile(r"[a-z][a-z0-9-]{1,40}", re.ASCII)
_WORD = 60


@dataclass(frozen=True, slots=True)
class Record:
    """What the catalogue says of one file. What it does not say is None or empty.

    Attributes:
        name: ``jwst_miri_dark_0072.fits``.
        of: what its name and the catalogue say it is for.
        change_level: what its authors say.
        delivered_at: UTC.
        description: its authors' words, as plain text.
        useafter, pedigree: as the server writes them, one line each.
    """

    name: str
    instrument: Instrument | None = None
    reference_type: str | None = None
    change_level: ChangeLevel | None = None
    delivered_at: datetime | None = None
    description: str = ""
    useafter: str = ""
    pedigree: str = ""

    @property
    def in_a_line(self) -> str:
        """``jwst_miri_dark_0072.fits: moderate, INFLIGHT 2022-08-19 2022-09-22, for data after 2022-04-01``."""
        said = (
            self.change_level.value if self.change_level else "",
            self.pedigree,
            f"for data after {self.useafter}" if self.useafter else "",
        )
        words = ", ".join(filter(None, said))
        return f"{self.name}: {words}" if words else self.name


def names_in(rpc: Rpc, context: str) -> frozenset[str]:
    """Every reference file of a context. Raises as `Rpc.call`."""
    listed = rpc.call("get_reference_names", rules_file(context), shape=list[str])
    names = frozenset(filter(is_file_name, listed))
    if not names:
        # Held against the other context, it would make every file there is a new one.
        raise UpstreamUnavailable(f"CRDS named no reference files of {context}")
    return names


def rules_in(rpc: Rpc, context: str) -> tuple[str, ...]:
    """The rules of each type in a context, ``jwst_miri_dark_0072.rmap``, sorted. Raises as `Rpc.call`."""
    listed = rpc.call("get_mapping_names", rules_file(context), shape=list[str])
    names = {name for name in listed if is_file_name(name) and name.endswith(".rmap")}
    if not names:
        # Held against the other context, it would make every type a changed one.
        raise UpstreamUnavailable(f"CRDS named no rules of {context}")
    return tuple(sorted(names))


def changed_pairs(old: Iterable[str], new: Iterable[str]) -> tuple[tuple[Instrument, str], ...]:
    """The instruments and types of which two contexts have other rules, sorted.

    CRDS gives rules a new name whenever anything in them changes: a file, what it is for, or that it is gone. Of
    22 real switches of 2013 to 2019 this names all 82 pairs that changed, and no other. What belongs to no
    instrument, such as CRDS's own ``jwst_system_datalvl``, is left out.
    """
    said = {said_by(name) for name in frozenset(old) ^ frozenset(new)}
    return tuple(sorted((instrument, kind) for instrument, kind in said if instrument and kind))


def records_of(rpc: Rpc, names: Sequence[str]) -> tuple[Record, ...]:
    """What the catalogue says of each file, asked in batches. Raises as `Rpc.call`."""
    records: list[Record] = []
    for start in range(0, len(names), BATCH):
        batch = names[start : start + BATCH]
        said = rpc.call("get_file_info_map", "jwst", batch, FIELDS, shape=dict[str, object])
        records.extend(_record(name, said.get(name)) for name in batch)
    return tuple(records)


def bare_records(names: Sequence[str]) -> tuple[Record, ...]:
    """What the files' names alone say."""
    return tuple(Record(name, *said_by(name)) for name in names)


def announced_changes(
    records: Sequence[Record],
    changed: tuple[tuple[Instrument, str], ...] | None,
    source: str,
    url: str,
    waiting: Waiting,
) -> Announcement:
    """What a context that became the latest changes: its new files, and the types that have other rules.

    Args:
        records: of the new files; none after a step back, or where there are none.
        changed: see `changed_pairs`; None where CRDS would not tell.
        source: the server's name.
        url: its address.
        waiting: the context.
    """
    pairs = changed or ()
    levels = {record.change_level for record in records}
    return Announcement(
        source=source,
        medium=Medium.SERVER,
        identity=f"changes {waiting.before} {waiting.context} {waiting.activated_at.isoformat()}",
        said_at=waiting.activated_at,
        title=_title(waiting.context, len(records), len(pairs)),
        text=plain(_text(records)),
        link=page_of(url, waiting.context),
        facts=Facts(
            kind=NoticeKind.ROLLBACK if waiting.goes_back else NoticeKind.DELIVERY,
            context=waiting.context,
            before=waiting.before,
            files=tuple(sorted(record.name for record in records)),
            instruments=tuple(
                sorted(
                    {
                        *(record.instrument for record in records if record.instrument),
                        *(instrument for instrument, _ in pairs),
                    }
                )
            ),
            reference_types=tuple(
                sorted(
                    {
                        *(record.reference_type for record in records if record.reference_type),
                        *(kind for _, kind in pairs),
                    }
                )
            ),
            change_level=next((level for level in ChangeLevel if level in levels), None),
            delivered_at=max(
                (record.delivered_at for record in records if record.delivered_at is not None), default=None
            ),
            activated_at=waiting.activated_at,
            changed=changed,
        ),
    )


def _title(context: str, files: int, types: int) -> str:
    said = []
    if files:
        said.append(f"{files} new reference file{'s' if files > 1 else ''}")
    if types:
        said.append(f"other rules of {types} type{'s' if types > 1 else ''}")
    return f"{context} has {' and '.join(said) or 'the same files and rules as the context before'}"


def _record(name: str, said: object) -> Record:
    """A file that the catalogue does not know has a text instead of an object."""
    instrument, reference_type = said_by(name)
    if not isinstance(said, dict):
        return Record(name, instrument, reference_type)
    kind = said.get("filekind") or said.get("reference_file_type")
    is_kind = isinstance(kind, str) and _TYPE.fullmatch(kind.strip().lower())
    return Record(
        name,
        instrument or instrument_named(said.get("instrument")),
        reference_type or (str(kind).strip().lower() if is_kind else None),
        _level(said.get("change_level")),
        read_time_or_none(said.get("delivery_date")),
        plain(_words(said, "description")),
        plain_line(_words(said, "useafter_date"), _WORD),
        plain_line(_words(said, "pedigree"), _WORD),
    )


def _words(said: Mapping[str, object], field: str) -> str:
    value = said.get(field)
    return value if isinstance(value, str) and value.strip().lower() not in {"none", "n/a"} else ""


def _level(written: object) -> ChangeLevel | None:
    word = written.strip().lower() if isinstance(written, str) else ""
    return next((level for level in ChangeLevel if level == word), None)


def _text(records: Sequence[Record]) -> str:
    """Each description once, and below it the files that it is of."""
    grouped: dict[str, list[str]] = {}
    for record in records:
        grouped.setdefault(record.description, []).append(record.in_a_line)
    return "\n\n".join("\n".join(filter(None, (words, *lines))) for words, lines in grouped.items())


MOST_BAD_FILES = 50_000
"""Names that are kept in mind."""


class _ServerInfo(msgspec.Struct):
    bad_files_list: list[str]


def bad_names(rpc: Rpc) -> tuple[frozenset[str], int]:
    """Every file that is marked bad, and how many names can't be read. Raises as `Rpc.call`."""
    listed = rpc.call("get_server_info", shape=_ServerInfo, largest=LONG).bad_files_list
    if len(listed) > MOST_BAD_FILES:
        raise UpstreamUnavailable(f"CRDS lists more than {MOST_BAD_FILES:,} bad files")
    names = frozenset(filter(is_file_name, listed))
    return names, len(set(listed)) - len(names)


def announced_bad(names: Iterable[str], source: str) -> Announcement:
    """One announcement of files that were marked bad. At least one name. The server does not say since when."""
    files = tuple(sorted(names))
    instruments, types = zip(*map(said_by, files), strict=True)
    one = len(files) == 1
    return Announcement(
        source=source,
        medium=Medium.SERVER,
        identity=f"bad {hashlib.sha256(' '.join(files).encode()).hexdigest()[:32]}",
        said_at=None,
        title=f"{files[0]} was marked bad" if one else f"{len(files)} files were marked bad",
        text="",
        facts=Facts(
            kind=NoticeKind.MARKED_BAD,
            files=files,
            instruments=tuple(sorted(filter(None, set(instruments)))),
            reference_types=tuple(sorted(filter(None, set(types)))),
        ),
    )

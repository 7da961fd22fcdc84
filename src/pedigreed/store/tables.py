"""Every table of the store. `migrations/` brings a file to this shape, and a test holds the two together."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator

from pedigreed.model.instant import from_milliseconds, to_milliseconds

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect


class Instant(TypeDecorator[datetime]):
    """An aware UTC ``datetime``, kept as milliseconds since 1970: exact, ordered and alike in both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002  # SQLAlchemy names it
        return None if value is None else to_milliseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # likewise
        return None if value is None else _instant(value)


_instant = lru_cache(maxsize=1024)(from_milliseconds)
"""Rows have few moments: those of the askings, and of the ends of periods."""


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only where the key is exactly INTEGER.
_Key = BigInteger().with_variant(Integer(), "sqlite")

# File names are sorted by code point, as SQLite does, whatever the language of the server's database.
_FileName = Text().with_variant(Text(collation="C"), "postgresql")

parameter_sets = Table(
    "parameter_sets",
    metadata,
    Column("id", _Key, primary_key=True),
    Column("parameters", Text, nullable=False, unique=True),
    comment="the header values that CRDS matches by, as canonical JSON; thousands of products share one",
)

products = Table(
    "products",
    metadata,
    Column("id", _Key, primary_key=True),
    Column("filename", _FileName, nullable=False, unique=True),
    Column("instrument", Text, nullable=False),
    Column("program", Integer, nullable=False),
    Column("observation", Integer),
    Column("level", Text, nullable=False),
    Column("fileset", Text, nullable=False),
    Column("cal_ver", Text),
    Column("crds_ctx", Text),
    Column("date", Instant),
    Column("is_stale", Boolean),
    Column("is_restricted", Boolean),
    Column("public_at", Instant),
    Column("archived_at", Instant),
    Column("observation_start", Instant),
    Column("size", BigInteger),
    Column("checksum", Text),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("parameters_id", ForeignKey("parameter_sets.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("missed", Integer, nullable=False),
    Column("missed_since", Instant),
    Column("withdrawn_at", Instant),
    Index(None, "program", "instrument"),
)

holdings = Table(
    "holdings",
    metadata,
    Column("instrument", Text, primary_key=True),
    Column("program", Integer, primary_key=True, autoincrement=False),
    Column("counts", Text, nullable=False),
    comment="how many products are there of each observation, level and pedigree, with their DATEs, as JSON",
)

programs = Table(
    "programs",
    metadata,
    Column("program", Integer, primary_key=True, autoincrement=False),
    Column("title", Text),
    Column("pi_name", Text),
    comment="what the rows of each program say of its proposal",
)

archived_programs = Table(
    "archived_programs",
    metadata,
    Column("program", Integer, primary_key=True, autoincrement=False),
    Column("found_at", Instant, nullable=False),
    comment="the programs that MAST was found to have, once all of them were asked for",
)

targets = Table(
    "targets",
    metadata,
    Column("program", Integer, primary_key=True, autoincrement=False),
    Column("observation", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    comment="the targets of each observation; observation 0 is of the products of several",
)

changes = Table(
    "changes",
    metadata,
    Column("id", _Key, primary_key=True),
    Column("identity", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("filename", _FileName, nullable=False),
    Column("instrument", Text, nullable=False),
    Column("program", Integer, nullable=False),
    Column("observation", Integer),
    Column("level", Text, nullable=False),
    Column("fileset", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("before_cal_ver", Text),
    Column("before_crds_ctx", Text),
    Column("before_date", Instant),
    Column("was_there", Boolean, nullable=False),
    Column("after_cal_ver", Text),
    Column("after_crds_ctx", Text),
    Column("after_date", Instant),
    Column("is_there", Boolean, nullable=False),
    Column("archived_at", Instant),
    Column("public_at", Instant),
    Column("seen_at", Instant, nullable=False),
    Index(None, "program", "seen_at"),
    Index(None, "filename"),
    comment="what became different, once each; with the products, the history of every pedigree",
)

arrivals = Table(
    "arrivals",
    metadata,
    Column("arrived", Text, primary_key=True),
    Column("instrument", Text, primary_key=True),
    Column("cal_ver", Text, primary_key=True),
    Column("crds_ctx", Text, primary_key=True),
    Column("day", Instant, primary_key=True),
    Column("products", BigInteger, nullable=False),
    comment="how many products came to have which pedigree on each day; it stays when changes are forgotten",
)

waits = Table(
    "waits",
    metadata,
    Column("instrument", Text, primary_key=True),
    Column("cal_ver", Text, primary_key=True),
    Column("crds_ctx", Text, primary_key=True),
    Column("hours", Integer, primary_key=True, autoincrement=False),
    Column("products", BigInteger, nullable=False),
    comment="how many products were marked as stale for so many hours before they were made anew",
)

coverage = Table(
    "coverage",
    metadata,
    Column("instrument", Text, primary_key=True),
    Column("program", Integer, primary_key=True, autoincrement=False),
    Column("baseline_at", Instant),
    Column("asked_at", Instant),
    Column("complete_at", Instant),
    Column("sweep_at", Instant),
    Column("problem", Text),
    Column("flags_at", Instant),
    Column("stood_in_at", Instant),
    Column("unknown_sets", Integer, nullable=False, server_default="0"),
    comment="when each program was last asked of each instrument's service, and last complete",
)

gaps = Table(
    "gaps",
    metadata,
    Column("instrument", Text, primary_key=True),
    Column("program", Integer, primary_key=True, autoincrement=False),
    Column("since", Instant, primary_key=True),
    Column("until", Instant, nullable=False),
    comment="the complete answers of a program between which a whole day had none",
)

increments = Table(
    "increments",
    metadata,
    Column("instrument", Text, primary_key=True),
    Column("off_since", Instant, nullable=False),
    Column("off_until", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    comment="instruments whose service can't be trusted to tell what is younger",
)

learnt = Table(
    "learnt",
    metadata,
    Column("instrument", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    comment="what was learnt of MAST's services by asking them, and until when that is believed",
)

watched = Table(
    "watched",
    metadata,
    Column("subscription", Text, primary_key=True),
    Column("program", Integer, primary_key=True, autoincrement=False),
    Column("instrument", Text, primary_key=True),
    Column("after_change", BigInteger, nullable=False),
    Column("introduced_in", Text),
    comment="what each subscription watches, from which change on, and the period that told its baseline",
)

periods = Table(
    "periods",
    metadata,
    Column("subscription", Text, primary_key=True),
    Column("label", Text, primary_key=True),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("closed_at", Instant, nullable=False),
    Column("unchecked", Text, nullable=False),
    Column("digest_id", ForeignKey("digests.id")),
    Column("unread", Text, nullable=False),
    Index(None, "ends_at", "subscription"),
    Index(None, "subscription", "ends_at"),
    comment="every period that was closed, with its digest or quietly; a period is claimed by its row",
)

digests = Table(
    "digests",
    metadata,
    Column("id", Text, primary_key=True),
    Column("subscription", Text, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("composed_at", Instant, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Index(None, "composed_at"),
)

told = Table(
    "told",
    metadata,
    Column("subscription", Text, primary_key=True),
    Column("change_id", ForeignKey("changes.id"), primary_key=True),
    Column("label", Text, nullable=False),
    comment="which period of a subscription covers a change; the key makes that exactly one",
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", _Key, primary_key=True),
    Column("digest_id", ForeignKey("digests.id")),
    Column("channel", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("message_id", Text, nullable=False, unique=True),
    Column("subject", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Instant),
    Column("last_outcome", Text),
    Column("maybe_repeated", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("unsure", Integer, nullable=False),
    Column("owner", Integer),
    Column("size", Integer),
    Column("sha256", Text),
    UniqueConstraint("digest_id", "channel", "recipient"),
    comment="the outbox: a message for each destination, and what became of it",
)
contents = Table(
    "contents",
    metadata,
    Column("message_id", ForeignKey("deliveries.message_id"), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    comment="the bytes of each message, apart, since SQLite writes a whole row anew where one value changes",
)
is_open = deliveries.c.finished_at.is_(None)
is_given_up = text("state IN ('refused', 'expired', 'unsure')")
is_as_before = deliveries.c.size.is_(None)
are_kept_longest = text("state = 'sent' AND sha256 IS NULL")

pauses = Table(
    "pauses",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("needs_mending", Boolean, nullable=False),
    comment="what fails as a whole and is left alone: a channel, or the composing of a subscription's digest",
)

runs = Table(
    "runs",
    metadata,
    Column("id", _Key, primary_key=True),
    Column("work", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("requests", Integer, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("changes", BigInteger, nullable=False),
    Column("digests", Integer, nullable=False),
    Column("deliveries", Integer, nullable=False),
    Column("problem", Text),
    Index(None, "work", "id"),
    comment="when the archive was asked and digests were told, and how it went",
)

totals = Table(
    "totals",
    metadata,
    Column("work", Text, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    comment="what all runs that ended did, added up; it never becomes less",
)

mutes = Table(
    "mutes",
    metadata,
    Column("subscription", Text, primary_key=True),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    comment="subscriptions that are held quiet",
)

sources = Table(
    "sources",
    metadata,
    Column("name", Text, primary_key=True),
    Column("asked_at", Instant, nullable=False),
    Column("complete_at", Instant),
    Column("failures", Integer, nullable=False),
    Column("problem", Text),
    Column("bookmark", Text),
    comment="when each source of announcements was last read, and where the next reading begins",
)

announcements = Table(
    "announcements",
    metadata,
    Column("id", _Key, primary_key=True),
    Column("source", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("medium", Text, nullable=False),
    Column("said_at", Instant),
    Column("heard_at", Instant, nullable=False),
    Column("was_there", Boolean, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("link", Text),
    Column("facts", Text, nullable=False),
    Column("sender", Text),
    Column("told", Text),
    Column("read_by", Text),
    UniqueConstraint("source", "identity"),
    Index(None, "heard_at"),
    comment="what the sources said of CRDS, each thing once a source; facts are JSON",
)

listeners = Table(
    "listeners",
    metadata,
    Column("subscription", Text, primary_key=True),
    Column("after_announcement", BigInteger, nullable=False),
    comment="from which announcement on each subscription is told",
)

announced = Table(
    "announced",
    metadata,
    Column("subscription", Text, primary_key=True),
    Column("announcement_id", ForeignKey("announcements.id"), primary_key=True),
    Column("label", Text, nullable=False),
    comment="which period of a subscription covers an announcement; the key makes that exactly one",
)

contexts_in_use = Table(
    "contexts_in_use",
    metadata,
    Column("track", Text, primary_key=True),
    Column("context", Text, nullable=False),
    Column("since", Instant),
    Column("cal_ver", Text),
    comment="the contexts that CRDS had in use when it was last asked",
)

wanted = Table(
    "wanted",
    metadata,
    Column("program", Integer, primary_key=True, autoincrement=False),
    Column("since", Instant, nullable=False),
    comment="programs that MAST's own mails say have changed, until they are asked for",
)

problems = Table(
    "problems",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("waits", Boolean, nullable=False),
    Column("times", Integer, nullable=False),
    Column("told_at", Instant),
    comment="what is wrong with the program itself, until it is over",
)

local_files = Table(
    "local_files",
    metadata,
    Column("host", Text, primary_key=True),
    Column("path", _FileName, primary_key=True),
    Column("cal_ver", Text),
    Column("crds_ctx", Text),
    Column("date", Instant),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("sdp_ver", Text),
    Column("damage", Text),
    Column("lies_at", Text),
    Column("named", Text),
    comment="products on a disk of ours, as their headers describe them; a header is read once",
)

local_folders = Table(
    "local_folders",
    metadata,
    Column("host", Text, primary_key=True),
    Column("folder", _FileName, primary_key=True),
    Column("looked_at", Instant, nullable=False),
    Column("complete_at", Instant),
    Column("unread", Integer, nullable=False),
    Column("problem", Text),
    Column("programs", Text),
    comment="when each folder of products was last looked through, and how that went",
)

downloads = Table(
    "downloads",
    metadata,
    Column("subscription", Text, primary_key=True),
    Column("filename", _FileName, primary_key=True),
    Column("program", Integer, nullable=False),
    Column("wanted_at", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("tried_at", Instant),
    Column("size", BigInteger),
    Column("reason", Text),
    Column("told_in", Text),
    comment="the files that subscriptions have fetched, and what came of each",
)

rule_contexts = Table(
    "rule_contexts",
    metadata,
    Column("context", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("since", Instant, nullable=False),
    Column("complete_at", Instant),
    comment="the contexts of CRDS whose rules were wanted, and whether all of them could be had",
)

impacts = Table(
    "impacts",
    metadata,
    Column("subscription", Text, primary_key=True),
    Column("context", Text, primary_key=True),
    Column("previous", Text, primary_key=True),
    Column("counts", Text, nullable=False),
    Column("unknown", Integer, nullable=False),
    Column("computed_at", Instant, nullable=False),
    comment="what a switch of contexts changes for a subscription: counted once, so that it is told the same",
)

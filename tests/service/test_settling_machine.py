"""What is told of an archive in motion, with any settles, mutes and gaps: each change once, and in order."""

from __future__ import annotations

import csv
import gzip
import io
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from examples import examples
from misbehaving import FaultyArchive
from pedigreed.model.instant import iso
from pedigreed.model.pause import Mute
from pedigreed.store import changes as stored_changes
from pedigreed.store import pauses as stored_pauses
from pedigreed.store.database import Store
from pedigreed.store.tables import changes, products, told
from watcher import DAY_0, Holdings, Watcher

if TYPE_CHECKING:
    from pedigreed.model.digest import RenderedDigest

Pedigree = tuple[str, str, str] | None
PRODUCTS = 5
TARGETS = (("2.0.0", 1535), ("2.0.1", 1535), ("2.0.1", 1536), ("1.19.1", 1408))


def day(number: float) -> datetime:
    return DAY_0 + timedelta(days=number)


@dataclass(frozen=True)
class Day:
    """What happens until a morning, and how it is looked at.

    Attributes:
        remade: product and target, made `hours` before the morning.
        gone: a product that the archive lacks from now on; None where it has all of them again.
        settle: of that morning's configuration; None for none.
        is_awake: whether the program runs that morning.
        is_muted: whether the subscription is held quiet.
        kept: how many days of what was told are kept from that morning on; None for all.
    """

    remade: tuple[tuple[int, int], ...]
    hours: int
    gone: int | None
    settle: str | None
    is_awake: bool
    is_muted: bool
    kept: float | None


DAYS = st.lists(
    st.builds(
        Day,
        remade=st.lists(st.tuples(st.integers(0, PRODUCTS - 1), st.integers(0, len(TARGETS) - 1)), max_size=4).map(
            tuple
        ),
        hours=st.integers(1, 23),
        gone=st.sampled_from([None, None, None, 0]),
        settle=st.sampled_from([None, "6h", "24h", "24h", "3d"]),
        is_awake=st.sampled_from([True, True, True, False]),
        is_muted=st.sampled_from([False, False, False, True]),
        kept=st.sampled_from([None, None, 0.5, 2.0]),
    ),
    min_size=2,
    max_size=9,
)


def rows_of(rendered: RenderedDigest) -> list[dict[str, str]]:
    """The changes that a digest attaches, all of them."""
    tables = [each for each in rendered.attachments if ".csv" in each.filename]
    contents = [
        gzip.decompress(each.content) if each.filename.endswith(".gz") else each.content for each in tables
    ]
    return [row for content in contents for row in csv.DictReader(io.StringIO(content.decode()))]


def pedigree(row: dict[str, str], which: str) -> Pedigree:
    values = row[f"{which}_cal_ver"], row[f"{which}_crds_ctx"], row[f"{which}_date"]
    return values if any(values) else None


def kept(watcher: Watcher) -> dict[str, Pedigree]:
    """What the store has of each product."""
    with watcher.store.reading() as connection:
        rows = connection.execute(select(products)).all()
    return {row.filename: None if row.withdrawn_at else (row.cal_ver, row.crds_ctx, iso(row.date)) for row in rows}


@given(days=DAYS)
@settings(max_examples=examples(25))
def test_every_change_is_told_once_and_each_product_as_one_story(migrated_file: Path, days: list[Day]) -> None:
    holdings = Holdings()
    names = holdings.add(1180, PRODUCTS)
    with (
        TemporaryDirectory() as folder,
        FaultyArchive(holdings.at, DAY_0) as recorded,
        Store(f"sqlite:///{shutil.copy(migrated_file, folder)}") as store,
    ):
        watcher = Watcher(store, recorded, holdings, Path(folder) / "mails")
        watcher.cycle(day(0), watcher.configured({"programs": [1180]}, sweep="1h"))
        story = kept(watcher)
        gone: dict[str, dict[str, str | int | float | None]] = {}
        for number, each in enumerate(days, start=1):
            holdings.rows |= gone
            gone = {}
            for product, target in each.remade:
                cal_ver, context = TARGETS[target]
                holdings.remake([names[product]], day(number) - timedelta(hours=each.hours), cal_ver, context)
            if each.gone is not None:
                gone = {names[each.gone]: holdings.rows.pop(names[each.gone])}
            with store.writing() as connection:
                stored_pauses.unmute(connection, "a")
                if each.is_muted:
                    stored_pauses.mute(connection, Mute("a", day(number - 0.1), day(number + 0.5)))
            if each.is_awake:
                tell(watcher, day(number), each.settle, story)
            if each.kept is not None:
                with store.writing() as connection:
                    stored_changes.let_some_go(connection, ["a"], day(number - each.kept), 1_000)
        with store.writing() as connection:
            stored_pauses.unmute(connection, "a")
        # Whatever waits has come to rest three days after.
        tell(watcher, day(len(days) + 1), "3d", story)
        tell(watcher, day(len(days) + 5), "3d", story)
        assert story == kept(watcher)
        with store.reading() as connection:
            recorded_ids = sorted(connection.execute(select(changes.c.id)).scalars())
            told_ids = sorted(connection.execute(select(told.c.change_id)).scalars())
        assert told_ids == recorded_ids


def tell(watcher: Watcher, now: datetime, settle: str | None, story: dict[str, Pedigree]) -> None:
    """One cycle. What it tells goes on where the last digest left each product."""
    config = watcher.configured({"programs": [1180]}, sweep="1h", settle=settle)
    for closed in watcher.cycle(now, config).outgoing.closed:
        for row in rows_of(closed.rendered) if closed.rendered else ():
            assert story[row["filename"]] == pedigree(row, "old"), row
            story[row["filename"]] = pedigree(row, "new")

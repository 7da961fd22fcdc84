"""The almanac: what is added up as answers come is what happened, and it outlives the changes."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import text

from pedigreed.changes.almanac import arrivals_of, entries_of
from pedigreed.cli.almanac import document
from pedigreed.model.almanac import Almanac, AlmanacEntry, Arrival, Arrived, InstrumentProgress, Wait
from pedigreed.model.digest import FlagHistory
from pedigreed.model.instant import to_mjd
from pedigreed.model.instrument import Instrument
from pedigreed.service.almanac import read_almanac
from pedigreed.store import almanac as stored_almanac
from pedigreed.store import cal_vers, migrate
from pedigreed.store import changes as stored_changes
from watcher import DAY_0

if TYPE_CHECKING:
    from pedigreed.config.settings import Config
    from watcher import Watcher

NIRCAM, MIRI = Instrument.NIRCAM, Instrument.MIRI
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LONG_AGO = date(2025, 11, 2)


@pytest.fixture
def config(watcher: Watcher) -> Config:
    return watcher.configured({"programs": [1180], "instruments": ["nircam", "miri"]}, sweep="1h")


def read(watcher: Watcher, config: Config, day: int) -> Almanac:
    with watcher.store.reading() as connection:
        now_there = cal_vers.by_pedigree(connection, config.programs)
        return read_almanac(connection, now_there, DAY_0 + day * DAY)


def test_a_campaign_is_told_from_its_first_day_to_its_last(watcher: Watcher, config: Config) -> None:
    names = watcher.holdings.add(1180, 10)
    watcher.holdings.add(1180, 2, MIRI)
    assert read(watcher, config, 0) == Almanac(None, [])
    watcher.cycle(DAY_0, config)
    watcher.holdings.remake(names[:1], DAY_0 + DAY - 7 * HOUR)
    watcher.cycle(DAY_0 + DAY, config)
    watcher.holdings.remake(names[1:9], DAY_0 + 3 * DAY - HOUR)
    watcher.cycle(DAY_0 + 3 * DAY, config)
    going, before = read(watcher, config, 4).entries
    assert before == AlmanacEntry(
        "1.20.2",
        "jwst_1464.pmap",
        in_use_since=LONG_AGO,
        was_in_use=True,
        began=None,
        newest=None,
        goes_on=False,
        days=(),
        progress=(InstrumentProgress(MIRI, 0, 2, 2), InstrumentProgress(NIRCAM, 0, 1, 10)),
        waited=None,
    )
    first, last = DAY_0.date(), (DAY_0 + 3 * DAY).date()
    assert going == AlmanacEntry(
        "2.0.1",
        "jwst_1535.pmap",
        in_use_since=first,
        was_in_use=False,
        began=first,
        newest=last,
        goes_on=True,
        days=((first, 1), (last, 9)),
        progress=(InstrumentProgress(NIRCAM, 9, 9, 10),),
        waited=None,
    )
    assert [going.days_for(tenths) for tenths in (1, 5, 10)] == [1, 4, 4]
    assert not read(watcher, config, 7).entries[0].goes_on
    assert read(watcher, config, 7).watched_since == DAY_0


def test_a_date_alone_is_no_campaign_and_a_new_product_is_not_remade(watcher: Watcher, config: Config) -> None:
    names = watcher.holdings.add(1180, 4)
    watcher.cycle(DAY_0, config)
    watcher.holdings.remake(names[:2], DAY_0 + DAY - HOUR, "1.20.2", 1464)
    came = to_mjd(DAY_0 + DAY - HOUR)
    watcher.holdings.add(1180, 3, MIRI, cal_ver="2.0.1", crds_ctx="jwst_1535.pmap", ingestCompletionDate_mjd=came)
    watcher.cycle(DAY_0 + DAY, config)
    newest, before = read(watcher, config, 1).entries
    assert (newest.cal_ver, newest.remade, newest.began, newest.was_in_use) == ("2.0.1", 0, None, False)
    assert newest.progress == (InstrumentProgress(MIRI, 0, 3, 3),)
    assert (before.cal_ver, before.remade) == ("1.20.2", 0)


def test_a_flag_lasts_until_the_file_is_remade(watcher: Watcher, config: Config) -> None:
    names = watcher.holdings.add(1180, 12)
    watcher.holdings.set(names[11:], isStale=True)
    watcher.cycle(DAY_0, config)
    watcher.holdings.set(names[:10], isStale=True)
    watcher.cycle(DAY_0 + DAY, config)
    watcher.holdings.set(names[9:10], isStale=False)
    watcher.cycle(DAY_0 + 2 * DAY, config)
    # Whether the flag goes with the new version or after it.
    watcher.holdings.remake(names[:3], DAY_0 + 3 * DAY)
    watcher.holdings.set(names[:2], isStale=False)
    watcher.cycle(DAY_0 + 3 * DAY + HOUR, config)
    watcher.holdings.remake([*names[2:9], *names[9:12]], DAY_0 + 5 * DAY)
    watcher.holdings.set(names, isStale=False)
    watcher.cycle(DAY_0 + 5 * DAY + HOUR, config)
    waited = {entry.cal_ver: entry.waited for entry in read(watcher, config, 6).entries}
    assert waited == {"1.20.2": None, "2.0.1": FlagHistory(9, 4 * DAY, 4 * DAY)}


def test_it_outlives_the_changes(watcher: Watcher, config: Config) -> None:
    names = watcher.holdings.add(1180, 4)
    watcher.cycle(DAY_0, config)
    watcher.holdings.remake(names, DAY_0 + DAY - HOUR)
    watcher.cycle(DAY_0 + DAY, config)
    before = read(watcher, config, 1)
    with watcher.store.writing() as connection:
        assert stored_changes.let_some_go(connection, [], DAY_0 + 9 * DAY, 100) == 3
    assert read(watcher, config, 1) == before


def test_an_older_store_is_added_up_as_if_it_had_been_from_the_beginning(watcher: Watcher, config: Config) -> None:
    names = watcher.holdings.add(1180, 20)
    watcher.holdings.set(names[:2], cal_ver=None, crds_ctx=None)
    watcher.cycle(DAY_0, config)
    watcher.holdings.set(names[:6], isStale=True)
    for day, remade in enumerate((names[:2], names[1:9], names[4:6], names[8:12]), 1):
        watcher.cycle(DAY_0 + day * DAY, config)
        watcher.holdings.remake(remade, DAY_0 + day * DAY + HOUR, context=1535 + day // 3)
        watcher.holdings.set(remade[day % 2 :], isStale=False)
    watcher.holdings.add(1180, 3, MIRI, ingestCompletionDate_mjd=to_mjd(DAY_0 + 4 * DAY))
    watcher.holdings.remake(names[12:14], DAY_0 + 4 * DAY, "1.20.2", 1464)
    watcher.cycle(DAY_0 + 5 * DAY, config)
    added_up = kept(watcher)
    assert len(added_up[0]) > 4 < sum(added_up[1].values())
    with watcher.store.writing() as connection:
        connection.execute(text("DROP TABLE arrivals"))
        connection.execute(text("DROP TABLE waits"))
        migrating = AlembicConfig()
        migrating.set_main_option("script_location", str(migrate.MIGRATIONS))
        migrating.attributes["connection"] = connection
        command.stamp(migrating, "0021")
        command.upgrade(migrating, "0022")
        command.stamp(migrating, "head")
    arrivals, waits = kept(watcher)
    assert waits == added_up[1]
    (at_first_sight,) = (each for each in arrivals if each.arrived is Arrived.FIRST_SIGHT)
    assert (added_up[0].pop(at_first_sight), arrivals.pop(at_first_sight)) == (18, 6), "that are as they were then"
    assert arrivals == added_up[0]


def kept(watcher: Watcher) -> tuple[dict[Arrival, int], dict[Wait, int]]:
    with watcher.store.reading() as connection:
        return stored_almanac.load_arrivals(connection), stored_almanac.load_waits(connection)


def test_what_nobody_watches_any_more_is_not_counted_as_it_was(watcher: Watcher, config: Config) -> None:
    watcher.holdings.add(1180, 4)
    watcher.cycle(DAY_0, config)
    other = watcher.configured({"programs": [1181]})
    (entry,) = read(watcher, other, 1).entries
    assert entry.progress == (InstrumentProgress(NIRCAM, 0, 0, 0),)


def test_the_newest_pipeline_comes_first_and_then_the_newest_context() -> None:
    pedigrees = [("1.9.6", 1100), ("1.13.3", 999), ("2.0.1", 1534), ("2.0.1", 1535), ("devel", 1600)]
    arrivals = {
        Arrival(Arrived.REMADE, NIRCAM, cal_ver, f"jwst_{context:04d}.pmap", LONG_AGO): 1
        for cal_ver, context in pedigrees
    }
    entries = entries_of(arrivals, {}, {}, LONG_AGO)
    assert [(entry.cal_ver, entry.crds_ctx[5:9]) for entry in entries] == [
        ("2.0.1", "1535"),
        ("2.0.1", "1534"),
        ("1.13.3", "0999"),
        ("1.9.6", "1100"),
        ("devel", "1600"),
    ]


def test_an_uncalibrated_product_has_no_place_in_it(watcher: Watcher, config: Config) -> None:
    watcher.holdings.add(1180, 4, cal_ver=None, crds_ctx=None)
    watcher.cycle(DAY_0, config)
    assert read(watcher, config, 1).entries == []
    assert not arrivals_of([], [], DAY_0)


def test_the_document_says_what_is_not_known(watcher: Watcher, config: Config) -> None:
    watcher.holdings.add(1180, 4)
    watcher.cycle(DAY_0, config)
    (campaign,) = json.loads(json.dumps(document(read(watcher, config, 1)), default=str))["campaigns"]
    assert campaign == {
        "cal_ver": "1.20.2",
        "dms_build": "B12.1.1",
        "crds_ctx": "jwst_1464.pmap",
        "in_use_since": "2025-11-02",
        "in_use_before": True,
        "began": None,
        "newest": None,
        "goes_on": False,
        "remade": 0,
        "half_in_days": None,
        "nine_tenths_in_days": None,
        "all_in_days": None,
        "days": [],
        "instruments": [{"instrument": "nircam", "remade": 0, "have": 4, "of": 4}],
        "marked_stale": None,
    }

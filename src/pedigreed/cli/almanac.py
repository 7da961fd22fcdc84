"""`pedigreed almanac`: the reprocessing campaigns that were seen."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pedigreed.cli.options import ConfigFile, Json, load, open_store_if_there
from pedigreed.cli.output import echo, print_json, print_table, table
from pedigreed.model.pedigree import build_of, context_name

if TYPE_CHECKING:
    from datetime import timedelta

    from pedigreed.model.almanac import Almanac, AlmanacEntry

_NONE = "no program was looked at yet: `pedigreed once` looks for the first time"


def almanac(config: ConfigFile = None, *, as_json: Json = False) -> None:
    """Print the reprocessing campaigns that were seen, the newest pipeline first.

    For each pipeline version and context: when it began, how far it is by instrument, in how many days its
    products came, and how long they had been marked as stale before. It is of the products that are watched.
    """
    from pedigreed.model.almanac import Almanac
    from pedigreed.service.almanac import read_almanac
    from pedigreed.service.subscriptions import programs_now
    from pedigreed.store.cal_vers import by_pedigree

    loaded = load(config)
    store = open_store_if_there(loaded)
    found = Almanac(None, ())
    if store is not None:
        with store, store.reading() as connection:
            programs = programs_now(loaded.config, connection).programs
            found = read_almanac(connection, by_pedigree(connection, programs), datetime.now(UTC))
    if as_json:
        print_json(document(found))
    elif found.watched_since is None:
        echo(_NONE)
    else:
        _print(found)


def document(found: "Almanac") -> dict[str, Any]:
    """As `docs/json.md` has it."""
    return {"watched_since": found.watched_since, "campaigns": [_campaign(entry) for entry in found.entries]}


def _campaign(entry: "AlmanacEntry") -> dict[str, Any]:
    build = build_of(entry.cal_ver)
    waited = entry.waited
    return {
        "cal_ver": entry.cal_ver,
        "dms_build": build.dms_build if build else None,
        "crds_ctx": entry.crds_ctx,
        "in_use_since": entry.in_use_since.isoformat(),
        "in_use_before": entry.was_in_use,
        "began": entry.began.isoformat() if entry.began else None,
        "newest": entry.newest.isoformat() if entry.newest else None,
        "goes_on": entry.goes_on,
        "remade": entry.remade,
        "half_in_days": entry.days_for(5),
        "nine_tenths_in_days": entry.days_for(9),
        "all_in_days": entry.days_for(10),
        "days": [{"day": day.isoformat(), "remade": remade} for day, remade in entry.days],
        "instruments": [
            {"instrument": each.instrument.value, "remade": each.remade, "have": each.have, "of": each.of}
            for each in entry.progress
        ],
        "marked_stale": {
            "products": waited.flags,
            "median_hours": _hours(waited.median),
            "longest_hours": _hours(waited.longest),
        }
        if waited
        else None,
    }


def _hours(lasted: "timedelta") -> int:
    return round(lasted.total_seconds() / 3600)


def _print(found: "Almanac") -> None:
    from pedigreed.digests.almanac_wording import (
        in_use_in_words,
        progress_in_words,
        took_in_words,
        waited_in_words,
    )

    echo(f"of the watched products, since {found.watched_since:%Y-%m-%d} (days are in UTC)")
    echo()
    made = table(
        "CAL_VER", "build", "CRDS_CTX", "in use since", "remade", "in", "have it now", "marked stale before"
    )
    for entry in found.entries:
        build = build_of(entry.cal_ver)
        cells = (
            entry.cal_ver,
            (build.dms_build if build else None) or "-",
            context_name(entry.crds_ctx) or "-",
            in_use_in_words(entry),
            f"{entry.remade:,}",
            took_in_words(entry),
        )
        now = [progress_in_words(each) for each in entry.progress]
        for place, line in enumerate(now):
            made.add_row(
                *(cells if not place else [""] * len(cells)), line, "" if place else waited_in_words(entry)
            )
    print_table(made)

"""What a user would write: astroquery's table, pandas, yesterday's file, and the file written back."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd
from astroquery.mast.discovery_portal import _json_to_table

from benchmarks.figures import Script
from benchmarks.kept import Keeper
from benchmarks.measuring import alternated, hand_back, processed, without_log_lines
from benchmarks.replies import FULL, REMADE, after_of, before_of

_TIMES = 5
_PEDIGREE = ("cal_ver", "crds_ctx", "date_mjd")


def table_of(reply: bytes) -> pd.DataFrame:
    return _json_to_table(json.loads(reply)).to_pandas()


def changed_since(yesterday: Path, reply: bytes) -> pd.DataFrame:
    """The rows whose pedigree is not as in yesterday's file, which becomes today's.

    A pickle is what pandas reads and writes fastest without further packages: a CSV takes longer.
    """
    today = table_of(reply)
    both = today.merge(
        pd.read_pickle(yesterday), on="filename", how="outer", suffixes=("", "_before"), indicator=True
    )
    differs = both["_merge"] != "both"
    for column in _PEDIGREE:
        differs |= both[column] != both[f"{column}_before"]
    today.to_pickle(yesterday)
    return both[differs]


def main() -> None:
    folder = Path(sys.argv[1])
    without_log_lines()
    before, after = before_of(folder, FULL), after_of(folder, FULL)
    baseline, yesterday = folder / "baseline.pickle", folder / "yesterday.pickle"
    table_of(before).to_pickle(baseline)
    keeper = Keeper(folder, "script", before)

    def script() -> float:
        yesterday.write_bytes(baseline.read_bytes())
        found: list[int] = []
        taken = processed(lambda: found.append(len(changed_since(yesterday, after))))
        assert found == [REMADE]
        return taken

    taken = alternated({"script": script, "changed": lambda: keeper.seconds(after, REMADE)}, _TIMES)
    hand_back(Script(**taken))


if __name__ == "__main__":
    main()

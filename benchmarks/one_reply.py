"""One reply of 50,000 rows beside `orjson.loads` on the same bytes."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson

from benchmarks.figures import OneReply
from benchmarks.kept import Keeper
from benchmarks.measuring import alternated, hand_back, processed, without_log_lines
from benchmarks.replies import REMADE, ROWS, after_of, before_of

_TIMES = 15
_FEWER_TIMES = 5


def main() -> None:
    folder, columns = Path(sys.argv[1]), sys.argv[2]
    without_log_lines()
    before, after = before_of(folder, columns), after_of(folder, columns)
    keeper = Keeper(folder, columns, before)
    taken = alternated(
        {
            "loads": lambda: processed(lambda: orjson.loads(after)),
            "changed": lambda: keeper.seconds(after, REMADE),
            "loads_unchanged": lambda: processed(lambda: orjson.loads(before)),
            "unchanged": lambda: keeper.seconds(before, 0),
        },
        _TIMES,
    )
    everything = after_of(folder, columns, ROWS)
    of_all = alternated(
        {
            "loads_all": lambda: processed(lambda: orjson.loads(everything)),
            "all_changed": lambda: keeper.seconds(everything, ROWS),
            "first_look": keeper.seconds_of_first_look,
        },
        _FEWER_TIMES,
    )
    hand_back(OneReply(size=len(after), **taken, **of_all))


if __name__ == "__main__":
    main()

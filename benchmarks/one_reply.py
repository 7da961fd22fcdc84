"""One reply of 50,000 rows beside `orjson.loads` on the same bytes."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson

from benchmarks.figures import OneReply
from benchmarks.kept import Keeper
from benchmarks.measuring import alternated, hand_back, timed, without_log_lines
from benchmarks.replies import REMADE, after_of, before_of

_TIMES = 15
_FIRST_LOOKS = 3


def main() -> None:
    folder, columns = Path(sys.argv[1]), sys.argv[2]
    without_log_lines()
    before, after = before_of(folder, columns), after_of(folder, columns)
    keeper = Keeper(folder, columns, before)
    taken = alternated(
        {
            "loads": lambda: timed(lambda: orjson.loads(after)),
            "changed": lambda: keeper.seconds(after, REMADE),
            "loads_unchanged": lambda: timed(lambda: orjson.loads(before)),
            "unchanged": lambda: keeper.seconds(before, 0),
        },
        _TIMES,
    )
    first_look = alternated({"first_look": keeper.seconds_of_first_look}, _FIRST_LOOKS)
    hand_back(OneReply(size=len(after), **taken, **first_look))


if __name__ == "__main__":
    main()

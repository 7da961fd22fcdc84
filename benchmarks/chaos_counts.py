"""Five minutes of `chaos`, always with the same seed: what was done and arrived, and what promise was broken."""

from __future__ import annotations

from benchmarks.chaos import runs
from benchmarks.figures import Chaos
from benchmarks.measuring import hand_back
from set_clock import find_library

_MINUTES, _SEED = 5, "7"


def main() -> None:
    hand_back(Chaos(tuple(runs(_MINUTES, _SEED)) if find_library() else ()))


if __name__ == "__main__":
    main()

"""What is read in the real texts of CRDS's history, beside what its rules really changed.

The texts and the differences of the rules are of 2013 to 2019 (`transitions_2013-2019.jsonl`, beside the
checkout).
True is an instrument, or a type, whose rules changed. A text may rightly name what changed no rule, and leaves
unsaid much that did.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import Accuracy, NoticeAccuracy
from benchmarks.measuring import hand_back
from pedigreed.model.notice import Announcement, Medium
from pedigreed.notices.reading import facts_of

if TYPE_CHECKING:
    from collections.abc import Iterable

_TRANSITIONS = Path(__file__).parents[2] / "shared" / "data" / "crds" / "transitions_2013-2019.jsonl"
_NO_INSTRUMENT = "system"
"""CRDS keeps versions of software as if they were references of an instrument."""


def main() -> None:
    hand_back(_accuracy())


def _accuracy() -> NoticeAccuracy:
    if not _TRANSITIONS.is_file():
        return NoticeAccuracy(texts=0, instruments=Accuracy(0, 0, 0), types=Accuracy(0, 0, 0))
    transitions = [json.loads(line) for line in _TRANSITIONS.read_text(encoding="utf-8").splitlines()]
    instruments, types = [], []
    for transition in transitions:
        said = facts_of(Announcement("history", Medium.MAIL, "text", None, "", transition["description"]))
        changed = [each for each in transition["changed"] if each["instrument"] != _NO_INSTRUMENT]
        instruments.append((set(map(str, said.instruments)), {each["instrument"] for each in changed}))
        types.append((set(said.reference_types), {each["reftype"] for each in changed}))
    return NoticeAccuracy(texts=len(transitions), instruments=_of(instruments), types=_of(types))


def _of(read_and_true: Iterable[tuple[set[str], set[str]]]) -> Accuracy:
    right = wrong = unsaid = 0
    for read, true in read_and_true:
        right += len(read & true)
        wrong += len(read - true)
        unsaid += len(true - read)
    return Accuracy(right, wrong, unsaid)


if __name__ == "__main__":
    main()

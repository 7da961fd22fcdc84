"""What is read in the real texts of CRDS's history, beside what its rules really changed.

The texts and the differences of the rules are of 2013 to 2019 (`transitions_2013-2019.jsonl`, beside the
checkout).
True is an instrument, or a type, whose rules changed. A text may rightly name what changed no rule, and leaves
unsaid much that did.

`announcements.jsonl` of the tests has texts in the manner of those since launch, with the pairs that they
name. The last of them were written when the words had been chosen.
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
_SINCE_LAUNCH = Path(__file__).parents[1] / "tests" / "notices" / "announcements.jsonl"
_APART = 24
_NO_INSTRUMENT = "system"
"""CRDS keeps versions of software as if they were references of an instrument."""


_Text = tuple[str, set[str], set[str]]
"""A text with the instruments and the types that are true of it."""


def main() -> None:
    hand_back(_accuracy())


def _accuracy() -> NoticeAccuracy:
    lines = _SINCE_LAUNCH.read_text(encoding="utf-8").splitlines()
    announced = [
        (each["text"], {instrument for instrument, _ in each["pairs"]}, {kind for _, kind in each["pairs"]})
        for each in map(json.loads, lines)
    ]
    history = _history()
    return NoticeAccuracy(
        texts=len(history),
        instruments=_read(history)[0],
        types=_read(history)[1],
        held_back=len(announced[-_APART:]),
        held_back_instruments=_read(announced[-_APART:])[0],
        held_back_types=_read(announced[-_APART:])[1],
    )


def _history() -> list[_Text]:
    if not _TRANSITIONS.is_file():
        return []
    transitions = [json.loads(line) for line in _TRANSITIONS.read_text(encoding="utf-8").splitlines()]
    found = []
    for transition in transitions:
        changed = [each for each in transition["changed"] if each["instrument"] != _NO_INSTRUMENT]
        instruments, types = ({each[key] for each in changed} for key in ("instrument", "reftype"))
        found.append((transition["description"], instruments, types))
    return found


def _read(texts: Iterable[_Text]) -> tuple[Accuracy, Accuracy]:
    """How well the instruments and the types of texts are read."""
    instruments, types = [], []
    for text, true_instruments, true_types in texts:
        said = facts_of(Announcement("history", Medium.MAIL, "text", None, "", text))
        instruments.append((set(map(str, said.instruments)), true_instruments))
        types.append((set(said.reference_types), true_types))
    return _of(instruments), _of(types)


def _of(read_and_true: Iterable[tuple[set[str], set[str]]]) -> Accuracy:
    right = wrong = unsaid = 0
    for read, true in read_and_true:
        right += len(read & true)
        wrong += len(read - true)
        unsaid += len(true - read)
    return Accuracy(right, wrong, unsaid)


if __name__ == "__main__":
    main()

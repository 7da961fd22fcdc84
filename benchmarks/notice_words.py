"""How well notices are read, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.verdicts import Row, least, most, number

if TYPE_CHECKING:
    from benchmarks.figures import Accuracy, KeptAnnouncements, NoticeAccuracy

_LEAST_PRECISION = 0.95
_MOST_TELLING = 0.5
_PRECISION = "notices: precision for instruments"


def notice_rows(found: NoticeAccuracy) -> list[Row]:
    if not found.texts:
        return [(_PRECISION, "no data here", f"at least {_LEAST_PRECISION:g}", "not measured")]
    return [
        least(_PRECISION, found.instruments.precision, _LEAST_PRECISION),
        ("the same, recall", number(found.instruments.recall), "", ""),
        ("notices: precision for types", number(found.types.precision), "", ""),
        ("the same, recall", number(found.types.recall), "", ""),
    ]


def notice_words(found: NoticeAccuracy) -> str:
    if not found.texts:
        return "The real texts of CRDS's history are not beside this checkout, so nothing was measured."
    return (
        f"{found.texts} texts of CRDS's history, 2013 to 2019, beside the instruments and types whose rules "
        f"really changed between the two contexts. Instruments: {_in_words(found.instruments)}. "
        f"Types: {_in_words(found.types)}. Some texts name nothing of what changed, or sum it up; what is not "
        "named is left unsaid. The vocabulary was made with these texts, so others may be read less well.\n\n"
        f"{found.held_back} texts of our own in the manner of those since launch, which the vocabulary was not "
        f"made with. Instruments: {_in_words(found.held_back_instruments)}. "
        f"Types: {_in_words(found.held_back_types)}."
    )


def telling_row(found: KeptAnnouncements) -> Row:
    return most(
        f"a telling with {found.announcements:,} kept announcements, s", found.telling.median, _MOST_TELLING
    )


def kept_words(found: KeptAnnouncements) -> str:
    return (
        f"A store with {found.announcements:,} announcements of three years, each delivery told by CRDS, a feed "
        f"and two lists, and all but the last day's told before. The facts and the digest of a subscription, with "
        f"{found.told} notices: {found.telling}. Putting all of them together into notices, as a telling would "
        f"without looking first for what can belong to something new: {found.whole}."
    )


def _in_words(found: Accuracy) -> str:
    return (
        f"{found.right} read rightly, {found.wrong} wrongly, {found.unsaid} not read "
        f"(precision {number(found.precision)}, recall {number(found.recall)})"
    )

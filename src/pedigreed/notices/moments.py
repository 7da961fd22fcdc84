"""When a text says that something was delivered or activated."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            *(("jan", "january"), ("feb", "february"), ("mar", "march"), ("apr", "april"), ("may",)),
            *(("jun", "june"), ("jul", "july"), ("aug", "august"), ("sep", "sept", "september")),
            *(("oct", "october"), ("nov", "november"), ("dec", "december")),
        ),
        start=1,
    )
    for name in names
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_TIME = r"(?:[ T](?:at )?([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?)?"
_DATE = re.compile(
    rf"\b(?:([12][0-9]{{3}})-([01][0-9])-([0-3][0-9]){_TIME}"
    rf"|([0-3]?[0-9])(?:st|nd|rd|th)? ({_MONTH})\.?,? ([12][0-9]{{3}})"
    rf"|({_MONTH})\.? ([0-3]?[0-9])(?:st|nd|rd|th)?,? ([12][0-9]{{3}}))\b",
    re.IGNORECASE,
)
_DELIVERED = re.compile(r"\b(?:delivered|delivery date|date of delivery|submitted)\b", re.IGNORECASE)
_ACTIVATED = re.compile(
    r"\b(?:activated|activation date|date of activation|went live|installed(?: in operations)?"
    r"|became (?:the )?(?:latest|operational|active|default)|made (?:operational|the default|the latest)"
    r"|(?:latest|operational|in use|active) (?:as of|from|since|on))\b",
    re.IGNORECASE,
)
_NEAR = 40
"""Characters between the word and the date, at most."""
_LONGEST_DATE = 30
_BETWEEN = re.compile(r"[^.!?\n]*(?:\.[a-z]{4,5}\b[^.!?\n]*)?")


def delivered_at(text: str) -> datetime | None:
    """When the text says that it was delivered, UTC. A date without a time is its first moment."""
    return _date_after(_DELIVERED, text)


def activated_at(text: str) -> datetime | None:
    """When the text says that it came into use, likewise."""
    return _date_after(_ACTIVATED, text)


def _date_after(said: re.Pattern[str], text: str) -> datetime | None:
    """The first date that stands right after such words, with no end of a sentence between."""
    for words in said.finditer(text):
        date = _DATE.search(text, words.end(), words.end() + _NEAR + _LONGEST_DATE)
        if date and date.start() - words.end() <= _NEAR and _BETWEEN.fullmatch(text, words.end(), date.start()):
            moment = _moment(date)
            if moment:
                return moment
    return None


def _moment(form: re.Match[str]) -> datetime | None:
    if form[1]:
        year, month, day = int(form[1]), int(form[2]), int(form[3])
    elif form[7]:
        day, month, year = int(form[7]), _MONTHS[form[8].lower()], int(form[9])
    else:
        month, day, year = _MONTHS[form[10].lower()], int(form[11]), int(form[12])
    try:
        return datetime(year, month, day, int(form[4] or 0), int(form[5] or 0), int(form[6] or 0), tzinfo=UTC)
    except ValueError:  # the 31st of a month that has none
        return None

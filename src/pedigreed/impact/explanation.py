"""Why a product gets the file that it gets: the rows of the rules that match it, before and after a switch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pedigreed.impact.headers import written_key
from pedigreed.impact.rmap_form import steps_of
from pedigreed.impact.rule_answers import Kind, RuleAnswer, step
from pedigreed.impact.values import ANY, NOT_APPLICABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pedigreed.impact.context import TypeRules
    from pedigreed.impact.rmap import Row

_NEAR = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Match:
    """A row that matches.

    Attributes:
        fields: its key, as the rules have it.
        weight: how many of them say something of the product.
        file: what it answers for the product's date; None where all of its dates are later.
        since: the date from which it does; empty for a row without dates.
    """

    fields: tuple[str, ...]
    weight: int
    file: str | None
    since: str


@dataclass(frozen=True, slots=True)
class Side:
    """One context's part.

    Attributes:
        rules: the name of the rule file, or the word that stands in its place.
        keys: the keywords by which its rows are chosen, as FITS has them.
        matches: the rows that match, the weightiest first; of equal weight the latest date, and the greater name.
        answer: what is used.
    """

    rules: str
    keys: tuple[str, ...]
    matches: tuple[Match, ...]
    answer: RuleAnswer


@dataclass(frozen=True, slots=True)
class Why:
    """Why a product gets what it gets for one type.

    Attributes:
        before, after: the two contexts' parts.
        sentence: what decides.
        near: dates of rules that are within a second of the product's.
    """

    before: Side
    after: Side
    sentence: str
    near: tuple[str, ...]


def explain(old: TypeRules, new: TypeRules, header: Mapping[str, str], moment: str | None) -> Why:
    """Explain one type for one product.

    Args:
        old: the type's rules in the one context.
        new: those in the other.
        header: the conditioned values of all keys that they use.
        moment: when the observation began, as CRDS writes it; None where that is not known.
    """
    before, after = (_side(rules, header, moment) for rules in (old, new))
    near = {date for rules in (old, new) for date in _near(rules, header, moment)}
    return Why(before, after, _sentence(before, after), tuple(sorted(near)))


def _side(rules: TypeRules, header: Mapping[str, str], moment: str | None) -> Side:
    answer = rules.timeline(header).at(moment)
    if rules.rmap is None:
        return Side(rules.name or "not in this context", (), (), answer)
    rows = rules.rmap.matching(tuple(header[key] for key in rules.rmap.keys))
    keys = tuple(written_key(key) for key in rules.rmap.form.parkeys)
    matches = sorted(
        (_match(row, moment) for row in rows),
        key=lambda match: (match.weight, match.since, match.file or ""),
        reverse=True,
    )
    return Side(rules.name, keys, tuple(matches), answer)


def _match(row: Row, moment: str | None) -> Match:
    fields = tuple("ANY" if field == ANY else field for field in row.fields)
    if isinstance(row.choice, str):
        return Match(fields, row.weight, row.choice, "")
    begun = [(date, file) for date, file in steps_of(row.choice) if moment is not None and date <= moment]
    since, file = begun[-1] if begun else ("", None)
    return Match(fields, row.weight, file, since)


def _near(rules: TypeRules, header: Mapping[str, str], moment: str | None) -> Iterator[str]:
    if rules.rmap is None or moment is None:
        return
    for row in rules.rmap.matching(tuple(header[key] for key in rules.rmap.keys)):
        for date, _ in steps_of(row.choice):
            try:
                distance = datetime.fromisoformat(date) - datetime.fromisoformat(moment)
            except (ValueError, TypeError):
                continue
            if abs(distance) <= _NEAR:
                yield date


def _sentence(before: Side, after: Side) -> str:
    if before.rules == after.rules:
        return f"{_named(after.answer)}, by the same rules in both contexts"
    if step(before.answer, after.answer) is not None:
        return f"{_named(before.answer)} -> {_named(after.answer)}{_decided(after)}"
    unused = _unused(before, after)
    if unused is None:
        return f"{_named(after.answer)} before and after"
    winner = _winner(after)
    own = f"its own row {_written(unused)}"
    if winner is None:
        return f"{_stem(unused.file)} is in the rules and not used"
    if winner.weight == unused.weight:
        return (
            f"{_stem(unused.file)} is in the rules and not used: row {_written(winner)} has the same weight, "
            f"and a later date or name than {own}"
        )
    return (
        f"{_stem(unused.file)} is in the rules and not used: row {_written(winner)} has weight {winner.weight}, "
        f"its own {unused.weight}"
    )


def _unused(before: Side, after: Side) -> Match | None:
    """The best of the rows that are new and whose file is not the one that is used."""
    return next(
        (
            match
            for match in after.matches
            if match not in before.matches and match.file not in {None, after.answer.name, NOT_APPLICABLE}
        ),
        None,
    )


def _winner(side: Side) -> Match | None:
    return next((match for match in side.matches if match.file == side.answer.name), None)


def _decided(side: Side) -> str:
    winner = _winner(side)
    if winner is None:
        return ""
    said = f": row {_written(winner)} has weight {winner.weight}"
    equal = next((each for each in side.matches if each.weight == winner.weight and each is not winner), None)
    return said if equal is None else f"{said}, and a later date or greater name than row {_written(equal)}"


def _named(answer: RuleAnswer) -> str:
    if answer.kind is Kind.FILE:
        return _stem(answer.name)
    return {
        Kind.NOT_APPLICABLE: "N/A",
        Kind.OMITTED: "no file",
        Kind.NO_MATCH: "no file, since no row matches",
        Kind.SEVERAL: "several files at once, which is an error",
        Kind.ERROR: "an error of CRDS",
    }[answer.kind]


def _stem(file: str | None) -> str:
    return (file or "").rpartition(".")[0] or (file or "")


def _written(match: Match) -> str:
    return "(" + ",".join(f"'{field}'" for field in match.fields) + ")"

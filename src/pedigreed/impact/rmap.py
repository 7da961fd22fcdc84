"""The rules of one reference type of one instrument: which file an exposure gets by its header.

A rule file is first compiled into an `RmapForm`, plain values that can be kept on disk; `Rmap` evaluates it.

Source: `Mapping`, `ReferenceMapping`, `MatchSelector` and `UseAfterSelector` of crds 14.0.3, whose answers these
are, errors included. What is not followed is said: `NotUnderstoodError`.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from pedigreed.impact.answers import (
    ERROR,
    NO_MATCH,
    NOT_APPLICABLE,
    OMITTED,
    Answer,
    Kind,
    Timeline,
    always,
)
from pedigreed.impact.expressions import Expression, FailedExpressionError
from pedigreed.impact.mapping import NOT_APPLICABLE as NOT_APPLICABLE_WORDS
from pedigreed.impact.mapping import OMITTED as OMITTED_WORDS
from pedigreed.impact.mapping import RuleFile
from pedigreed.impact.matchers import (
    MATCHES,
    REFUSES,
    BrokenRulesError,
    NotUnderstoodError,
    alternatives,
    is_unchecked,
    matcher,
)
from pedigreed.impact.rule_text import Call
from pedigreed.impact.values import ANY, conditioned
from pedigreed.impact.values import NOT_APPLICABLE as NA_VALUE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

DATE_KEYS = ("META.OBSERVATION.DATE", "META.OBSERVATION.TIME")
_ALWAYS_KEYS = ("META.VISIT.TSOVISIT", "META.INSTRUMENT.LAMP_STATE")
"""What conditions may use of every header. Source: `extra_keys` of crds.jwst."""
_GENERIC = {
    "META.SUBARRAY.NAME": {"GENERIC": NA_VALUE},
    "SUBARRAY": {"GENERIC": NA_VALUE},
}
_REQUIRED = ("mapping", "parkey", "name", "derived_from", "observatory", "instrument", "filekind")
# What a header says beside how files are chosen.
_SILENT = frozenset(
    {
        *_REQUIRED,
        *("sha1sum", "classes", "description", "text_descr", "suffix", "file_ext", "filetype", "ld_tpn", "tpn"),
        *("unique_rowkeys", "row_keys", "reference_to_dataset", "reffile_format", "schema_uri"),
    }
)
_ACTING = frozenset(
    {
        *("extra_keys", "reffile_switch", "reffile_required", "rmap_relevance", "rmap_omit", "parkey_relevance"),
        *("substitutions", "merge_overlaps", "comment_parkeys"),
    }
)
FORMAT = 1
"""Of `RmapForm`. A form of another number is made anew from its text."""

Choice = str | tuple[str, ...]


class RmapForm(msgspec.Struct, frozen=True, array_like=True):
    """Rules as plain values.

    Attributes:
        parkeys: the header's keys by which rows are chosen.
        fields: for each of them the different fields that rows have, conditioned.
        rows: for each row, for each parkey, the place of its field.
        choices: for each row what it answers: a word, or a UseAfter's dates and files in turn.
        keys: all keys that the answer may depend on, but the date's.
        substitutions: for a key, values of a header that are taken for valid.
        relevance, omission: conditions; empty for none.
        irrelevant: for a key, the condition without which its value counts as N/A.
        extra: keys that only conditions use.
        is_required: whether it's an error that nothing is found; else it is N/A.
        merges: whether rows of equal weight are brought together.
        broken: why CRDS can't load these rules, so that every answer is an error; empty where it can.
        not_understood: why nothing can be said; empty where it can.
    """

    parkeys: tuple[str, ...] = ()
    fields: tuple[tuple[str, ...], ...] = ()
    rows: tuple[tuple[int, ...], ...] = ()
    choices: tuple[Choice, ...] = ()
    substitutions: dict[str, dict[str, str]] = {}
    relevance: str = ""
    omission: str = ""
    irrelevant: dict[str, str] = {}
    extra: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    is_required: bool = True
    merges: bool = True
    broken: str = ""
    not_understood: str = ""


def compile_rmap(rules: RuleFile) -> RmapForm:
    """Compile the rules of a type. Rules that are broken or not understood have a form too, which says so."""
    try:
        return _compiled(rules)
    except BrokenRulesError as fault:
        return RmapForm(broken=str(fault))
    except NotUnderstoodError as fault:
        return RmapForm(not_understood=str(fault))


def _compiled(rules: RuleFile) -> RmapForm:
    header, selector = rules.header, rules.selector
    missing = [name for name in _REQUIRED if name not in header]
    if missing:
        raise BrokenRulesError(f"no {missing[0]} in the header")
    unknown = sorted(set(header) - _SILENT - _ACTING)
    if unknown:
        raise NotUnderstoodError(f"{unknown[0]} in the header")
    if not isinstance(selector, Call) or selector.name != "Match" or not isinstance(selector.argument, dict):
        raise NotUnderstoodError(f"the selector {selector.name if isinstance(selector, Call) else 'of no name'}")
    parkeys, dates = _parkeys(header["parkey"])
    substitutions = _substitutions(header.get("substitutions", {}))
    if any(key in substitutions for key in DATE_KEYS):
        raise NotUnderstoodError("substitutions of a date")
    raw = _substituted({key: _choice(value) for key, value in selector.argument.items()}, parkeys, substitutions)
    if not dates and any(isinstance(choice, tuple) for choice in raw.values()):
        raise NotUnderstoodError("UseAfter without the keys of a date")
    rows: dict[tuple[str, ...], Choice] = {}
    for key, choice in raw.items():
        row = _conditioned_key(key)
        if len(row) != len(parkeys):
            # CRDS refuses such a file or not, by what stands in the other rows.
            raise NotUnderstoodError(f"a row of {len(row)} values for {len(parkeys)} keys")
        if row in rows:
            raise BrokenRulesError(f"two rows of one key: {row}")
        rows[row] = choice
    form = _form(header, parkeys, dict(sorted(rows.items())), substitutions)
    Rmap(form).check()
    return form


def _form(
    header: Mapping[str, object],
    parkeys: tuple[str, ...],
    rows: Mapping[tuple[str, ...], Choice],
    substitutions: Mapping[str, Mapping[object, object]],
) -> RmapForm:
    columns = [tuple(dict.fromkeys(row[place] for row in rows)) for place in range(len(parkeys))]
    places = [{field: at for at, field in enumerate(column)} for column in columns]
    switch = _text(header.get("reffile_switch", "NONE"), "reffile_switch").upper()
    required = _text(header.get("reffile_required", "NONE"), "reffile_required").upper()
    extra = (*([switch] if switch != "NONE" else []), *_texts(header.get("extra_keys", ()), "extra_keys"))
    relevance = _condition(header.get("rmap_relevance", "always")).replace("always", "True")
    comments = _texts(header.get("comment_parkeys", ()), "comment_parkeys")
    irrelevant = header.get("parkey_relevance", {})
    if not isinstance(irrelevant, dict):
        raise NotUnderstoodError("parkey_relevance in another form")
    small_comments = tuple(key.lower() for key in comments)
    conditions = {_text(key, "key"): _text(text, "condition") for key, text in irrelevant.items()}
    return RmapForm(
        parkeys=parkeys,
        fields=tuple(columns),
        rows=tuple(tuple(places[at][field] for at, field in enumerate(row)) for row in rows),
        choices=tuple(rows.values()),
        substitutions={
            key: {value: new for value, new in values.items() if isinstance(value, str) and isinstance(new, str)}
            for key, values in substitutions.items()
        },
        relevance="" if relevance == "True" else relevance,
        omission=_condition(header["rmap_omit"]) if "rmap_omit" in header else "",
        # A comment's own condition is never looked at.
        irrelevant={key.lower(): text for key, text in conditions.items() if key not in small_comments},
        extra=extra,
        comments=small_comments,
        is_required=required in {"YES", "NONE"},
        merges=str(header.get("merge_overlaps", True)).upper() in {"TRUE", "1"},
    )


def _parkeys(parkey: object) -> tuple[tuple[str, ...], bool]:
    """The keys of rows, and whether those of a date follow."""
    if not isinstance(parkey, tuple) or not parkey or not isinstance(parkey[0], tuple):
        raise NotUnderstoodError("parkey in another form")
    keys = _texts(parkey[0], "parkey")
    if len(set(keys)) != len(keys) or set(keys) & set(DATE_KEYS):
        raise NotUnderstoodError("a key that is there twice, or a date to match")
    if len(parkey) > 1 and parkey[1:] != (DATE_KEYS,):
        raise NotUnderstoodError("other keys than those of a date")
    return keys, len(parkey) > 1


def _substitutions(given: object) -> dict[str, dict[object, object]]:
    if not isinstance(given, dict) or not all(isinstance(values, dict) for values in given.values()):
        raise NotUnderstoodError("substitutions in another form")
    return {**_GENERIC, **given}


def _choice(value: object) -> Choice:
    """What a row answers."""
    if isinstance(value, str):
        return value
    if isinstance(value, Call) and value.name == "UseAfter" and isinstance(value.argument, dict):
        pairs = list(value.argument.items())
        if all(isinstance(part, str) for pair in pairs for part in pair):
            return tuple(part for pair in sorted(pairs) for part in pair)
    raise NotUnderstoodError("a row that answers neither with a file nor with files by date")


def _substituted(
    rows: dict[object, Choice], parkeys: Sequence[str], substitutions: Mapping[str, Mapping[object, object]]
) -> dict[object, Choice]:
    """Values of rows replaced as the header says. A row that becomes another's equal takes its place."""
    for place, parkey in enumerate(parkeys):
        words = substitutions.get(parkey)
        if words is None:
            continue
        for key in list(rows):
            is_tuple = isinstance(key, tuple)
            if is_tuple and place >= len(key):  # type: ignore[arg-type]
                raise NotUnderstoodError("a row that is too short")
            old = key[place] if is_tuple else key  # type: ignore[index]
            try:
                new = words.get(old)
            except TypeError:
                raise BrokenRulesError("a row with a list in it") from None
            if old not in words:
                continue
            if isinstance(new, list):
                new = tuple(new)
            replaced = (*key[:place], new, *key[place + 1 :]) if is_tuple else new  # type: ignore[index]
            rows[replaced] = rows.pop(key)
    return rows


def _conditioned_key(key: object) -> tuple[str, ...]:
    fields = key if isinstance(key, tuple) else (key,)
    return tuple(_conditioned_field(field) for field in fields)


def _conditioned_field(field: object) -> str:
    if isinstance(field, tuple | list):
        return "|".join(conditioned(part) for part in field)
    if not isinstance(field, str):
        return conditioned(field)
    if (field.startswith("{") and field.endswith("}")) or (field.startswith("(") and field.endswith(")")):
        return field
    return "|".join(conditioned(part) for part in alternatives(field))


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise NotUnderstoodError(f"a {what} that is no text")
    return value


def _texts(values: object, what: str) -> tuple[str, ...]:
    if not isinstance(values, tuple | list):
        raise NotUnderstoodError(f"{what} in another form")
    return tuple(_text(value, what) for value in values)


def _condition(text: object) -> str:
    """CRDS writes its headers small, but for what stands in brackets."""
    text = _text(text, "condition")
    return text if text.startswith("(") and text.endswith(")") else text.lower()


class _Column:
    """One key of the rows: which rows a value of a header matches, found once for each value."""

    def __init__(self, fields: Sequence[str], places: Sequence[int], substitutions: Mapping[str, str]) -> None:
        self.fields = fields
        self._substitutions = substitutions
        self._rows = [0] * len(fields)
        for row, place in enumerate(places):
            self._rows[place] |= 1 << row
        self._matchers: list[Callable[[str], int]] | None = None
        self._found: dict[str, tuple[int, int] | None] = {}
        self._valid: frozenset[str] | None = None

    @property
    def matchers(self) -> list[Callable[[str], int]]:
        if self._matchers is None:
            self._matchers = [matcher(field) for field in self.fields]
        return self._matchers

    @property
    def valid(self) -> frozenset[str]:
        """The values that CRDS takes for valid. Empty where it takes every one."""
        if self._valid is None:
            parts = {part for field in self.fields for part in alternatives(field)}
            self._valid = frozenset() if any(map(is_unchecked, self.fields)) else frozenset(parts)
        return self._valid

    def rows(self, value: str) -> tuple[int, int] | None:
        """The rows that a value matches with weight, and without, as bits. None where CRDS refuses the value."""
        if value not in self._found:
            self._found[value] = self._matched(value) if self._is_valid(value) else None
        return self._found[value]

    def _matched(self, value: str) -> tuple[int, int]:
        weighty = light = 0
        for match, rows in zip(self.matchers, self._rows, strict=True):
            outcome = match(value)
            if outcome == MATCHES:
                weighty |= rows
            elif outcome != REFUSES:
                light |= rows
        return weighty, light

    def _is_valid(self, value: str) -> bool:
        valid = self.valid
        while True:
            if not valid or value in valid or conditioned(value) in valid or valid & {ANY, "ANY", NA_VALUE}:
                return True
            if not value.startswith("NOT"):
                break
            value = value.removeprefix("NOT").strip()
        if is_unchecked(value) or value in {ANY, "ANY", NA_VALUE}:
            return True
        only = next(iter(valid))
        if len(valid) == 1 and ":" in only:
            try:
                least, most = (float(part) for part in only.split(":"))
                return least <= float(value) <= most
            except ValueError:
                return False
        if value in self._substitutions:
            return self._is_valid(self._substitutions[value])
        return False


class Row(msgspec.Struct, frozen=True):
    """A row that matches: its fields, its weight, what it answers."""

    fields: tuple[str, ...]
    weight: int
    choice: Choice


class Rmap:
    """Rules that can be evaluated. What was evaluated once is remembered.

    Attributes:
        form: the rules.
        keys: the header's keys that the answer may depend on, beside the date's.
    """

    def __init__(self, form: RmapForm) -> None:
        self.form = form
        names = (*form.parkeys, *(DATE_KEYS), *form.extra, *_ALWAYS_KEYS)
        self._relevance = Expression(form.relevance, names) if form.relevance else None
        self._omission = Expression(form.omission, names) if form.omission else None
        irrelevant = {key: Expression(text, names) for key, text in form.irrelevant.items()}
        self._irrelevant = [
            (key, irrelevant[key.lower()]) for key in dict.fromkeys(names) if key.lower() in irrelevant
        ]
        self._comments = frozenset(key for key in form.parkeys if key.lower() in form.comments)
        conditions = [self._relevance, self._omission, *(condition for _, condition in self._irrelevant)]
        used = dict.fromkeys(key for condition in conditions if condition for key in condition.keys)
        self.keys = (*form.parkeys, *(key for key in used if key not in form.parkeys))
        self._columns: list[_Column] | None = None
        self._known: dict[tuple[str, ...], Timeline] = {}

    @property
    def columns(self) -> list[_Column]:
        if self._columns is None:
            form = self.form
            self._columns = [
                _Column(fields, [row[at] for row in form.rows], form.substitutions.get(form.parkeys[at], {}))
                for at, fields in enumerate(form.fields)
            ]
        return self._columns

    def check(self) -> None:
        """See that every field can be matched.

        Raises:
            BrokenRulesError, NotUnderstoodError: see `matcher` and `Expression`.
        """
        conditioned_keys = {*self.keys, *(key for key, _ in self._irrelevant)}
        if conditioned_keys & set(DATE_KEYS) or {key.lower() for key in DATE_KEYS} & set(self.form.comments):
            raise NotUnderstoodError("a condition on the date")
        for column in self.columns:
            _ = column.matchers

    def timeline(self, values: tuple[str, ...]) -> Timeline:
        """What the rules answer over time for conditioned values of `keys`, in that order."""
        known = self._known.get(values)
        if known is None:
            known = self._known[values] = self._evaluated(values)
        return known

    def matching(self, values: tuple[str, ...]) -> list[Row]:
        """The rows that match, the weightiest first. None where CRDS refuses a value or looks at no row."""
        header = dict(zip(self.keys, values, strict=True))
        if self._settled(header) is not None:
            return []
        found = self._candidates(self._effective(header))
        return [] if found is None else [self._row(row, weight) for weight, rows in found for row in rows]

    def fields_of(self, key: str) -> tuple[str, ...]:
        """The different fields that rows have for a key."""
        return self.form.fields[self.form.parkeys.index(key)] if key in self.form.parkeys else ()

    def _row(self, row: int, weight: int) -> Row:
        form = self.form
        fields = tuple(form.fields[at][place] for at, place in enumerate(form.rows[row]))
        return Row(fields, weight, form.choices[row])

    def _evaluated(self, values: tuple[str, ...]) -> Timeline:
        if self.form.broken:
            return always(ERROR)
        header = dict(zip(self.keys, values, strict=True))
        try:
            settled = self._settled(header)
            if settled is not None:
                return settled
            found = self._candidates(self._effective(header))
        except FailedExpressionError:
            return always(ERROR)
        nothing = (lambda answer: answer) if self.form.is_required else (lambda _answer: NOT_APPLICABLE)
        if found is None:
            return always(nothing(ERROR))
        return _flattened([self._merged(rows) for _, rows in found], nothing)

    def _settled(self, header: Mapping[str, str]) -> Timeline | None:
        """The answer where the header's conditions give it. A condition that fails is passed over."""
        for condition, decides, answer in (
            (self._omission, True, OMITTED),
            (self._relevance, False, NOT_APPLICABLE),
        ):
            if condition is None:
                continue
            try:
                if bool(condition.value(header)) is decides:
                    return always(answer)
            except FailedExpressionError:
                continue
        return None

    def _effective(self, header: Mapping[str, str]) -> list[str]:
        effective = dict(header)
        for key, condition in self._irrelevant:
            if not condition.value(header):
                effective[key] = NA_VALUE
        for key in self._comments:
            effective[key] = NA_VALUE
        return [effective[key] for key in self.form.parkeys]

    def _candidates(self, values: Sequence[str]) -> list[tuple[int, list[int]]] | None:
        """Weight -> the rows that match with it, the greatest first. None where CRDS refuses a value."""
        found = [column.rows(value) for column, value in zip(self.columns, values, strict=True)]
        left = (1 << len(self.form.rows)) - 1
        for rows in found:
            if rows is None:
                return None
            left &= rows[0] | rows[1]
        by_weight: dict[int, list[int]] = {}
        while left:
            bit = left & -left
            left ^= bit
            weight = sum(1 for rows in found if rows is not None and rows[0] & bit)
            by_weight.setdefault(weight, []).append(bit.bit_length() - 1)
        return sorted(by_weight.items(), reverse=True)

    def _merged(self, rows: Sequence[int]) -> Choice | Answer:
        """What rows of one weight answer together."""
        choices = [self.form.choices[row] for row in rows]
        if len(choices) == 1:
            return choices[0]
        if not self.form.merges:
            return ERROR
        first, *others = choices
        if isinstance(first, str):
            return Answer(Kind.SEVERAL, " ".join(c if isinstance(c, str) else "UseAfter" for c in choices))
        if any(isinstance(other, str) for other in others):
            return ERROR
        greatest: dict[str, str] = {}
        for choice in choices:
            for date, name in zip(choice[::2], choice[1::2], strict=True):
                greatest[date] = max(name, greatest.get(date, name))
        return tuple(part for pair in sorted(greatest.items()) for part in pair)


def _flattened(candidates: Iterable[Choice | Answer], nothing: Callable[[Answer], Answer]) -> Timeline:
    """What candidates answer over time: the best that has a file by then; else the next."""
    pieces: list[tuple[str, Answer]] = []
    last: Answer | None = None
    undated: Answer | None = None
    limit: str | None = None
    for candidate in candidates:
        if isinstance(candidate, Answer):
            last = nothing(candidate) if candidate == ERROR else candidate
        elif isinstance(candidate, str):
            last = answer_of(candidate)
        if last is not None:
            break
        undated = undated or nothing(ERROR)
        dates, names = candidate[::2], candidate[1::2]
        end = len(dates) if limit is None else bisect_left(dates, limit)
        pieces.extend((date, answer_of(name)) for date, name in zip(dates[:end], names, strict=False))
        if end:
            limit = dates[0]
    before = nothing(NO_MATCH) if last is None else last
    pieces.sort()
    starts, answers = [], [before]
    for date, answer in pieces:
        if answer != answers[-1]:
            starts.append(date)
            answers.append(answer)
    return Timeline(tuple(starts), tuple(answers), before if undated is None else undated)


def answer_of(word: str) -> Answer:
    """What stands in the place of a file -> the answer."""
    if word in NOT_APPLICABLE_WORDS:
        return NOT_APPLICABLE
    return OMITTED if word in OMITTED_WORDS else Answer(Kind.FILE, word)


def steps_of(choice: Choice) -> list[tuple[str, str]]:
    """A UseAfter's dates and files; empty for a row that has no dates."""
    return [] if isinstance(choice, str) else [pair for at, pair in enumerate(pairwise(choice)) if at % 2 == 0]

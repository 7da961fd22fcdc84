"""The rules of one reference type of one instrument as plain values, which can be kept on disk.

Source: `Mapping` and `ReferenceMapping` of crds 14.0.3. What is not followed is said: `NotUnderstoodError`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from pedigreed.impact.matchers import BrokenRulesError, NotUnderstoodError, alternatives
from pedigreed.impact.rule_text import Call
from pedigreed.impact.values import NOT_APPLICABLE, conditioned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pedigreed.impact.mapping import RuleFile

DATE_KEYS = ("META.OBSERVATION.DATE", "META.OBSERVATION.TIME")
_GENERIC = {
    "META.SUBARRAY.NAME": {"GENERIC": NOT_APPLICABLE},
    "SUBARRAY": {"GENERIC": NOT_APPLICABLE},
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
FORMAT = 2
"""Of `RmapForm`. A form of another number is made anew from its text."""

Choice = str | tuple[str, ...]


class RmapForm(msgspec.Struct, frozen=True, array_like=True):
    """Rules as plain values.

    Attributes:
        parkeys: the header's keys by which rows are chosen.
        fields: for each of them the different fields that rows have, conditioned.
        rows: for each row, for each parkey, the place of its field.
        choices: for each row what it answers: a word, or a UseAfter's dates and files in turn.
        substitutions: for a key, values of a header that are taken for valid.
        relevance, omission: conditions; empty for none.
        irrelevant: for a key, the condition without which its value counts as N/A.
        extra: keys that only conditions use.
        comments: parkeys whose values never count, in lower case.
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


def form_of(rules: RuleFile) -> RmapForm:
    """The form of a rule file, whose fields and conditions are not looked at.

    Raises:
        BrokenRulesError: CRDS can't load it.
        NotUnderstoodError: nothing can be said of it.
    """
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
    return _form(header, parkeys, dict(sorted(rows.items())), substitutions)


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
            if isinstance(key, tuple) and place >= len(key):
                raise NotUnderstoodError("a row that is too short")
            old = key[place] if isinstance(key, tuple) else key
            try:
                new = words.get(old)
            except TypeError:
                raise BrokenRulesError("a row with a list in it") from None
            if old not in words:
                continue
            if isinstance(new, list):
                new = tuple(new)
            replaced = (*key[:place], new, *key[place + 1 :]) if isinstance(key, tuple) else new
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


def steps_of(choice: Choice) -> list[tuple[str, str]]:
    """A UseAfter's dates and files; empty for a row that has no dates."""
    return [] if isinstance(choice, str) else [pair for at, pair in enumerate(pairwise(choice)) if at % 2 == 0]

"""The package `crds` as the oracle of `pedigreed.impact`: its answers in our words, and headers to ask about."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pedigreed.impact.matchers import alternatives
from pedigreed.impact.rmap_form import DATE_KEYS, steps_of
from pedigreed.impact.rule_answers import ERROR, NO_MATCH, NOT_APPLICABLE, OMITTED, Kind, RuleAnswer

os.environ["CRDS_SERVER_URL"] = "https://crds-serverless-mode.stsci.edu"
os.environ["CRDS_OBSERVATORY"] = "jwst"

from crds.core import log, rmap, utils

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from random import Random

    from pedigreed.impact.rmap import Rmap

log.set_verbose(-3)
logging.getLogger("CRDS").setLevel(logging.CRITICAL)

ODD_VALUES = (
    *(
        "UNDEFINED",
        "N/A",
        "N/AX",
        "NOT APPLICABLE",
        "NOT_APPLICABLE",
        "()",
        "-2147483648",
        "ANY",
        "*",
        "",
        " ",
        "x",
    ),
    *("GENERIC", "ALLIRS2", "NOT FULL", "NOTHING", "between 1 3", "(A|B)", "{FULL}", "#>1#", "34", "34.0", "034"),
    *("1e22", "1E400", "+5.", ".5", "4294967295", "True", "f", "TRUE", "nan", "inf", "F1000W", "miri", "MIRIMAGE"),
    *("é", "A|B", "a\nb", "'", "FULL ", "MULTIPLE", "3", "12", "CLEAR", "5.0", "-1", "FAST", "NRSIRS2"),
)
ODD_DATES = (
    *(
        "UNDEFINED",
        "",
        "N/A",
        "July 12 2022",
        "12-Jul-2022",
        "12/07/22",
        "12/21/2022",
        "2022/07/12",
        "20220712:010203",
    ),
    *("2022-07-12T01:02:03.5", "2022-13-01", "2022-7-1", "21/12/99", "03 Jul, 2022", "MAY 2022", "2022-02-30"),
)
ODD_TIMES = (
    *(
        "UNDEFINED",
        "",
        "12:00 PM",
        "12:00 am",
        "01:02",
        "01:02:03:04",
        "25:00:00",
        "09:09:09.069",
        "01:02:60",
        "noon",
    ),
    *("23:59:59.9999999", "1:2:3", "01:02:03.4567891", "-1:00:00", "01:02:nan", "00:00:1e1", "01:02:03 UT"),
)


class Loadable(Protocol):
    """A mapping of CRDS that is read when it is needed."""

    def force_load(self) -> object: ...


class Selections(Protocol):
    """Those of an instrument's types."""

    def normal_values(self) -> Iterable[Loadable]: ...


class InstrumentOracle(Loadable, Protocol):
    """A mapping of CRDS for one instrument."""

    selector: Mapping[str, str]
    selections: Selections


class Oracle(Protocol):
    """A mapping of CRDS."""

    def get_best_ref(self, header: dict[str, str]) -> object: ...

    def get_best_references(self, header: dict[str, str], include: list[str] | None) -> dict[str, object]: ...

    def get_imap(self, instrument: str) -> InstrumentOracle: ...


def oracle(path: str) -> Oracle:
    """A mapping of CRDS, by the path of its file."""
    # Where it finds the files that the file names.
    os.environ["CRDS_PATH"] = str(Path(path).parents[2])
    mapping: Oracle = rmap.load_mapping(path)
    return mapping


def oracle_of_text(text: str, name: str) -> Oracle | None:
    """An rmap of CRDS, by its text. None where CRDS can't load it."""
    try:
        mapping: Oracle = rmap.ReferenceMapping.from_string(text, name, ignore_checksum=True)
    except Exception:  # noqa: BLE001 - CRDS raises whatever its parts do
        return None
    return mapping


def said_by_oracle(mapping: Oracle | None, header: Mapping[str, str]) -> RuleAnswer:
    """What CRDS answers for one type, as it would within a context."""
    if mapping is None:
        return ERROR
    try:
        return in_our_words(mapping.get_best_ref(dict(header)))
    except Exception:  # noqa: BLE001
        return ERROR


def in_our_words(said: object) -> RuleAnswer:
    """CRDS's own answer as ours."""
    if said is None:
        return OMITTED
    if isinstance(said, tuple):
        return RuleAnswer(Kind.SEVERAL, " ".join(part if isinstance(part, str) else "UseAfter" for part in said))
    text = str(said)
    if text.startswith("NOT FOUND n/a"):
        return NOT_APPLICABLE
    if text.startswith("NOT FOUND No match found."):
        return NO_MATCH
    return ERROR if text.startswith("NOT FOUND") else RuleAnswer(Kind.FILE, text)


def conditioned_header(header: Mapping[str, object]) -> dict[str, str]:
    """A header as CRDS conditions it."""
    return dict(utils.condition_header(dict(header)))


def real_headers(shared: Path) -> list[dict[str, str]]:
    """The headers of public test suites."""
    lines = (shared / "data" / "crds" / "real_headers.jsonl").read_text().splitlines()
    return [json.loads(line)["header"] for line in lines]


def made_up_headers(rules: Iterable[Rmap], number: int, random: Random) -> Iterator[dict[str, str]]:
    """Headers that meet rows of some rules, with odd and missing values among them, and dates near the rules'."""
    forms = [known.form for known in rules if known.form.rows]
    pools: dict[str, set[str]] = {}
    for form in forms:
        for key, fields in zip(form.parkeys, form.fields, strict=True):
            pools.setdefault(key, set()).update(part for field in fields for part in alternatives(field))
    values = {key: sorted(found) for key, found in sorted(pools.items())}
    of_rules = {date for form in forms for choice in form.choices for date, _ in steps_of(choice)}
    moments = sorted({"2022-07-12 01:02:03", "1900-01-01 00:00:00", *of_rules})
    for _ in range(number):
        header = {key: random.choice(pool) for key, pool in values.items()}
        form = random.choice(forms)
        for key, fields, place in zip(form.parkeys, form.fields, random.choice(form.rows), strict=True):
            if (field := random.choice(alternatives(fields[place]))) not in {"N/A", "*"} or random.random() < 0.2:
                header[key] = field
        yield _with_faults({**header, **_date_near(random.choice(moments), random)}, random)


def _date_near(moment: str, random: Random) -> dict[str, str]:
    date, _, time = moment.partition(" ")
    near = (time, time + ".000001", time + ".5", "00:00:00", "23:59:59.999", "12:34:56.789")
    return {
        DATE_KEYS[0]: random.choice(ODD_DATES) if random.random() < 0.04 else date,
        DATE_KEYS[1]: random.choice(ODD_TIMES) if random.random() < 0.04 else random.choice(near),
    }


def _with_faults(header: dict[str, str], random: Random) -> dict[str, str]:
    """With some values odd, and some missing."""
    odd = {
        key: random.choice(ODD_VALUES) if random.random() < 0.03 and key not in DATE_KEYS else value
        for key, value in header.items()
    }
    return {key: value for key, value in odd.items() if random.random() > 0.03}


def changed_by_oracle(
    old: Oracle, new: Oracle, header: Mapping[str, str], types: Iterable[str]
) -> dict[str, bool]:
    """The types that get another answer, as `crds bestrefs` compares -> whether it is an error now."""
    asked = conditioned_header(header)
    before, after = (_all_said(mapping, asked, types) for mapping in (old, new))
    found = {}
    for name in types:
        was, now = (_compared(answers.get(name, "NOT FOUND n/a")) for answers in (before, after))
        if was != now:
            found[name] = now.startswith("ERROR")
    return found


def _all_said(mapping: Oracle, header: Mapping[str, str], types: Iterable[str]) -> dict[str, object]:
    """What a context answers for the types that it has; an error for all where it has no such instrument."""
    try:
        known = {name.lower() for name in mapping.get_imap(header["META.INSTRUMENT.NAME"]).selector}
        return mapping.get_best_references(dict(header), sorted(known.intersection(types)) or ["none"])
    except Exception as error:  # noqa: BLE001 - CRDS raises whatever its parts do
        return dict.fromkeys(types, f"NOT FOUND {error}")


def _compared(said: object) -> str:
    """As `handle_na_and_not_found` of crds 14.0.3 writes an answer, with all errors alike."""
    if isinstance(said, tuple):
        return "ERROR"
    text = str(said).upper()
    if text.startswith("NOT FOUND N/A") or text in {"NOT FOUND NO MATCH FOUND.", "UNDEFINED", "NONE", "", "*"}:
        return "N/A"
    return "ERROR" if text.startswith("NOT FOUND") else text

"""`crds` answers the same: for the real rules and headers beside the checkout, and for rules that nobody wrote."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import pytest

from examples import examples
from made_up_rules import made_up_header, made_up_rmap
from pedigreed.impact.context import compile_file
from pedigreed.impact.dates import moment
from pedigreed.impact.mapping import RuleFile
from pedigreed.impact.rmap import Rmap, compile_rmap
from pedigreed.impact.rmap_form import DATE_KEYS
from pedigreed.impact.rule_answers import Kind
from pedigreed.impact.rule_text import read_rule_text
from rule_oracle import (
    conditioned_header,
    made_up_headers,
    oracle,
    oracle_of_text,
    real_headers,
    said_by_oracle,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pedigreed.impact.rule_answers import RuleAnswer

_RULE_FILES = examples(2_500)
"""With 11,000 rules. `python -m benchmarks.impact` asks about 10,000 such files."""
_SEED = 14


def ours(rules: Rmap, header: Mapping[str, str]) -> RuleAnswer:
    values = tuple(header[key] for key in rules.keys)
    return rules.timeline(values).at(moment(header[DATE_KEYS[0]], header[DATE_KEYS[1]]))


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
def test_rules_in_forms_that_the_real_ones_lack_are_answered_as_crds_does() -> None:
    random = Random(_SEED)
    seen: Counter[Kind] = Counter()
    not_understood = 0
    for _ in range(_RULE_FILES):
        text = made_up_rmap(random)
        found = read_rule_text(text)
        header = found["header"]
        assert isinstance(header, dict)
        form = compile_rmap(RuleFile(header, found["selector"], ""))
        if form.not_understood:
            not_understood += 1
            continue
        rules = Rmap(form)
        theirs = oracle_of_text(text, "jwst_miri_flat_0001.rmap")
        for _ in range(4):
            asked = conditioned_header(made_up_header(random))
            expected = said_by_oracle(theirs, asked)
            assert ours(rules, asked) == expected, (text, asked)
            seen[expected.kind] += 1
    assert not_understood < _RULE_FILES / 20
    assert all(seen[kind] > _RULE_FILES / 25 for kind in Kind), seen


@pytest.fixture(scope="module")
def mappings(shared: Path) -> Path:
    return shared / "data" / "crds" / "mappings" / "jwst"


@pytest.mark.parametrize("instrument", ["fgs", "miri", "nircam", "niriss", "nirspec"])
def test_real_rules_are_answered_as_crds_does(mappings: Path, shared: Path, instrument: str) -> None:
    names = sorted(path.name for path in mappings.glob(f"jwst_{instrument}_*.rmap"))[::9]
    compiled = {name: compile_file(name, (mappings / name).read_text()).rmap for name in names}
    rules = {name: Rmap(form) for name, form in compiled.items() if form is not None}
    assert not any(known.form.not_understood or known.form.broken for known in rules.values())
    headers = [
        *(header for header in real_headers(shared) if header["META.INSTRUMENT.NAME"].lower() == instrument),
        *made_up_headers(rules.values(), examples(120), Random(_SEED)),
    ]
    keys = {*(key for known in rules.values() for key in known.keys), *DATE_KEYS}
    always = {*keys, "META.VISIT.TSOVISIT", "META.INSTRUMENT.LAMP_STATE"}
    asked = [conditioned_header({key: header.get(key, "UNDEFINED") for key in always}) for header in headers]
    for name, known in rules.items():
        theirs = oracle(str(mappings / name))
        for header in asked:
            assert ours(known, header) == said_by_oracle(theirs, header), (name, header)

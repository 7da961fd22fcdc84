"""What a switch changes, product by product, is what `crds` says of its two contexts."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

import pytest

from pedigreed.impact.comparison import Comparison
from pedigreed.impact.context import compile_file, context_of_files, names_needed
from pedigreed.impact.headers import KEYWORDS
from pedigreed.impact.inventory import Group, Inventory, microseconds
from pedigreed.model.instrument import Instrument
from rule_oracle import changed_by_oracle, made_up_headers, oracle, real_headers

if TYPE_CHECKING:
    from pathlib import Path

    from pedigreed.impact.context import Context
    from pedigreed.impact.rmap import Rmap

_COLUMNS = {keyword.key: keyword.column for keyword in KEYWORDS}


def context(folder: Path, name: str, rmaps: dict[str, Rmap]) -> Context:
    known: dict[str, object] = {}
    while wanted := names_needed(name, known, tuple(Instrument)):  # type: ignore[arg-type]
        known |= {file: compile_file(file, (folder / file).read_text()) for file in wanted}
    return context_of_files(name, known, tuple(Instrument), rmaps)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new"), [("jwst_0540.pmap", "jwst_0541.pmap"), ("jwst_0559.pmap", "jwst_0560.pmap")]
)
def test_a_switch_changes_the_products_that_crds_names(shared: Path, old: str, new: str) -> None:
    folder = shared / "data" / "crds" / "mappings" / "jwst"
    rmaps: dict[str, Rmap] = {}
    before, after = (context(folder, name, rmaps) for name in (old, new))
    random = Random(14)
    comparison = Comparison(before, after, every_type=True)
    theirs = [oracle(str(folder / name)) for name in (old, new)]
    changed = 0
    for instrument in Instrument:
        types = comparison.types_of(instrument)
        if not types:
            continue
        rules = [known for name, known in rmaps.items() if name.startswith(f"jwst_{instrument}_")]
        headers = [h for h in real_headers(shared) if h["META.INSTRUMENT.NAME"].lower() == instrument]
        for header in [*headers, *made_up_headers(rules, 60, random)]:
            asked = {
                **{key: str(header.get(key, "UNDEFINED")) for key in _COLUMNS},
                "META.INSTRUMENT.NAME": instrument.value.upper(),
                "META.OBSERVATION.DATE": "2021-08-09",
                "META.OBSERVATION.TIME": "11:12:13.456000",
            }
            inventory = Inventory()
            parameters = {column: header[key] for key, column in _COLUMNS.items() if key in header}
            inventory.headers.append(tuple(parameters.items()))
            group = Group(instrument, 1, 1, "2b", "cal", 0)
            inventory.add(group, microseconds(datetime(2021, 8, 9, 11, 12, 13, 456000, tzinfo=UTC)))
            inventory.close()
            counts = comparison.impact(inventory)
            steps = changed_by_oracle(theirs[0], theirs[1], asked, types)
            assert {name for name, _ in counts.by_type} == {
                name for name, is_error in steps.items() if not is_error
            }, asked
            assert {name for name, _ in counts.errors} == {name for name, is_error in steps.items() if is_error}, (
                asked
            )
            assert counts.changed == bool(counts.by_type)
            assert not counts.not_known
            changed += counts.changed
    assert changed

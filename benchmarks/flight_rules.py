"""Made-up rules of the size of a context of 2025, whose real rules nobody has published: 202 files, 0.7 MB.

The names and sizes are real. Each type's rules are those of 2019, grown by rows of the same values and by dates
until they are as large; a type that there was not in 2019 goes by EXP_TYPE.
"""

from __future__ import annotations

import re
from random import Random
from typing import TYPE_CHECKING

from pedigreed.demo.crds_rules import rmap_text, rule_text
from pedigreed.impact.rule_text import Call, read_rule_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LISTED = re.compile(r"(jwst_\S+) ([0-9.]+) (K )?bytes")
_NAME = re.compile(r"jwst_([a-z]+)_(\S+)_[0-9]{4}\.rmap")
_KIB = 1024
_EXPOSURES = ("MIR_IMAGE", "NRC_IMAGE", "NRS_FIXEDSLIT")
_DATES_A_ROW = 3
"""Most rows that are added to get dates first: flight rules have several."""

Rows = dict[tuple[str, ...], dict[str, str] | str]


def write_flight_rules(listing: Path, real: Path, folder: Path) -> Path:
    """Write the files of a context, and return the path of its pmap.

    Args:
        listing: lines of a name and a size, ``jwst_fgs_0118.imap 5.1 K bytes``.
        real: the folder with the rules of 2019.
        folder: where ``mappings/jwst`` is made.
    """
    mappings = folder / "mappings" / "jwst"
    mappings.mkdir(parents=True)
    sizes = {
        found[1]: float(found[2]) * (_KIB if found[3] else 1)
        for line in listing.read_text().splitlines()
        if (found := _LISTED.fullmatch(line.strip()))
    }
    members: dict[str, dict[str, str]] = {}
    for name, size in sizes.items():
        if form := _NAME.fullmatch(name):
            (mappings / name).write_text(_rmap(name, form[1], form[2], size, real))
            members.setdefault(form[1], {})[form[2].upper()] = name
    imaps = {name.split("_")[1]: name for name in sizes if name.endswith(".imap")}
    for instrument, name in imaps.items():
        named = repr(members.get(instrument, {}))
        (mappings / name).write_text(rule_text(name, named, instrument=instrument.upper(), parkey=("REFTYPE",)))
    (pmap,) = (name for name in sizes if name.endswith(".pmap"))
    named = repr({instrument.upper(): name for instrument, name in sorted(imaps.items())})
    (mappings / pmap).write_text(rule_text(pmap, named))
    return mappings / pmap


def _rmap(name: str, instrument: str, kind: str, size: float, real: Path) -> str:
    random = Random(name)
    parkeys, rows = _of_2019(instrument, kind, real)
    file = f"jwst_{instrument}_{kind}_{{:04d}}.fits"
    while len(text := rmap_text(name, parkeys, rows)) < size:
        # A tenth at a time, so that it is not written anew for each row.
        for number in range(max(1, len(rows) // 10)):
            _grow(rows, file.format(random.randrange(10_000)), 2022 + number % 4, random)
    return text


def _grow(rows: Rows, file: str, year: int, random: Random) -> None:
    """Add a date to a row that has few, or a row of values that others have."""
    key = random.choice(list(rows))
    choice = rows[key]
    if isinstance(choice, dict) and len(choice) < _DATES_A_ROW:
        choice[f"{year}-{random.randrange(1, 13):02d}-01 00:00:00"] = file
        return
    columns = list(zip(*rows, strict=True))
    values = tuple(random.choice(column) for column in columns)
    if values in rows:
        values = (*values[:-1], f"MADE{len(rows)}")
    rows[values] = {"2022-01-01 00:00:00": file}


def _of_2019(instrument: str, kind: str, real: Path) -> tuple[tuple[str, ...], Rows]:
    known = sorted(real.glob(f"jwst_{instrument}_{kind}_[0-9]*.rmap"))
    if known:
        found = read_rule_text(known[-1].read_text())
        header, selector = found["header"], found["selector"]
        if isinstance(header, dict) and isinstance(selector, Call) and isinstance(selector.argument, dict):
            rows = {
                key if isinstance(key, tuple) else (key,): _choice(value)
                for key, value in selector.argument.items()
            }
            if rows:
                return header["parkey"][0], rows
    file = f"jwst_{instrument}_{kind}_0001.fits"
    return ("META.EXPOSURE.TYPE",), {(name,): {"2022-01-01 00:00:00": file} for name in _EXPOSURES}


def _choice(value: object) -> dict[str, str] | str:
    if isinstance(value, Call):
        dates: Mapping[str, str] = value.argument  # type: ignore[assignment]  # of a UseAfter
        return dict(dates)
    return str(value)

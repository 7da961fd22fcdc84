"""The rule files of the contexts in `crds_story`, made up: which file an exposure gets by detector and filter.

Each type's newest file is for every detector and filter, but for those of November 2026. MIRI's dark is for the
imager. NIRCam's flats have rows of their own, which are used. So have its photom files, whose rows leave the
filter open: the row for every detector and filter outranks them, and they take no effect, as happened with MIRI's
flats in jwst_0560.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from pedigreed.demo.crds_story import DELIVERIES, NEWLY_BAD
from pedigreed.impact.context import compile_file, context_of_files
from pedigreed.impact.dates import moment
from pedigreed.impact.mapping import sum_of
from pedigreed.model.instrument import Instrument
from pedigreed.model.reference_file import file_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pedigreed.demo.crds_story import Delivered
    from pedigreed.impact.context import Context

PATH = "/unchecked_get/mappings/jwst/"
DATES = ("META.OBSERVATION.DATE", "META.OBSERVATION.TIME")
_PARKEYS = ("META.INSTRUMENT.DETECTOR", "META.INSTRUMENT.FILTER")
_INSTRUMENT = "META.INSTRUMENT.NAME"
_SINCE = "2022-01-01 00:00:00"
_LONG_WAVE = ("NRCALONG", "NRCBLONG")
_MAPPINGS = {"pmap": "PIPELINE", "imap": "INSTRUMENT", "rmap": "REFERENCE"}

_NAMED = re.compile(r"jwst_[a-z0-9_]+\.(?:imap|rmap)")

Rows = dict[tuple[str, ...], str]


def rule_file(name: str) -> str | None:
    """The text of a rule file; None where there is none of that name."""
    return _files().get(name)


def rule_files_of(name: str) -> set[str]:
    """The names of a rule file and of all that it leads to."""
    text = rule_file(name) or ""
    named = set(_NAMED.findall(text)) - {name}
    return {name}.union(*map(rule_files_of, named)) if not name.endswith(".rmap") else {name}


def best_references(pmap: str, header: Mapping[str, str], types: Sequence[str]) -> dict[str, str]:
    """What the server answers for a header: type -> a file's name, or a text that begins with NOT FOUND."""
    found = {}
    context = _context(pmap)
    instrument = Instrument(header[_INSTRUMENT].lower())
    for reftype in types:
        rules = context.types.get(instrument, {}).get(reftype)
        if rules is not None and rules.rmap is not None:
            timeline = rules.rmap.timeline(tuple(header[key] for key in rules.rmap.keys))
            answer = timeline.at(moment(*(header[key] for key in DATES)))
            found[reftype] = answer.name or f"NOT FOUND {'n/a' if answer.used == 'N/A' else 'an error'}"
    return found


def rule_names(deliveries: Iterable[Delivered]) -> list[str]:
    """The rules of each type after some deliveries. Those that did not change are those of the context before."""
    rmaps = {about: _rmap(*about, delivery) for delivery in deliveries for about in _kinds(delivery)}
    return sorted(rmaps.values())


def _rmap(instrument: Instrument, kind: str, delivery: Delivered) -> str:
    return f"jwst_{instrument}_{kind}_{delivery.number:04d}.rmap"


@cache
def _context(pmap: str) -> Context:
    compiled = {name: compile_file(name, text) for name, text in _files().items()}
    return context_of_files(pmap, compiled, tuple(Instrument), {})


def rule_text(name: str, selector: str, **header: object) -> str:
    """A rule file as CRDS writes it, with its sum."""
    described = {
        "derived_from": "made up",
        "mapping": _MAPPINGS[name[-4:]],
        "name": name,
        "observatory": "JWST",
        "parkey": ("META.INSTRUMENT.NAME",),
        **header,
    }
    lines = "".join(f"    {key!r} : {value!r},\n" for key, value in sorted(described.items()))
    without = f"header = {{\n{lines}}}\n\nselector = {selector}\n"
    return without.replace("header = {\n", f"header = {{\n    'sha1sum' : '{sum_of(without)}',\n", 1)


def rmap_text(name: str, parkeys: tuple[str, ...], rows: Mapping[tuple[str, ...], Mapping[str, str] | str]) -> str:
    """An rmap: a row's key -> its dates and files, or one word."""
    _, instrument, filekind, _ = name.split("_")
    written = [
        f"    {key!r} : {choice!r},\n"
        if isinstance(choice, str)
        else f"    {key!r} : UseAfter({dict(choice)!r}),\n"
        for key, choice in rows.items()
    ]
    return rule_text(
        name,
        f"Match({{\n{''.join(written)}}})",
        instrument=instrument.upper(),
        filekind=filekind.upper(),
        parkey=(parkeys, DATES),
        classes=("Match", "UseAfter"),
    )


@cache
def _files() -> dict[str, str]:
    """Of every context. Files that did not change are those of the context before."""
    rows: dict[tuple[Instrument, str], Rows] = {}
    rmaps: dict[tuple[Instrument, str], str] = {}
    imaps: dict[Instrument, str] = {}
    found: dict[str, str] = {}
    for delivery in DELIVERIES:
        changed = {}
        for instrument, kind in _kinds(delivery):
            known = rows.setdefault((instrument, kind), {})
            known.update(_rows(delivery, instrument, kind))
            name = rmaps[instrument, kind] = _rmap(instrument, kind, delivery)
            found[name] = rmap_text(name, _PARKEYS, {key: {_SINCE: file} for key, file in known.items()})
            changed[instrument] = f"jwst_{instrument}_{delivery.number}.imap"
        for instrument, name in changed.items():
            members = {kind.upper(): rmap for (of, kind), rmap in sorted(rmaps.items()) if of is instrument}
            found[name] = rule_text(name, repr(members), instrument=instrument.upper(), parkey=("REFTYPE",))
        imaps.update(changed)
        pmap = f"{delivery.context}.pmap"
        found[pmap] = rule_text(
            pmap, repr({instrument.upper(): name for instrument, name in sorted(imaps.items())})
        )
    return found


def _kinds(delivery: Delivered) -> list[tuple[Instrument, str]]:
    """The instruments and types that a delivery has files of."""
    return sorted({about for about, _ in _named(delivery)})


def _rows(delivery: Delivered, instrument: Instrument, kind: str) -> Rows:
    names = [name for about, name in _named(delivery) if about == (instrument, kind)]
    if kind == "superbias":
        # The file that is marked bad later is in use for one of the two detectors.
        return {("NRS1", "ANY"): NEWLY_BAD, ("NRS2", "ANY"): names[-1]}
    if delivery.context != "jwst_1583":
        return {("ANY", "ANY"): names[-1]}
    if kind == "dark":
        return {("MIRIMAGE", "ANY"): names[-1]}
    if kind == "photom":
        return {(detector, "N/A"): name for detector, name in zip(_LONG_WAVE, names, strict=True)}
    keys = [(detector, element) for detector in _LONG_WAVE for element in ("F277W", "F356W", "F444W")]
    return dict(zip(keys, names, strict=True))


def _named(delivery: Delivered) -> Iterator[tuple[tuple[Instrument, str], str]]:
    for reference in delivery.references:
        form = file_name(reference.name)
        if form is not None and form.instrument is not None and form.reference_type is not None:
            yield (form.instrument, form.reference_type), reference.name

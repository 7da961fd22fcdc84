"""Rule files for tests: a context of a few made-up types, with sums that hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.impact.context import compile_file, context_of_files, names_needed
from pedigreed.impact.mapping import sum_of
from pedigreed.model.instrument import Instrument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pedigreed.impact.context import Context

DATES = ("META.OBSERVATION.DATE", "META.OBSERVATION.TIME")
_MAPPINGS = {"pmap": "PIPELINE", "imap": "INSTRUMENT", "rmap": "REFERENCE"}


def rule_text(name: str, selector: str, **header: object) -> str:
    """A rule file's text, with its sum."""
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


def context_texts(number: int, rmaps: Mapping[str, str], none: tuple[str, ...] = ()) -> dict[str, str]:
    """All files of a context of one instrument: name -> text.

    Args:
        number: the context's, and the imap's.
        rmaps: name -> text.
        none: types that are N/A.
    """
    instrument = next(iter(rmaps)).split("_")[1]
    imap = f"jwst_{instrument}_{number:04d}.imap"
    pmap = f"jwst_{number:04d}.pmap"
    members = {name.split("_")[2].upper(): name for name in rmaps} | dict.fromkeys(none, "N/A")
    return {
        pmap: rule_text(pmap, repr({instrument.upper(): imap})),
        imap: rule_text(imap, repr(members), instrument=instrument.upper(), parkey=("REFTYPE",)),
        **rmaps,
    }


def context_of(texts: Mapping[str, str]) -> Context:
    """The context of such files."""
    pmap = next(name for name in texts if name.endswith(".pmap"))
    compiled = {name: compile_file(name, text) for name, text in texts.items()}
    assert not names_needed(pmap, compiled, tuple(Instrument))
    return context_of_files(pmap, compiled, tuple(Instrument), {})

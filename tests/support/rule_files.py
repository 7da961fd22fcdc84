"""Rule files for tests: a context of a few made-up types, with sums that hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.demo.crds_rules import rule_text
from pedigreed.impact.context import compile_file, context_of_files, names_needed
from pedigreed.model.instrument import Instrument

if TYPE_CHECKING:
    from collections.abc import Mapping

from pedigreed.impact.context import Context


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

"""The sum in a rule file, and what a file names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pedigreed.demo.crds_rules import rmap_text, rule_text
from pedigreed.impact.context import CompiledFile, compile_file, names_needed
from pedigreed.impact.mapping import WrongSumError, read_rule_file, sum_of
from pedigreed.impact.rule_text import UnreadableRulesError
from pedigreed.model.instrument import Instrument
from pedigreed.model.reference_file import RULE_FILE_NAME
from rule_files import context_texts

if TYPE_CHECKING:
    from pathlib import Path

RMAP = "jwst_miri_flat_0001.rmap"
TEXT = rmap_text(
    RMAP, ("META.INSTRUMENT.DETECTOR",), {("MIRIMAGE",): {"2000-01-01 00:00:00": "jwst_miri_flat_0001.fits"}}
)


def test_a_changed_file_is_seen() -> None:
    read_rule_file(TEXT)
    with pytest.raises(WrongSumError):
        read_rule_file(TEXT.replace("flat_0001.fits", "flat_0002.fits"))


def test_a_cut_file_is_seen() -> None:
    with pytest.raises((WrongSumError, UnreadableRulesError)):
        read_rule_file(TEXT[: len(TEXT) // 2])


def test_a_file_without_a_sum_is_seen() -> None:
    with pytest.raises(WrongSumError):
        read_rule_file("\n".join(line for line in TEXT.splitlines() if "sha1sum" not in line))


def test_a_page_is_no_rule_file() -> None:
    with pytest.raises(UnreadableRulesError):
        read_rule_file("<!DOCTYPE html>\n<html>not found</html>")


def test_a_file_under_another_name_is_refused() -> None:
    with pytest.raises(UnreadableRulesError, match="calls itself"):
        compile_file("jwst_miri_flat_0002.rmap", TEXT)


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "jwst_miri_flat_0001.fits",
        "jwst_miri_flat_1.rmap",
        "JWST_0001.pmap",
        "hst_0001.pmap",
        "a/b",
    ],
)
def test_a_name_that_could_lead_elsewhere_is_refused(name: str) -> None:
    assert RULE_FILE_NAME.fullmatch(name) is None
    imap = rule_text("jwst_miri_0001.imap", repr({"FLAT": name}), instrument="MIRI", parkey=("REFTYPE",))
    with pytest.raises(UnreadableRulesError, match="not the name"):
        compile_file("jwst_miri_0001.imap", imap)


def test_a_context_is_asked_for_file_by_file() -> None:
    texts = context_texts(1, {RMAP: TEXT}, none=("DARK",))
    known: dict[str, CompiledFile] = {}
    asked = []
    while wanted := names_needed("jwst_0001.pmap", known, (Instrument.MIRI,)):
        asked.append(sorted(wanted))
        known |= {name: compile_file(name, texts[name]) for name in wanted}
    assert asked == [["jwst_0001.pmap"], ["jwst_miri_0001.imap"], [RMAP]]
    assert not names_needed("jwst_0001.pmap", known, (Instrument.NIRCAM,))


def test_the_sums_of_all_real_files_hold(shared: Path) -> None:
    paths = list((shared / "data" / "crds" / "mappings" / "jwst").iterdir())
    assert len(paths) == 2010
    for path in paths:
        text = path.read_text()
        assert f"'{sum_of(text)}'" in text
        assert RULE_FILE_NAME.fullmatch(path.name)

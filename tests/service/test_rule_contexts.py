"""Contexts are fetched politely, kept for ever, and never used by half."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

import msgspec
import pytest

from pedigreed.demo.crds_rules import rmap_text, rule_text
from pedigreed.impact.context import compile_file, encoded
from pedigreed.impact.mapping import sum_of
from pedigreed.impact.rmap_form import FORMAT
from pedigreed.impact.rule_answers import Kind, RuleAnswer
from pedigreed.model.instrument import Instrument
from pedigreed.service.rule_contexts import COMPILER, Contexts
from pedigreed.sources.crds.rules import PATIENCE, RuleFiles, RulesUnavailable
from rule_files import context_texts
from rule_server import RuleServer, rule_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MIRI = (Instrument.MIRI,)
PARKEYS = ("META.INSTRUMENT.DETECTOR",)


def rmap(name: str, file: str) -> str:
    return rmap_text(name, PARKEYS, {("MIRIMAGE",): {"2000-01-01 00:00:00": file}})


FLAT, DARK, DARK_2 = "jwst_miri_flat_0001.rmap", "jwst_miri_dark_0001.rmap", "jwst_miri_dark_0002.rmap"
FIRST = context_texts(
    1, {FLAT: rmap(FLAT, "jwst_miri_flat_0001.fits"), DARK: rmap(DARK, "jwst_miri_dark_0001.fits")}
)
SECOND = context_texts(
    2, {FLAT: rmap(FLAT, "jwst_miri_flat_0001.fits"), DARK_2: rmap(DARK_2, "jwst_miri_dark_0002.fits")}
)


@pytest.fixture
def server() -> Iterator[RuleServer]:
    with rule_server() as served:
        served.texts = {**FIRST, **SECOND}
        yield served


def contexts(folder: Path, url: str | None, crds_path: Path | None = None) -> Contexts:
    patience = replace(PATIENCE, first_pause=0.01, longest_pause=0.01, sleep=lambda _seconds: None)
    return Contexts(RuleFiles(folder, COMPILER, url, "pedigreed/test", crds_path=crds_path, patience=patience))


def answer(known: Contexts, name: str, reftype: str) -> RuleAnswer:
    rules_of_type = known.context(name, MIRI).types[Instrument.MIRI][reftype].rmap
    assert rules_of_type is not None
    return rules_of_type.timeline(("MIRIMAGE",)).at("2022-01-01 00:00:00")


def test_a_file_that_two_contexts_share_is_fetched_once(tmp_path: Path, server: RuleServer) -> None:
    known = contexts(tmp_path / "rules", server.url)
    assert answer(known, "jwst_0001", "dark") == RuleAnswer(Kind.FILE, "jwst_miri_dark_0001.fits")
    assert answer(known, "jwst_0002", "dark") == RuleAnswer(Kind.FILE, "jwst_miri_dark_0002.fits")
    assert len(server.names) == len(set(server.names)) == 7
    first, second = (
        known.context(name, MIRI).types[Instrument.MIRI]["flat"] for name in ("jwst_0001", "jwst_0002")
    )
    assert first.rmap is second.rmap


def test_what_is_kept_is_never_asked_for_again(tmp_path: Path, server: RuleServer) -> None:
    contexts(tmp_path / "rules", server.url).context("jwst_0001", MIRI)
    alone = contexts(tmp_path / "rules", None)
    assert answer(alone, "jwst_0001", "flat") == RuleAnswer(Kind.FILE, "jwst_miri_flat_0001.fits")
    with pytest.raises(RulesUnavailable, match=r"jwst_0002\.pmap: it is not on disk"):
        alone.context("jwst_0002", MIRI)


def test_a_folder_of_crds_itself_is_read_and_stays_as_it_is(tmp_path: Path) -> None:
    mappings = tmp_path / "crds" / "mappings" / "jwst"
    mappings.mkdir(parents=True)
    for name, text in FIRST.items():
        (mappings / name).write_text(text)
    known = contexts(tmp_path / "rules", None, tmp_path / "crds")
    assert answer(known, "jwst_0001", "flat") == RuleAnswer(Kind.FILE, "jwst_miri_flat_0001.fits")
    assert sorted(path.name for path in mappings.iterdir()) == sorted(FIRST)


def test_requests_are_half_a_second_apart_and_one_at_a_time(
    tmp_path: Path, server: RuleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    clock = SimpleNamespace(monotonic=lambda: sum(waited), time=time.time)
    monkeypatch.setattr("pedigreed.sources.crds.rules.time", clock)
    patience = replace(PATIENCE, sleep=waited.append)
    files = RuleFiles(tmp_path, COMPILER, server.url, "pedigreed/test", patience=patience)
    for name in FIRST:
        files.file(name)
    assert waited == [0.5] * (len(FIRST) - 1)
    assert server.names == list(FIRST)


def test_a_file_that_is_not_there_leaves_the_context_out_and_keeps_the_others(
    tmp_path: Path, server: RuleServer
) -> None:
    del server.texts[FLAT]
    with pytest.raises(RulesUnavailable, match=r"jwst_miri_flat_0001\.rmap: CRDS: answered HTTP 404"):
        contexts(tmp_path, server.url).context("jwst_0001", MIRI)
    server.texts[FLAT] = FIRST[FLAT]
    server.asked.clear()
    contexts(tmp_path, server.url).context("jwst_0001", MIRI)
    assert server.names == [FLAT]


def test_a_fault_that_passes_is_waited_out(tmp_path: Path, server: RuleServer) -> None:
    server.statuses[FLAT] = [503, 429]
    contexts(tmp_path, server.url).context("jwst_0001", MIRI)
    assert server.names.count(FLAT) == 3


def test_an_answer_that_breaks_off_is_not_kept(tmp_path: Path, server: RuleServer) -> None:
    server.cut.add(FLAT)
    with pytest.raises(RulesUnavailable, match=r"flat_0001\.rmap: CRDS: the answer broke off"):
        contexts(tmp_path, server.url).context("jwst_0001", MIRI)
    assert not (tmp_path / FLAT).exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FIRST[FLAT].replace("MIRIMAGE", "MIRIMAGF"), "the sum in the file is not that of its lines"),
        (FIRST[FLAT][:-3], "ends too soon"),
        ("<!DOCTYPE html><html><body>Sign in</body></html>", "not the language of rules"),
        ("header = " + "(" * 500_000, "deeper than"),
        (FIRST[DARK], "the file calls itself"),
        ("#" * 2_000_000, "longer than 1,000,000 bytes"),
    ],
    ids=["sum", "cut", "page", "hostile", "another", "large"],
)
def test_what_is_not_as_crds_wrote_it_is_not_kept(
    tmp_path: Path, server: RuleServer, text: str, said: str
) -> None:
    server.texts[FLAT] = text
    with pytest.raises(RulesUnavailable, match=said):
        contexts(tmp_path, server.url).context("jwst_0001", MIRI)
    assert not (tmp_path / FLAT).exists()


def test_a_file_that_was_damaged_on_disk_is_fetched_anew(tmp_path: Path, server: RuleServer) -> None:
    contexts(tmp_path, server.url).context("jwst_0001", MIRI)
    (tmp_path / FLAT).write_text("header = {}")
    server.asked.clear()
    assert answer(contexts(tmp_path, server.url), "jwst_0001", "flat") == RuleAnswer(
        Kind.FILE, "jwst_miri_flat_0001.fits"
    )
    assert server.names == [FLAT]


def test_a_file_of_crds_itself_that_is_damaged_is_fetched(tmp_path: Path, server: RuleServer) -> None:
    mappings = tmp_path / "crds" / "mappings" / "jwst"
    mappings.mkdir(parents=True)
    for name, text in FIRST.items():
        (mappings / name).write_text(text)
    (mappings / FLAT).write_text(FIRST[FLAT].replace("MIRIMAGE", "MIRIMAGF"))
    (mappings / DARK).unlink()
    os.mkfifo(mappings / DARK)
    known = contexts(tmp_path / "rules", server.url, tmp_path / "crds")
    assert answer(known, "jwst_0001", "flat") == RuleAnswer(Kind.FILE, "jwst_miri_flat_0001.fits")
    assert sorted(server.names) == [DARK, FLAT]


def test_a_context_that_names_no_end_of_files_is_refused(tmp_path: Path, server: RuleServer) -> None:
    types = {f"TYPE{number}": f"jwst_miri_type{number}_0001.rmap" for number in range(301)}
    imap = "jwst_miri_0001.imap"
    server.texts[imap] = rule_text(imap, repr(types), instrument="MIRI", parkey=("REFTYPE",))
    with pytest.raises(RulesUnavailable, match=r"miri_0001\.imap: .*: it names more than 300 files"):
        contexts(tmp_path, server.url).context("jwst_0001", MIRI)
    assert server.names == ["jwst_0001.pmap", imap]


@pytest.mark.parametrize("bit", [0, 7, 400, 1601])
def test_a_compiled_form_of_which_one_bit_fell_over_is_made_anew(
    tmp_path: Path, server: RuleServer, bit: int
) -> None:
    contexts(tmp_path, server.url).context("jwst_0001", MIRI)
    beside = tmp_path / f"{FLAT}.compiled"
    good = beside.read_bytes()
    damaged = bytearray(good)
    damaged[bit // 8] ^= 1 << bit % 8
    beside.write_bytes(damaged)
    assert answer(contexts(tmp_path, None), "jwst_0001", "flat") == RuleAnswer(
        Kind.FILE, "jwst_miri_flat_0001.fits"
    )
    assert beside.read_bytes() == good


def test_a_compiled_form_of_another_format_is_made_anew(tmp_path: Path, server: RuleServer) -> None:
    contexts(tmp_path, server.url).context("jwst_0001", MIRI)
    beside = tmp_path / f"{FLAT}.compiled"
    good = beside.read_bytes()
    file = compile_file(FLAT, FIRST[FLAT])
    beside.write_bytes(encoded(msgspec.structs.replace(file, form=FORMAT - 1)))
    contexts(tmp_path, None).context("jwst_0001", MIRI)
    assert beside.read_bytes() == good


@pytest.mark.parametrize("content", [b"", b"\x00" * 10, b"not msgpack"])
def test_a_compiled_form_that_is_not_of_this_text_is_made_anew(
    tmp_path: Path, server: RuleServer, content: bytes
) -> None:
    contexts(tmp_path, server.url).context("jwst_0001", MIRI)
    beside = tmp_path / f"{FLAT}.compiled"
    good = beside.read_bytes()
    beside.write_bytes(content)
    contexts(tmp_path, None).context("jwst_0001", MIRI)
    assert beside.read_bytes() == good
    # Of another text, though whole.
    other = FIRST[FLAT].replace("flat_0001.fits", "flat_0009.fits")
    old_sum = sum_of(FIRST[FLAT])
    (tmp_path / FLAT).write_text(other.replace(old_sum, sum_of(other)))
    assert answer(contexts(tmp_path, None), "jwst_0001", "flat").name == "jwst_miri_flat_0009.fits"


def test_a_full_disk_is_told_and_leaves_nothing_half_written(
    tmp_path: Path, server: RuleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pedigreed.sources.crds.rules.os.fsync", full)
    with pytest.raises(RulesUnavailable, match=r"jwst_0001\.pmap: it can't be kept: No space left on device"):
        contexts(tmp_path / "rules", server.url).context("jwst_0001", MIRI)
    assert list((tmp_path / "rules").iterdir()) == []


def test_a_fetching_that_was_killed_between_files_goes_on_where_it_was(tmp_path: Path, server: RuleServer) -> None:
    """What is on disk after each number of files is whole, and the next fetching asks for the others alone."""
    for number in range(1, len(FIRST)):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name in sorted(FIRST)[:number]:
            (folder / name).write_text(FIRST[name])
        (folder / ".jwst_miri_flat_0001.rmap.123").write_text("half")
        server.asked.clear()
        contexts(folder, server.url).context("jwst_0001", MIRI)
        assert sorted(server.names) == sorted(FIRST)[number:]


def test_files_that_no_context_used_for_400_days_go(tmp_path: Path, server: RuleServer) -> None:
    contexts(tmp_path, server.url).context("jwst_0001", MIRI)
    now = datetime.now(UTC)
    files = RuleFiles(tmp_path, COMPILER, None, "")
    long_ago = (now - timedelta(days=401)).timestamp()
    for path in tmp_path.iterdir():
        os.utime(path, (long_ago, long_ago))
    contexts(tmp_path, None).context("jwst_0001", MIRI)
    files.tidy(now)
    assert len(list(tmp_path.iterdir())) == 2 * len(FIRST)
    files.tidy(now + timedelta(days=402))
    assert list(tmp_path.iterdir()) == []


def test_what_was_half_written_goes_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    left_over = [
        tmp_path / ".jwst_0001.pmap.77aa",
        tmp_path / ".jwst_miri_flat_0001.rmap.compiled.0123456789abcdef",
    ]
    others = [tmp_path / "notes.txt", tmp_path / ".jwst_0001.pmap.swp"]
    long_ago = time.time() - 500 * 86_400
    for path in (*left_over, *others):
        path.write_text("half")
        os.utime(path, (long_ago, long_ago))
    (tmp_path / "jwst_0002.pmap").mkdir()
    RuleFiles(tmp_path, COMPILER, None, "").tidy(datetime.now(UTC) + timedelta(days=500))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["jwst_0002.pmap", *(p.name for p in others)]
    )

"""Of reprocessed products it is told which reference files differ, by the rules that are on disk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from miri_product import miri_product
from pedigreed.config.load import parse_config
from pedigreed.demo.crds_rules import rmap_text
from pedigreed.digests.attachments import attached_to
from pedigreed.digests.compose import compose
from pedigreed.digests.print_text import BUDGET
from pedigreed.digests.sections.impact import other_files
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.context_use import ContextsInUse
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import KnownProduct
from pedigreed.service.facts_reader import FactsReader
from pedigreed.service.rule_contexts import COMPILER, Contexts
from pedigreed.service.rule_evaluation import fetch_rules_in_use
from pedigreed.sources.crds.rules import RuleFiles
from pedigreed.store import announcements, changes, periods, products
from pedigreed.store.database import Store
from rule_files import context_texts
from rule_server import rule_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pedigreed.config.settings import Config
    from pedigreed.model.product import Product

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
OLD, NEW = (
    Pedigree("1.20.2", "jwst_1464.pmap", NOW - timedelta(days=300)),
    Pedigree("2.0.1", "jwst_1535.pmap", NOW),
)
OLD_FLAT, NEW_FLAT, DARK = (f"jwst_miri_{name}.rmap" for name in ("flat_0001", "flat_0002", "dark_0001"))
DETECTOR = ("META.INSTRUMENT.DETECTOR",)
SINCE, LATER = "2000-01-01 00:00:00", "2024-01-01 00:00:00"


def rules(name: str, *files: str) -> str:
    dated = dict(zip((SINCE, LATER), files, strict=False))
    return rmap_text(name, DETECTOR, {("MIRIMAGE",): dated})


SAME = rules(DARK, "jwst_miri_dark_0001.fits")
TEXTS = {
    **context_texts(1464, {OLD_FLAT: rules(OLD_FLAT, "jwst_miri_flat_0001.fits"), DARK: SAME}),
    **context_texts(
        1535, {NEW_FLAT: rules(NEW_FLAT, "jwst_miri_flat_0001.fits", "jwst_miri_flat_0002.fits"), DARK: SAME}
    ),
}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    text = (
        f"store: sqlite:///{tmp_path / 'pedigreed.db'}\n"
        "subscriptions: [{name: a, watch: {programs: [1180]}, deliver: [{channel: keep}]}]\n"
        "channels: {keep: {folder: {path: /mail}}}\n"
    )
    return parse_config(text, "pedigreed.yaml", {"HOME": "/nowhere"}).config


@pytest.fixture
def store(config: Config) -> Iterator[Store]:
    early, late = (datetime(year, 7, 1, tzinfo=UTC) for year in (2023, 2025))
    remade = [product(1, "2b", "cal", early), product(2, "2b", "cal", late), product(2, "2a", "rate", late)]
    with Store(config.store.reveal()) as opened:
        with opened.writing() as connection:
            periods.begin_watching(connection, {"a": {(Instrument.MIRI, 1180)}})
            products.keep(connection, [KnownProduct(each) for each in remade], {})
            changes.record(connection, [change(each) for each in remade])
        yield opened


def product(number: int, level: str, product_type: str, start: datetime) -> Product:
    imaged = {"exp_type": "MIR_IMAGE", "detector": "MIRIMAGE"}
    return miri_product(number, level, product_type, start, pedigree=NEW, parameters=imaged)


def change(of: Product) -> Change:
    about = (of.filename, of.instrument, of.program, of.observation, of.level, of.fileset)
    return Change(ChangeKind.REPROCESSED, *about, revision=2, before=OLD, after=NEW, seen_at=NOW)


def keep(folder: Path, texts: dict[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text)


def composed(store: Store, config: Config) -> tuple[list[str], list[str]]:
    """What the digest says, and the last column of its table."""
    with store.reading() as connection:
        digest = compose(FactsReader(config, NOW).read(connection, config.subscriptions[0]))
    assert len(digest.changes) == 3
    table = attached_to(digest)[-1].attachment.content.decode().splitlines()
    lines = []
    for section in other_files(digest, BUDGET):
        lines += [section.summary, *(row.words for row in section.rows)]
    return lines, [line.rpartition(",")[2] for line in table[1:]]


def test_the_types_that_differ_are_told_of_each_product(tmp_path: Path, store: Store, config: Config) -> None:
    keep(tmp_path / "rules", TEXTS)
    said = "other reference files for 1 of 3 reprocessed products: flat 1 (flux from pixel to pixel)"
    # The rate of the later observation is made with no flat, but where a step is on that is off by default.
    doubt = "only where the step is switched on: flat 1"
    assert composed(store, config) == ([said, doubt], ["none", "flat", "none"])


def test_nothing_is_said_where_the_rules_of_one_context_are_not_on_disk(
    tmp_path: Path, store: Store, config: Config
) -> None:
    keep(tmp_path / "rules", {name: text for name, text in TEXTS.items() if name != OLD_FLAT})
    assert composed(store, config) == ([], ["", "", ""])


def test_a_failure_costs_these_lines_alone(
    tmp_path: Path, store: Store, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_given: object, **_named: object) -> None:
        raise KeyError("unforeseen")

    keep(tmp_path / "rules", TEXTS)
    monkeypatch.setattr("pedigreed.service.reprocessed.Comparison", fails)
    assert composed(store, config) == ([], ["", "", ""])


def test_the_rules_of_the_contexts_in_use_are_fetched_for_it(tmp_path: Path, store: Store, config: Config) -> None:
    with store.writing() as connection:
        announcements.save_contexts(connection, ContextsInUse("jwst_1583", NOW, "jwst_1464", "1.20.2"))
    with rule_server() as server:
        server.texts = dict(TEXTS)
        files = RuleFiles(tmp_path / "rules", COMPILER, server.url, "pedigreed/test", pause=0.0)
        fetch_rules_in_use(config, store, Contexts(files))
        assert sorted(server.names) == sorted(TEXTS)
    assert composed(store, config)[1] == ["none", "flat", "none"]


def test_rules_in_use_that_are_not_to_be_had_stop_nothing(tmp_path: Path, store: Store, config: Config) -> None:
    with rule_server() as server:
        files = RuleFiles(tmp_path / "rules", COMPILER, server.url, "pedigreed/test", pause=0.0)
        fetch_rules_in_use(config, store, Contexts(files))
        assert server.names == ["jwst_1535.pmap"]
    assert composed(store, config) == ([], ["", "", ""])

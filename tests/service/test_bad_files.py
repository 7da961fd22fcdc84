"""What was made with a file that CRDS marks bad is counted by the rules of each product's own context."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from miri_product import miri_product
from pedigreed.config.load import parse_config
from pedigreed.demo.crds_rules import rmap_text
from pedigreed.digests.compose import compose
from pedigreed.digests.print_text import BUDGET
from pedigreed.digests.sections.crds import crds
from pedigreed.model.instrument import Instrument
from pedigreed.model.notice import Announcement, Facts, Medium, NoticeKind
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import KnownProduct
from pedigreed.service.bad_files import count_bad_files
from pedigreed.service.facts_reader import FactsReader
from pedigreed.service.rule_contexts import COMPILER, Contexts
from pedigreed.sources.crds.rules import PATIENCE, RuleFiles
from pedigreed.store import announcements, products
from pedigreed.store.database import Store
from rule_files import context_texts
from rule_server import rule_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pedigreed.model.product import Product

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
BAD, GOOD = "jwst_miri_flat_0001.fits", "jwst_miri_flat_0002.fits"
RULES, OTHERS, NO_MATTER = "jwst_miri_flat_0001.rmap", "jwst_miri_flat_0002.rmap", "jwst_miri_dark_0001.rmap"
CONFIG = parse_config(
    "subscriptions: [{name: a, watch: {programs: [1180]}, deliver: [{channel: keep}]}]\n"
    "channels: {keep: {folder: {path: /mail}}}\n",
    "pedigreed.yaml",
    {"HOME": "/nowhere"},
).config


def rules(name: str, file: str) -> str:
    return rmap_text(name, ("META.INSTRUMENT.DETECTOR",), {("MIRIMAGE",): {"2000-01-01 00:00:00": file}})


DARK = rules(NO_MATTER, "jwst_miri_dark_0001.fits")
TEXTS = {
    **context_texts(1582, {RULES: rules(RULES, BAD), NO_MATTER: DARK}),
    **context_texts(1583, {OTHERS: rules(OTHERS, GOOD), NO_MATTER: DARK}),
}


def product(number: int, level: str, product_type: str, context: str | None) -> Product:
    made = Pedigree("1.20.2", context, NOW)
    imaged = {"exp_type": "MIR_IMAGE", "detector": "MIRIMAGE"}
    return miri_product(number, level, product_type, NOW - timedelta(days=900), pedigree=made, parameters=imaged)


PRODUCTS = (
    product(1, "1b", "uncal", None),
    product(1, "2a", "rate", "jwst_1582.pmap"),
    product(1, "2b", "cal", "jwst_1582.pmap"),
    product(2, "2b", "i2d", "jwst_1582.pmap"),
    product(3, "2b", "cal", "jwst_1583.pmap"),
)


@pytest.fixture
def store(migrated_here: str) -> Iterator[Store]:
    with Store(migrated_here) as opened:
        yield opened


def told(store: Store, *kept: Product, texts: dict[str, str], file: str = BAD, again: bool = False) -> str:
    """What the digest says of the file. Where it is told again, no rule file is asked for."""
    with store.writing() as connection:
        announcements.begin(connection, ["a"])
        products.keep(connection, [KnownProduct(each) for each in kept], {})
        said = Announcement(
            source="CRDS",
            medium=Medium.SERVER,
            identity=f"bad:{file}",
            said_at=NOW,
            title=f"{file} is marked bad",
            text="",
            facts=Facts(
                kind=NoticeKind.MARKED_BAD,
                files=(file,),
                instruments=(Instrument.MIRI,),
                reference_types=("flat",),
            ),
        )
        announcements.keep(connection, [said], NOW - timedelta(hours=1), was_there=False)
    with rule_server() as server:
        server.texts = texts
        patience = replace(PATIENCE, sleep=lambda _seconds: None)
        files = RuleFiles(
            Path(store.name).parent / "rules", COMPILER, server.url, "pedigreed/test", patience=patience
        )
        count_bad_files(CONFIG, store, Contexts(files), NOW)
        assert NO_MATTER not in server.names
        assert not (again and server.names)
    with store.reading() as connection:
        (section,) = crds(compose(FactsReader(CONFIG, NOW).read(connection, CONFIG.subscriptions[0])), BUDGET)
    return section.notices[0].outlook


def test_those_are_counted_that_their_own_context_gives_the_file(store: Store) -> None:
    said = "2 of your 5 products were made with it: program 1180 obs 1-2"
    assert told(store, *PRODUCTS, texts=TEXTS) == said
    # What came later, and what is no longer to be had, changes nothing of what was told.
    assert told(store, product(4, "2b", "cal", "jwst_1582.pmap"), texts={}, again=True) == said


def test_nobody_has_used_it(store: Store) -> None:
    assert told(store, PRODUCTS[0], PRODUCTS[4], texts=TEXTS) == "none of your 2 products was made with it"


def test_a_rule_file_counts_where_it_is_in_the_context(store: Store) -> None:
    assert told(store, *PRODUCTS, texts=TEXTS, file=OTHERS) == (
        "1 of your 5 products was made with it: program 1180 obs 3"
    )


def test_where_rules_are_not_to_be_had_it_is_not_known_and_tried_again(store: Store) -> None:
    without = {name: text for name, text in TEXTS.items() if name != "jwst_1583.pmap"}
    assert told(store, *PRODUCTS, texts=without) == (
        "how many of your products were made with it is not known: jwst_1583.pmap: CRDS: answered HTTP 404"
    )
    assert told(store, texts=TEXTS).startswith("2 of your 5 products were made with it")


def test_a_product_without_a_context_is_not_known(store: Store) -> None:
    assert told(store, PRODUCTS[4], product(5, "2b", "cal", None), texts=TEXTS) == (
        "none of the 1 of your 2 products that could be evaluated was made with it; "
        "1 product could not be evaluated: a keyword has no value"
    )


def test_where_no_product_has_a_context_it_is_not_known(store: Store) -> None:
    assert told(store, product(5, "2b", "cal", None), texts=TEXTS) == (
        "it is not known whether your 1 product was made with it; "
        "1 product could not be evaluated: a keyword has no value"
    )

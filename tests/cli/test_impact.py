"""`pedigreed impact`: which products change, why, and what could not be told."""

from __future__ import annotations

import gc
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from fits_files import fits
from miri_product import miri_product
from pedigreed.cli.app import app
from pedigreed.demo.crds_rules import rmap_text
from pedigreed.model.context_use import ContextsInUse
from pedigreed.model.failure import Usage
from pedigreed.model.notice import Announcement, Facts, Medium, NoticeKind
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import KnownProduct, Product
from pedigreed.sources.crds.rules import RulesUnavailable
from pedigreed.store import announcements, products
from pedigreed.store.database import Store
from rule_files import context_texts
from rule_server import RuleServer, rule_server

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PARKEYS = ("META.INSTRUMENT.DETECTOR", "META.INSTRUMENT.BAND", "META.EXPOSURE.READPATT")
ANY_ROW, NA_ROW = ("MIRIFULONG", "LONG", "ANY"), ("MIRIFULONG", "LONG", "N/A")
SINCE = "2000-01-01 00:00:00"
OLD_FLAT, NEW_FLAT = "jwst_miri_flat_0001.rmap", "jwst_miri_flat_0002.rmap"
OLD_PHOTOM, NEW_PHOTOM = "jwst_miri_photom_0001.rmap", "jwst_miri_photom_0002.rmap"
OLD = context_texts(
    1582,
    {
        OLD_FLAT: rmap_text(OLD_FLAT, PARKEYS, {ANY_ROW: {SINCE: "jwst_miri_flat_0242.fits"}}),
        OLD_PHOTOM: rmap_text(OLD_PHOTOM, PARKEYS[:1], {("MIRIFULONG",): {SINCE: "jwst_miri_photom_0001.fits"}}),
    },
)
NEW = context_texts(
    1583,
    {
        NEW_FLAT: rmap_text(
            NEW_FLAT,
            PARKEYS,
            {ANY_ROW: {SINCE: "jwst_miri_flat_0242.fits"}, NA_ROW: {SINCE: "jwst_miri_flat_0541.fits"}},
        ),
        NEW_PHOTOM: rmap_text(
            NEW_PHOTOM,
            PARKEYS[:1],
            {
                ("MIRIFULONG",): {
                    SINCE: "jwst_miri_photom_0001.fits",
                    "2022-07-12 01:02:03": "jwst_miri_photom_0002.fits",
                }
            },
        ),
    },
)
MRS = {"exp_type": "MIR_MRS", "detector": "MIRIFULONG", "band": "LONG", "channel": "34", "readpatt": "FASTR1"}
EARLY, LATE = datetime(2022, 7, 1, tzinfo=UTC), datetime(2022, 7, 12, 1, 2, 3, 500_000, tzinfo=UTC)


def product(observation: int, level: str, product_type: str, start: datetime) -> Product:
    made = Pedigree("1.20.2", "jwst_1582.pmap", NOW)
    return miri_product(observation, level, product_type, start, pedigree=made, parameters=MRS)


CAL = product(2, "2b", "cal", LATE)


@pytest.fixture
def server() -> Iterator[RuleServer]:
    with rule_server() as served:
        served.texts = {**OLD, **NEW}
        yield served


@pytest.fixture
def config(tmp_path: Path, migrated_here: str, server: RuleServer) -> Path:
    # What was fetched before is not fetched again.
    (tmp_path / "rules").mkdir()
    for name, text in {**OLD, **NEW}.items():
        (tmp_path / "rules" / name).write_text(text)
    kept = [product(1, "2b", "cal", EARLY), CAL, product(2, "1b", "uncal", LATE), product(3, "2a", "rate", LATE)]
    with Store(migrated_here) as store, store.writing() as connection:
        products.keep(connection, [KnownProduct(each) for each in kept], {})
        announcements.save_contexts(connection, ContextsInUse("jwst_1583", NOW, "jwst_1582", "1.20.2"))
        said = Announcement(
            source="CRDS",
            medium=Medium.SERVER,
            identity="context:jwst_1583",
            said_at=NOW,
            title="jwst_1583",
            text="",
            facts=Facts(kind=NoticeKind.DELIVERY, context="jwst_1583", before="jwst_1582", activated_at=NOW),
        )
        announcements.keep(connection, [said], NOW, was_there=False)
    file = tmp_path / "pedigreed.yaml"
    file.write_text(
        f"store: sqlite:///{tmp_path / 'pedigreed.db'}\n"
        f"sources: {{crds: {{url: {server.url}}}}}\n"
        "channels: {keep: {folder: {path: /mail}}}\n"
        "subscriptions: [{name: jades, watch: {programs: [1180]}, deliver: [{channel: keep}]}]\n"
    )
    return file


def printed(config: Path, *arguments: str) -> str:
    done = CliRunner().invoke(app, ["impact", "--config", str(config), *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return done.stdout


def document(config: Path, *arguments: str) -> Any:  # noqa: ANN401
    return json.loads(printed(config, *arguments, "--json"))


def test_nothing_of_the_store_stays_open(config: Path) -> None:
    gc.disable()
    try:
        printed(config)
        opened = [each.resolve() for each in Path("/proc/self/fd").iterdir()]
    finally:
        gc.enable()
    assert not [each for each in opened if each.is_relative_to(config.parent)]


def test_the_switch_to_the_latest_is_told_with_its_places(config: Path) -> None:
    assert printed(config).splitlines() == [
        "jwst_1582 -> jwst_1583",
        "  changes 1 of your 4 products: photom 1 (absolute flux calibration)",
        "  program 1180 obs 2. No change to the rest.",
        "  changed rules that choose the same files: flat",
    ]


def test_nothing_that_changes_is_one_line(config: Path) -> None:
    assert printed(config, "jwst_1582", "build").splitlines() == [
        "jwst_1582 -> jwst_1582",
        "  changes none of your 4 products",
    ]


def test_the_shape_of_the_document(config: Path) -> None:
    assert document(config, "jwst_1582", "latest") == {
        "old": "jwst_1582",
        "new": "jwst_1583",
        "file": None,
        "products": 4,
        "changed": 1,
        "types": [{"type": "photom", "products": 1}],
        "where_the_step_is_on": [],
        "errors": [],
        "types_without_effect": ["flat"],
        "places": [{"program": 1180, "observation": 2, "products": 1}],
        "not_known": 0,
        "without_exposures": 0,
        "not_understood": [],
        "unknown_exposure_types": [],
        "unknown_types": [],
        "unread": [],
        "recorded": None,
    }


def test_one_program(config: Path) -> None:
    assert document(config, "--program", "1180") == document(config)


def test_one_type_or_every_type(config: Path) -> None:
    assert document(config, "--type", "flat")["changed"] == 0
    # The rate is not made with photom, and would get another file all the same.
    assert document(config, "--all-types")["changed"] == 2


def test_each_product_is_held_against_the_context_that_it_was_made_with(config: Path) -> None:
    found = document(config, "--made-with")
    assert (found["old"], found["new"], found["changed"]) == (None, "jwst_1583", 1)
    assert document(config, "build", "--made-with")["changed"] == 0


def test_the_products_that_use_a_file_are_found(config: Path) -> None:
    assert printed(config, "--file", "jwst_miri_photom_0001.fits").splitlines() == [
        "jwst_miri_photom_0001.fits in jwst_1583: 1 of 4 products",
        "  program 1180 obs 1",
    ]
    assert printed(config, "--file", "jwst_miri_photom_0001.fits", "--made-with").splitlines() == [
        "jwst_miri_photom_0001.fits by the CRDS_CTX of each: 2 of 4 products",
        "  program 1180 obs 1-2",
    ]
    found = document(config, "--file", "jwst_miri_photom_0001.fits", "--made-with")
    assert (found["old"], found["new"], found["changed"]) == (None, None, 2)
    for more in ((), ("--made-with",)):
        with pytest.raises(Usage, match="is no reference file"):
            printed(config, "--file", "x.fits", *more)


def test_the_row_that_decides_is_told(config: Path) -> None:
    title, _, sentence, *_ = printed(config, "--why", CAL.filename, "flat").splitlines()
    assert title == f"{CAL.filename}: flat"
    unused, _, reason = sentence.partition(": ")
    assert unused == "jwst_miri_flat_0541 is in the rules and not used"
    assert reason == "row ('MIRIFULONG','LONG','ANY') has weight 3, its own 2"
    found = document(config, "--why", CAL.filename, "flat")
    assert found["new"]["rows"] == [
        {"fields": list(ANY_ROW), "weight": 3, "file": "jwst_miri_flat_0242.fits", "since": SINCE},
        {"fields": list(NA_ROW), "weight": 2, "file": "jwst_miri_flat_0541.fits", "since": SINCE},
    ]
    detector = {"keyword": "DETECTOR", "value": "MIRIFULONG", "from": "MAST's column detector"}
    assert found["values"][0] == detector
    assert found["start"] == "2022-07-12 01:02:03.500000"


def test_a_product_of_stage_3_is_explained_by_its_exposures(config: Path) -> None:
    combined = replace(
        CAL,
        filename="jw01180-o002_t001_miri_ch4-long_s3d.fits",
        fileset="jw01180-o002_t001_miri_ch4-long",
        level="3",
        parameters={},
    )
    alone = replace(combined, filename=combined.filename.replace("o002", "o009"), observation=9)
    with Store(f"sqlite:///{config.parent / 'pedigreed.db'}") as store, store.writing() as connection:
        products.keep(connection, [KnownProduct(combined), KnownProduct(alone)], {})
    title, product, _, sentence, *_ = printed(config, "--why", combined.filename, "photom").splitlines()
    assert title == f"{combined.filename} is of stage 3, and made of 1 exposure:"
    assert product == f"{CAL.filename}: photom"
    assert sentence.startswith("jwst_miri_photom_0001 -> jwst_miri_photom_0002")
    found = document(config, "--why", combined.filename, "photom")
    assert (found["product"], found["exposures"][0]["product"]) == (combined.filename, CAL.filename)
    with pytest.raises(Usage, match="the exposures that it is made of are not known"):
        printed(config, "--why", alone.filename, "photom")


def test_a_start_within_a_second_of_a_rules_date_is_told(config: Path) -> None:
    text = printed(config, "--why", CAL.filename, "photom")
    assert "jwst_miri_photom_0001 -> jwst_miri_photom_0002: row ('MIRIFULONG') has weight 1" in text
    assert "the date 2022-07-12 01:02:03 of a rule is within a second of the observation's start" in text


def test_files_on_disk_are_evaluated_by_their_headers(config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    header = fits.Header()
    keywords = {
        "INSTRUME": "MIRI",
        "EXP_TYPE": "MIR_MRS",
        "DETECTOR": "MIRIFULONG",
        "BAND": "LONG",
        "READPATT": "FASTR1",
        "DATE-OBS": "2022-07-12",
        "TIME-OBS": "01:02:03.000",
        "CRDS_CTX": "jwst_1582.pmap",
        "R_FLAT": "crds://jwst_miri_flat_0242.fits",
        "R_PHOTOM": "crds://jwst_miri_photom_0009.fits",
        "R_DARK": "N/A",
    }
    header.update(keywords)
    fits.HDUList([fits.PrimaryHDU(header=header)]).writeto(folder / CAL.filename)
    (folder / CAL.filename.replace("00001_miri", "00002_miri")).write_text("no FITS")
    found = document(config, "--path", str(folder))
    assert (found["products"], found["changed"], found["types"]) == (1, 1, [{"type": "photom", "products": 1}])
    assert found["unread"] == [f"{folder}/jw01180002001_02101_00002_mirifulong_cal.fits: it is no FITS file"]
    assert found["recorded"] == {
        "products": 1,
        "compared": 2,
        "differing": [
            {
                "context": "jwst_1582",
                "type": "photom",
                "recorded": "jwst_miri_photom_0009.fits",
                "chosen": "jwst_miri_photom_0001.fits",
                "paths": [str(folder / CAL.filename)],
            }
        ],
        "not_compared": [],
    }
    assert printed(config, "--path", str(folder)).splitlines()[4:6] == [
        "  made with: 1 of 2 reference files in the R_* keywords of 1 product as the rules of CRDS_CTX choose",
        (
            "    photom: jwst_miri_photom_0009.fits, where jwst_1582 has jwst_miri_photom_0001.fits: "
            f"{folder / CAL.filename}"
        ),
    ]
    assert document(config, "--path", str(folder), "--made-with")["changed"] == 1
    assert "jwst_miri_photom_0002" in printed(config, "--why", str(folder / CAL.filename), "photom")


def test_rules_that_are_not_on_disk_are_fetched(config: Path, tmp_path: Path, server: RuleServer) -> None:
    (tmp_path / "rules" / NEW_FLAT).unlink()
    assert document(config)["changed"] == 1
    assert server.names == [NEW_FLAT]


def test_a_context_whose_rules_are_not_to_be_had_is_told(config: Path, tmp_path: Path, server: RuleServer) -> None:
    (tmp_path / "rules" / NEW_FLAT).unlink()
    del server.texts[NEW_FLAT]
    with pytest.raises(RulesUnavailable, match=r"jwst_miri_flat_0002\.rmap: CRDS: answered HTTP 404"):
        printed(config)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nonsense",), "'nonsense' is no context"),
        (("--path", "/not/there"), "/not/there is not there"),
        (("--program", "1181"), "program 1181 is not watched"),
        (("--why", "jw1.fits", "flat"), "is neither a product that is watched nor a file here"),
        (("--why", CAL.filename, "nothing"), "CRDS has no type 'nothing' for MIRI"),
        (("jwst_1582", "jwst_1583", "--made-with"), "is about one context"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(config: Path, arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(Usage, match=said):
        printed(config, *arguments)

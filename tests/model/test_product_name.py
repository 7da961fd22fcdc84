"""JWST file names: every form is read, real names say what the archive says, and nothing is fatal."""

from __future__ import annotations

import json
import lzma
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.model.instrument import DETECTORS
from pedigreed.model.product_name import ProductName, parse_product_name, product_type_of

CAPTURES = Path(__file__).parents[2].parent / "shared" / "data" / "mast"
YEAR = "real_year_2025-09_2026-08.jsonl.xz"
BASE_36 = "0123456789abcdefghijklmnopqrstuvwxyz"


def one_of_the_words(text: str) -> st.SearchStrategy[str]:
    return st.sampled_from(text.split())


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=count, max_size=count)


def maybe(text: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.just("") | text


LEVELS = {
    "uncal": "1b",
    "rate": "2a",
    "rateints": "2a",
    "ramp": "2a",
    "dark": "2a",
    "cal": "2b",
    "calints": "2b",
    "bsub": "2b",
    "i2d": "2b",
    "s2d": "2b",
    "s3d": "2b",
    "x1d": "2b",
    "x1dints": "2b",
    "crf": "2c",
    "crfints": "2c",
    "c1d": "3",
    "cat": "3",
    "psf-ami-oi": "3",
    "novel": None,
}
GUIDE_STAR_LEVELS = {
    "image_uncal": "1b",
    "image_cal": "2b",
    "stacked_uncal": "1b",
    "stacked_cal": "2b",
    "image-uncal": "1b",
    "image-cal": "2b",
    "uncal": "1b",
    "cal": "2b",
    "stream": None,
}
activities = st.text(BASE_36, min_size=2, max_size=2)
endings = st.sampled_from((".fits", ".fits.gz", ".jpg", "_thumb.jpg", ".ecsv", ".json"))
stamps = st.from_regex(r"[0-9]{8}t[0-9]{6}", fullmatch=True)
product_types = one_of_the_words(
    "uncal rate rateints ramp dark cal calints i2d s2d s3d x1d x1dints c1d crf crfints cat segm phot whtlt "
    "wfscmb ami-oi psf-ami-oi amimulti-oi"
) | st.from_regex(r"[a-z][a-z0-9]{1,9}", fullmatch=True).filter(
    lambda text: text != "thumb" and re.fullmatch(r"o\d{3}|[car]\d{4}", text) is None
)
"""What an exposure or an association may be made into, with types that are not known yet."""


@st.composite
def associations(draw: st.DrawFn) -> tuple[str, int | None]:
    """An association candidate, and the observation that it is of."""
    if draw(st.booleans()):
        number = draw(digits(3))
        return f"o{number}", int(number)
    return draw(st.sampled_from("car")) + draw(digits(4)), None


@st.composite
def exposure_names(draw: st.DrawFn) -> tuple[ProductName, str]:
    program, observation = draw(digits(5)), draw(digits(3))
    fileset = f"jw{program}{observation}{draw(digits(3))}_{draw(digits(3))}{draw(activities)}_{draw(digits(5))}"
    segment = draw(maybe(digits(3).map("-seg{}".format)))
    detector = draw(st.sampled_from((*sorted(DETECTORS), "nrca5")))
    association = draw(maybe(associations().map(lambda pair: f"_{pair[0]}")))
    product_type = draw(st.sampled_from(sorted(LEVELS)))
    text = f"{fileset}{segment}_{detector}{association}_{product_type}{draw(endings)}"
    level = "2c" if association else LEVELS[product_type]
    return ProductName(text, True, int(program), int(observation), level, fileset), product_type


@st.composite
def stage_three_names(draw: st.DrawFn) -> tuple[ProductName, str]:
    program, (association, observation) = draw(digits(5)), draw(associations())
    target, source = f"t{draw(digits(3) | digits(4))}", draw(st.from_regex(r"[sbv][0-9]{5,9}", fullmatch=True))
    subject = draw(st.sampled_from((target, source, f"{target}-{source}")))
    epoch = draw(maybe(digits(1).map("-epoch{}".format)))
    instrument = draw(one_of_the_words("nircam niriss nirspec miri fgs"))
    fileset = f"jw{program}-{association}_{subject}{epoch}_{instrument}"
    elements = one_of_the_words("f444w clear grismr gr700xd nrm f170lp_g235m prism s200a1 maskrnd wlm8 ch3-long")
    subarrays = one_of_the_words("sub320a335r subgrism256 sub64p allslits mask1140 full_irs2 sub164stripe4_dhs")
    optics = draw(st.lists(elements, max_size=3).map(tuple)) + draw(
        st.just(()) | st.tuples(st.sampled_from(sorted(DETECTORS))) | st.tuples(subarrays)
    )
    product_type, activity = draw(product_types), draw(maybe(st.from_regex(r"-[0-9][0-9a-z]", fullmatch=True)))
    field = f"_{'-'.join(optics)}" if optics else ""
    text = f"{fileset}{field}_{product_type}{activity}{draw(endings)}"
    return ProductName(text, True, int(program), observation, "3", fileset), product_type


@st.composite
def guide_star_names(draw: st.DrawFn) -> tuple[ProductName, str]:
    program, observation = draw(digits(5)), draw(digits(3))
    function = draw(one_of_the_words("id acq1 acq2 track fg"))
    which = draw(maybe((digits(13) | st.integers(0, 999).map(str)).map("_{}".format)))
    fileset = f"jw{program}{observation}{draw(digits(3))}_gs-{function}{which}"
    segment = draw(maybe(digits(3).map("-seg{}".format)))
    product_type = draw(st.sampled_from(sorted(GUIDE_STAR_LEVELS)))
    text = f"{fileset}{segment}_{product_type}{draw(endings)}"
    level = GUIDE_STAR_LEVELS[product_type]
    return ProductName(text, True, int(program), int(observation), level, fileset), product_type


@st.composite
def companion_names(draw: st.DrawFn) -> tuple[ProductName, str]:
    """Shutter configurations, association tables and association pools."""
    program, observation, ending = draw(digits(5)), draw(digits(3)), draw(endings)
    association, of_association = draw(associations())
    rule = draw(one_of_the_words("image2 spec3 tso3 nrslamp-spec2 wfs-image3"))
    counter = draw(digits(3) | digits(5))
    fileset, kind, number = draw(
        st.sampled_from(
            (
                (f"jw{program}{observation}{draw(digits(3))}_{draw(activities)}", "msa", int(observation)),
                (f"jw{program}-{association}_{draw(stamps)}_{rule}_{counter}", "asn", of_association),
                (f"jw{program}_{draw(stamps)}", "pool", None),
            )
        )
    )
    return ProductName(f"{fileset}_{kind}{ending}", True, int(program), number, None, fileset), kind


names = st.one_of(exposure_names(), stage_three_names(), guide_star_names(), companion_names())
texts = names.map(lambda pair: pair[0].text)


@given(names)
def test_a_name_built_from_parts_says_what_it_was_built_from(named: tuple[ProductName, str]) -> None:
    name, product_type = named
    assert parse_product_name(name.text) == name
    assert product_type_of(name.text) == product_type


fragments = st.lists(
    one_of_the_words(
        "jw 01345 001 002 _ - . o001 c1001 t001 s000000001 02101 00001 seg001 nrca1 miri nirspec f444w sub64 cal "
        "x1d ami-oi fits jpg thumb gs-id gs- epoch1 image stacked msa asn pool 20220702t204540 2022150070312"
    )
    | st.sampled_from(("\x00", "\n", "\u0663")),
    max_size=30,
).map("".join)


@given(st.text() | fragments | texts.flatmap(lambda text: st.sampled_from((text[1:], text + "x", text * 2))))
def test_any_text_has_an_answer(text: str) -> None:
    name = parse_product_name(text)
    assert name.text == text
    assert text.startswith(name.fileset)
    assert name.fileset or not text
    if not name.is_recognised:
        assert (name.fileset, name.observation, name.level) == (text, None, None)
    if name.program is not None:
        assert text.startswith(f"jw{name.program:05d}")


@given(texts, st.integers(0, 300), st.characters())
def test_a_name_with_one_character_changed_has_an_answer(text: str, place: int, character: str) -> None:
    place %= len(text)
    changed = text[:place] + character + text[place + 1 :]
    name = parse_product_name(changed)
    assert changed.startswith(name.fileset)
    assert product_type_of(changed) or not name.is_recognised or "thumb" in changed


@pytest.mark.parametrize(
    ("text", "observation", "level", "fileset"),
    [
        ("jw01091002003_03102_00004-seg005_nis_rateints.fits", 2, "2a", "jw01091002003_03102_00004"),
        ("jw01386002001_0310a_00001_nrcalong_cal.fits", 2, "2b", "jw01386002001_0310a_00001"),
        ("jw01345001001_02101_00001_newcam1_cal.fits", 1, "2b", "jw01345001001_02101_00001"),
        ("jw01345012001_02101_00001_nrcalong_rate_thumb.jpg", 12, "2a", "jw01345012001_02101_00001"),
        ("jw05105001001_02201_00001_mirimage_o002_crf.fits", 1, "2c", "jw05105001001_02201_00001"),
        ("jw05105001001_02201_00001_mirimage_c1001_crf.fits", 1, "2c", "jw05105001001_02201_00001"),
        ("jw01039-o004_t001_miri_ch3-long_x1d.fits", 4, "3", "jw01039-o004_t001_miri"),
        ("jw80600-c0001_t001-epoch2_miri_f1130w_i2d.fits", None, "3", "jw80600-c0001_t001-epoch2_miri"),
        ("jw05224-o004_s000277193_nirspec_clear-prism_x1d.fits", 4, "3", "jw05224-o004_s000277193_nirspec"),
        ("jw80600-o009_s00001-epoch1_miri_f1130w_i2d.fits", 9, "3", "jw80600-o009_s00001-epoch1_miri"),
        ("jw12345-o066_v000000042_nirspec_f170lp_g235m_x1d.fits", 66, "3", "jw12345-o066_v000000042_nirspec"),
        (
            "jw01538-o160_t002-s000000001_nirspec_f170lp-g235m-s1600a1-sub2048_x1d.fits",
            *(160, "3", "jw01538-o160_t002-s000000001_nirspec"),
        ),
        ("jw02586-o173_t035_nircam_f212n-wlm8-nrca3_wfscmb-04.fits", 173, "3", "jw02586-o173_t035_nircam"),
        ("jw87600-a3001_t001_niriss_f480m-nrm_psf-ami-oi.fits", None, "3", "jw87600-a3001_t001_niriss"),
        ("jw01000-o001_t001_niriss_i2d.fits", 1, "3", "jw01000-o001_t001_niriss"),
        ("jw01068-o006_t004_nircam_f150w2-f164n-sub64p_phot.ecsv", 6, "3", "jw01068-o006_t004_nircam"),
        ("jw00729011001_gs-id_12_stacked_uncal.fits", 11, "1b", "jw00729011001_gs-id_12"),
        ("jw00729011001_gs-id_7_image-uncal.fits", 11, "1b", "jw00729011001_gs-id_7"),
        ("jw00729011001_gs-id_image_cal.fits", 11, "2b", "jw00729011001_gs-id"),
        ("jw00799003001_gs-acq1_2019154181705_stream.fits", 3, None, "jw00799003001_gs-acq1_2019154181705"),
        ("jw02738002002_gs-track_2022242044457_cal.fits", 2, "2b", "jw02738002002_gs-track_2022242044457"),
        ("jw01118005001_gs-fg_2022150070312-seg002_uncal.fits", 5, "1b", "jw01118005001_gs-fg_2022150070312"),
        ("jw01118008001_01_msa.fits", 8, None, "jw01118008001_01"),
        (
            "jw01039-o004_20220702t204540_spec3_001_asn.json",
            *(4, None, "jw01039-o004_20220702t204540_spec3_001"),
        ),
        ("jw01039_20220702t204540_pool.csv", None, None, "jw01039_20220702t204540"),
    ],
)
def test_what_names_of_every_form_say(text: str, observation: int | None, level: str | None, fileset: str) -> None:
    assert parse_product_name(text) == ProductName(text, True, int(text[2:7]), observation, level, fileset)


@pytest.mark.parametrize(
    ("filename", "product_type"),
    [
        ("jw01091002001_03102_00001-seg001_nis_rateints.fits", "rateints"),
        ("jw01039-o004_t001_miri_ch3-long_x1d.fits", "x1d"),
        ("jw87600-a3001_t001_niriss_f480m-nrm_aminorm-oi.fits", "aminorm-oi"),
        ("jw02586-o173_t035_nircam_f212n-wlm8-nrca3_wfscmb-0a.fits", "wfscmb"),
        ("jw00729011001_gs-id_1_stacked_uncal.fits", "stacked_uncal"),
        ("jw01118008001_01_msa.fits", "msa"),
        ("jw01345012001_02101_00001_nrcalong_rate_thumb.jpg", "rate"),
        ("jw01345001001_02101_00001_nrca1_cal.fits.gz", "cal"),
        ("notes_cal.fits", "cal"),
        ("cal.fits", ""),
        ("jw01039-o004_t001_miri", ""),
        ("jw01345001001_02101_00001_nrca1_CAL.fits", ""),
        ("_.", ""),
        ("", ""),
    ],
)
def test_the_product_type_is_the_last_field(filename: str, product_type: str) -> None:
    assert product_type_of(filename) == product_type


HOSTILE = (
    "",
    "\x00",
    "jw01345001001_02101_00001_nrca1_cal.fits\n",
    "jw01345001001_02101_00001_nrca1_cal.fits\x00",
    "JW01345001001_02101_00001_NRCA1_CAL.FITS",
    "jw\u0660\u0661\u0663\u0664\u0665001001_02101_00001_nrca1_cal.fits",
    "../jw01345001001_02101_00001_nrca1_cal.fits",
    "jw01345001001_02101_00001_nrca1_cal",
    "jw01345001001_02101_00001_nrca1.fits",
    "jw01345001001_02101_00001_nrca1_o001.fits",
    "jw01345001001_02101_00001_nrca1_thumb.jpg",
    "jw01345001001_02101_00001_nrca1_c1001_o001.fits",
    "jw01345001001_02101_00001_nrca1_assign_wcs.fits",
    "jw01345001001_02101_00001_NRCA1_cal.fits",
    "jw01345001001_02101_001_nrca1_cal.fits",
    "jw1345001001_02101_00001_nrca1_cal.fits",
    "jw01345-o0001_t001_miri_f770w_i2d.fits",
    "jw01345-c001_t001_miri_f770w_i2d.fits",
    "jw01345-x1001_t001_miri_f770w_i2d.fits",
    "jw01345-o001_miri_f770w_i2d.fits",
    "jw01345-o001_t001_hubble_f770w_i2d.fits",
    "jw01345-o001_t001_miri",
    "jw01345-o001_t001_miri.fits",
    "jw01345-o001_t001_miri_f770w--f560w_i2d.fits",
    "jw01345001001_gs-id_01_image_cal.fits",
    "jw01345001001_gs-lost_1_image_cal.fits",
    "jw01345001001_msa.fits",
    "jw01345_20220702_pool.csv",
    "hlsp_example_jwst_nircam_f444w_v1_i2d.fits",
    "R2022120404-NRCA3_FP1-1.fits",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_does_not_fit_is_kept_and_marked(text: str) -> None:
    name = parse_product_name(text)
    assert not name.is_recognised
    assert (name.text, name.fileset, name.level, name.observation) == (text, text, None, None)


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ("jw01345001001_02101_00001_nrca1_assign_wcs.fits", 1345),
        ("jw01345-strange.fits", 1345),
        ("jw01345_strange.fits", 1345),
        ("jw01345", 1345),
        ("jw0134_5.fits", None),
        ("jw013450_pool.csv", None),
        ("jw013450010012_cal.fits", None),
        ("xjw01345_cal.fits", None),
        ("", None),
    ],
)
def test_an_unrecognised_name_still_tells_its_program_where_it_begins_with_one(
    text: str, program: int | None
) -> None:
    assert parse_product_name(text).program == program


@pytest.mark.parametrize(
    "text",
    [
        "jw01345-o001_t001_miri" + "_a" * 5_000_000,
        "jw01345-o001_t001_miri_" + "a-" * 5_000_000 + ".fits",
        "jw01345001001_gs-id_1_" + "-a" * 5_000_000,
        "0" * 10_000_000,
        "jw01345001001_02101_00001_nrca1_" + "a" * 10_000_000 + ".fits",
    ],
    ids=["underscores", "hyphens", "guide star", "zeros", "product type"],
)
def test_megabytes_are_kept_without_a_search(text: str) -> None:
    assert not parse_product_name(text).is_recognised
    assert product_type_of(text) == ""


@pytest.mark.parametrize("unit", ["a", "-a", "_a", "-", "_", "a-", "0", ".a", "o001_", "-0a", "_thumb", "image_"])
@pytest.mark.parametrize(
    "start",
    [
        "",
        "jw01345001001_02101_00001_nrca1_",
        "jw01345-o001_t001_miri_",
        "jw01345001001_gs-id_",
        "jw01345-o001_20220702t204540_",
    ],
)
def test_the_longest_names_are_searched_quickly(start: str, unit: str) -> None:
    for end in ("", "!", ".fits", ".fits!"):
        text = (start + unit * 255)[: 255 - len(end)] + end
        assert text.startswith(parse_product_name(text).fileset)


def _real_names() -> list[str]:
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(CAPTURES.glob("*.json")))
    return sorted(set(re.findall(r"\bjw\d{5}[\w-]*\.\w+", text)))


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="the captures of the archive are not beside this checkout")
def test_every_real_name_is_recognised() -> None:
    real = _real_names()
    assert len(real) >= 10
    assert [text for text in real if not parse_product_name(text).is_recognised or not product_type_of(text)] == []


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="the captures of the archive are not beside this checkout")
def test_the_real_archive_says_the_same_as_its_names() -> None:
    rows = json.loads((CAPTURES / "niriss_rows_2024-05-02.json").read_text(encoding="utf-8"))
    rows.append(json.loads((CAPTURES / "viz_keywords_search.json").read_text(encoding="utf-8")))
    for row in rows:
        name = parse_product_name(row["filename"])
        assert name.fileset == row["fileSetName"]
        assert name.level == row["productLevel"]
        assert name.program == int(row["program"])
        assert name.observation == int(row["observtn"])
    events = json.loads((CAPTURES / "subscription_email_attachment.json").read_text(encoding="utf-8"))
    for event in events:
        name = parse_product_name(event["filename"])
        assert (name.fileset, name.program) == (event["fileset"], event["program"])


@pytest.mark.skipif(not (CAPTURES / YEAR).is_file(), reason="a year of the archive is not beside this checkout")
def test_the_names_of_a_year_say_what_their_rows_say() -> None:
    with lzma.open(CAPTURES / YEAR, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line)["row"] for line in lines]
    assert len(rows) > 10_000
    for row in rows:
        name = parse_product_name(row["filename"])
        assert name.is_recognised, row["filename"]
        assert (name.program, name.fileset) == (row["program"], row["fileSetName"])

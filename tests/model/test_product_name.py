"""JWST file names: every form is read, written back exactly, and nothing is lost or fatal."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.model.association_id import AssociationId, AssociationKind
from pedigreed.model.instrument import DETECTORS, Instrument
from pedigreed.model.product_name import (
    AssociationName,
    ExposureName,
    GuideStarFunction,
    GuideStarName,
    MsaName,
    PoolName,
    ProductName,
    StageThreeName,
    UnrecognisedName,
    parse_product_name,
    product_type_of,
)

CAPTURES = Path(__file__).parents[2].parent / "shared" / "data" / "mast"


def one_of_the_words(text: str) -> st.SearchStrategy[str]:
    return st.sampled_from(text.split())


BASE_36 = "0123456789abcdefghijklmnopqrstuvwxyz"
programs = st.integers(0, 99999)
three_digits = st.integers(0, 999)
activities = st.text(BASE_36, min_size=2, max_size=2)
endings = st.sampled_from((".fits", ".fits.gz", ".jpg", "_thumb.jpg", ".ecsv", ".json"))
stamps = st.from_regex(r"[0-9]{8}t[0-9]{6}", fullmatch=True)
associations = st.builds(AssociationId, st.just(AssociationKind.OBSERVATION), three_digits) | st.builds(
    AssociationId,
    st.sampled_from((AssociationKind.CANDIDATE, AssociationKind.DISCOVERED, AssociationKind.RESERVED)),
    st.integers(0, 9999),
)
product_types = one_of_the_words(
    "uncal rate rateints ramp dark cal calints i2d s2d s3d x1d x1dints c1d crf crfints cat segm phot whtlt "
    "wfscmb ami-oi psf-ami-oi amimulti-oi"
) | st.from_regex(r"[a-z][a-z0-9]{1,9}", fullmatch=True).filter(
    lambda text: text != "thumb" and re.fullmatch(r"o\d{3}|[car]\d{4}", text) is None
)
exposure_names = st.builds(
    ExposureName,
    program=programs,
    observation=three_digits,
    visit=three_digits,
    visit_group=st.integers(0, 99),
    parallel_sequence=st.integers(0, 9),
    activity=activities,
    exposure=st.integers(0, 99999),
    detector=st.sampled_from(sorted(DETECTORS)) | st.just("nrca5"),
    product_type=product_types,
    segment=st.none() | three_digits,
    association=st.none() | associations,
    ending=endings,
)

targets = st.from_regex(r"t[0-9]{3,4}", fullmatch=True)
sources = st.from_regex(r"[sbv][0-9]{5,9}", fullmatch=True)
elements = one_of_the_words("f444w clear grismr gr700xd nrm f170lp g235m prism s200a1 maskrnd wlm8 p750l")
subarrays = one_of_the_words(
    "sub320a335r subgrism256 substrip96 sub64p allslits slitlessprism mask1140 brightsky subs200a1 wfss64r "
    "sub680stripe_soss sub164stripe4_dhs slitlessprism_ip masklwb"
)
optics_parts = st.tuples(
    st.lists(elements, min_size=1, max_size=3).map(tuple),
    st.none() | st.sampled_from(sorted(DETECTORS)),
    st.none() | subarrays,
)
stage_three_names = st.builds(
    lambda subject, **parts: StageThreeName(target=subject[0], source=subject[1], **parts),
    subject=st.tuples(targets, st.none()) | st.tuples(st.none(), sources) | st.tuples(targets, sources),
    program=programs,
    association=associations,
    epoch=st.none() | st.integers(0, 9),
    instrument=st.sampled_from(Instrument),
    optics=st.just("") | optics_parts.map(lambda parts: "-".join((*parts[0], *filter(None, parts[1:])))),
    product_type=product_types,
    activity=st.none() | st.from_regex(r"[0-9][0-9a-z]", fullmatch=True),
    ending=endings,
)

guide_star_names = st.builds(
    lambda when, **parts: GuideStarName(ended=when[0], attempt=when[1], **parts),
    when=st.tuples(st.from_regex(r"[0-9]{13}", fullmatch=True), st.none())
    | st.tuples(st.none(), st.none() | st.integers(0, 999)),
    program=programs,
    observation=three_digits,
    visit=three_digits,
    function=st.sampled_from(GuideStarFunction),
    product_type=product_types
    | st.sampled_from(("stream", "image_cal", "image_uncal", "stacked_cal", "stacked_uncal", "image-cal")),
    segment=st.none() | three_digits,
    ending=endings,
)

msa_names = st.builds(MsaName, programs, three_digits, three_digits, activities, endings)
association_names = st.builds(
    AssociationName,
    programs,
    associations,
    stamps,
    st.sampled_from(("image2", "spec3", "tso3", "nrslamp-spec2", "wfs-image3")),
    st.from_regex(r"[0-9]{3,5}", fullmatch=True),
    endings,
)
pool_names = st.builds(PoolName, programs, stamps, endings)
names: st.SearchStrategy[ProductName] = st.one_of(
    exposure_names, stage_three_names, guide_star_names, msa_names, association_names, pool_names
)


@given(names)
def test_a_name_built_from_parts_is_read_into_the_same_parts(name: ProductName) -> None:
    assert parse_product_name(str(name)) == name


@given(names)
def test_the_cheap_path_gives_the_product_type_of_the_whole_reading(name: ProductName) -> None:
    assert product_type_of(str(name)) == name.product_type


@given(names)
def test_a_recognised_name_begins_with_its_file_set_and_its_program(name: ProductName) -> None:
    assert str(name).startswith(name.fileset)
    assert str(name).startswith(f"jw{name.program:05d}")
    assert name.is_recognised


@given(associations, optics_parts, product_types)
def test_the_optics_of_a_stage_three_name_are_told_apart(
    association: AssociationId,
    parts: tuple[tuple[str, ...], str | None, str | None],
    product_type: str,
) -> None:
    optical_elements, detector, subarray = parts
    optics = "-".join((*optical_elements, *filter(None, (detector, subarray))))
    text = f"jw01345-{association}_t001_nircam_{optics}_{product_type}.fits"
    name = parse_product_name(text)
    assert isinstance(name, StageThreeName)
    assert (name.optical_elements, name.detector, name.subarray) == (optical_elements, detector, subarray)


fragments = st.lists(
    one_of_the_words(
        "jw 01345 001 002 _ - . o001 c1001 t001 s000000001 02101 00001 seg001 nrca1 miri nirspec f444w sub64 cal "
        "x1d ami-oi fits jpg thumb gs-id gs- epoch1 image stacked msa asn pool 20220702t204540 2022150070312"
    )
    | st.sampled_from(("\x00", "\n", "\u0663")),
    max_size=30,
).map("".join)


@given(
    st.text() | fragments | names.map(str).flatmap(lambda text: st.sampled_from((text[1:], text + "x", text * 2)))
)
def test_any_text_is_read_and_written_back_exactly(text: str) -> None:
    name = parse_product_name(text)
    assert str(name) == text
    assert name.product_type == product_type_of(text)
    assert isinstance(name, UnrecognisedName) is not name.is_recognised
    assert name.fileset or not text


@given(names, st.integers(0, 300), st.characters())
def test_a_recognised_name_with_one_character_changed_is_still_written_back(
    name: ProductName, place: int, character: str
) -> None:
    text = str(name)
    place %= len(text)
    changed = text[:place] + character + text[place + 1 :]
    assert str(parse_product_name(changed)) == changed
    assert parse_product_name(changed).product_type == product_type_of(changed)


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
    assert name == UnrecognisedName(text)
    assert (str(name), name.fileset) == (text, text)
    assert not name.is_recognised
    assert (name.level, name.observation, name.instrument) == (None, None, None)


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
    assert parse_product_name(text) == UnrecognisedName(text)
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
def test_the_longest_names_that_are_searched_are_kept(start: str, unit: str) -> None:
    for end in ("", "!", ".fits", ".fits!"):
        text = (start + unit * 255)[: 255 - len(end)] + end
        assert str(parse_product_name(text)) == text


def _real_names() -> list[str]:
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(CAPTURES.glob("*.json")))
    return sorted(set(re.findall(r"\bjw\d{5}[\w-]*\.\w+", text)))


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="the captures of the archive are not beside this checkout")
def test_every_real_name_is_recognised_and_written_back() -> None:
    real = _real_names()
    assert len(real) >= 10
    for text in real:
        name = parse_product_name(text)
        assert name.is_recognised, text
        assert str(name) == text
        assert product_type_of(text) == name.product_type


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
    told = json.loads((CAPTURES / "subscription_email_attachment.json").read_text(encoding="utf-8"))
    for event in told:
        name = parse_product_name(event["filename"])
        assert (name.fileset, name.program) == (event["fileset"], event["program"])

"""A mail that is not about JWST's reference files is nobody's business."""

from __future__ import annotations

import pytest

from pedigreed.model.instrument import Instrument
from pedigreed.model.vocabulary import SAY_ENOUGH_ON_A_LIST
from pedigreed.notices.naming import named_in
from pedigreed.sources.about_crds import instrument_of, is_about_crds, is_of_another_telescope


@pytest.mark.parametrize(
    ("list_name", "subject", "text"),
    [
        ("", "", "The context jwst_1535.pmap is in use."),
        ("", "jwst_1535", ""),
        ("", "", "JWST_1535.PMAP"),
        ("", "", "Old: jwst_miri_dark_0072.fits."),
        ("", "", "Rules: jwst_nircam_0383.imap and jwst_nirspec_wcs_0010.rmap"),
        ("", "", "jwst_niriss_pars-tweakregstep_0075.asdf"),
        ("", "", "jwst_system_calver_0062.rmap"),
        ("", "CRDS update", "for NIRCam"),
        ("", "New MIRI reference files", ""),
        ("", "", "a new reference\nfile for NIRSpec"),
        ("nircam_reffiles_upd.maillist.example", "New darks", "have come"),
        ("crds-news.lists.example", "Webb", ""),
        ("", "MIRI calibration update", "Its calibration files are new."),
        ("", "pmap 1590", "is in use"),
        ("", "", "Since today 1590.pmap is the latest."),
    ],
)
def test_a_mail_about_reference_files_counts(list_name: str, subject: str, text: str) -> None:
    assert is_about_crds(f"{list_name}\n{subject}\n{text}")


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Lunch", "at noon?"),
        ("JWST proposal", "My draft for the NIRCam time is attached."),
        ("CRDS", "hst_1234.pmap has new WFC3 files"),
        ("Reference files", "for the letter of recommendation"),
        ("", "Miriam crdsx jwstic"),
        ("", "jwst_15355 and xjwst_1535 and jwst_153"),
        ("Newsletter", "JWST saw a galaxy. See jwst_image.fits"),
        ("", ""),
    ],
)
def test_another_mail_does_not(subject: str, text: str) -> None:
    assert not is_about_crds(f"{subject}\n{text}")


@pytest.mark.parametrize(
    "text",
    [
        "hst_1234.pmap has new WFC3 files",
        "New WFC3 superbias reference files for HST",
        "Updated FGS reference files of Hubble: hst_fgs_0012.fits",
        "roman_0051.pmap: new WFI darks",
        "ACS darks: CRDS has hst_acs_0383.imap",
        "WFC3/UVIS reference files: new darks",
        "New ACS/WFC superbias reference files",
        "CRDS context 1180 is in use for HST: COS dispersion reference files",
    ],
)
def test_an_entry_about_another_telescope_is_known(text: str) -> None:
    assert is_of_another_telescope(text)
    assert not is_about_crds(f"CRDS reference files: {text}")


@pytest.mark.parametrize(
    "text",
    [
        "jwst_1535.pmap and hst_1234.pmap",
        "New NIRCam flats, made as for the WFC3 flats of HST",
        "All reference files have been updated. Please reprocess.",
        "FGS darks",
        "Dr. Roman has delivered files",
        "The roman numerals in reference files",
    ],
)
def test_whatever_may_be_jwsts_is_not_of_another_telescope(text: str) -> None:
    assert not is_of_another_telescope(text)


NEW_FLATS = "Long-wavelength flats\nThe new flats of module B are in use."


def test_a_list_of_an_instrument_need_not_call_its_files_so() -> None:
    assert is_about_crds(f"nircam.lists.obs.example\n{NEW_FLATS}", is_of_list=True)
    assert not is_about_crds(f"seminars.lists.obs.example\n{NEW_FLATS}", is_of_list=True)
    assert not is_about_crds(f"\nNIRCam: {NEW_FLATS}"), "a mail that is of no list may be anybody's"


@pytest.mark.parametrize("words", [*SAY_ENOUGH_ON_A_LIST, "Read Noise"])
def test_a_list_is_heard_by_words_that_name_a_type(words: str) -> None:
    said = f"Updated MIRI and NIRCam {words} for the long wavelength channel."
    assert is_about_crds(f"miri.lists.obs.example\n{said}", is_of_list=True)
    assert named_in(said).reference_types or words.startswith("wavelength solution"), "several types have one"


@pytest.mark.parametrize("words", ["dark", "photometry", "dark current", "trace table", "hot pixels", "masks"])
def test_a_list_is_not_heard_by_every_word_for_a_type(words: str) -> None:
    said = f"A new {words} recipe for NIRCam will be shown on Tuesday."
    assert not is_about_crds(f"nircam.lists.obs.example\n{said}", is_of_list=True)


@pytest.mark.parametrize(
    ("name", "instrument"),
    [
        ("NIRCAM_REFFILES at maillist.example", Instrument.NIRCAM),
        ("jwst-miri.lists.example", Instrument.MIRI),
        ("nircam-and-niriss.lists.example", None),
        ("crds.lists.example", None),
    ],
)
def test_a_list_may_be_of_an_instrument(name: str, instrument: Instrument | None) -> None:
    assert instrument_of(name) is instrument

"""What a text names."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples import examples
from pedigreed.model.instrument import Instrument
from pedigreed.model.reference_file import reference_type, reference_types
from pedigreed.notices.naming import named_in

ALL = tuple(sorted(Instrument))


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("MIRI MRS bad pixel", ["mask"]),
        ("photom and apcorr", ["apcorr", "photom"]),
        ("New bad pixel masks are here.", ["mask"]),
        ("Fresh flats: NIRCam flats for every filter", ["flat"]),
        ("a better flat field for the imager", ["flat"]),
        ("read noise and gain reference files", ["gain", "readnoise"]),
        ("revised aperture corrections", ["apcorr"]),
        ("apertures for spectral extraction", ["extract1d"]),
        ("a new flux calibration", ["photom"]),
        ("NIRSpec D-flat, F-flat and S-flat", ["dflat", "fflat", "sflat"]),
        ("EXTRACT_1D and extract1d", ["extract1d"]),
        ("Jump-step parameter reference files of MIRI", ["pars-jumpstep"]),
        ("new tweakreg parameters for NIRISS", ["pars-tweakregstep"]),
        ("IPC kernels and throughput curves", ["ipc", "throughput"]),
        ("NIRCam long-wavelength flats", ["flat"]),
        ("MIRI flats. The darks follow next month.", ["flat"]),
        ("MIRI photom was derived again. The flats are the same as before.", ["photom"]),
        ("No NIRCam darks were changed. The MRS cross-artifact table was.", ["mrsxartcorr"]),
        ("dark, flat and mask rmaps", ["dark", "flat", "mask"]),
        ("linearity and saturation for the NIRSpec data", ["linearity", "saturation"]),
        ("linearity for", []),
        ("the photom step reference file", ["photom"]),
        ("NIRCam subarray darks", ["dark"]),
        ("photom, area", ["area", "photom"]),
        ("area/photom", ["area", "photom"]),
        ("the area and regions reference files", ["area", "regions"]),
        ("camera, fore, fpa, msa and ote references", ["camera", "fore", "fpa", "msa", "ote"]),
        ("pars-tweakregstep for NIRISS", ["pars-tweakregstep"]),
        ("jwst_nirspec_msa_0009.asdf", ["msa"]),
        ("jwst_nircam_pars-jumpstep_0002.asdf", ["pars-jumpstep"]),
        ("reset switch charge decay correction", ["rscd"]),
        ("miri_psf.rmap and nircam_extract1d.rmap", ["extract1d", "psf"]),
        ("nirspec_pars-darkcurrentstep", ["pars-darkcurrentstep"]),
        ("pars-tweakreg and the jump step parameter file", ["pars-jumpstep", "pars-tweakregstep"]),
        ("zeropoints and ZPs", ["photom"]),
        ("FGS: dark and flat", ["dark", "flat"]),
        ("NIRSpec: S-flat for the prism; the D-flat is unchanged.", ["sflat"]),
        ("NIRSpec flats (D-flat, F-flat)", ["dflat", "fflat"]),
        ("saturation maps of NIRCam", ["saturation"]),
    ],
)
def test_types_are_known_by_the_words_that_people_use(text: str, types: list[str]) -> None:
    assert list(named_in(text).reference_types) == types


@pytest.mark.parametrize(
    "text",
    [
        "The dark current step is turned off.",
        "The persistence correction step and the photom step",
        "It was dark, and the camera was in the area.",
        "Stars in dense regions gain from this; there is no mask against it.",
        "the MSA was closed and the PSF of the OTE is known",
        "fine guidance through the fore-noon, and a flat world",
        "MASK1065 and MASKLYOT subarrays",
        "Please reset your password and throughput will rise",
        "It is used in extract_1d, with refpix set to zero.",
        "the uncertainty in the flux calibration",
        "behind the coronagraphic masks of MIRI",
        "SUBARRAY=N/A and DETECTOR=FLATLAND",
        "The wavelength zero point of the NIRSpec gratings is corrected.",
        "Flux calibration and fringe flats of the MRS will be updated at a later time.",
        "The NIRCam photom will be delivered separately, and the aperture correction will follow.",
        "MIRI dark current and read noise measurements were used to weight the exposures.",
        "extract_1d uses it, and the default aperture in extract_1d is a cone.",
        "We recommend to rerun the flat_field and photom steps for NIRISS.",
        "the throughput of the NIRCam bar mask",
    ],
)
def test_words_of_english_alone_name_no_type(text: str) -> None:
    assert named_in(text).reference_types == ()


@pytest.mark.parametrize(
    ("text", "instruments"),
    [
        ("MIRI, NIRCam and nirspec", [Instrument.MIRI, Instrument.NIRCAM, Instrument.NIRSPEC]),
        ("MIRI/NIRISS", [Instrument.MIRI, Instrument.NIRISS]),
        ("admiring semiring FGSX", []),
        ("MRS cubes", [Instrument.MIRI]),
        ("SOSS", [Instrument.NIRISS]),
        ("MOS targets", [Instrument.NIRSPEC]),
        ("my ami said mos", []),
        ("IFU, WFSS and TSO", []),
        ("NRS_BRIGHTOBJ", [Instrument.NIRSPEC]),
        ("FGS1, jump step parameters", [Instrument.FGS]),
        ("gains for all NIR detectors", [Instrument.NIRCAM, Instrument.NIRISS, Instrument.NIRSPEC]),
        ("NRCALONG and GUIDER2", [Instrument.FGS, Instrument.NIRCAM]),
        ("jwst_fgs_dark_0007.fits", [Instrument.FGS]),
        ("jwst_miri_0159.imap", [Instrument.MIRI]),
        ("for all instruments", ALL),
        ("for all of the five JWST instruments except FGS", [each for each in ALL if each is not Instrument.FGS]),
        ("all other instruments stay", []),
        ("New imaps for all instruments. New MIRI darks.", [Instrument.MIRI]),
        ("MIRI sets the type WAVECORR to N/A.", []),
        ("NIRSPEC AREA is N/A for NRS_FOCUS.", [Instrument.NIRSPEC]),
        ("NIRCAM FLAT with PUPIL=N/A", [Instrument.NIRCAM]),
        ("FGS images can now be compared with NIRCam.", [Instrument.FGS]),
    ],
)
def test_instruments_are_named_by_themselves_or_by_what_they_alone_have(
    text: str, instruments: list[Instrument]
) -> None:
    assert list(named_in(text).instruments) == list(instruments)


@pytest.mark.parametrize(
    ("text", "modes"),
    [
        ("MIRI MRS and LRS", ["LRS", "MRS"]),
        ("Fixed Slits and BOTS", ["BOTS", "FS"]),
        ("wide-field slitless spectroscopy", ["WFSS"]),
        ("GR700XD", ["SOSS"]),
        ("all imaging and coronagraphic data", ["coronagraphy", "imaging"]),
        ("all data excluding the coronagraphic subarrays", []),
        ("non-TSO modes", []),
        ("MIR_LRS-SLITLESS", ["LRS"]),
    ],
)
def test_modes_are_named(text: str, modes: list[str]) -> None:
    assert list(named_in(text).modes) == modes


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("MIRI mask, NIRSpec pathloss", "miri mask, nirspec pathloss"),
        ("darks for MIRI and flats for NIRCam", "miri dark, nircam flat"),
        ("dark (MIRI), flat (NIRCam)", "miri dark, nircam flat"),
        ("MIRI and FGS darks", "fgs dark, miri dark"),
        ("MRS bad pixels. NIRSpec BOTS: new photom files. The flats too.", "miri mask, nirspec photom"),
        ("miri_psf.rmap and the NIRCam flats", "miri psf, nircam flat"),
        ("NIRISS dark (NISRAPID), FGS mask, MIRI gain", "fgs mask, miri gain, niriss dark"),
        ("fringe and dark for NIRSpec and MIRI", "miri dark, miri fringe, nirspec dark"),
        ("Masks were updated for MIRI and pathloss for NIRSpec.", "miri mask, nirspec pathloss"),
        (
            (
                "Instrument: MIRI\nAffected modes: MRS\nReference file type(s): MASK\n\nInstrument: NIRSPEC\n"
                "Type: PATHLOSS\nChange level: SEVERE"
            ),
            "miri mask, nirspec pathloss",
        ),
        # No order is to be seen, and then any may belong to any.
        ("FGS flats, and the darks for MIRI", "fgs dark, fgs flat, miri dark, miri flat"),
        ("New darks for MIRI, FGS flats", "fgs dark, fgs flat, miri dark, miri flat"),
        ("All instruments: darks", ""),
    ],
)
def test_a_sentence_pairs_its_types_with_its_instruments(text: str, pairs: str) -> None:
    assert ", ".join(f"{instrument} {name}" for instrument, name in named_in(text).pairs) == pairs


def test_files_and_contexts_are_named_as_they_stand() -> None:
    named = named_in(
        "See jwst_miri_flat_0804.fits, jwst_miri_flat_0077.rmap and jwst_miri_0512.imap (jwst_1536.pmap), not "
        "miri_flat.fits or jwst_miri_0512.fits."
    )
    assert named.files == ("jwst_miri_0512.imap", "jwst_miri_flat_0077.rmap", "jwst_miri_flat_0804.fits")
    assert named.contexts == ("jwst_1536",)


def test_announcements_in_the_manner_of_those_since_launch_are_read() -> None:
    """The benchmark `notice_accuracy` has the figures of the last of them, which the words were not chosen by."""
    lines = Path(__file__).with_name("announcements.jsonl").read_text(encoding="utf-8").splitlines()
    announced = [(named_in(each["text"]), each["pairs"]) for each in map(json.loads, lines)]
    instruments = [(set(named.instruments), {of for of, _ in pairs}) for named, pairs in announced]
    types = [(set(named.reference_types), {kind for _, kind in pairs}) for named, pairs in announced]
    for read_and_true in (instruments, types):
        right = sum(len(read & true) for read, true in read_and_true)
        assert right / sum(len(read) for read, _ in read_and_true) >= 0.95
        assert right / sum(len(true) for _, true in read_and_true) >= 0.85


WORDS = st.sampled_from(
    [
        *reference_types(),
        *Instrument,
        *("MRS", "WFSS", "new", "and", ",", ".", "\n", "\n\n", "step", "files", "rmap", "N/A", "except", "all"),
        *(
            "instruments",
            "jwst_1535",
            "jwst_1535.pmap",
            "jwst_miri_flat_0804.fits",
            "pars-jumpstep",
            "is",
            "NRS_IFU",
        ),
    ]
)


@given(st.one_of(st.text(), st.lists(st.one_of(WORDS, WORDS.map(str.upper))).map(" ".join)))
def test_only_what_stands_in_the_text_is_named(text: str) -> None:
    named = named_in(text)
    lower = text.lower()
    assert all(name in lower for name in named.files)
    assert all(context in lower for context in named.contexts)
    assert all(reference_type(name) for name in named.reference_types)
    assert list(named.instruments) == sorted(set(named.instruments))
    assert all(pair[0] in named.instruments and pair[1] in named.reference_types for pair in named.pairs)


@given(st.sampled_from(sorted(reference_types())), st.sampled_from(["reference file", "rmap", "reference files"]))
def test_every_type_of_the_table_is_known_by_its_name(name: str, noun: str) -> None:
    assert name in named_in(f"There is a new {name} {noun}.").reference_types


@given(st.sampled_from(sorted(reference_types())))
def test_every_title_of_the_table_names_its_type(name: str) -> None:
    assert name in named_in(f"The {reference_types()[name].title} reference files.").reference_types


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "_",
        "-",
        "jwst_",
        ".fits",
        "dark ",
        "dark, ",
        "all ",
        "\n",
        "N/A ",
        "MIRI ",
        "extract_1d ",
        "MIRI dark; ",
    ],
)
def test_a_long_text_is_read_to_its_end(piece: str) -> None:
    text = piece * (examples(100_000) // len(piece)) + "\n\nNIRISS WFSS"
    assert Instrument.NIRISS in named_in(text).instruments or re.fullmatch("[a_-]|jwst_", piece)

"""CRDS's reference types."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.model.instrument import Instrument
from pedigreed.model.reference_file import ReferenceType, reference_type, reference_types


def _known(name: str) -> ReferenceType:
    kind = reference_type(name)
    assert kind is not None
    return kind


def test_a_type_has_its_row() -> None:
    photom = _known("photom")
    assert set(photom.instruments) == set(Instrument)
    assert photom.steps == ("photom", "wfss_contam")
    assert photom.stages == (2, 3)
    assert photom.effect == "absolute flux calibration"


def test_the_name_may_be_in_any_case() -> None:
    assert reference_type("DARK") == reference_type("dark")


@pytest.mark.parametrize(
    "name", ["amplifier", "badshutter", "lastframe", "persat", "v2v3", "wcsregions", "wfssbkg"]
)
def test_a_type_that_no_step_uses_any_more_has_none(name: str) -> None:
    assert _known(name).steps == ()


@pytest.mark.parametrize(
    ("name", "written", "stages"),
    [
        ("pars-tweakregstep", "tweakreg", (3,)),
        ("pars-darkcurrentstep", "dark_current", (1,)),
        ("pars-extract1dstep", "extract_1d", (2, 3)),
        ("pars-detector1pipeline", "calwebb_detector1", (1,)),
        ("pars-spec2pipeline", "calwebb_spec2", (2,)),
        ("pars-coron3pipeline", "calwebb_coron3", (3,)),
    ],
)
def test_parameters_are_of_the_step_or_pipeline_in_their_name(
    name: str, written: str, stages: tuple[int, ...]
) -> None:
    kind = _known(name)
    assert (kind.steps, kind.stages) == ((written,), stages)
    assert kind.title == f"parameters of {written}"


def test_parameters_of_a_step_that_is_not_known_may_be_of_any_stage() -> None:
    assert _known("pars-newideastep").stages == (1, 2, 3)


@pytest.mark.parametrize("name", ["", "darks", "pars-", "pars-step", "pars-detector1", "calver", "pars-a b-step"])
def test_any_other_name_is_none(name: str) -> None:
    assert reference_type(name) is None


@given(st.text())
def test_any_text_has_an_answer(name: str) -> None:
    kind = reference_type(name)
    assert kind is None or kind.name == name.lower()


@pytest.mark.parametrize(
    ("name", "instrument", "exp_type", "may"),
    [
        ("fringe", Instrument.MIRI, "MIR_MRS", True),
        ("fringe", Instrument.MIRI, "MIR_IMAGE", False),
        ("fringe", Instrument.MIRI, None, True),
        ("fringe", Instrument.NIRSPEC, None, False),
        ("bkg", Instrument.NIRISS, "NIS_WFSS", True),
        ("bkg", Instrument.NIRCAM, "NRC_IMAGE", False),
        ("psfmask", Instrument.NIRCAM, "NRC_CORON", True),
        ("psfmask", Instrument.MIRI, "MIR_4QPM", True),
        ("psfmask", Instrument.MIRI, "MIR_LRS-FIXEDSLIT", False),
        ("pastasoss", Instrument.NIRISS, "NIS_SOSS", True),
        ("nrm", Instrument.NIRISS, "NIS_IMAGE", False),
        ("cubepar", Instrument.NIRSPEC, "NRS_IFU", True),
        ("barshadow", Instrument.NIRSPEC, "NRS_FIXEDSLIT", False),
        ("dark", Instrument.FGS, "FGS_IMAGE", True),
        ("amplifier", Instrument.MIRI, None, False),
        ("pars-jumpstep", Instrument.MIRI, "MIR_MRS", True),
    ],
)
def test_a_type_serves_the_exposures_of_its_modes(
    name: str, instrument: Instrument, exp_type: str | None, may: bool
) -> None:
    assert _known(name).may_serve(instrument, exp_type) is may


def test_the_table_is_whole_and_sorted() -> None:
    assert len(reference_types()) == 71
    assert list(reference_types()) == sorted(reference_types())
    counts = dict.fromkeys(Instrument, 0)
    for kind in reference_types().values():
        for instrument in kind.instruments:
            counts[instrument] += 1
    assert counts == {
        Instrument.FGS: 22,
        Instrument.MIRI: 41,
        Instrument.NIRCAM: 30,
        Instrument.NIRISS: 36,
        Instrument.NIRSPEC: 47,
    }


def test_every_row_is_of_its_form() -> None:
    for kind in reference_types().values():
        assert kind.title
        assert kind.effect
        assert kind.instruments
        assert set(kind.stages) <= {1, 2, 3}
        assert list(kind.stages) == sorted(set(kind.stages))
        assert bool(kind.stages) is bool(kind.steps or kind.older_steps)


def test_a_digest_row_has_room_for_every_effect() -> None:
    assert max(len(kind.effect) for kind in reference_types().values()) <= 60


def test_the_table_cannot_be_changed_by_who_reads_it() -> None:
    with pytest.raises(TypeError):
        reference_types()["dark"] = None  # type: ignore[index]  # the point of the test

"""What is evaluated here is held against CRDS's own answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pedigreed.demo.crds_rules import rmap_text
from pedigreed.impact.inventory import Group, Inventory
from pedigreed.model.failure import UpstreamUnavailable
from pedigreed.model.instrument import Instrument
from pedigreed.service.crds_check import CrdsCheck, hold_against_crds
from pedigreed.sources.crds.best_references import MOST_HEADERS
from rule_files import context_of, context_texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pedigreed.impact.context import Context

MIRI = Instrument.MIRI
PARKEYS = ("META.INSTRUMENT.DETECTOR",)
TYPES = {MIRI: ("flat",)}
START = 1_657_587_723_500_000


def context(number: int, file: str) -> Context:
    name = f"jwst_miri_flat_{number:04d}.rmap"
    rows: dict[tuple[str, ...], dict[str, str] | str] = {
        ("MIRIFULONG",): {"2022-07-12 01:02:03": file},
        ("MIRIMAGE",): "N/A",
    }
    return context_of(context_texts(number, {name: rmap_text(name, PARKEYS, rows)}))


CONTEXTS = (context(1, "jwst_miri_flat_0001.fits"), context(2, "jwst_miri_flat_0002.fits"))
RIGHT = {"jwst_0001": "jwst_miri_flat_0001.fits", "jwst_0002": "jwst_miri_flat_0002.fits"}


def inventory(*detectors: str) -> Inventory:
    found = Inventory()
    for number, detector in enumerate(detectors):
        found.headers.append((("detector", detector), ("ngroups", number)))
        found.add(Group(MIRI, 1, 1, "2b", "cal", number), START)
    found.close()
    return found


def test_headers_are_asked_about_once_for_each_context_and_agree() -> None:
    asked: list[tuple[str, Mapping[str, Mapping[str, str]]]] = []

    def ask(
        name: str, headers: Mapping[str, Mapping[str, str]], types: Sequence[str]
    ) -> dict[str, dict[str, Any]]:
        asked.append((name, headers))
        assert types == ["flat"]
        return {
            key: {"flat": RIGHT[name] if header[PARKEYS[0]] == "MIRIFULONG" else "NOT FOUND n/a"}
            for key, header in headers.items()
        }

    detectors = [*["MIRIFULONG", "MIRIMAGE"] * 40]
    assert hold_against_crds(inventory(*detectors), CONTEXTS, TYPES, ask) == CrdsCheck(MOST_HEADERS, MOST_HEADERS)
    assert [name for name, _ in asked] == ["jwst_0001", "jwst_0002"]
    header = next(iter(asked[0][1].values()))
    assert header["META.INSTRUMENT.NAME"] == "MIRI"
    assert header["META.OBSERVATION.DATE"] == "2022-07-12"
    assert header["META.OBSERVATION.TIME"] == "01:02:03.500000"
    assert header["META.INSTRUMENT.FILTER"] == "UNDEFINED"


def test_a_type_of_which_crds_answers_otherwise_is_doubted() -> None:
    found = hold_against_crds(
        inventory("MIRIFULONG", "MIRIMAGE"),
        CONTEXTS,
        TYPES,
        lambda _name, headers, _types: {key: {"flat": "NOT FOUND n/a"} for key in headers},
    )
    assert found == CrdsCheck(2, 1, None, frozenset({(MIRI, "flat")}))


def test_an_error_of_crds_agrees_with_an_error_here_alone() -> None:
    found = hold_against_crds(
        inventory("SOMETHING"),
        CONTEXTS,
        TYPES,
        lambda _name, headers, _types: {
            key: {"flat": "NOT FOUND parameter='...' is not in [...]"} for key in headers
        },
    )
    assert found == CrdsCheck(1, 1)


def test_a_type_that_a_context_has_not_is_not_compared() -> None:
    dark = "jwst_miri_dark_0002.rmap"
    rules = rmap_text(dark, PARKEYS, {("MIRIMAGE",): {"2000-01-01 00:00:00": "jwst_miri_dark_0002.fits"}})
    new = context_of(context_texts(2, {dark: rules}))
    unknown = "NOT FOUND Unknown reference type 'dark'"

    def ask(name: str, headers: Mapping[str, object], _types: Sequence[str]) -> dict[str, dict[str, Any]]:
        said = {"flat": "NOT FOUND n/a", "dark": unknown} if name == "jwst_0001" else {"dark": f"{dark[:-5]}.fits"}
        return dict.fromkeys(headers, said)

    found = hold_against_crds(inventory("MIRIMAGE"), (CONTEXTS[0], new), {MIRI: ("dark", "flat")}, ask)
    assert found == CrdsCheck(1, 1)


def test_several_files_at_once_are_an_error_on_both_sides() -> None:
    name = "jwst_miri_flat_0003.rmap"
    rules = rmap_text(name, (*PARKEYS, "META.INSTRUMENT.BAND"), {("MIRIMAGE", "N/A"): "N/A", ("N/A", "X"): "N/A"})
    same = context_of(context_texts(3, {name: rules}))
    products = Inventory()
    products.headers.append((("detector", "MIRIMAGE"), ("band", "X")))
    products.add(Group(MIRI, 1, 1, "2b", "cal", 0), START)
    products.close()
    found = hold_against_crds(
        products, (same,), TYPES, lambda _name, headers, _types: {key: {"flat": ["N/A", "N/A"]} for key in headers}
    )
    assert found == CrdsCheck(1, 1)


def test_a_server_that_can_not_be_asked_is_told() -> None:
    def ask(*_asked: object) -> dict[str, dict[str, Any]]:
        raise UpstreamUnavailable("connection refused")

    assert hold_against_crds(inventory("MIRIMAGE"), CONTEXTS, TYPES, ask).problem == "connection refused"
    assert hold_against_crds(inventory(), CONTEXTS, TYPES, ask) == CrdsCheck()

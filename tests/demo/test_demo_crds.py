"""CRDS on loopback: its protocol, its story and its faults, as any HTTP client meets them."""

from __future__ import annotations

import base64
import gzip
import re
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import pytest

import crds_faults
import faults
from misbehaving import FaultyCrds, is_call_of
from pedigreed.demo.crds_rules import rule_file, rule_files_of
from pedigreed.demo.crds_story import (
    DELIVERIES,
    MARKED_BAD,
    NEWLY_BAD,
    crds_at,
)
from pedigreed.demo.history import B12_1_1, B12_3_1, B12_4
from pedigreed.demo.scenario import AFTER, BEFORE, DAY_1, DAY_2, DAY_3, archive_at
from pedigreed.impact.context import compile_file, context_of_files
from pedigreed.impact.explanation import explain
from pedigreed.model.instrument import Instrument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faults import Fault


@pytest.fixture
def crds() -> Iterator[FaultyCrds]:
    with FaultyCrds(crds_at, DAY_1) as server:
        yield server


def post(crds: FaultyCrds, method: str, *params: object) -> httpx.Response:
    body = {"jsonrpc": "1.0", "method": method, "params": list(params), "id": 1}
    return httpx.post(f"{crds.url}/json/", json=body, trust_env=False)


def call(crds: FaultyCrds, method: str, *params: object) -> Any:  # noqa: ANN401  # any JSON
    envelope = post(crds, method, *params).json()
    assert envelope["error"] is None, envelope
    assert envelope["id"] == 1
    result = envelope["result"]
    if isinstance(result, dict) and "crds_encoded" in result:
        return msgspec.json.decode(gzip.decompress(base64.b64decode(result["crds_payload"])))
    return result


# The protocol


def test_contexts_are_named_as_files(crds: FaultyCrds) -> None:
    assert call(crds, "get_default_context", "jwst", "latest") == "jwst_1580.pmap"
    assert call(crds, "get_build_context", "jwst", "1.20.2") == "jwst_1464.pmap"


def test_the_history_is_written_in_the_institutes_time_the_newest_first(crds: FaultyCrds) -> None:
    history = call(crds, "get_context_history", "jwst")
    assert history[0][:2] == ["2026-11-05 10:37:44", "jwst_1580.pmap"]
    assert len(history) == len(DELIVERIES) - 1


def test_the_catalogue_tells_the_fields_that_are_asked_for(crds: FaultyCrds) -> None:
    told = call(crds, "get_file_info_map", "jwst", ["jwst_fgs_area_0009.fits", "x"], ["change_level", "filekind"])
    assert told == {
        "jwst_fgs_area_0009.fits": {"change_level": "TRIVIAL", "filekind": "area"},
        "x": "NOT FOUND x",
    }


def test_without_files_and_fields_the_catalogue_tells_everything(crds: FaultyCrds) -> None:
    told = call(crds, "get_file_info_map", "jwst")
    assert told["jwst_fgs_area_0009.fits"]["delivery_date"] == "2026-09-12 10:21:02"
    assert set(call(crds, "get_reference_names", "jwst_1580.pmap")) == set(told)


def test_a_context_has_no_files_of_later_ones(crds: FaultyCrds) -> None:
    before = call(crds, "get_reference_names", "jwst_1497.pmap")
    after = call(crds, "get_reference_names", "jwst_1503.pmap")
    assert sorted(set(after) - set(before)) == [f"jwst_miri_dark_{serial:04d}.fits" for serial in range(131, 135)]


@pytest.mark.parametrize(
    "refused",
    [
        ("get_default_context", "hst", "latest"),
        ("get_default_context", "jwst", None),
        ("get_default_context",),
        ("get_build_context", "jwst", "9.9.9"),
        ("get_reference_names", "jwst_1583.pmap"),
        ("set_context", "jwst_0001.pmap"),
    ],
)
def test_a_refusal_is_an_error_object_with_status_200(crds: FaultyCrds, refused: tuple[object, ...]) -> None:
    response = post(crds, str(refused[0]), *refused[1:])
    assert response.status_code == 200
    envelope = response.json()
    assert envelope["result"] is None
    assert envelope["error"]["code"] == 500
    assert envelope["error"]["message"].startswith(f"{envelope['error']['name']}: ")


def test_what_is_no_call_is_not_found(crds: FaultyCrds) -> None:
    assert httpx.get(f"{crds.url}/json/", trust_env=False).status_code == 404
    assert httpx.post(f"{crds.url}/api/v0/invoke", trust_env=False).status_code == 404


def test_every_result_can_be_encoded() -> None:
    with FaultyCrds(crds_at, DAY_1, encoded_above=0) as crds:
        assert "crds_encoded" in post(crds, "get_default_context", "jwst", "latest").json()["result"]
        assert call(crds, "get_default_context", "jwst", "latest") == "jwst_1580.pmap"


def test_large_results_are_encoded_and_small_ones_are_not(crds: FaultyCrds) -> None:
    assert "crds_encoded" in post(crds, "get_context_history", "jwst").json()["result"]
    assert isinstance(post(crds, "get_default_context", "jwst", "latest").json()["result"], str)


# The story


def test_a_delivery_becomes_the_latest_between_day_1_and_day_2(crds: FaultyCrds) -> None:
    latest = []
    for crds.now in (BEFORE, DAY_1, DAY_2, DAY_3):
        latest.append(call(crds, "get_default_context", "jwst", "latest"))
    assert latest == ["jwst_1580.pmap", "jwst_1580.pmap", "jwst_1583.pmap", "jwst_1583.pmap"]


def test_the_next_build_has_a_context_before_a_product_is_made_with_it(crds: FaultyCrds) -> None:
    assert call(crds, "get_build_context", "jwst", B12_4.cal_ver) == B12_4.crds_ctx
    made = [{row["cal_ver"] for row in archive_at(day)} for day in (DAY_1, DAY_2, DAY_3)]
    assert [B12_4.cal_ver in each for each in made] == [False, False, True]


def test_a_file_is_marked_bad_between_day_2_and_day_3(crds: FaultyCrds) -> None:
    listed = []
    for crds.now in (DAY_2, DAY_3):
        listed.append(NEWLY_BAD in call(crds, "get_server_info")["bad_files_list"])
    assert listed == [False, True]


def test_the_story_moves_between_the_looks() -> None:
    (delivery,) = (each for each in DELIVERIES if DAY_1 < each.at <= AFTER)
    assert DAY_1 < delivery.at < DAY_2 < MARKED_BAD < DAY_3


def test_each_build_in_the_archive_has_the_context_that_crds_says() -> None:
    for build in (B12_1_1, B12_3_1, B12_4):
        assert build.cal_ver is not None
        assert f"{crds_at(DAY_1).builds[build.cal_ver]}.pmap" == build.crds_ctx
        made_with = {row["crds_ctx"] for row in archive_at(AFTER) if row["cal_ver"] == build.cal_ver}
        assert made_with == {build.crds_ctx}


def test_every_file_comes_once_and_before_it_is_used() -> None:
    names = [reference.name for each in DELIVERIES for reference in each.references]
    assert len(names) == len(set(names))
    assert NEWLY_BAD in names
    times = [each.at for each in DELIVERIES]
    assert times == sorted(times)
    assert all(len(each.description) > 40 for each in DELIVERIES)
    assert min(later - earlier for earlier, later in pairwise(times)) > timedelta(days=1)


# The faults


ENVELOPES: list[tuple[Fault, object]] = [
    (crds_faults.NullResult(), None),
    (crds_faults.OtherResult([1, {"a": 2}]), [1, {"a": 2}]),
]


@pytest.mark.parametrize(("fault", "result"), ENVELOPES, ids=lambda value: type(value).__name__)
def test_a_fault_replaces_the_result(crds: FaultyCrds, fault: Fault, result: object) -> None:
    crds.misbehave(fault)
    assert call(crds, "get_default_context", "jwst", "latest") == result
    assert call(crds, "get_default_context", "jwst", "latest") == "jwst_1580.pmap"


def test_an_error_is_for_the_method_that_it_is_scripted_for(crds: FaultyCrds) -> None:
    crds.misbehave(crds_faults.RpcError("OtherError: no"), times=None, when=is_call_of("get_build_context"))
    assert call(crds, "get_default_context", "jwst", "latest") == "jwst_1580.pmap"
    assert post(crds, "get_build_context", "jwst", "2.0.1").json()["error"]["message"] == "OtherError: no"
    crds.well_behaved()
    assert call(crds, "get_build_context", "jwst", "2.0.1") == "jwst_1535.pmap"


def test_wrong_keys(crds: FaultyCrds) -> None:
    crds.misbehave(crds_faults.WrongId())
    crds.misbehave(crds_faults.WithoutResult())
    assert post(crds, "get_server_info").json()["id"] == "another"
    assert post(crds, "get_server_info").json() == {"jsonrpc": "1.0", "id": 1}


def test_a_bomb_is_small_on_the_wire(crds: FaultyCrds) -> None:
    crds.misbehave(crds_faults.ResultBomb(3_000_000))
    response = post(crds, "get_server_info")
    assert len(response.content) < 10_000
    payload = base64.b64decode(response.json()["result"]["crds_payload"])
    assert len(gzip.decompress(payload)) > 3_000_000


def test_payloads_that_cant_be_decoded(crds: FaultyCrds) -> None:
    crds.misbehave(crds_faults.OtherEncoding())
    crds.misbehave(crds_faults.CutEncoding())
    with pytest.raises(ValueError, match=r"base64|padding|Only"):
        base64.b64decode(post(crds, "get_server_info").json()["result"]["crds_payload"], validate=True)
    with pytest.raises(EOFError):
        gzip.decompress(base64.b64decode(post(crds, "get_server_info").json()["result"]["crds_payload"]))


def test_the_faults_of_http_are_met_too(crds: FaultyCrds) -> None:
    crds.misbehave(faults.HtmlPage())
    crds.misbehave(faults.ServerError())
    assert post(crds, "get_server_info").text.startswith("<html>")
    assert post(crds, "get_server_info").status_code == 500


def test_requests_are_kept(crds: FaultyCrds) -> None:
    call(crds, "get_build_context", "jwst", "2.0.1")
    (received,) = crds.requests
    assert received.service == "get_build_context"
    assert received.request["params"] == ["jwst", "2.0.1"]
    assert crds.most_at_once == 1


def test_of_the_newest_contexts_rows_some_are_used_and_some_outranked() -> None:
    contexts = []
    for name in ("jwst_1571", "jwst_1583"):
        texts = {file: rule_file(file) or "" for file in rule_files_of(f"{name}.pmap")}
        compiled = {file: compile_file(file, text) for file, text in texts.items()}
        contexts.append(context_of_files(f"{name}.pmap", compiled, tuple(Instrument), {}))
    header = {"META.INSTRUMENT.DETECTOR": "NRCBLONG", "META.INSTRUMENT.FILTER": "F444W"}
    said = {}
    for reftype in ("flat", "photom"):
        old, new = (context.rules(Instrument.NIRCAM, reftype) for context in contexts)
        said[reftype] = explain(old, new, header, "2026-01-01 00:00:00").sentence
    assert re.match(r"jwst_nircam_flat_\d+ -> jwst_nircam_flat_\d+: row \('NRCBLONG','F444W'\)", said["flat"])
    assert re.fullmatch(
        r"jwst_nircam_photom_\d+ is in the rules and not used: row \('ANY','ANY'\) has weight 2, its own 1",
        said["photom"],
    )

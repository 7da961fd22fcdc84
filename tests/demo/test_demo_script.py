from __future__ import annotations

import json
from urllib.parse import quote

from archive_faults import MissingColumn
from faults import EmptyBody, GatewayTimeout, Unavailable
from misbehaving import Script, is_columnsconfig, is_count, is_for, is_invoke, is_page
from pedigreed.demo.received import COLUMNSCONFIG_PATH, INVOKE_PATH, Received, parse_received
from pedigreed.model.instrument import Instrument


def received(columns: str = "filename", service: str = "Mast.Jwst.Filtered.Miri") -> Received:
    request = {"service": service, "params": {"columns": columns}}
    return parse_received("POST", INVOKE_PATH, f"request={quote(json.dumps(request))}")


PAGE = received()
COUNT = received("COUNT_BIG(*)")
CONFIG = parse_received("POST", COLUMNSCONFIG_PATH, "colConfigId=Mast.Jwst.Filtered.Nircam")


def anything(_received: Received) -> bool:
    return True


def test_faults_come_in_the_order_they_were_asked_for_and_then_end() -> None:
    script = Script()
    first, second = GatewayTimeout(), Unavailable()
    script.add(first, 2, anything)
    script.add(second, 1, anything)
    assert [script.take(PAGE) for _ in range(4)] == [(first,), (first,), (second,), ()]


def test_a_fault_waits_for_the_request_that_it_is_for() -> None:
    script = Script()
    fault = EmptyBody()
    script.add(fault, 1, is_count)
    assert [script.take(PAGE), script.take(COUNT), script.take(COUNT)] == [(), (fault,), ()]


def test_lasting_faults_meet_a_request_together_with_one_that_is_counted() -> None:
    script = Script()
    lasting, counted = MissingColumn("date_mjd"), GatewayTimeout()
    script.add(lasting, None, anything)
    script.add(counted, 1, anything)
    assert [script.take(PAGE), script.take(PAGE)] == [(lasting, counted), (lasting,)]


def test_a_cleared_script_has_no_faults() -> None:
    script = Script()
    script.add(GatewayTimeout(), None, anything)
    script.clear()
    assert script.take(PAGE) == ()


def test_requests_are_told_apart() -> None:
    kinds = (is_invoke, is_page, is_count, is_columnsconfig)
    told = [[is_kind(request) for is_kind in kinds] for request in (PAGE, COUNT, CONFIG)]
    assert told == [
        [True, True, False, False],
        [True, False, True, False],
        [False, False, False, True],
    ]


def test_requests_are_told_apart_by_instrument() -> None:
    assert is_for(Instrument.MIRI)(PAGE)
    assert not is_for(Instrument.NIRCAM)(PAGE)
    assert is_for(Instrument.NIRCAM)(CONFIG)
    assert is_for(Instrument.FGS)(received(service="Mast.Jwst.Filtered.FGS"))

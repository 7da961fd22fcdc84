"""Instruments in words, and what holds several of them up said once."""

from __future__ import annotations

from pedigreed.model.instrument import Instrument, by_reason


def test_each_reason_is_said_once_with_its_instruments() -> None:
    refused = [(each.written, "connection refused") for each in Instrument]
    assert by_reason(refused) == ["connection refused (all 5 instruments)"]
    assert by_reason([*refused[:2], ("MIRI", "HTTP 504"), ("NIRCam", "connection refused")]) == [
        "connection refused (NIRCam and NIRISS)",
        "MIRI: HTTP 504",
    ]
    assert by_reason([]) == []

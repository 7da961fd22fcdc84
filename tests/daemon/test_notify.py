"""What a service manager hears, at a real socket."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from background import wait_until
from pedigreed.daemon.notify import Notifier
from service_manager import service_manager

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("is_abstract", [True, False])
def test_states_arrive_in_one_message_at_a_path_or_an_abstract_name(tmp_path: Path, is_abstract: bool) -> None:
    address = f"@pedigreed-test-{os.getpid()}" if is_abstract else str(tmp_path / "notify")
    with service_manager(address) as manager:
        Notifier({"NOTIFY_SOCKET": address}).tell(READY=1, STATUS="all is well")
        wait_until(lambda: manager.told)
    assert manager.told == [{"READY": "1", "STATUS": "all is well"}]


def test_a_line_end_in_a_value_begins_no_other_state() -> None:
    address = f"@pedigreed-test-{os.getpid()}"
    with service_manager(address) as manager:
        Notifier({"NOTIFY_SOCKET": address}).tell(STATUS="broken:\nREADY=1\r\n  STOPPING=1")
        wait_until(lambda: manager.told)
    assert manager.told == [{"STATUS": "broken: READY=1 STOPPING=1"}]


def test_a_reload_is_dated_by_the_monotonic_clock() -> None:
    address = f"@pedigreed-test-{os.getpid()}"
    with service_manager(address) as manager:
        Notifier({"NOTIFY_SOCKET": address}).reloading()
        wait_until(lambda: manager.told)
    (told,) = manager.told
    assert told["RELOADING"] == "1"
    assert int(told["MONOTONIC_USEC"]) > 0


@pytest.mark.parametrize("address", ["", "@pedigreed-nobody-listens", "/nowhere/at/all", "relative"])
def test_without_anybody_who_listens_nothing_fails(address: str) -> None:
    Notifier({"NOTIFY_SOCKET": address}).tell(READY=1)
    Notifier({}).tell(READY=1)


def test_a_manager_that_reads_nothing_holds_up_nobody() -> None:
    address = f"\0pedigreed-deaf-{os.getpid()}"
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other,
    ):
        deaf.bind(address)
        other.setblocking(False)  # as the library has it
        with suppress(BlockingIOError):
            while True:
                other.sendto(b"STATUS=full", address)
        Notifier({"NOTIFY_SOCKET": f"@{address[1:]}"}).tell(READY=1)


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}, 0.5),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getppid())}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": ""}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "-1"}, None),
    ],
)
def test_the_watchdog_is_what_the_manager_says_to_this_process(
    environ: dict[str, str], seconds: float | None
) -> None:
    assert Notifier(environ).watchdog == seconds

"""The RPC protocol against a server on loopback, well behaved and not."""

from __future__ import annotations

import gzip
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import crds_faults
import faults
from asking_crds import AGENT, HASTY, QUICK, methods
from faults import Fault
from misbehaving import FaultyCrds
from pedigreed.demo.crds import encoded
from pedigreed.demo.crds_story import crds_at
from pedigreed.demo.loopback import Reply
from pedigreed.demo.scenario import DAY_1
from pedigreed.model.failure import UpstreamRefused, UpstreamUnavailable
from pedigreed.net.patience import Passing
from pedigreed.sources.crds.rpc import Rpc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pedigreed.net.patience import Patience

LATEST = ("get_default_context", "jwst", "latest")


@pytest.fixture
def crds() -> Iterator[FaultyCrds]:
    with FaultyCrds(crds_at, DAY_1) as server:
        yield server


def ask(crds: FaultyCrds, patience: Patience = QUICK) -> str:
    return Rpc(crds.url, AGENT, patience).call(*LATEST, shape=str)


class Compressed(Fault):
    """A proxy compresses the reply though nobody asked it to."""

    def __init__(self, coding: str = "gzip", size: int = 0) -> None:
        self._coding = coding
        self._size = size

    def on_reply(self, reply: Reply) -> Reply:
        # Brotli is not at hand: its first byte stands for it.
        body = (b"\x1b" if self._coding == "br" else b"") + gzip.compress(reply.body + b" " * self._size)
        return Reply(body, content_type=reply.content_type, headers=(("Content-Encoding", self._coding),))


class Redirect(Fault):
    """To wherever."""

    def __init__(self, target: str) -> None:
        self._target = target

    def on_reply(self, _reply: Reply) -> Reply:
        return Reply(b"", 302, "text/html", (("Location", self._target),))


def test_a_call_names_who_asks_and_passes_its_parameters_by_position(crds: FaultyCrds) -> None:
    assert ask(crds) == "jwst_1580.pmap"
    (received,) = crds.requests
    assert received.user_agent == AGENT
    assert received.path == "/json/"
    assert received.request["jsonrpc"] == "1.0"
    assert received.request["params"] == ["jwst", "latest"]


@pytest.mark.parametrize("encoded_above", [0, 1 << 30])
def test_an_encoded_result_is_read_as_a_plain_one(encoded_above: int) -> None:
    with FaultyCrds(crds_at, DAY_1, encoded_above=encoded_above) as crds:
        rows = Rpc(crds.url, AGENT, QUICK).call("get_context_history", "jwst", shape=list[list[str]])
        assert len(rows) == 11
        assert ask(crds) == "jwst_1580.pmap"


def test_an_error_object_with_status_200_is_a_refusal_that_is_not_asked_again(crds: FaultyCrds) -> None:
    crds.misbehave(crds_faults.RpcError("OtherError: it&#39;s <b>busy</b>\x1b[31m\nnow"), times=None)
    with pytest.raises(UpstreamRefused, match=r"^CRDS answered: OtherError: it's <b>busy</b> now$"):
        ask(crds)
    assert len(crds.requests) == 1


def test_a_method_that_the_server_does_not_know_is_a_refusal(crds: FaultyCrds) -> None:
    with pytest.raises(UpstreamRefused, match="MethodNotFoundError"):
        Rpc(crds.url, AGENT, QUICK).call("get_everything", shape=str)


PASSING: list[tuple[Fault, str]] = [
    (faults.ServerError(), "500"),
    (faults.Unavailable(), "503"),
    (faults.GatewayTimeout(), "504"),
    (faults.TooManyRequests(retry_after=None), "429"),
    (faults.HtmlPage(), "HTML instead of JSON"),
    (faults.EmptyBody(), "an empty body"),
    (faults.OtherBody(b"not JSON"), "broken JSON"),
    (faults.TruncatedJson(), "broken JSON"),
    (faults.ResetBefore(), "connection"),
    (faults.ResetMidBody(), "reset|broke off"),
    (crds_faults.WrongId(), "another question"),
    (faults.OtherBody(b'{"result": ' + b"[" * 100_000), "broken JSON"),
    (faults.OtherBody(b'{"result": "\xff'), "broken JSON"),
]


@pytest.mark.parametrize(("fault", "words"), PASSING, ids=lambda value: type(value).__name__)
def test_what_may_pass_is_asked_again(crds: FaultyCrds, fault: Fault, words: str) -> None:
    crds.misbehave(fault, times=2)
    assert ask(crds) == "jwst_1580.pmap"
    assert len(crds.requests) == 3
    crds.misbehave(fault, times=None)
    with pytest.raises(Passing, match=words):
        ask(crds)
    assert len(crds.requests) == 6


LASTING: list[tuple[Fault, str]] = [
    (faults.ClientError(404), "404"),
    (Redirect("http://127.0.0.1:9/"), "302, a redirect"),
    (faults.OtherBody(b"[]"), "a form that is not known"),
    (faults.OtherBody(b'{"id": 1, "error": {"message": 7}}'), "an error"),
    (crds_faults.NullResult(), "a form that is not known"),
    (crds_faults.WithoutResult(), "without a result"),
    (crds_faults.OtherResult(["jwst_1535.pmap"]), "Expected `str`, got `array`"),
    (crds_faults.OtherEncoding(), "encoded its answer in a form that is not known"),
    (crds_faults.CutEncoding(), "breaks off"),
    (crds_faults.OtherResult(encoded(b"no gzip")), "does not decompress"),
    (crds_faults.OtherResult(encoded(gzip.compress(b"no JSON"))), "a form that is not known"),
    (Compressed("br"), "was not asked for"),
    (faults.OtherBody(b'{"id": ' + b"1" * 5000 + b"}"), "a form that is not known"),
]


@pytest.mark.parametrize(("fault", "words"), LASTING, ids=lambda value: type(value).__name__)
def test_what_will_not_pass_is_told_at_once(crds: FaultyCrds, fault: Fault, words: str) -> None:
    crds.misbehave(fault, times=None)
    with pytest.raises(UpstreamUnavailable, match=words) as told:
        ask(crds)
    assert not isinstance(told.value, Passing)
    assert len(crds.requests) == 1


def test_a_reply_that_is_compressed_unasked_is_read(crds: FaultyCrds) -> None:
    crds.misbehave(Compressed())
    assert ask(crds) == "jwst_1580.pmap"


@pytest.mark.parametrize("fault", [crds_faults.ResultBomb(), Compressed(size=50_000_000)])
def test_a_small_reply_does_not_expand_without_end(crds: FaultyCrds, fault: Fault) -> None:
    crds.misbehave(fault, times=None)
    with pytest.raises(UpstreamUnavailable, match=r"(expands to more|the answer is longer) than 1,000,000 bytes"):
        ask(crds, replace(QUICK, largest_answer=1_000_000))


def test_a_reply_that_is_too_large_is_not_taken_in(crds: FaultyCrds) -> None:
    with pytest.raises(UpstreamUnavailable, match="the answer is longer than 50 bytes"):
        ask(crds, replace(QUICK, largest_answer=50))


@pytest.mark.parametrize("fault", [faults.Hang(), faults.Drip()])
def test_a_call_has_a_limit_on_the_whole_of_it(crds: FaultyCrds, fault: Fault) -> None:
    crds.misbehave(fault, times=None)
    with pytest.raises(Passing, match=r"^no whole answer within 0\.2 s$"):
        ask(crds, HASTY)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with pytest.raises(Passing, match=r"^connection refused$"):
        Rpc(url, AGENT, QUICK).call(*LATEST, shape=str)


@pytest.mark.parametrize("url", ["http://[", "https://a b", "ftp://crds.example", "", "http://crds\x00.example"])
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(UpstreamUnavailable):
        Rpc(url, AGENT, QUICK).call(*LATEST, shape=str)


def test_pauses_between_attempts_grow(crds: FaultyCrds) -> None:
    paused: list[float] = []
    crds.misbehave(faults.ServerError(), times=None)
    with pytest.raises(Passing):
        ask(crds, replace(QUICK, attempts=4, first_pause=0.01, longest_pause=1, sleep=paused.append))
    assert len(paused) == 3
    assert paused == sorted(paused)
    assert paused[-1] > paused[0]


def test_a_pause_that_the_server_asks_for_is_kept(crds: FaultyCrds) -> None:
    paused: list[float] = []
    crds.misbehave(faults.TooManyRequests(retry_after=7))
    assert ask(crds, replace(QUICK, sleep=paused.append)) == "jwst_1580.pmap"
    assert paused == [7.0]


def test_a_pause_that_is_longer_than_the_reading_ends_it(crds: FaultyCrds) -> None:
    crds.misbehave(faults.TooManyRequests(retry_after=3600))
    rpc = Rpc(crds.url, AGENT, QUICK)
    for words in ("429", "not asked", "not asked"):
        with pytest.raises(Passing, match=words):
            rpc.call(*LATEST, shape=str)
    assert len(crds.requests) == 1


def test_after_two_calls_without_an_answer_it_asks_no_more(crds: FaultyCrds) -> None:
    crds.misbehave(faults.ServerError(), times=None)
    rpc = Rpc(crds.url, AGENT, QUICK)
    for _ in range(2):
        with pytest.raises(Passing, match="500"):
            rpc.call(*LATEST, shape=str)
    with pytest.raises(Passing, match="not asked"):
        rpc.call(*LATEST, shape=str)
    assert len(crds.requests) == 6


def test_a_refusal_is_an_answer(crds: FaultyCrds) -> None:
    rpc = Rpc(crds.url, AGENT, QUICK)
    for _ in range(4):
        with pytest.raises(UpstreamRefused):
            rpc.call("get_everything", shape=str)
    assert methods(crds) == ["get_everything"] * 4


def test_a_reading_ends_when_its_time_is_up(crds: FaultyCrds) -> None:
    rpc = Rpc(crds.url, AGENT, replace(QUICK, total_timeout=0.0))
    with pytest.raises(Passing, match=r"^no whole answer within 0 s$"):
        rpc.call(*LATEST, shape=str)
    assert not crds.requests

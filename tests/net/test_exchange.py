"""One HTTP exchange against servers on loopback, well behaved and not."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
import time
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from certificates import certificate_for
from own_network import printed_in_own_network
from pedigreed.model.failure import UpstreamUnavailable
from pedigreed.net.breakage import Breakage
from pedigreed.net.exchange import (
    Answer,
    Limits,
    NoAnswer,
    Request,
    blocking_exchange,
    exchange,
    limits_of,
    usable,
)
from pedigreed.net.patience import Passing, Patience
from raw_server import DRIP, HANG, RESET, raw_server

if TYPE_CHECKING:
    from pathlib import Path

    from raw_server import RawServer

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LIMITS = Limits(20, 1000)
FOLLOWING = Limits(20, 1000, redirects=3)


def get(server: RawServer, limits: Limits = LIMITS, path: str = "/") -> Answer | NoAnswer:
    return blocking_exchange(Request("GET", f"{server.url}{path}"), limits)


def redirect(to: str) -> tuple[bytes]:
    return (f"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: {to}\r\n\r\n".encode(),)


def test_a_request_goes_out_and_its_answer_comes_in() -> None:
    with raw_server((OK,)) as server:
        request = Request("POST", f"{server.url}/place", {"X-Kind": "test"}, b"content")
        came = asyncio.run(exchange(request, LIMITS))
    assert isinstance(came, Answer)
    assert (came.status, came.body, came.trouble, came.headers["content-length"]) == (200, b"ok", None, "2")
    [sent] = server.requests
    assert sent.startswith(b"POST /place HTTP/1.1\r\n")
    assert b"\r\nX-Kind: test\r\n" in sent
    assert b"\r\nAccept-Encoding: identity\r\n" in sent
    assert sent.endswith(b"\r\n\r\ncontent")


@pytest.mark.parametrize(
    ("said", "what", "passes"),
    [
        ((), Breakage.CLOSED, True),
        ((RESET,), Breakage.RESET, True),
        ((b"HTTP/1.1 2", RESET), Breakage.RESET, True),
        ((b"what\r\n\r\n",), Breakage.NOT_HTTP, True),
        ((b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 300_000 + b"\r\n\r\n",), Breakage.NOT_HTTP, True),
        ((HANG,), Breakage.TIMED_OUT, True),
        ((b"HTTP/1.1 200 OK\r\nX-Slow: ", DRIP), Breakage.TIMED_OUT, True),
    ],
)
def test_without_the_head_there_is_no_answer(said: tuple[bytes, ...], what: Breakage, *, passes: bool) -> None:
    with raw_server(said) as server:
        came = get(server, Limits(1.5, 1000) if what is Breakage.TIMED_OUT else LIMITS)
        assert isinstance(came, NoAnswer)
        assert came.trouble.what is what
        assert (came.is_begun, came.is_written) == (True, True)
        with pytest.raises(UpstreamUnavailable) as told:
            usable(came)
    assert isinstance(told.value, Passing) is passes


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",), "the answer broke off"),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", RESET), "connection reset|the answer broke off"),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", HANG), r"no whole answer within 1\.5 s"),
        ((b"HTTP/1.1 200 OK\r\n\r\nok", DRIP), r"no whole answer within 1\.5 s"),
        (
            (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", gzip.compress(b"ok" * 99)[:-9]),
            "the answer broke off",
        ),
    ],
)
def test_a_body_that_breaks_off_is_kept_as_far_as_it_came(said: tuple[bytes, ...], words: str) -> None:
    with raw_server(said) as server:
        came = get(server, Limits(1.5 if {HANG, DRIP} & set(said) else 20, 1000))
    assert isinstance(came, Answer)
    if said[-1] is not RESET:
        assert came.body.startswith(b"ok")
    with pytest.raises(Passing, match=f"^({words})$"):
        usable(came)


@pytest.mark.parametrize(
    ("head", "body", "words"),
    [
        ("", b"x" * 1001, "the answer is longer than 1,000 bytes"),
        ("Content-Encoding: gzip\r\n", gzip.compress(bytes(50_000_000)), "the answer is longer than 1,000 bytes"),
        ("Content-Encoding: br\r\n", b"\x1b\x03", "the answer is compressed in a way that was not asked for"),
        (
            "Content-Encoding: gzip\r\n",
            gzip.compress(b"")[:10] + b"\xff" * 200,
            "the answer does not decompress",
        ),
    ],
    ids=["long", "long when it is decompressed", "compressed otherwise", "garbled"],
)
def test_what_is_too_large_or_garbled_is_not_taken_in(head: str, body: bytes, words: str) -> None:
    with raw_server((f"HTTP/1.1 200 OK\r\n{head}\r\n".encode(), body)) as server:
        tracemalloc.start()
        came = get(server)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert isinstance(came, Answer)
    assert len(came.body) <= 1000
    assert most < 10_000_000
    with pytest.raises(UpstreamUnavailable, match=f"^{words}$") as told:
        usable(came)
    assert not isinstance(told.value, Passing)


def test_a_body_that_is_not_wanted_is_not_waited_for() -> None:
    with raw_server((b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", HANG)) as server:
        came = get(server, Limits(20, 0))
    assert (came.trouble, usable(came).body) == (None, b"")


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    with raw_server((b"HTTP/1.1 200 OK\r\n\r\n", b"y" * 50_000_000)) as server:
        came = get(server)
    assert isinstance(came, Answer)
    assert (len(came.body), came.trouble and came.trouble.what) == (1000, Breakage.TOO_LARGE)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_where_that_is_allowed(status: int) -> None:
    hop = f"HTTP/1.1 {status} Go\r\nContent-Length: 0\r\nLocation: /there\r\n\r\n".encode()
    with raw_server((hop,), (hop,), (hop,), (OK,)) as server:
        assert usable(get(server, FOLLOWING)).body == b"ok"
        assert [each.split()[1] for each in server.requests] == [b"/", *[b"/there"] * 3]
    with raw_server((hop,)) as server:
        came = get(server)
    assert isinstance(came, Answer)
    assert came.status == status
    with pytest.raises(UpstreamUnavailable, match=f"^answered HTTP {status}, a redirect, which is not followed$"):
        usable(came)


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("/again", "it redirects more than 3 times"),
        ("file:///etc/passwd", "it redirects to what is no web address"),
        ("ftp://lists.example/feed", "it redirects to what is no web address"),
        ("http://[::1/", "it redirects to what is no web address"),
    ],
)
def test_a_redirect_that_leads_nowhere_is_no_answer(to: str, words: str) -> None:
    with raw_server(redirect(to)) as server:
        came = get(server, FOLLOWING)
    assert isinstance(came, NoAnswer)
    assert came.trouble.words == words
    assert not came.trouble.what.may_pass


def test_a_redirect_out_of_tls_is_not_followed(tmp_path: Path) -> None:
    certified = certificate_for("127.0.0.1", tmp_path)
    with raw_server(redirect("http://127.0.0.1:1/"), tls=certified.server) as server:
        came = blocking_exchange(Request("GET", server.url), FOLLOWING, certified.trust)
    assert isinstance(came, NoAnswer)
    assert came.trouble.words == "it redirects from https to http"


def test_a_server_that_nobody_vouches_for_gets_nothing(tmp_path: Path) -> None:
    with raw_server((OK,), tls=certificate_for("127.0.0.1", tmp_path).server) as server:
        came = get(server)
    assert isinstance(came, NoAnswer)
    assert came.trouble.what is Breakage.CERTIFICATE
    assert (came.is_begun, came.is_written) == (False, False)
    assert server.requests == []


def test_tls_with_a_server_that_speaks_none_can_not_be() -> None:
    with raw_server((b"HTTP/1.1 400 Bad Request\r\n\r\n",)) as server:
        came = blocking_exchange(Request("GET", server.url.replace("http:", "https:")), Limits(20, 10))
    assert came.trouble
    assert came.trouble.what in {Breakage.TLS, Breakage.CLOSED, Breakage.RESET}


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    came = blocking_exchange(Request("GET", url), LIMITS)
    assert isinstance(came, NoAnswer)
    assert (came.trouble.words, came.is_begun) == ("connection refused", False)


def test_a_name_that_is_none() -> None:
    came = blocking_exchange(Request("GET", "http://lists.invalid/feed"), LIMITS)
    assert came.trouble
    assert came.trouble.words == "its name does not resolve"


@pytest.mark.parametrize("address", ["", "ftp://a.example", "http://a\x00.example", "https://xn--/", "a"])
def test_what_is_no_address_is_told(address: str) -> None:
    came = blocking_exchange(Request("GET", address), LIMITS)
    assert came.trouble
    assert came.trouble.what is Breakage.ADDRESS


def test_without_time_nothing_is_asked() -> None:
    with raw_server((OK,)) as server:
        late = Patience(total_timeout=0)
        came = get(server, limits_of(late, late.deadline()))
    assert isinstance(came, NoAnswer)
    assert came.trouble.what is Breakage.TIMED_OUT
    assert server.requests == []


def test_the_limits_of_an_exchange_are_what_the_reading_has_left() -> None:
    patience = Patience(exchange_timeout=5, total_timeout=100, largest_answer=7, redirects=2)
    deadline = patience.deadline()
    assert limits_of(patience, deadline) == Limits(5, 7, 2)
    assert 1 < limits_of(patience, deadline - 98).seconds < 2


def test_a_status_that_is_hoped_for_is_usable() -> None:
    with raw_server((b"HTTP/1.1 304 Not Modified\r\n\r\n",)) as server:
        assert usable(get(server), (200, 304)).status == 304


@pytest.mark.parametrize(
    "head", [b"204 No Content\r\n", b"304 Not Modified\r\n", b"200 OK\r\nContent-Length: 0\r\n"]
)
def test_an_empty_body_ends_each_time(head: bytes) -> None:
    with raw_server((b"HTTP/1.1 " + head + b"\r\n",)) as server:
        answers = [get(server) for _ in range(3)]
    assert [usable(came, (200, 204, 304)).body for came in answers] == [b"", b"", b""]


def test_a_receiver_of_an_empty_body_is_left_each_time() -> None:
    class Receiver:
        pieces = 0

        def accepts(self, *_: object) -> bool:
            return True

        async def take(self, piece: bytes) -> None:
            self.pieces += 1
            assert not piece
            assert self.pieces < 10, "it never ends"

    with raw_server((b"HTTP/1.1 204 No Content\r\n\r\n",)) as server:
        for _ in range(3):
            came = asyncio.run(exchange(Request("GET", server.url), LIMITS, receiver=Receiver()))
            assert usable(came, (204,)).status == 204


def test_no_address_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    for name in ("aiohttp.client", "aiohttp.internal", "asyncio"):
        caplog.set_level(logging.DEBUG, name)
    with raw_server(redirect("/hunter2hunter2"), (OK,)) as server:
        came = get(server, FOLLOWING, "/correct-horse-battery")
    assert usable(came).body == b"ok"
    assert "hunter2" not in caplog.text
    assert "horse" not in caplog.text


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "LOCALHOST.", "a.localhost", "127.1", "[::1]", "169.254.169.254"]
)
def test_a_proxy_is_not_asked_for_a_private_address_on_the_word_of_a_redirect(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with raw_server(redirect(f"http://{host}/secret"), (OK,)) as proxy:
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        came = blocking_exchange(Request("GET", "http://lists.example/feed"), FOLLOWING)
    assert came.trouble
    assert came.trouble.words == "it redirects into a private network"
    assert len(proxy.requests) == 1


OUTSIDE = """
from pedigreed.net.exchange import Limits, Request, blocking_exchange
from raw_server import raw_server

OK = b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok"

def to(url):
    return (f"HTTP/1.1 302 Go\\r\\nContent-Length: 0\\r\\nLocation: {url}\\r\\n\\r\\n".encode(),)

with raw_server((OK,)) as inside, raw_server((OK,), host="9.9.9.9") as public:
    for target in (inside.url, public.url):
        with raw_server(to(target), host="9.9.9.9") as server:
            came = blocking_exchange(Request("GET", server.url), Limits(20, 10, 2))
            print(came.trouble.words if came.trouble else came.body.decode())
    print(len(inside.requests))
    with raw_server(to(inside.url)) as server:
        print(blocking_exchange(Request("GET", server.url), Limits(20, 10, 2)).body.decode())
"""


@pytest.mark.process
def test_a_redirect_leads_into_a_private_network_only_from_there() -> None:
    assert printed_in_own_network(OUTSIDE) == ["it redirects into a private network", "ok", "0", "ok"]


def test_an_answer_in_single_bytes_is_left() -> None:
    chunks = b"1\r\nx\r\n" * 400_000
    with raw_server((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunks)) as server:
        began = time.process_time()
        came = get(server, Limits(60, 5_000_000))
    assert came.trouble
    assert came.trouble.words == "the answer comes in too many small pieces"
    assert time.process_time() - began < 5


def test_an_answer_in_pieces_of_a_usual_size_is_taken() -> None:
    chunks = b"400\r\n" + b"x" * 1024 + b"\r\n"
    body = chunks * 15_000 + b"0\r\n\r\n"
    with raw_server((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", body)) as server:
        assert len(usable(get(server, Limits(60, 20_000_000))).body) == 15_000 * 1024


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("/services/T1/B2/aB%7Ec%2f", b"/services/T1/B2/aB%7Ec%2f"),
        ("/a?sig=x%2B%3D+1&&b=%7e", b"/a?sig=x%2B%3D+1&&b=%7e"),
        ("", b"/"),
        ("?q=1#part", b"/?q=1"),
        ("/a b/\u00fc?q=\u00fc", b"/a%20b/%C3%BC?q=%C3%BC"),
    ],
)
def test_an_address_goes_out_as_it_is_written(written: str, sent: bytes) -> None:
    with raw_server((OK,)) as server:
        assert usable(get(server, path=written)).body == b"ok"
    assert [each.split()[1] for each in server.requests] == [sent]


def test_who_asks_is_told_to_the_first_host_alone() -> None:
    with raw_server((OK,)) as other:
        with raw_server(redirect("/there"), redirect(f"{other.url}/")) as server:
            address = server.url.replace("//", "//me:p%40ss@")
            came = blocking_exchange(Request("GET", address, {"Authorization": "Bearer hunter2"}), FOLLOWING)
        assert usable(came).body == b"ok"
        assert [each.split(b"Basic ")[1].split()[0] for each in server.requests] == [b"bWU6cEBzcw=="] * 2
        assert b"authorization" not in other.requests[0].lower()


def test_nothing_of_the_machine_is_told_that_was_not_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))
    cookie = (b"HTTP/1.1 302 Go\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\nLocation: /\r\n\r\n",)
    with raw_server(cookie, (OK,)) as server:
        assert usable(get(server, FOLLOWING)).body == b"ok"
    assert not [each for each in server.requests if b"authorization" in each.lower() or b"cookie" in each.lower()]


def test_what_breaks_off_is_asked_for_once() -> None:
    with raw_server((), (OK,)) as server:
        assert isinstance(get(server), NoAnswer)
        assert len(server.requests) == 1


@pytest.mark.parametrize("unproxied", ["127.0.0.1", "lists.example,127.0.0.1", "127.0.0.1:{port}"])
def test_who_is_named_is_asked_without_the_proxy(unproxied: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_server((OK,)) as server, raw_server((OK,)) as proxy:
        monkeypatch.setenv("NO_PROXY", unproxied.format(port=server.url.rpartition(":")[2]))
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", "//me:pass@"))
        assert usable(get(server)).body == b"ok"
        assert proxy.requests == []
        assert usable(blocking_exchange(Request("GET", "http://lists.example.org/a"), LIMITS)).body == b"ok"
    [asked] = proxy.requests
    assert asked.startswith(b"GET http://lists.example.org/a HTTP/1.1\r\n")
    assert b"\r\nProxy-Authorization: Basic bWU6cGFzcw==\r\n" in asked


def test_where_everything_is_named_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_server((OK,)) as proxy:
        monkeypatch.setenv("NO_PROXY", "*")
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        came = blocking_exchange(Request("GET", "http://lists.invalid/"), LIMITS)
    assert came.trouble
    assert (came.trouble.what, proxy.requests) == (Breakage.NAME, [])

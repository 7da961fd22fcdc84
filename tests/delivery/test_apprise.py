"""Chats by the library `apprise`: what arrives at servers as Mattermost, ntfy, Matrix and Discord have them."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from pedigreed.delivery.apprise import AppriseChannel
from pedigreed.model.delivery import Message, Retry, Scope, Sent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pedigreed.model.delivery import Outcome

pytestmark = pytest.mark.filterwarnings(
    "ignore:.imghdr. is deprecated:DeprecationWarning"
)  # of the library itself
library = pytest.importorskip("apprise", reason="it is an optional library, and not installed here")

TOKEN = "abcdefghijklmnopqrstuvwx24"
ADDRESSES = {
    "ntfy": "ntfy://127.0.0.1:PORT/jwst",
    "Mattermost": f"mmost://127.0.0.1:PORT/{TOKEN}",
    "Matrix": "matrix://bot:hunter2hunter2@127.0.0.1:PORT/#room",
    "Discord": f"discord://1234567890/{TOKEN}",
}
TEXT = "REPROCESSED    66 products\n  1180  66 products   NIRCam :smile: \\n *not bold*\n"


class Chat:
    """A server that takes everything, or nothing.

    Attributes:
        said: the path and the document of each message.
        status: that it answers with.
    """

    def __init__(self) -> None:
        self.said: list[tuple[str, dict[str, Any]]] = []
        self.status = 200
        self.port = 0


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Iterator[Chat]:
    with serving() as started:
        address = f"http://127.0.0.1:{started.port}/api/webhooks"
        monkeypatch.setattr(type(library.Apprise.instantiate(ADDRESSES["Discord"])), "notify_url", address)
        yield started


@contextmanager
def serving() -> Iterator[Chat]:
    chat = Chat()
    matrix = {"access_token": "t", "home_server": "h", "user_id": "@bot:h", "room_id": "!room:h", "event_id": "$1"}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            is_json = body.startswith(b"{")
            chat.said.append((self.path, json.loads(body) if is_json else {"text": body.decode()}))
            self.send_response(chat.status)
            self.end_headers()
            self.wfile.write(json.dumps(matrix).encode())

        do_PUT = do_GET = do_POST  # noqa: N815  # as the standard library has it

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        chat.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield chat
        server.shutdown()
        thread.join()


def message(text: str = TEXT) -> Message:
    subject = "[pedigreed] jades: 66 reprocessed"
    return Message("1@x", "room", "", "", subject, f"{subject}\n\n{text}".encode())


def sent(address: str, text: str = TEXT) -> Outcome:
    return asyncio.run(AppriseChannel(lambda: address).send(message(text)))


@pytest.mark.parametrize("service", ADDRESSES)
def test_subject_and_text_arrive_as_they_are(service: str, chat: Chat) -> None:
    outcome = sent(ADDRESSES[service].replace("PORT", str(chat.port)))
    assert isinstance(outcome, Sent), outcome
    told = json.dumps([document for _, document in chat.said], ensure_ascii=False)
    assert "[pedigreed] jades: 66 reprocessed" in told
    assert ":smile:" in told
    assert "*not bold*" in told
    assert "REPROCESSED    66 products" in told


@pytest.mark.parametrize("service", ADDRESSES)
def test_a_long_text_is_cut_to_what_the_service_takes_and_says_so(service: str, chat: Chat) -> None:
    sent(ADDRESSES[service].replace("PORT", str(chat.port)), "a line of a long digest\n" * 5000)
    told = json.dumps([document for _, document in chat.said])
    most = library.Apprise.instantiate(ADDRESSES[service].replace("PORT", "1")).body_maxlen
    assert len(told) < 3 * most, "Matrix has it twice"
    assert "[cut to what fits here; `pedigreed preview` prints the whole digest]" in told


@pytest.mark.parametrize("service", ADDRESSES)
def test_a_no_is_tried_again_and_tells_no_secret(service: str, chat: Chat) -> None:
    chat.status = 503
    outcome = sent(ADDRESSES[service].replace("PORT", str(chat.port)))
    assert isinstance(outcome, Retry)
    assert outcome.scope is Scope.CHANNEL_BUSY
    assert outcome.reason.startswith(f"{service} took nothing: ")
    assert TOKEN not in outcome.reason
    assert "hunter2" not in outcome.reason


def test_an_address_that_the_library_does_not_know_is_to_be_mended() -> None:
    outcome = sent("nosuchthing://host/x")
    assert isinstance(outcome, Retry)
    assert outcome.scope is Scope.CHANNEL_BROKEN
    assert "apprise knows no service of this address" in outcome.reason


def test_a_server_that_is_not_there_is_tried_again() -> None:
    outcome = sent("ntfy://127.0.0.1:1/jwst")
    assert isinstance(outcome, Retry)
    assert outcome.scope is Scope.CHANNEL_BUSY

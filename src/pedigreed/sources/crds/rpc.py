"""CRDS's JSON-RPC 1.0, as its users' guide has it ("Web Services") and the client of `crds` 14.0.3 speaks it.

A call is a POST to ``/json/`` with positional parameters. An error comes with status 200 and an error object.
A large result may be an object ``{"crds_encoded": "1.0", "crds_payload": base64(gzip(JSON))}``.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING, TypeVar

import msgspec

from pedigreed.model.failure import Unreadable, UpstreamRefused, UpstreamUnavailable
from pedigreed.net.exchange import Request, blocking_exchange, limits_of, usable
from pedigreed.net.inflating import inflated
from pedigreed.net.patience import Passing
from pedigreed.sources.plain_text import plain_line

if TYPE_CHECKING:
    from pedigreed.net.patience import Patience

Shape = TypeVar("Shape")

USUAL = 5_000_000
"""Bytes of an answer. Every file that a context names, some 15,000 of them, are a tenth of it."""

LONG = 20_000_000
"""The same, of what grows with the years: the history of contexts, and what the server says of itself."""

_SHOWN = 200
NOT_ASKED = "not asked: CRDS did not answer before"
_FAILURES_BEFORE_REST = 2
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Reply(msgspec.Struct):
    id: object = None
    error: object = None
    result: msgspec.Raw = msgspec.Raw(b"")


class _Encoded(msgspec.Struct):
    crds_encoded: str
    crds_payload: str


_REPLIES = msgspec.json.Decoder(_Reply)
_ENCODED = msgspec.json.Decoder(_Encoded)


class Rpc:
    """The calls of one reading, one after another.

    It asks no more after two calls without an answer in a row, and when the server asks for a pause to the end.
    """

    def __init__(self, url: str, user_agent: str, patience: Patience) -> None:
        self._address = f"{url.rstrip('/')}/json/"
        self._user_agent = user_agent
        self._patience = patience
        self._deadline = patience.deadline()
        self._failures = 0

    def call(self, method: str, *params: object, shape: type[Shape], largest: int = USUAL) -> Shape:
        """Call a method, and read its result as a shape.

        Args:
            method: its name.
            params: by position.
            shape: what the result is to be.
            largest: bytes of the answer, also of what it expands to; the patience may allow less.

        Raises:
            UpstreamRefused: it answered with an error object; the words are its own.
            Passing: no answer came within the limits, or nothing that is one.
            UpstreamUnavailable: what came can't be used.
        """
        if self._failures >= _FAILURES_BEFORE_REST:
            raise Passing(NOT_ASKED)
        try:
            for attempt in self._patience.retrying(self._deadline):
                with attempt:
                    result = self._ask(method, params, largest)
        except Passing as error:
            self._failures = _FAILURES_BEFORE_REST if error.pause else self._failures + 1
            raise
        self._failures = 0
        return _read(self._plain(result, largest), shape)

    def _ask(self, method: str, params: tuple[object, ...], largest: int) -> bytes:
        identity = uuid.uuid4().hex
        request = Request(
            "POST",
            self._address,
            {"User-Agent": self._user_agent, "Content-Type": "application/json", "Accept": "application/json"},
            msgspec.json.encode({"jsonrpc": "1.0", "method": method, "params": params, "id": identity}),
        )
        limits = limits_of(self._patience, self._deadline)
        came = blocking_exchange(request, replace(limits, largest=min(largest, limits.largest)))
        return _result(usable(came).body, identity)

    def _plain(self, result: bytes, largest: int) -> bytes:
        """The result's JSON, no longer encoded."""
        try:
            encoded = _ENCODED.decode(result)
        except _UNREADABLE:
            return result
        try:
            compressed = base64.b64decode(encoded.crds_payload, validate=True)
        except (binascii.Error, ValueError) as error:
            raise UpstreamUnavailable("CRDS encoded its answer in a form that is not known") from error
        try:
            return inflated(compressed, min(largest, self._patience.largest_answer))
        except Unreadable as error:
            raise UpstreamUnavailable(f"CRDS encoded its answer, and {error}") from error


def _result(body: bytes, identity: str) -> bytes:
    try:
        reply = _REPLIES.decode(body)
    except msgspec.ValidationError as error:
        raise UpstreamUnavailable("CRDS answered in a form that is not known") from error
    except _UNREADABLE as error:
        kind = "HTML" if body.lstrip()[:1] == b"<" else "broken JSON" if body.strip() else "an empty body"
        raise Passing(f"CRDS answered with {kind} instead of JSON") from error
    if reply.error:
        raise UpstreamRefused(f"CRDS answered: {_words(reply.error)}")
    if reply.id != identity:
        raise Passing("CRDS answered another question")
    if not bytes(reply.result):
        raise UpstreamUnavailable("CRDS answered without a result")
    return bytes(reply.result)


def _words(error: object) -> str:
    message = error.get("message") if isinstance(error, dict) else error
    return (
        plain_line(unescape(message[: 4 * _SHOWN]), _SHOWN) if isinstance(message, str) and message else "an error"
    )


def _read(result: bytes, shape: type[Shape]) -> Shape:
    try:
        return msgspec.json.decode(result, type=shape)
    except _UNREADABLE as error:
        said = plain_line(str(error), _SHOWN)
        raise UpstreamUnavailable(f"CRDS answered in a form that is not known: {said}") from error

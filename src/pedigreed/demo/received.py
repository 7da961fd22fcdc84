"""A request as a stand-in received it, and what it is for."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

INVOKE_PATH = "/api/v0/invoke"
COLUMNSCONFIG_PATH = "/portal/Mashup/Mashup.asmx/columnsconfig"
MISSIONS_PATH = "/search/jwst/api/v0.1/search"
RPC_PATH = "/json/"


class RequestKind(StrEnum):
    """What a request is for."""

    COUNT = "count"
    PAGE = "page"
    COLUMNSCONFIG = "columnsconfig"
    MISSIONS = "missions"
    RPC = "rpc"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Received:
    """One request.

    Attributes:
        method: ``POST`` or ``GET``.
        target: path and query.
        kind: what it is for.
        text: the request's JSON as sent, or the id of a columns configuration; what the cache is keyed by.
        request: the JSON read; empty where there is none.
        service: as the request spells it, or the method of an RPC; empty where there is none.
        headers: names in lower case.
        at_once: how many requests were being answered when this one came, itself included.
    """

    method: str
    target: str
    kind: RequestKind
    text: str
    request: dict[str, Any] = field(default_factory=dict)
    service: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    at_once: int = 1

    @property
    def path(self) -> str:
        """The target without the query."""
        return urlsplit(self.target).path

    @property
    def user_agent(self) -> str:
        """Who asks; empty where that is not said."""
        return self.headers.get("user-agent", "")

    @property
    def params(self) -> dict[str, Any]:
        """The service's parameters: columns and filters."""
        params = self.request.get("params")
        return params if isinstance(params, dict) else {}


def parse_received(
    method: str, target: str, form: str, *, headers: Mapping[str, str] | None = None, at_once: int = 1
) -> Received:
    """Read a request. `target` is the request line's, `form` the body of a POST."""
    kind, text, request, service = _read(method, target, form)
    return Received(method, target, kind, text, request, service, headers or {}, at_once)


def _read(method: str, target: str, form: str) -> tuple[RequestKind, str, dict[str, Any], str]:
    """What it is for, its text, the JSON of that, and the service or the method."""
    parts = urlsplit(target)
    sent = form if method == "POST" else parts.query
    if parts.path == COLUMNSCONFIG_PATH:
        service = unquote(sent.partition("colConfigId=")[2].partition("&")[0])
        return RequestKind.COLUMNSCONFIG, service, {}, service
    if parts.path.startswith(RPC_PATH):
        request = _json_object(form)
        return RequestKind.RPC, form, request, str(request.get("method", ""))
    if parts.path == MISSIONS_PATH:
        return RequestKind.MISSIONS, form, _json_object(form), "missions"
    text = parse_qs(sent).get("request", [""])[0]
    if parts.path != INVOKE_PATH:
        return RequestKind.OTHER, text, {}, ""
    request = _json_object(text)
    params = request.get("params")
    columns = str(params.get("columns", "")) if isinstance(params, dict) else ""
    kind = RequestKind.COUNT if columns.strip().upper().startswith("COUNT") else RequestKind.PAGE
    return kind, text, request, str(request.get("service", ""))


def _json_object(text: str) -> dict[str, Any]:
    try:
        read = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return {}
    return read if isinstance(read, dict) else {}

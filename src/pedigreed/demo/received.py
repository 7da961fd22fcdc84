"""A request as the recorded archive received it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

INVOKE_PATH = "/api/v0/invoke"
COLUMNSCONFIG_PATH = "/portal/Mashup/Mashup.asmx/columnsconfig"
RPC_PATH = "/json/"


class RequestKind(StrEnum):
    """What a request is for."""

    COUNT = "count"
    PAGE = "page"
    COLUMNSCONFIG = "columnsconfig"
    RPC = "rpc"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Received:
    """One request.

    Attributes:
        method: ``POST`` or ``GET``.
        path: without the query.
        kind: what it is for.
        text: the request's JSON as sent, or the id of a columns configuration; what the cache is keyed by.
        request: the JSON read; empty where there is none.
        service: as the request spells it, or the method of an RPC; empty where there is none.
        user_agent: the header's value; empty where there is none.
        at_once: how many requests were being answered when this one came, itself included.
    """

    method: str
    path: str
    kind: RequestKind
    text: str
    request: dict[str, Any] = field(default_factory=dict)
    service: str = ""
    user_agent: str = ""
    at_once: int = 1

    @property
    def params(self) -> dict[str, Any]:
        """The service's parameters: columns and filters."""
        params = self.request.get("params")
        return params if isinstance(params, dict) else {}


def parse_received(method: str, target: str, form: str, *, user_agent: str = "", at_once: int = 1) -> Received:
    """Read a request. `target` is the request line's, `form` the body of a POST."""
    parts = urlsplit(target)
    sent = form if method == "POST" else parts.query
    if parts.path == COLUMNSCONFIG_PATH:
        service = unquote(sent.partition("colConfigId=")[2].partition("&")[0])
        return Received(method, parts.path, RequestKind.COLUMNSCONFIG, service, {}, service, user_agent, at_once)
    if parts.path.startswith(RPC_PATH):
        request = _json_object(form)
        method_name = str(request.get("method", ""))
        return Received(method, parts.path, RequestKind.RPC, form, request, method_name, user_agent, at_once)
    text = parse_qs(sent).get("request", [""])[0]
    if parts.path != INVOKE_PATH:
        return Received(method, parts.path, RequestKind.OTHER, text, {}, "", user_agent, at_once)
    request = _json_object(text)
    params = request.get("params")
    columns = str(params.get("columns", "")) if isinstance(params, dict) else ""
    kind = RequestKind.COUNT if columns.strip().upper().startswith("COUNT") else RequestKind.PAGE
    service = str(request.get("service", ""))
    return Received(method, parts.path, kind, text, request, service, user_agent, at_once)


def _json_object(text: str) -> dict[str, Any]:
    try:
        read = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return {}
    return read if isinstance(read, dict) else {}

"""CRDS on loopback: its JSON-RPC over what `crds_story` holds, and rule files, with a clock that the caller sets.

with DemoCrds(crds_at, now=DAY_1) as crds:
    ...  # a client of crds.url
    crds.now = DAY_2
"""

from __future__ import annotations

import base64
import gzip
from typing import TYPE_CHECKING

import msgspec

from pedigreed.demo.crds_rules import PATH as RULES_PATH
from pedigreed.demo.crds_rules import best_references, rule_file, rule_files_of, rule_names
from pedigreed.demo.crds_story import delivered_at, written
from pedigreed.demo.loopback import NOT_FOUND, LoopbackService, Reply
from pedigreed.demo.received import RequestKind
from pedigreed.model.failure import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from pedigreed.demo.crds_story import CrdsState, Delivered, Reference
    from pedigreed.demo.received import Received

ENCODED_ABOVE = 1_000
"""Bytes of a result's JSON above which it is encoded."""

_NEEDS = {
    "get_best_references_by_header_map": 3,
    "get_default_context": 2,
    "get_build_context": 2,
    "get_file_info_map": 3,
}


class DemoCrds(LoopbackService):
    """A CRDS server on loopback. Use it in a ``with`` statement; outside of it there is no `url`.

    Attributes:
        now: the server's clock, UTC. Set it to move the story on.
    """

    def __init__(
        self,
        state_at: Callable[[datetime], CrdsState],
        now: datetime,
        *,
        encoded_above: int = ENCODED_ABOVE,
    ) -> None:
        """Serve ``state_at(now)``.

        Args:
            state_at: what the server holds at a moment (UTC); see `crds_story.crds_at`.
            now: the server's clock, UTC.
            encoded_above: how many bytes a result may have that is sent as it is.
        """
        super().__init__()
        self.now = now
        self._state_at = state_at
        self._encoded_above = encoded_above

    def reply_to(self, received: Received) -> Reply:
        """As the server answers: an error of a method, too, comes with the status 200."""
        if received.method == "GET" and received.path.startswith(RULES_PATH):
            text = rule_file(received.path.removeprefix(RULES_PATH))
            return NOT_FOUND if text is None else Reply(text.encode(), content_type="text/plain")
        if received.kind is not RequestKind.RPC or received.method != "POST":
            return NOT_FOUND
        return Reply(msgspec.json.encode(self._envelope(received)), content_type="application/json-rpc")

    def _envelope(self, received: Received) -> dict[str, object]:
        envelope: dict[str, object] = {"error": None, "jsonrpc": "1.0", "id": received.request.get("id")}
        try:
            result = answer(self._state_at(self.now), received.service, received.request.get("params"))
        except Unreadable as refusal:
            words = str(refusal)
            error = {"message": words, "code": 500, "data": None, "name": words.partition(":")[0]}
            return {**envelope, "error": error, "result": None}
        plain = msgspec.json.encode(result)
        return {
            **envelope,
            "result": encoded(gzip.compress(plain)) if len(plain) > self._encoded_above else result,
        }


def encoded(content: bytes) -> dict[str, str]:
    """A result as the server encodes it. `content` is its JSON, compressed by gzip."""
    return {"crds_encoded": "1.0", "crds_payload": base64.b64encode(content).decode()}


def answer(state: CrdsState, method: str, params: object) -> object:
    """A method's result. Raises `Unreadable` with the words of the error object."""
    called = _METHODS.get(method)
    if called is None:
        raise Unreadable(f"MethodNotFoundError: there is no method {method!r}")
    given = list(params) if isinstance(params, list) else []
    return called(state, [*given, *[None] * (_NEEDS.get(method, 1) - len(given))])


def _default_context(state: CrdsState, params: Sequence[object]) -> object:
    _check_observatory(params[0])
    if params[1] != "latest":
        raise Unreadable(f"OtherError: no context is kept for the state {params[1]!r}")
    return _rules(state.deliveries[-1].context)


def _build_context(state: CrdsState, params: Sequence[object]) -> object:
    _check_observatory(params[0])
    context = state.builds.get(str(params[1]))
    if context is None:
        raise Unreadable("OtherError: no context is fixed for that version")
    return _rules(context)


def _context_history(state: CrdsState, params: Sequence[object]) -> object:
    _check_observatory(params[0])
    return [[written(each.at), _rules(each.context), each.description] for each in reversed(state.deliveries)]


def _reference_names(state: CrdsState, params: Sequence[object]) -> object:
    deliveries = _deliveries_until(state, str(params[0]))
    return [reference.name for each in deliveries for reference in each.references]


def _deliveries_until(state: CrdsState, rules: str) -> list[Delivered]:
    """The deliveries that a context has the files of."""
    known = next((each for each in state.deliveries if _rules(each.context) == rules), None)
    if known is None:
        raise Unreadable("OtherError: that context is not known")
    return [each for each in state.deliveries if each.number <= known.number]


def _mapping_names(state: CrdsState, params: Sequence[object]) -> object:
    name = str(params[0])
    of_types = rule_names(_deliveries_until(state, name))
    return sorted({*of_types, *(file for file in rule_files_of(name) if not file.endswith(".rmap"))})


def _file_info_map(state: CrdsState, params: Sequence[object]) -> object:
    """Of each file the fields that were asked for; a text for a file that is not known."""
    observatory, files, fields = params[:3]
    _check_observatory(observatory)
    known = {
        reference.name: _entry(reference, each, state)
        for each in state.deliveries
        for reference in each.references
    }
    asked = [str(name) for name in files] if isinstance(files, list) else list(known)
    return {
        name: {key: value for key, value in known[name].items() if not isinstance(fields, list) or key in fields}
        if name in known
        else f"NOT FOUND {name}"
        for name in asked
    }


def _server_info(state: CrdsState, _params: Sequence[object]) -> object:
    history = _context_history(state, ["jwst"])
    return {
        "bad_files_list": list(state.bad_files),
        "context_history": history,
        "crds_version": {"str": "13.2.7"},
        "edit_context": _rules(state.deliveries[-1].context),
        "latest_context": _rules(state.deliveries[-1].context),
        "mappings": [_rules(each.context) for each in state.deliveries],
        "max_bestrefs_per_rpc": 1000,
        "observatory": "jwst",
    }


def _entry(reference: Reference, delivery: Delivered, state: CrdsState) -> dict[str, str]:
    _, instrument, kind, _ = reference.name.split("_")
    return {
        "activation_date": written(delivery.at),
        "blacklisted": "true" if reference.name in state.bad_files else "false",
        "change_level": reference.change_level,
        "delivery_date": written(delivered_at(delivery)),
        "description": delivery.description,
        "filekind": kind,
        "instrument": instrument,
        "name": reference.name,
        "observatory": "jwst",
        "pedigree": reference.pedigree,
        "reference_file_type": kind,
        "rejected": "false",
        "state": "archived",
        "type": "reference",
        "useafter_date": reference.useafter,
    }


def _check_observatory(observatory: object) -> None:
    if observatory != "jwst":
        raise Unreadable(f"OtherError: this server is not of {observatory!r}")


def _rules(context: str) -> str:
    return f"{context}.pmap"


def _best_references_by_header_map(_state: CrdsState, params: Sequence[object]) -> object:
    context, headers, types = params[:3]
    if not isinstance(headers, dict) or not isinstance(types, list):
        raise Unreadable("OtherError: no map of headers")
    return {name: best_references(str(context), header, types) for name, header in headers.items()}


_METHODS: dict[str, Callable[[CrdsState, Sequence[object]], object]] = {
    "get_best_references_by_header_map": _best_references_by_header_map,
    "get_build_context": _build_context,
    "get_context_history": _context_history,
    "get_default_context": _default_context,
    "get_file_info_map": _file_info_map,
    "get_mapping_names": _mapping_names,
    "get_reference_names": _reference_names,
    "get_server_info": _server_info,
}

"""The methods of CRDS's JSON-RPC that a watcher needs, over what the server holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.demo.crds_story import delivered_at, written
from pedigreed.model.failure import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pedigreed.demo.crds_story import CrdsState, Delivered, Reference

_NEEDS = {"get_default_context": 2, "get_build_context": 2, "get_file_info_map": 3}


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
    name = str(params[0]).removesuffix(".pmap")
    known = next((each for each in state.deliveries if each.context == name), None)
    if known is None:
        raise Unreadable("OtherError: that context is not known")
    return [
        reference.name for each in state.deliveries if each.number <= known.number for reference in each.references
    ]


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


_METHODS: dict[str, Callable[[CrdsState, Sequence[object]], object]] = {
    "get_build_context": _build_context,
    "get_context_history": _context_history,
    "get_default_context": _default_context,
    "get_file_info_map": _file_info_map,
    "get_reference_names": _reference_names,
    "get_server_info": _server_info,
}

"""A web address that is a secret, or has one in it: how it is shown and struck out."""

from __future__ import annotations

from urllib.parse import SplitResult, unquote_plus, urlsplit

_SHORTEST_SECRET = 6
"""Characters. Shorter pieces of a path are words such as ``hooks``, or too short to keep anyone out."""

_SLACK_FOLDER = "/services"


def shown_address(address: str) -> str:
    """``https://hooks.slack.com/services/***``: what may be told of a checked address."""
    parts = urlsplit(address)
    folder = _SLACK_FOLDER if parts.path.startswith(f"{_SLACK_FOLDER}/") else ""
    return f"{parts.scheme}://{_host(parts)}{folder}/***"


def without_address(text: str, address: str) -> str:
    """The text with the address, and every piece of it that may be a secret, struck out."""
    for piece in sorted(_pieces(address), key=len, reverse=True):
        text = text.replace(piece, "***")
    return text


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{parts.port}" if parts.port else host


def _pieces(address: str) -> set[str]:
    parts = urlsplit(address)
    tail = address.partition(parts.netloc)[2]
    values = [value for pair in parts.query.split("&") for value in pair.split("=", 1)]
    login = [piece for piece in (parts.username, parts.password) if piece]
    written = {*parts.path.split("/"), *parts.query.split("&"), *values, *login, parts.fragment}
    pieces = {piece for piece in written | set(map(unquote_plus, written)) if len(piece) >= _SHORTEST_SECRET}
    return pieces | {whole for whole in (address, tail) if len(whole) >= _SHORTEST_SECRET}

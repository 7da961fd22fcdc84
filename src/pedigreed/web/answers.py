"""Answers, and the headers that every one of them has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "pedigreed",
    "X-Content-Type-Options": "nosniff",
}
"""There is no script, nothing of another site, nothing to send, and no frame around it."""

NEVER_KEPT = {"Cache-Control": "no-store"}


def line(text: str, status: int = 200, **headers: str) -> web.Response:
    """One line of plain text."""
    return web.Response(text=f"{text}\n", status=status, headers={**NEVER_KEPT, **headers})


def page(html: str, status: int = 200) -> web.Response:
    """A page for people."""
    return web.Response(text=html, status=status, content_type="text/html", charset="utf-8", headers=NEVER_KEPT)

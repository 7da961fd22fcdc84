"""How large the HTML of a mail may be."""

from __future__ import annotations

LONGEST = 80_000
"""Bytes. Gmail cuts a mail's HTML at 102 kB."""


def in_ascii(html: str) -> str:
    """The same page, whatever a mail server or a reader takes its characters for."""
    return html.encode("ascii", "xmlcharrefreplace").decode("ascii")

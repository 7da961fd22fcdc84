"""What people call a feed."""

from __future__ import annotations

import hashlib
import re
from itertools import pairwise
from urllib.parse import parse_qsl, urlsplit

from pedigreed.sources.plain_text import plain_line

_SECRET_KEY = re.compile(
    r"auth|credential|key|pass|pwd|secret|session|sig|token|user|^(?:hash|hmac|id|login|pw|sid|t|x|y)$",
    re.IGNORECASE,
)
_HIDDEN = "***"
_SHORTEST_TOKEN = 12
_MOST_TURNS = 3
_LONGEST_WORD = 40


def name_of(url: str) -> str:
    """The address without secrets.

    An address of a LISTSERV archive (``wa.exe?RSS&L=LIST``) is called by its list: ``LIST at HOST``, whatever the
    form of the feed. Every other one is called by host, path and query. Values of the query whose keys sound
    secret, and what looks like a token wherever it stands, are `***`. Then four digits of a digest of the whole
    follow, so that two feeds that differ in a token only have two names.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    place = f"{host}:{parts.port}" if parts.port else host
    query = parse_qsl(parts.query, keep_blank_values=True)
    keys = {key.upper(): value for key, value in query}
    if "RSS" in keys and keys.get("L"):
        return plain_line(f"{keys['L']} at {host}")
    path = "/".join(_HIDDEN if _looks_secret(piece) else piece for piece in parts.path.split("/"))
    shown = [(key, _HIDDEN if _SECRET_KEY.search(key) or _looks_secret(value) else value) for key, value in query]
    asked = "&".join(
        f"{_HIDDEN if _looks_secret(key) else key}{'=' if value else ''}{value}" for key, value in shown
    )
    name = f"{place}{path.rstrip('/')}{'?' if asked else ''}{asked}"
    if _HIDDEN in name:
        name += f" ({hashlib.sha256(url.encode('utf-8', 'replace')).hexdigest()[:4]})"
    return plain_line(name)


def _looks_secret(piece: str) -> bool:
    """Long, with letters and digits in turn more often than in a name with a date; or too long for a name."""
    turns = sum(a.isdigit() != b.isdigit() for a, b in pairwise(filter(str.isalnum, piece)))
    return len(piece) >= _SHORTEST_TOKEN and (turns > _MOST_TURNS or len(piece) > _LONGEST_WORD)

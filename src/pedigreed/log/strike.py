"""Strike out of a text what nobody may read."""

from __future__ import annotations

import re

from pedigreed.config.revealed import STRUCK, revealed

_TOKEN = re.compile(r'[^\s"<>]+')
_LOGIN = re.compile(r"://[^/?#]*@")
_SLACK = re.compile(r"(hooks\.slack(?:-gov)?\.com/[a-z]+/|/services/(?=T\w+/B\w+/)).+", re.IGNORECASE)


def struck(text: str) -> str:
    """The text without secrets that were revealed, and of URLs without what may be one.

    That is their user and password, their query, and what makes an address of a Slack webhook work.
    """
    text = revealed.strike(text)
    # Few texts have a URL, and the look for one is what costs.
    return _TOKEN.sub(_without_secrets, text) if "/" in text else text


def _without_secrets(match: re.Match[str]) -> str:
    token = match[0]
    if "/" not in token:
        return token
    token = _LOGIN.sub(f"://{STRUCK}@", token)
    token = _SLACK.sub(rf"\1{STRUCK}", token)
    return _without_query(token)


def _without_query(token: str) -> str:
    """Also of a path alone, as some libraries log it. What follows the first `?` goes, to the end."""
    marks = [token.find("?", token.index("/")), token.find("#") if "://" in token else -1]
    ends = [mark + 1 for mark in marks if mark >= 0]
    return f"{token[: min(ends)]}{STRUCK}" if ends and min(ends) < len(token) else token

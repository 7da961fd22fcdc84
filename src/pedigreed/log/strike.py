"""Strike out of a text what nobody may read."""

from __future__ import annotations

import re

from pedigreed.config.revealed import STRUCK, revealed

_TOKEN = re.compile(r'[^\s"<>]+')
_LOGIN = re.compile(r"://[^/?#]*@")
_SLACK = re.compile(r"(hooks\.slack(?:-gov)?\.com/[a-z]+/|/services/(?=T\w+/B\w+/)).+", re.IGNORECASE)
_QUERY = re.compile(r"(/[^?]*\?|://[^?#]*[?#]).+")


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
    return _QUERY.sub(rf"\1{STRUCK}", token, count=1)

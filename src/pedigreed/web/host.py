"""Whom a request is for.

A page of another site can be made to ask this machine, by a name that its owner lets point here.
The browser then sends that name, which is none of ours.
"""

from __future__ import annotations

import re
from ipaddress import ip_address

_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+))(?::[0-9]{1,5})?", re.ASCII)


def is_ours(host: str) -> bool:
    """Whether a Host header names this machine: localhost, or a loopback address; with any port, or none.

    The port may be another where the connection was forwarded.
    """
    form = _HOST.fullmatch(host)
    if form is None:
        return False
    if form[2] and form[2].lower() == "localhost":
        return True
    try:
        return ip_address(form[1] or form[2]).is_loopback
    except ValueError:
        return False

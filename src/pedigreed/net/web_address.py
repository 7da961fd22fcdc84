"""Web addresses as they are asked: what they write stays, and what can't be sent is encoded (RFC 3986)."""

from __future__ import annotations

from urllib.parse import quote, urlsplit
from urllib.request import getproxies, proxy_bypass

from yarl import URL

_SENT = "!#$%&'()*+,/:;=?@[]~"
"""Beside letters, digits and ``_.-``, what goes out as it is written: a secret's path may be signed."""

_SPACE = " "


def parsed(address: str) -> URL:
    """An address of http or https, its host as the connection has it. Raises `ValueError` for what is none."""
    try:
        parts, host = urlsplit(address), URL(address)
        is_one = parts.scheme in {"http", "https"} and host.host and all(char >= _SPACE for char in address)
    except ValueError:
        is_one = False
    if not is_one:
        raise ValueError("this is no web address")
    return URL.build(
        scheme=parts.scheme,
        authority=host.raw_authority,
        path=_quoted(parts.path),
        query_string=_quoted(parts.query),
        encoded=True,
    )


def _quoted(text: str) -> str:
    # As the bytes of a header that is no UTF-8 are read.
    return quote(text, safe=_SENT, errors="surrogateescape")


def host_of(address: URL) -> str:
    """As the connection has it."""
    return address.raw_host or ""


def proxy_for(address: URL) -> URL | None:
    """The proxy that the environment or the system has for it (``HTTPS_PROXY``, ``NO_PROXY``), if any.

    Raises `ValueError` where it is none that HTTP goes through.
    """
    proxies = getproxies()
    proxy = proxies.get(address.scheme) or proxies.get("all")
    host = host_of(address)
    if not proxy or proxy_bypass(host) or proxy_bypass(f"{host}:{address.port}"):
        return None
    return parsed(proxy if "://" in proxy else f"http://{proxy}")

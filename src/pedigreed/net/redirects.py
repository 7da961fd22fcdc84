"""Where redirects lead: not from https to http, nor into a private network unless the first address is in one.

What a name stands for is known when it is connected to, and may be another address a moment later. So each
connection is looked at, before anything is asked on it.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from pedigreed.net.breakage import Breakage
from pedigreed.net.web_address import host_of, parsed

if TYPE_CHECKING:
    from yarl import URL

_INTO_PRIVATE = "it redirects into a private network"


class NotFollowed(Exception):
    """A redirect leads where it must not. It says where to, in words."""


class Redirects:
    """Those of one address, which are followed one after the other."""

    def __init__(self, *, may_be_private: bool = False) -> None:
        """Begin.

        Args:
            may_be_private: whether the first address is known to be in a private network.
        """
        self._may_be_private = may_be_private
        self._has_left = False

    @property
    def may_be_private(self) -> bool:
        """Whether redirects may lead into a private network."""
        return self._may_be_private

    def begin(self, host: str) -> None:
        """The first address is asked, also where it was asked before. What it leads to may be private."""
        self._has_left = False
        self._may_be_private = self._may_be_private or names_private(host)

    def follow(self, asked: str, location: str | None) -> URL:
        """Where a redirect of what was asked leads. Raises `NotFollowed`."""
        self._has_left = True
        try:
            following = parsed(urljoin(asked, location or ""))
        except ValueError:
            raise NotFollowed(Breakage.REDIRECT.value) from None
        if not location:
            raise NotFollowed(Breakage.REDIRECT.value)
        if asked.startswith("https:") and following.scheme == "http":
            raise NotFollowed("it redirects from https to http")
        if not self._may_be_private and names_private(host_of(following)):
            raise NotFollowed(_INTO_PRIVATE)
        return following

    def look_at(self, peer: str) -> None:
        """Look at a connection by the IP address that it leads to, whatever the name was. Raises `NotFollowed`."""
        if not is_private(peer):
            return
        if not self._has_left:
            self._may_be_private = True
        elif not self._may_be_private:
            raise NotFollowed(_INTO_PRIVATE)


def names_private(host: str) -> bool:
    """Whether a host, as an address has it, is this machine or a private address by its name alone."""
    name = host.rstrip(".").lower()
    return name == "localhost" or name.endswith(".localhost") or is_private(name)


def is_private(host: str) -> bool:
    """Whether it is an IP address that is not for the whole internet: loopback, link-local, private."""
    try:
        address = ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        try:
            # As the system reads 127.1 and 2130706433.
            address = IPv4Address(socket.inet_aton(host))
        except (OSError, ValueError):
            return False
    inner = _address_within(address) if isinstance(address, IPv6Address) else None
    return not (inner or address).is_global


_NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052, 2.1."""


def _address_within(address: IPv6Address) -> IPv4Address | None:
    """The address of version 4 that one of version 6 stands for; None for one of its own."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
